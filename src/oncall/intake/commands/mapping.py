"""Read a body by its integration's mapping; what the mapping does not read is read as if there were none, and says so."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from oncall.intake.adapters import generic
from oncall.intake.compiled import compiled_mapping
from oncall.intake.rules import unreadable
from oncall.intake.rules.mapping import ENDS, BadMapping, Mapped, Outcome, parse_mapping, read_mapping
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.metrics import UNMAPPED
from oncall.services.values import IntegrationRef

Otherwise = Callable[[object], list[Reading]]
"""How a body, or a part of one, is read without a mapping; raises Unreadable."""


def check_mapping(document: Mapping[str, object]) -> None:
    """Raises BadMapping, with every fault and its place, for a document that is to be kept."""
    parse_mapping(document)


def read_mapped(
    value: object, received: Received, integration: IntegrationRef, otherwise: Otherwise, *, again: bool = False
) -> list[Reading]:
    """The events of a body by the integration's mapping; raises Unreadable for a whole body that nobody can read. What is read `again` is
    not counted among what is not mapped.
    """
    try:
        mapping = compiled_mapping(integration)
    except BadMapping as bad:
        mapped = Mapped((Outcome(value, why=f"its integration's mapping cannot be used: {bad}"),))
    else:
        mapped = read_mapping(mapping, value, received)
    readings: list[Reading] = []
    for outcome in as_read(mapped, value):
        if outcome.reading is not None:
            readings.append(outcome.reading)
        else:
            if not again:
                UNMAPPED.labels(f"{integration.id}").inc()
            readings += read_unmapped(outcome, received, integration, otherwise)
    return readings if mapped.beyond is None else [*readings, mapped.beyond]


def as_read(mapped: Mapped, value: object) -> Sequence[Outcome]:
    """What a body comes to: where nothing in it is mapped, it is another kind of body, and is read whole."""
    if any(outcome.reading is not None for outcome in mapped.outcomes):
        return mapped.outcomes
    return [replace(mapped.outcomes[0], part=value, position=None)]


def read_unmapped(outcome: Outcome, received: Received, integration: IntegrationRef, otherwise: Otherwise) -> list[Reading]:
    """What a mapping does not read, as it is read without one, or, one part among others, by common words; the details say that it was
    not mapped, and why. An end of something that it does not name would end nothing, and must be seen.
    """
    try:
        readings = otherwise(outcome.part) if outcome.position is None else generic.read(outcome.part, received)
        _check_ends(readings)
    except Unreadable as error:
        why = f"{error}; unmapped: {outcome.why}"
        if outcome.position is None:
            raise Unreadable(why) from None
        readings = [unreadable(integration.name, why)]
    return [_marked(reading, outcome.why) for reading in readings]


def _check_ends(readings: Sequence[Reading]) -> None:
    if not all(reading.dedup_key or reading.action not in ENDS for reading in readings):
        raise Unreadable("it ends something that it does not name")


def maps(value: object, received: Received, integration: IntegrationRef) -> bool:
    """Whether the integration's mapping reads anything in a body."""
    try:
        mapped = read_mapping(compiled_mapping(integration), value, received)
    except BadMapping:
        return False
    return any(outcome.reading is not None for outcome in mapped.outcomes)


def _marked(reading: Reading, why: str) -> Reading:
    reason = f"unmapped, {why}"
    return replace(reading, details=reading.details | {"unmapped": why}, reason=f"{reason}: {reading.reason}" if reading.reason else reason)
