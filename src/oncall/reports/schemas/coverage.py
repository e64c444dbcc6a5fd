"""What the report on coverage looks like."""

from collections.abc import Sequence
from datetime import timedelta
from typing import Annotated, Self

from pydantic import Field, PlainSerializer

from oncall.contacts.values import Urgency
from oncall.kit.http import Instant, Shown, iso_duration
from oncall.kit.ids import ServiceId
from oncall.reports.values.coverage import Coverage, Hole, HoleKind

Length = Annotated[timedelta, PlainSerializer(iso_duration, return_type=str)]


class ServiceNamed(Shown):
    id: ServiceId
    name: str


class HoleShown(Shown):
    service: ServiceNamed
    urgency: Urgency
    severities: Sequence[str] = Field(description="Of what opens the incident; a step may be for some of them only.")
    kind: HoleKind
    start: Instant
    end: Instant
    length: Length
    why: Sequence[str] = Field(description="One sentence for each step that was looked at, as of `start`.")

    @classmethod
    def of(cls, hole: Hole) -> Self:
        return cls(
            service=ServiceNamed(id=hole.service_id, name=hole.service),
            urgency=hole.urgency,
            severities=hole.severities,
            kind=hole.kind,
            start=hole.start,
            end=hole.end,
            length=hole.length,
            why=hole.why,
        )


class CoverageShown(Shown):
    """Whether an incident would reach a person at every instant of `[since, until)`; `items` are the first of the holes, by start."""

    since: Instant
    until: Instant
    services: int
    holes: int = Field(description="Stretches in which nobody is reached, each once for a service, an urgency and severities.")
    uncovered: Length = Field(description="How long these are together.")
    waiting: int = Field(description="Stretches in which low urgency waits for the end of quiet hours; these are no holes.")
    items: Sequence[HoleShown]
    is_cut: bool = Field(description="There are more than are listed.")

    @classmethod
    def of(cls, coverage: Coverage, *, quiet_hours: bool, limit: int) -> Self:
        listed = [hole for hole in coverage.holes if quiet_hours or hole.kind is HoleKind.NOBODY]
        nobody = coverage.of(HoleKind.NOBODY)
        return cls(
            since=coverage.since,
            until=coverage.until,
            services=coverage.services,
            holes=len(nobody),
            uncovered=sum((hole.length for hole in nobody), timedelta()),
            waiting=len(coverage.holes) - len(nobody),
            items=[HoleShown.of(hole) for hole in listed[:limit]],
            is_cut=len(listed) > limit,
        )
