"""What reports on incidents and people look like."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from oncall.kit.http import Instant, Shown
from oncall.kit.ids import UserId
from oncall.reports.values.duties import Duties
from oncall.reports.values.measures import Apart, By, Group, Loads, Measured


class SpreadShown(Shown):
    """In seconds."""

    median: int
    p95: int


class Counted(Shown):
    incidents: int
    open: int
    acknowledged: int = Field(description="Somebody acknowledged it, at least once.")
    no_action: int = Field(description="It is over, and nobody did anything.")
    reopened: int = Field(description="How often these were reopened, together.")
    pages: int = Field(description="How many pages went to people because of them.")
    acknowledge: SpreadShown | None = Field(description="From its opening to the first acknowledgement; null if there is none.")
    resolve: SpreadShown | None = Field(description="From its opening to its last resolve, of those that are over.")
    acknowledged_late: int = Field(description="Later than their SLA says.")
    resolved_late: int = Field(description="Later than their SLA says.")
    acknowledged_met: int = Field(description="Within the time that their SLA says.")
    resolved_met: int = Field(description="Within the time that their SLA says.")
    told: int = Field(description="Somebody published a status update of it, at least one.")
    first_update: SpreadShown | None = Field(description="From its opening to its first status update; null if there is none.")
    told_met: int = Field(description="Every status update that was owed came in time.")
    told_late: int = Field(description="A status update that was owed came too late, or never.")
    repeated: int = Field(description="The alert that it began with had been resolved no more than `again_within_days` before.")


class GroupShown(Counted):
    key: str
    name: str


class MeasuredShown(Shown):
    """Incidents that opened in `[since, until)`."""

    since: Instant
    until: Instant
    by: By
    items: Sequence[GroupShown]
    total: Counted
    is_cut: bool = Field(description="There are more groups than are listed; the total is of all.")

    @classmethod
    def of(cls, report: Measured) -> Self:
        return cls(
            since=report.since,
            until=report.until,
            by=report.by,
            items=[GroupShown.model_validate(group) for group in report.groups],
            total=_total(report.total),
            is_cut=report.is_cut,
        )


def _total(group: Group) -> Counted:
    return Counted.model_validate(group)


class LoadShown(Shown):
    user_id: UserId
    name: str
    week: str | None = Field(description="Its Monday (UTC); null unless weeks are told apart.")
    pages: int
    incidents: int
    nights: int = Field(description="Pages from 22:00 to 06:00 by the person's own clock.")


class LoadsShown(Shown):
    """Everybody who was paged in `[since, until)`, whoever lost the most sleep first; by week, one after the other."""

    since: Instant
    until: Instant
    by: Apart
    items: Sequence[LoadShown]
    is_cut: bool = Field(description="There are more than are listed.")

    @classmethod
    def of(cls, report: Loads) -> Self:
        items = [LoadShown.model_validate(one) for one in report.lines]
        return cls(since=report.since, until=report.until, by=report.apart, items=items, is_cut=report.is_cut)


class DutyShown(Shown):
    user_id: UserId
    name: str
    week: str | None = Field(description="Its Monday (UTC); null unless weeks are told apart.")
    seconds: int = Field(description="On call in any of the schedules; in two at once counts once.")
    nights: int = Field(description="Seconds of them from 22:00 to 06:00 by the person's own clock.")
    weekends: int = Field(description="Seconds of them on Saturdays and Sundays by the person's own clock.")


class DutiesShown(Shown):
    """Everybody who is on call in `[since, until)`, whoever is longest first; by week, one after the other."""

    since: Instant
    until: Instant
    by: Apart
    schedules: int = Field(description="How many schedules were asked.")
    items: Sequence[DutyShown]
    is_cut: bool = Field(description="There are more than are listed.")

    @classmethod
    def of(cls, report: Duties) -> Self:
        items = [DutyShown.model_validate(one) for one in report.lines]
        return cls(since=report.since, until=report.until, by=report.apart, schedules=report.schedules, items=items, is_cut=report.is_cut)
