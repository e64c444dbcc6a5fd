"""What a body means by a mapping: the first rule that knows it, its parts, and each part's fields. Total, and within bounds."""

import re
from dataclasses import dataclass

from oncall.incidents.values import Action
from oncall.intake.rules.mapping.document import Mapping, Rule
from oncall.intake.rules.mapping.part import PartReader, Tried
from oncall.intake.rules.secrets import is_secret
from oncall.intake.rules.standing_in import MAX_FROM_ONE_BODY, more_events
from oncall.intake.values import Reading, Received
from oncall.kit.mapping import Around, Evaluation

ADDRESS = re.compile(r"^/intake/[^/]+")
"""What of a path is the integration's own, and holds its key."""

NO_RULE = "none of its mapping's rules knows it"
NO_LIST = "its rule splits it, and there is no list to split"
EMPTY = "the list of events is empty"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What a rule makes of a body, or of one part of it: a reading; or none, and why. `unknown` are words that no table has, `odd` what
    was found and cannot be used."""

    part: object
    rule: str = ""
    position: int | None = None
    reading: Reading | None = None
    why: str = ""
    unknown: tuple[tuple[str, str], ...] = ()
    odd: tuple[str, ...] = ()
    tried: tuple[Tried, ...] = ()


@dataclass(frozen=True, slots=True)
class Mapped:
    """All that a mapping makes of a body, and how its rules' conditions went; `beyond` stands for the parts that are too many."""

    outcomes: tuple[Outcome, ...]
    asked: tuple[Tried, ...] = ()
    beyond: Reading | None = None


def read_mapping(mapping: Mapping, value: object, received: Received, *, trace: bool = False) -> Mapped:
    """Every event of a body. With `trace` each outcome tells what was tried; it decides nothing."""
    around = Around(
        value,
        lambda name: None if is_secret(name) or "authorization" in name.lower() else received.headers.get(name.lower()),
        lambda name: None if is_secret(name) else received.query.get(name),
        ADDRESS.sub("", received.path),
    )
    evaluation = Evaluation(around, length=len(received.raw))
    asked: list[Tried] = []
    rule = next((rule for rule in mapping.rules if _knows(rule, value, evaluation, asked)), None)
    if rule is None:
        return Mapped((Outcome(value, why=NO_RULE),), tuple(asked))
    if rule.split is None:
        return Mapped((_outcome(rule, value, None, evaluation, trace=trace),), tuple(asked))
    found = evaluation.find(rule.split, value, whole=False)
    asked.append(Tried("split", rule.split.text, found.value, found.why))
    parts = [found.value] if isinstance(found.value, dict) else found.value
    if not isinstance(parts, list):
        return Mapped((Outcome(value, rule.name, why=": ".join(filter(None, (NO_LIST, found.why)))),), tuple(asked))
    if not parts:
        return Mapped((Outcome(value, rule.name, reading=Reading(Action.IGNORE, "no events", reason=EMPTY), why=EMPTY),), tuple(asked))
    some, beyond = parts[:MAX_FROM_ONE_BODY], len(parts) - MAX_FROM_ONE_BODY
    outcomes = tuple(_outcome(rule, part, n, evaluation, trace=trace) for n, part in enumerate(some))
    return Mapped(outcomes, tuple(asked), more_events(beyond) if beyond > 0 else None)


def _knows(rule: Rule, value: object, evaluation: Evaluation, asked: list[Tried]) -> bool:
    if rule.when is None:
        return True
    found = evaluation.holds(rule.when, value)
    asked.append(Tried(rule.name, rule.when.text, found.value, found.why))
    return bool(found.value)


def _outcome(rule: Rule, part: object, position: int | None, evaluation: Evaluation, *, trace: bool) -> Outcome:
    reader = PartReader(evaluation, part, [] if trace else None)
    reading, why = reader.read(rule)
    return Outcome(part, rule.name, position, reading, why, tuple(reader.unknown), tuple(reader.odd), tuple(reader.tried or ()))
