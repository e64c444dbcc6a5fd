"""What status pages are made from, kept in memory: public feeds with what they show, and public maintenance."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.commands import feeds as commands
from oncall.communications.rules import feeds as rules
from oncall.communications.store import feeds as store
from oncall.communications.values.feeds import Feed, Planned, Shown, StatusPage
from oncall.silences.commands.windows import public_calendar

MOST_FEEDS = 500
AHEAD = timedelta(days=14)
"""How far ahead maintenance is shown."""

MARGIN = timedelta(days=2)
"""What is in memory is made anew every day at the latest; until then it has to know of this much more."""

MOST_PLANNED = 200


@dataclass(frozen=True, slots=True)
class Board:
    """Public feeds by their slug."""

    feeds: Mapping[str, Shown]


@dataclass(frozen=True, slots=True)
class Maintenance:
    """Each occurrence of a public window from when this was made on."""

    planned: tuple[Planned, ...]


async def load_board(tx: AsyncConnection) -> Board:
    """Of each public feed what its first page shows."""
    found = {}
    for feed in await store.public_feeds(tx, limit=MOST_FEEDS):
        past, has_more = await commands.past_stories(tx, feed, before=None)
        found[feed.settings.slug] = Shown(feed, await commands.open_stories(tx, feed), past, has_more)
    return Board(found)


async def load_maintenance(tx: AsyncConnection, *, now: datetime) -> Maintenance:
    calendar = await public_calendar(tx, since=now, until=now + AHEAD + MARGIN, limit=MOST_PLANNED)
    return Maintenance(
        tuple(
            Planned(window.id, window.name, window.description, frozenset(window.service_ids), at.start, at.end) for window, at in calendar
        )
    )


def first_page(shown: Shown, maintenance: Maintenance, *, now: datetime) -> StatusPage:
    return rules.page_of(shown, [one for one in maintenance.planned if one.start < now + AHEAD], now=now)


def changes_at(maintenance: Maintenance, *, now: datetime) -> datetime | None:
    """When pages change by time alone: maintenance begins, ends, or comes into view."""
    ahead: Sequence[datetime] = [one.start - AHEAD for one in maintenance.planned if one.start - AHEAD > now]
    following = rules.next_change(maintenance.planned, now=now)
    return min([*ahead, following] if following else ahead, default=None)


async def history(tx: AsyncConnection, feed: Feed, *, before: UUID) -> StatusPage:
    """A later page of what is over."""
    past, has_more = await commands.past_stories(tx, feed, before=before)
    return rules.history_page(feed, past, has_more=has_more)
