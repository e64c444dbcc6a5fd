"""What a mapping may say that its author cannot mean: nothing that would be refused, and all that would be missed at three at night."""

import json
from collections.abc import Iterable, Sequence

from oncall.incidents.values import Action
from oncall.intake.rules.mapping.document import EventFields, FirstOf, Mapping, Named, Source, may_mean
from oncall.intake.rules.mapping.part import ENDS, Tried
from oncall.intake.rules.mapping.reading import EMPTY, Outcome
from oncall.intake.rules.wording import text_of
from oncall.intake.values import LocalKey, Reading

Form = tuple[str, ...]
"""What a key looks like: the names of its parts, or nothing for one that stands as the sender says it."""


MAX_ALIKE = 5

ONE_TEXT = frozenset({"dedup_key", "summary", "source", "component", "group", "class", "delivery_id", "by"})
"""Fields that are one text each."""


def warnings_of(mapping: Mapping) -> list[str]:
    """About the mapping itself, whatever the body."""
    found = []
    opening = {form for rule in mapping.rules if rule.event and may_mean(rule.event, Action.TRIGGER) for form in _forms(rule.event)}
    for rule in mapping.rules:
        event = rule.event
        if event is None:
            continue
        opens, ends = may_mean(event, Action.TRIGGER), any(may_mean(event, action) for action in ENDS)
        if event.dedup_key is None and opens:
            found.append(f"{rule.name}: without a dedup_key each event is a problem of its own, repeats page again, and nothing ends it")
        elif event.dedup_key is None and ends:
            found.append(f"{rule.name}: without a dedup_key its events end nothing, and are not mapped")
        elif may_mean(event, Action.RESOLVE) and not opens and opening.isdisjoint(_forms(event)):
            sentence = "its events end problems by a dedup_key that no event of a rule that triggers can have: make both keys alike"
            found.append(f"{rule.name}: {sentence}")
    opens = any(rule.event and may_mean(rule.event, Action.TRIGGER) for rule in mapping.rules)
    if opens and not any(rule.event and may_mean(rule.event, Action.RESOLVE) for rule in mapping.rules):
        found.append("no rule ever resolves: what is opened stays open until a person resolves it")
    return found


def warnings_among(value: object, outcomes: Sequence[Outcome]) -> list[str]:
    """About a whole body: a list that is taken for one event, and parts of it that are one alert."""
    found = []
    if isinstance(value, list) and outcomes and outcomes[0].position is None and outcomes[0].why != EMPTY:
        found.append('the body is a list, and is asked as a whole: write "split": "@" in the rule, so that each of its parts is an event')
    opening: dict[str, list[int]] = {}
    for n, outcome in enumerate(outcomes):
        if outcome.reading is not None and outcome.reading.action is Action.TRIGGER and outcome.reading.dedup_key:
            opening.setdefault(outcome.reading.dedup_key, []).append(n)
    alike = [(key, parts) for key, parts in opening.items() if len(parts) > 1]
    found += [
        f"parts {', '.join(map(str, parts[:5]))}{', …' if len(parts) > 5 else ''} trigger with the same dedup_key {key[:100]!r}: "
        "they are one alert"
        for key, parts in alike[:MAX_ALIKE]
    ]
    return found


def warnings_about(outcome: Outcome) -> list[str]:
    """About one event."""
    reading = outcome.reading
    is_over = reading is not None and reading.action in ENDS  # how bad it was is nobody's business any more
    unknown = [(field, word) for field, word in outcome.unknown if field == "action" or not is_over]
    found = [f"{field}: the word {word!r} is not in the table, and counts as {_meant(outcome, field)}" for field, word in unknown]
    if reading is not None and reading.action in {Action.TRIGGER, *ENDS}:
        found += _about_key(outcome, reading)
    found += outcome.odd
    found += dict.fromkeys(said for tried in outcome.tried if (said := _about_form(tried)))
    failed = dict.fromkeys(f"{tried.field}: {tried.source}: {tried.why}" for tried in outcome.tried if tried.why)
    return found + list(failed)


def _about_key(outcome: Outcome, reading: Reading) -> list[str]:
    key = reading.dedup_key
    if not key:
        return ["dedup_key: none was found, so this event is a problem of its own, and nothing ends it"]
    if key.isdecimal() and not isinstance(key, LocalKey):
        where = next((tried.source for tried in outcome.tried if tried.field == "dedup_key" and text_of(tried.gave).strip() == key), "ID")
        named = json.dumps({"named": [{"id": where}]}, ensure_ascii=False)
        return [f"dedup_key: it is a mere number, and another monitor of the same service may count up to it as well: write {named}"]
    silent = {tried.field for tried in outcome.tried if tried.field.startswith("dedup_key.") and tried.gave in (None, "")}
    return [f"{', '.join(sorted(silent))}: says nothing here; a key of fewer parts is another key"] if silent else []


def _about_form(tried: Tried) -> str:
    """What is said where one text should be said: a list or an object is written as JSON, and is another one with each change in it."""
    if not isinstance(tried.gave, list | dict) or not tried.gave:
        return ""
    field, form = tried.field.partition(".")[0], "a list" if isinstance(tried.gave, list) else "an object"
    if field in ONE_TEXT:
        return f"{tried.field}: {tried.source} gives {form}, which counts as its JSON text: name what in it is meant, as {_inside(tried)}"
    if tried.field in {"action", "severity"}:
        return f"{tried.field}: {tried.source} gives {form}, which is no word: name what in it is meant, as {_inside(tried)}"
    return ""


def _inside(tried: Tried) -> str:
    name = next((name for name in tried.gave if name.isidentifier()), "name") if isinstance(tried.gave, dict) else ""
    return f"{tried.source}.{name}" if name else f"{tried.source}[0]"


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
