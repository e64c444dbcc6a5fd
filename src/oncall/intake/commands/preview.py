"""What a mapping would make of a body, told expression by expression. Nothing is written, and the same code reads as for real."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Literal

from oncall.incidents.values import Action, Event
from oncall.intake.commands.mapping import as_read
from oncall.intake.commands.reading import otherwise, to_events
from oncall.intake.compiled import compiled_mapping
from oncall.intake.rules import MAX_FROM_ONE_BODY, cut, decode, text_of, unreadable
from oncall.intake.rules.mapping import Mapping as Rules
from oncall.intake.rules.mapping import (
    Outcome,
    Tried,
    parse_mapping,
    read_mapping,
    to_document,
    warnings_about,
    warnings_among,
    warnings_of,
)
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.errors import Invalid
from oncall.services.values import IntegrationRef

MAX_SHOWN = 100
MAX_GAVE = 2_000
"""Characters of JSON that one expression's result is shown with."""


class NoMapping(Invalid):
    """There is nothing to preview."""


Became = Literal["mapped", "ignored", "unmapped", "unreadable"]


@dataclass(frozen=True, slots=True)
class Previewed:
    """One event as it would be, why, and what each expression gave. Without a dedup key `has_key` is false."""

    position: int | None
    rule: str
    became: Became
    why: str
    event: Event
    has_key: bool
    tried: Sequence[Tried]
    warnings: Sequence[str]


@dataclass(frozen=True, slots=True)
class Preview:
    """The mapping as it was understood, how the conditions of its rules went, and the first hundred events."""

    mapping: Mapping[str, object]
    rules: Sequence[Tried]
    events: Sequence[Previewed]
    more: int
    warnings: Sequence[str]


def preview(document: Mapping[str, object] | None, received: Received, integration: IntegrationRef) -> Preview:
    """By this mapping, or by the one that is stored; raises BadMapping, or NoMapping where there is neither."""
    if document is None and integration.mapping is None:
        raise NoMapping("This integration has no mapping yet: send one in mapping, it is only tried.", field="mapping")
    mapping = compiled_mapping(integration) if document is None else parse_mapping(document)
    try:
        value = decode(received) if received.raw.strip(b"\x00 \t\r\n") else None
    except Unreadable as why:
        return _preview(mapping, [_unreadable(str(why), received, integration)], (), 0)
    mapped = read_mapping(mapping, value, received, trace=True)
    events: list[Previewed] = []
    outcomes = as_read(mapped, value)
    for outcome in outcomes[:MAX_SHOWN]:
        events += _previewed(outcome, received, integration)
    more = len(outcomes) - MAX_SHOWN
    warned = warnings_among(value, mapped.outcomes)
    if mapped.beyond:
        warned.append(f"one body holds more than {MAX_FROM_ONE_BODY:,} events: those beyond page together, as one")
    return _preview(mapping, events, [_shown(tried) for tried in mapped.asked], max(more, 0), warned)


def _preview(mapping: Rules, events: Sequence[Previewed], asked: Sequence[Tried], more: int, warned: Sequence[str] = ()) -> Preview:
    odd = [f"{tried.field}: {tried.source}: {tried.why}" for tried in asked if tried.why]
    return Preview(to_document(mapping), asked, events, more, [*warnings_of(mapping), *odd, *warned])


def _previewed(outcome: Outcome, received: Received, integration: IntegrationRef) -> list[Previewed]:
    tried, warnings = [_shown(one) for one in outcome.tried], warnings_about(outcome)
    if outcome.reading is not None:
        became: Became = "ignored" if outcome.reading.action is Action.IGNORE else "mapped"
        return [_one(outcome, became, outcome.why, outcome.reading, received, integration, tried, warnings)]
    try:
        readings = otherwise(outcome, received, integration)
    except Unreadable as error:
        readings = [unreadable(integration.name, str(error))]
    return [
        _one(outcome, "unreadable" if one.unreadable else "unmapped", outcome.why, one, received, integration, tried, warnings)
        for one in readings
    ]


def _one(
    outcome: Outcome,
    became: Became,
    why: str,
    reading: Reading,
    received: Received,
    integration: IntegrationRef,
    tried: Sequence[Tried],
    warnings: Sequence[str],
) -> Previewed:
    (event,) = to_events([reading], received, integration)
    has_key = bool(reading.dedup_key and not reading.dedup_key.isspace())
    return Previewed(outcome.position, outcome.rule, became, why, event, has_key, tried, warnings)


def _unreadable(why: str, received: Received, integration: IntegrationRef) -> Previewed:
    return _one(Outcome(None), "unreadable", why, unreadable(integration.name, why), received, integration, (), ())


def _shown(tried: Tried) -> Tried:
    """A result as it is, if it is short; of a long one the beginning, as text."""
    if not isinstance(tried.gave, str | list | dict):
        return tried
    said = text_of(tried.gave)
    return tried if len(said) <= MAX_GAVE else replace(tried, gave=cut(said, MAX_GAVE))
