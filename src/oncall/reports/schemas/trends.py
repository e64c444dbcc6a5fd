"""What trends look like. A proposal holds the very body that `POST /replay` takes."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field

from oncall.kit.http import Duration, Instant, Shown, iso_duration
from oncall.kit.ids import ServiceId
from oncall.reports.values.trends import Proposal, Trend, Trends


class ProposalShown(Shown):
    """A delay of the service, with what it would have come to by the record; `POST /replay` says it by the rules that page."""

    delay: Duration
    saved: int = Field(description="Pages of these incidents that would not have been made.")
    nights_saved: int = Field(description="Those of them that came at night.")
    saved_of_service: int = Field(description="Pages of all incidents of the service that would not have been made.")
    later: int = Field(description="Incidents of the service that people acted on, and that would have paged so much later.")
    replay: Mapping[str, Any] = Field(description="The body to send to `POST /replay`.")

    @classmethod
    def of(cls, one: Proposal, service_id: ServiceId) -> Self:
        delay = {"for": iso_duration(one.delay), "critical": one.critical}
        return cls(
            delay=one.delay,
            saved=one.saved,
            nights_saved=one.nights_saved,
            saved_of_service=one.saved_of_service,
            later=one.later,
            replay={
                "since": one.since.isoformat(),
                "until": one.until.isoformat(),
                "service_id": str(service_id),
                "proposed": {"services": {str(service_id): {"delay": delay}}},
            },
        )


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
    proposal: ProposalShown | None = Field(description="Null where no delay of half an hour or less would have saved a page.")

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
            proposal=ProposalShown.of(one.proposal, one.service_id) if one.proposal else None,
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
