"""What the routes about unavailability take and show."""

from typing import Self

from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import UserId
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.schemas.overrides import Reason
from oncall.schedules.schemas.schedules import AdviceShown
from oncall.schedules.values import AuthoredUnavailability, CalendarSourceId, UnavailabilityId


class UnavailabilityIn(Strict):
    """From `start` (now at the earliest) to `end` not to be on call; `cover_user_id` has their turns meanwhile, or nobody has."""

    start: WholeSecond
    end: WholeSecond
    cover_user_id: UserId | None = None
    reason: Reason = ""


class UnavailabilityShown(Shown):
    """`calendar_id` is the calendar that says so, null when a person did; `reason` is then the event's title, which others do not see."""

    id: UnavailabilityId
    user_id: UserId
    start: Instant
    end: Instant
    cover_user_id: UserId | None
    reason: str
    calendar_id: CalendarSourceId | None
    author: str
    created_at: Instant

    @classmethod
    def of(cls, span: AuthoredUnavailability, *, titles: bool = True, **more: object) -> Self:
        """With the titles of events in private calendars, or without."""
        return cls(
            id=span.id,
            user_id=span.user_id,
            start=span.start,
            end=span.end,
            cover_user_id=span.cover_user_id,
            reason=span.reason if titles or span.source_id is None else "",
            calendar_id=span.source_id,
            author=span.author,
            created_at=span.created_at,
            **more,
        )


class UnavailabilityWritten(UnavailabilityShown):
    """With where it leaves nobody on call."""

    warnings: list[AdviceShown]
