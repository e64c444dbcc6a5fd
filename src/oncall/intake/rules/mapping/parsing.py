"""A mapping read from its document: everything that is wrong with it is found, not only the first."""

from collections.abc import Callable
from collections.abc import Mapping as JsonObject
from difflib import get_close_matches
from typing import TypeVar

from oncall.incidents.values import Action, Severity
from oncall.intake.rules.mapping.document import (
    TEXTS,
    Acts,
    Case,
    EventFields,
    Ignore,
    Ignored,
    Link,
    Mapping,
    Rule,
    Source,
    Words,
    may_mean,
)
from oncall.intake.rules.mapping.faults import BadMapping, Faults
from oncall.intake.rules.mapping.sources import Budget, parse_source, parse_sources
from oncall.kit.mapping import BadExpression, Expression, Table, compile_expression, word_of

T = TypeVar("T")

MAX_RULES = 20
MAX_ROWS = 500
MAX_CASES = 50
MAX_LABELS = 100
MAX_LINKS = 20
MAX_REASON = 200
MAX_NAME = 100
MAX_HIDDEN = 100

RULE = ("name", "when", "split", "ignore", "hide", "event")
EVENT = ("dedup_key", "action", "severity", "labels", "links", "details", *TEXTS)
WORDS = ("cases", "from", "table", "default")


def parse_mapping(document: object, *, field: str = "mapping") -> Mapping:
    """Raises BadMapping with every fault, each with its place below `field`."""
    faults, budget = Faults(), Budget()
    rules: list[Rule] = []
    if not isinstance(document, dict):
        faults.add("", 'it must be an object, such as {"rules": [{"event": {"summary": "title", "dedup_key": "id"}}]}')
    else:
        faults.check_names(document, ("rules",), "")
        said = document.get("rules")
        if not isinstance(said, list) or not said:
            faults.add("rules", "it must be a list with at least one rule")
        elif len(said) > MAX_RULES:
            faults.add("rules", f"there are more than {MAX_RULES} rules")
        else:
            rules = [_rule(rule, f"rules.{n}", n, faults, budget) for n, rule in enumerate(said)]
            _check_reach(rules, faults)
    budget.check(faults)
    if faults:
        raise BadMapping(faults, field=field)
    return Mapping(tuple(rules))


def _check_reach(rules: list[Rule], faults: Faults) -> None:
    """A rule without a condition takes every body: what stands behind it would never be asked."""
    open_rule = next((n for n, rule in enumerate(rules[:-1]) if rule.when is None), None)
    if open_rule is not None and not faults:
        faults.add(f"rules.{open_rule}.when", "it is needed: without it this rule takes every body, and the rules behind it none")


def _rule(said: object, at: str, n: int, faults: Faults, budget: Budget) -> Rule:
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object, such as {"event": {"summary": "title", "dedup_key": "id"}}')
        return Rule(f"rule {n + 1}")
    faults.check_names(said, RULE, at)
    when, split = (
        parse_condition(said[name], f"{at}.{name}", faults, budget) if said.get(name) is not None else None for name in ("when", "split")
    )
    ignore = tuple(
        _ignore(one, f"{at}.ignore.{m}", faults, budget)
        for m, one in enumerate(_list(said.get("ignore"), f"{at}.ignore", MAX_CASES, faults))
    )
    hidden = _list(said.get("hide"), f"{at}.hide", MAX_HIDDEN, faults)
    if not all(isinstance(name, str) for name in hidden):
        faults.add(f"{at}.hide", "it must be a list of names of members that nobody may see")
    name = _text(said.get("name"), f"{at}.name", MAX_NAME, faults) or f"rule {n + 1}"
    event = None
    if said.get("event") is not None:
        event = _event(said["event"], f"{at}.event", faults, budget)
    elif not any(one.when is None for one in ignore):
        faults.add(f"{at}.event", 'it is needed, with dedup_key or summary at least; or "ignore": [{"reason": …}] if all this is no alert')
    return Rule(name, when, split, ignore, event, frozenset(map(str, hidden)))


def parse_condition(said: object, at: str, faults: Faults, budget: Budget) -> Expression:
    """An expression of which only matters whether it holds, or that says where a list is."""
    budget.expressions += 1
    if not isinstance(said, str):
        faults.add(at, "it must be an expression, as a text")
        return NEVER
    try:
        return compile_expression(said)
    except BadExpression as bad:
        faults.add(at, f"character {bad.position}: {bad}")
        return NEVER


NEVER = compile_expression("`false`")


def _ignore(said: object, at: str, faults: Faults, budget: Budget) -> Ignore:
    match said:
        case dict():
            faults.check_names(said, ("when", "reason"), at)
            when = parse_condition(said["when"], f"{at}.when", faults, budget) if said.get("when") is not None else None
            reason = _text(said.get("reason"), f"{at}.reason", MAX_REASON, faults)
            if not reason:
                faults.add(f"{at}.reason", "it is needed: it is told whoever asks why nobody was paged")
            return Ignore(when, reason)
        case _:
            faults.add(at, 'it must be an object, such as {"when": "test == \'yes\'", "reason": "a test of the monitor"}')
            return Ignore(None, "")


def _event(said: object, at: str, faults: Faults, budget: Budget) -> EventFields:
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object, such as {"summary": "title", "dedup_key": "id"}')
        return EventFields()
    faults.check_names(said, EVENT, at)
    texts = tuple((name, source) for name in TEXTS if (source := _source(said, name, at, faults, budget)) is not None)
    event = EventFields(
        dedup_key=_source(said, "dedup_key", at, faults, budget, is_key=True),
        action=_words(said.get("action"), f"{at}.action", _action, faults, budget),
        severity=_words(said.get("severity"), f"{at}.severity", _severity, faults, budget),
        texts=texts,
        labels=_members(said.get("labels"), f"{at}.labels", faults, budget),
        links=tuple(
            _link(link, f"{at}.links.{n}", faults, budget)
            for n, link in enumerate(_list(said.get("links"), f"{at}.links", MAX_LINKS, faults))
        ),
        details=_members(said["details"], f"{at}.details", faults, budget) if said.get("details") is not None else None,
    )
    has_summary = said.get("summary") is not None
    if not has_summary and event.dedup_key is None:
        faults.add(at, "it needs a summary, a dedup_key, or better both: without either nothing says what the event is about")
    elif not has_summary and may_mean(event, Action.TRIGGER):
        faults.add(f"{at}.summary", 'it is needed where an event may trigger; for one that only ends: "action": {"default": "resolve"}')
    return event


def _source(said: JsonObject[str, object], name: str, at: str, faults: Faults, budget: Budget, *, is_key: bool = False) -> Source | None:
    return parse_source(said[name], f"{at}.{name}", faults, budget, is_key=is_key) if said.get(name) is not None else None


def _members(said: object, at: str, faults: Faults, budget: Budget) -> tuple[tuple[str, Source], ...]:
    if said is None:
        return ()
    if not isinstance(said, dict):
        faults.add(at, 'it must be an object of names and expressions, such as {"host": "HOST", "*": "tags"}; "*" takes a whole object')
        return ()
    if len(said) > MAX_LABELS:
        faults.add(at, f"there are more than {MAX_LABELS}")
        return ()
    return tuple((name, parse_source(source, f"{at}.{name}", faults, budget)) for name, source in sorted(said.items()))


def _link(said: object, at: str, faults: Faults, budget: Budget) -> Link:
    if not isinstance(said, dict) or "href" not in said:
        return Link(parse_source(said, at, faults, budget))
    faults.check_names(said, ("href", "text"), at)
    text = parse_source(said["text"], f"{at}.text", faults, budget) if said.get("text") is not None else None
    return Link(parse_source(said["href"], f"{at}.href", faults, budget), text)


def _words(said: object, at: str, target: "Target[T]", faults: Faults, budget: Budget) -> Words[T]:
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
    cases = _list(said.get("cases"), f"{at}.cases", MAX_CASES, faults)
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


def _case(said: object, at: str, target: "Target[T]", faults: Faults, budget: Budget) -> Case[T] | None:
    if not isinstance(said, dict) or "when" not in said or "means" not in said:
        faults.add(at, 'it must be an object, such as {"when": "cleared_at", "means": …}')
        return None
    faults.check_names(said, ("when", "means"), at)
    when, means = parse_condition(said["when"], f"{at}.when", faults, budget), target(said["means"], f"{at}.means", faults)
    return Case(when, means) if means is not None else None


Target = Callable[[object, str, Faults], T | None]


def _action(said: object, at: str, faults: Faults) -> Acts | None:
    match said:
        case {"ignore": str(reason), **more} if reason.strip() and not more:
            return Ignored(reason.strip()[:MAX_REASON])
        case "ignore":
            return Ignored("its mapping says that this is no alert")
        case _:
            return _one_of(Action, said, at, faults, ', or {"ignore": "why"}')


def _severity(said: object, at: str, faults: Faults) -> Severity | None:
    return _one_of(Severity, said, at, faults)


E_ = TypeVar("E_", Action, Severity)


def _one_of(kind: type[E_], said: object, at: str, faults: Faults, more: str = "") -> E_ | None:
    words = [one.value for one in kind if one.value != "ignore"]
    if isinstance(said, str) and said in words:
        return kind(said)
    near = get_close_matches(str(said).lower(), words, n=1)
    faults.add(at, f"it must be one of {', '.join(words)}{more}" + (f"; perhaps {near[0]} is meant" if near else ""))
    return None


def _list(said: object, at: str, limit: int, faults: Faults) -> list[object]:
    if said is None:
        return []
    if not isinstance(said, list):
        faults.add(at, "it must be a list")
        return []
    if len(said) > limit:
        faults.add(at, f"there are more than {limit}")
        return []
    return said


def _text(said: object, at: str, limit: int, faults: Faults) -> str:
    if said is None:
        return ""
    if not isinstance(said, str) or not said.isprintable() or len(said) > limit:
        faults.add(at, f"it must be one line of at most {limit} characters")
        return ""
    return said.strip()
