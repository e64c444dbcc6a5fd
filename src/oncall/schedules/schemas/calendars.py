"""What the routes about calendars take and show."""

from typing import Annotated, Self
from urllib.parse import urlsplit

from pydantic import Field, StringConstraints

from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.schemas.schedules import ScheduleWritten
from oncall.schedules.values import CalendarFeed, CalendarFeedId, CalendarSource, CalendarSourceId

Address = Annotated[str, StringConstraints(min_length=1, max_length=2048)]


class CalendarIn(Strict):
    """The address of an iCal calendar (https://, http:// or webcal://); it is read within seconds, and then every hour."""

    url: Address


class LayerCalendarIn(CalendarIn):
    """Its events become the fixed shifts of the layer `layer`; people are found by e-mail address or name."""

    layer: Name


class CalendarShown(Shown):
    """`read_at` is when the last good copy was read, which counts until there is a newer one; `last_error` why the newest try failed,
    `notes` what in it was left out and why. Whoever knows the `url` can read it, so of a schedule's only admins see more than the host."""

    id: CalendarSourceId
    url: str
    user_id: UserId | None
    schedule_id: ScheduleId | None
    read_at: Instant | None
    next_read_at: Instant | None
    failures: int
    last_error: str | None
    notes: list[str]
    created_at: Instant

    @classmethod
    def of(cls, source: CalendarSource, *, whole_url: bool = True) -> Self:
        return cls(
            id=source.id,
            url=source.url if whole_url else _host_of(source.url),
            user_id=source.user_id,
            schedule_id=source.schedule_id,
            read_at=source.read_at,
            next_read_at=source.next_at,
            failures=source.failures,
            last_error=source.last_error,
            notes=list(source.notes),
            created_at=source.created_at,
        )


def _host_of(url: str) -> str:
    scheme, host, *_ = urlsplit(url)
    return f"{scheme}://{host}/…"


class ImportIn(Strict):
    """An iCal file, as text, or as a list of its lines where it is longer than 64 KiB (a string may not be): its events of the coming
    year become the fixed shifts of the layer `layer`."""

    layer: Name
    content: Annotated[str | list[str], Field(min_length=1)]

    def text(self) -> str:
        return self.content if isinstance(self.content, str) else "\r\n".join(self.content)


class ImportDone(Shown):
    """The schedule with its new layer, and what of the calendar was left out."""

    schedule: ScheduleWritten
    notes: list[str]


class FeedIn(Strict):
    """What the feed is for: the phone it is read by."""

    name: Name = "calendar"


class FeedShown(Shown):
    id: CalendarFeedId
    name: str
    created_at: Instant
    revoked_at: Instant | None

    @classmethod
    def of(cls, feed: CalendarFeed) -> Self:
        return cls(id=feed.id, name=feed.name, created_at=feed.created_at, revoked_at=feed.revoked_at)


class FeedMade(FeedShown):
    """`url` holds the token and is shown once; whoever has it reads this calendar and nothing else."""

    url: str
