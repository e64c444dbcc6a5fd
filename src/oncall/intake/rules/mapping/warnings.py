"""What a mapping may say that its author cannot mean: nothing that would be refused, and all that would be missed at three at night."""

from collections.abc import Iterable

from oncall.incidents.values import Action
from oncall.intake.rules.mapping.document import EventFields, FirstOf, Mapping, Named, Source, may_mean
from oncall.intake.rules.mapping.part import ENDS
from oncall.intake.rules.mapping.reading import Outcome

Form = tuple[str, ...]
"""What a key looks like: the names of its parts, or nothing for one that stands as the sender says it."""


def warnings_of(mapping: Mapping) -> list[str]:
    """About the mapping itself, whatever the body."""
    found = []
    opening = {form for rule in mapping.rules if rule.event and may_mean(rule.event, Action.TRIGGER) for form in _forms(rule.event)}
    for rule in mapping.rules:
        event = rule.event
        if event is None:
            continue
        if event.dedup_key is None:
            found.append(f"{rule.name}: without a dedup_key each event is a problem of its own, repeats page again, and nothing ends it")
        elif may_mean(event, Action.RESOLVE) and not may_mean(event, Action.TRIGGER) and opening.isdisjoint(_forms(event)):
            sentence = "its events end problems by a dedup_key that no event of a rule that triggers can have: make both keys alike"
            found.append(f"{rule.name}: {sentence}")
    if not any(rule.event and may_mean(rule.event, Action.RESOLVE) for rule in mapping.rules):
        found.append("no rule ever resolves: what is opened stays open until a person resolves it")
    return found


def warnings_about(outcome: Outcome) -> list[str]:
    """About one event."""
    reading = outcome.reading
    is_over = reading is not None and reading.action in ENDS  # how bad it was is nobody's business any more
    unknown = [(field, word) for field, word in outcome.unknown if field == "action" or not is_over]
    found = [f"{field}: the word {word!r} is not in the table, and counts as {_meant(outcome, field)}" for field, word in unknown]
    if reading is not None and reading.action is Action.TRIGGER and not reading.dedup_key:
        found.append("dedup_key: none was found, so this event is a problem of its own, and nothing ends it")
    keys = {tried.field for tried in outcome.tried if tried.field.startswith("dedup_key.") and tried.gave in (None, "")}
    if reading is not None and reading.dedup_key and keys:
        found.append(f"{', '.join(sorted(keys))}: says nothing here; a key of fewer parts is another key")
    failed = dict.fromkeys(f"{tried.field}: {tried.source}: {tried.why}" for tried in outcome.tried if tried.why)
    return found + list(failed)


def _meant(outcome: Outcome, field: str) -> str:
    reading = outcome.reading
    if reading is None:
        return "nothing"
    return f"{reading.action}" if field == "action" else f"{reading.severity}"


def _forms(event: EventFields) -> Iterable[Form]:
    return set(_forms_of(event.dedup_key))


def _forms_of(source: Source | None) -> Iterable[Form]:
    match source:
        case None:
            return []
        case Named():
            return [tuple(name for name, _ in source.parts)]
        case FirstOf():
            return [form for one in source.sources for form in _forms_of(one)]
        case _:
            return [()]
