"""What words stand for, read from the document: cases, a table and a default; or where the word is, and nothing else."""

from collections.abc import Callable
from collections.abc import Mapping as JsonObject
from difflib import get_close_matches
from typing import TypeVar

from oncall.incidents.values import Action, Severity
from oncall.intake.rules.mapping.document import Acts, Case, Ignored, Words
from oncall.intake.rules.mapping.faults import Faults
from oncall.intake.rules.mapping.sources import Budget, parse_condition, parse_sources
from oncall.intake.rules.wording import ACTIONS, SEVERITIES
from oncall.kit.mapping import Table, word_of

T = TypeVar("T")

MAX_ROWS = 500
MAX_CASES = 50
MAX_REASON = 200

IGNORED = dict.fromkeys(("none", "nothing", "skip", "drop", "discard", "suppress", "suppressed", "silence", "mute"), Action.IGNORE)
"""What people write where nothing is to be done."""

WORDS = ("cases", "from", "table", "default")

Target = Callable[[object, str, Faults], T | None]
"""Reads what a word means, at a place; None, and a fault, if that cannot be."""


def parse_words(said: object, at: str, target: Target[T], faults: Faults, budget: Budget) -> Words[T]:
    if said is None:
        return Words()
    if isinstance(said, dict) and said.keys() == {"value"}:
        return Words(default=target(said["value"], f"{at}.value", faults))
    if not isinstance(said, dict) or not said.keys().isdisjoint({"join", "named"}):
        return Words(sources=parse_sources(said, at, faults, budget))
    faults.check_names(said, WORDS, at)
    table = said.get("table")
    rows: dict[str, T] = {}
    if table is not None and not isinstance(table, dict):
        faults.add(f"{at}.table", 'it must be an object, such as {"down": "trigger", "warn*": "trigger", "up": "resolve"}')
    elif isinstance(table, dict) and len(table) > MAX_ROWS:
        faults.add(f"{at}.table", f"there are more than {MAX_ROWS} rows")
    else:
        for word, meant in sorted(table.items() if isinstance(table, dict) else ()):
            row = f"{at}.table.{word}"
            _check_row(word, rows, row, faults)
            found = target(meant, row, faults)
            if found is not None:
                rows[word] = found
    if rows and said.get("from") is None:
        faults.add(f"{at}.from", "it is needed: it says where the word is that is looked up in the table")
    cases = faults.list_of(said.get("cases"), f"{at}.cases", MAX_CASES)
    return Words(
        tuple(case for n, one in enumerate(cases) if (case := _case(one, f"{at}.cases.{n}", target, faults, budget)) is not None),
        parse_sources(said["from"], f"{at}.from", faults, budget) if said.get("from") is not None else (),
        Table(rows),
        target(said["default"], f"{at}.default", faults) if said.get("default") is not None else None,
    )


def _check_row(word: str, rows: JsonObject[str, object], at: str, faults: Faults) -> None:
    bare = word_of(word)
    if not bare:
        faults.add(at, "a row needs a word; what is empty says nothing, and is the default")
    elif "*" in bare.strip("*"):
        faults.add(at, "a * may stand at the beginning and at the end of a word")
    elif bare in {word_of(other) for other in rows}:
        faults.add(at, "the word stands in the table twice; upper and lower case are the same")


def _case(said: object, at: str, target: Target[T], faults: Faults, budget: Budget) -> Case[T] | None:
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object, such as {"when": "cleared_at", "means": …}')
        return None
    faults.check_names(said, ("when", "means"), at)
    missing = [name for name in ("when", "means") if said.get(name) is None]
    for name in missing:
        faults.add(f"{at}.{name}", 'it is needed, as in {"when": "cleared_at", "means": …}')
    if missing:
        return None
    when, means = parse_condition(said["when"], f"{at}.when", faults, budget), target(said["means"], f"{at}.means", faults)
    return Case(when, means) if means is not None else None


def action_word(said: object, at: str, faults: Faults) -> Acts | None:
    match said:
        case {"ignore": str(reason), **more} if reason.strip() and not more:
            return Ignored(reason.strip()[:MAX_REASON])
        case "ignore":
            return Ignored("its mapping says that this is no alert")
        case _:
            return _one_of(Action, said, at, faults, ', or {"ignore": "why"}', ACTIONS | IGNORED)


def severity_word(said: object, at: str, faults: Faults) -> Severity | None:
    return _one_of(Severity, said, at, faults, "", SEVERITIES)


E_ = TypeVar("E_", Action, Severity)


def _one_of(kind: type[E_], said: object, at: str, faults: Faults, more: str, commonly: JsonObject[str, E_]) -> E_ | None:
    every = [one.value for one in kind]
    words = [word for word in every if word != "ignore"]
    if isinstance(said, str) and said in words:
        return kind(said)
    meant = str(next(iter(said), "") if isinstance(said, dict) else said).strip().lower()
    near = [commonly[meant].value] if meant in commonly else get_close_matches(meant, every, n=1)
    faults.add(at, f"it must be one of {', '.join(words)}{more}" + (f"; perhaps {near[0]} is meant" if near else ""))
    return None
