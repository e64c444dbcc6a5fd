"""What trends look like."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from oncall.kit.http import Instant, Shown
from oncall.kit.ids import ServiceId
from oncall.reports.values.trends import Trend, Trends


class ServiceNamed(Shown):
    id: ServiceId
    name: str


class WeekShown(Shown):
    week: str = Field(description="Its Monday, UTC.")
    incidents: int


class TrendShown(Shown):
    service: ServiceNamed
    identity: str = Field(description="The dedup key of the first alert, its numbers, ids, hosts and addresses left out.")
    category: str
    title: str = Field(description="Of the newest.")
    incidents: int
    no_action: int
    pages: int
    nights: int = Field(description="Pages from 22:00 to 06:00 by the clock of whoever was paged.")
    weeks: Sequence[WeekShown]
    advice: str = Field(description="Where to ask which change of the service would have helped.")

    @classmethod
    def of(cls, one: Trend) -> Self:
        return cls(
            service=ServiceNamed(id=one.service_id, name=one.service),
            identity=one.identity,
            category=one.category,
            title=one.title,
            incidents=one.incidents,
            no_action=one.no_action,
            pages=one.pages,
            nights=one.nights,
            weeks=[WeekShown(week=week, incidents=count) for week, count in one.weeks],
            advice=f"/api/v1/reports/advice?service_id={one.service_id}",
        )


class TrendsShown(Shown):
    """Of incidents that opened in `[since, until)` and are over."""

    since: Instant
    until: Instant
    recurring: Sequence[TrendShown]
    woke_most: Sequence[TrendShown]
    never_needed: Sequence[TrendShown] = Field(description="At least three times, and always, it went by itself.")

    @classmethod
    def of(cls, found: Trends) -> Self:
        return cls(
            since=found.since,
            until=found.until,
            recurring=[TrendShown.of(one) for one in found.recurring],
            woke_most=[TrendShown.of(one) for one in found.woke_most],
            never_needed=[TrendShown.of(one) for one in found.never_needed],
        )
