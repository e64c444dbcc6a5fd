"""Calendars of ours: of a schedule, of a person, of a team, read by whoever holds a token."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.schedules import rules
from oncall.schedules.adapters.calendar_out import write_calendar
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.lookup import LOOK_AHEAD, load_world, schedule_ids, schedules_with
from oncall.schedules.rules.feeds import entries_of, with_cancelled
from oncall.schedules.store import calendars as store
from oncall.schedules.values import CalendarFeed, CalendarFeedId, Schedule, Tile, UnknownCalendar
from oncall.schedules.values.calendars import Entry
from oncall.teams.commands import get_team, get_user, names_of

BEHIND, AHEAD = timedelta(days=30), timedelta(days=184)
BEFORE = timedelta(days=400)
"""Longer than any turn that a feed should know the beginning of."""
REMEMBERED = timedelta(days=14)
"""How long what was taken out of the calendar stays in it as cancelled; readers look at least daily."""
MOST_EDITS = 12
SEQUENCE_BEGAN = 1_600_000_000
"""Seconds that a sequence need not count, so that it stays far below the 2³¹ that readers can hold."""
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose calendar: exactly one of them."""

    schedule_id: ScheduleId | None = None
    user_id: UserId | None = None
    team_id: TeamId | None = None


async def create_feed(tx: AsyncConnection, owner: Owner, *, name: str, now: datetime) -> tuple[CalendarFeed, str]:
    """The feed and its token, which is not kept and cannot be shown again."""
    await _name_of(tx, owner, now=now)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(CalendarFeedId(new_id()), name, owner.schedule_id, owner.user_id, owner.team_id, now)
    await store.add_feed(tx, feed, token_hash=_hash(token))
    return feed, token


async def list_feeds(tx: AsyncConnection, owner: Owner, *, now: datetime) -> Sequence[CalendarFeed]:
    await _name_of(tx, owner, now=now)
    return await store.list_feeds(tx, schedule_id=owner.schedule_id, user_id=owner.user_id, team_id=owner.team_id)


async def revoke_feed(tx: AsyncConnection, owner: Owner, id: CalendarFeedId, *, now: datetime) -> None:
    """Whoever has its token reads nothing any more."""
    whose = owner.schedule_id or owner.user_id or owner.team_id
    if whose is None or not await store.revoke_feed(tx, id, owner=whose, now=now):
        raise UnknownCalendar


async def check_token(tx: AsyncConnection, owner: Owner, token: str) -> None:
    """Raises `UnknownCalendar` unless this token reads this very calendar."""
    feed = await store.find_feed(tx, _hash(token))
    if feed is None or (feed.schedule_id, feed.user_id, feed.team_id) != (owner.schedule_id, owner.user_id, owner.team_id):
        raise UnknownCalendar


async def calendar_of(tx: AsyncConnection, owner: Owner, *, now: datetime) -> bytes:
    """A month back and six ahead; entries that were taken out within two weeks stay, cancelled."""
    name = await _name_of(tx, owner, now=now)
    entries: list[Entry] = []
    for id in await _schedules(tx, owner, now=now):
        entries += await _entries(tx, id, owner.user_id, now=now)
    stamp = max((entry.changed_at for entry in entries), default=now.replace(microsecond=0))
    return write_calendar(name, sorted(entries, key=lambda entry: (entry.start, entry.uid)), stamp=stamp)


async def _entries(tx: AsyncConnection, id: ScheduleId, user: UserId | None, *, now: datetime) -> Sequence[Entry]:
    """Of one schedule, for all or for one; what was known at the last edits tells what was cancelled."""
    # From midnight to midnight, and the last entry with its own end: what is told changes with an edit or a day, not with every look.
    today = now.replace(hour=0, minute=0, second=0, microsecond=0)
    since, until = today - BEHIND, today + AHEAD
    first, last = since - BEFORE, until + LOOK_AHEAD
    world = await load_world(tx, [id], since=first, until=last)
    if id not in world.schedules:
        return []
    named = [rules.references_of(one) for one in world.schedules.values()]
    users = {one for references in named for one in references.users} | {one for team in world.teams.values() for one in team.members}
    edits = [at for at in await store.changed_at(tx, world.schedules, users, limit=MOST_EDITS) if at <= now]
    changed_at = edits[0] if edits else now
    known: list[Schedule] = [rules.schedules_of(world, [id])[id]]
    for at in edits:
        if at > now - REMEMBERED:
            once = await load_world(tx, [id], since=first, until=last, known=at - TICK)
            known += rules.schedules_of(once, [id]).values()
    rendered = await asyncio.to_thread(lambda: [rules.render(schedule, first, until, overflow=True) for schedule in known])
    names = await names_of(tx, {person for tiles in rendered for tile in tiles for person in tile.on_call.users})
    return await asyncio.to_thread(_told, known[0], rendered, user, names, since, changed_at, now)


def _told(
    schedule: Schedule,
    rendered: Sequence[Sequence[Tile]],
    user: UserId | None,
    names: Mapping[UserId, str],
    since: datetime,
    changed_at: datetime,
    now: datetime,
) -> Sequence[Entry]:
    """Newest knowledge first in `rendered`. The sequence rises with every edit, as seconds do."""
    current, *before = [
        entries_of(
            tiles,
            schedule_id=schedule.id,
            schedule_name=schedule.name,
            names=names,
            since=since,
            changed_at=changed_at,
            sequence=int(changed_at.timestamp()) - SEQUENCE_BEGAN,
            user=user,
        )
        for tiles in rendered
    ]
    return with_cancelled(current, list(reversed(before)), now=now, changed_at=changed_at)


async def _schedules(tx: AsyncConnection, owner: Owner, *, now: datetime) -> Iterable[ScheduleId]:
    if owner.schedule_id is not None:
        return [owner.schedule_id]
    if owner.team_id is not None:
        return sorted(await schedule_ids(tx, team_id=owner.team_id))
    assert owner.user_id is not None  # noqa: S101 — exactly one of them
    lately = now - REMEMBERED
    covered = await store.lately_covered_by(tx, owner.user_id, since=lately)
    current = await schedules_with(tx, [owner.user_id, *covered], since=now - BEHIND)
    return sorted({*current, *await store.lately_with(tx, owner.user_id, since=lately)})


async def _name_of(tx: AsyncConnection, owner: Owner, *, now: datetime) -> str:
    """Raises what is unknown."""
    if owner.schedule_id is not None:
        return (await get_schedule(tx, owner.schedule_id, now=now)).name
    if owner.team_id is not None:
        return (await get_team(tx, owner.team_id)).name
    assert owner.user_id is not None  # noqa: S101 — exactly one of them
    return f"On call: {(await get_user(tx, owner.user_id)).name}"


def _hash(token: str) -> bytes:
    return hashlib.sha256(token.encode("utf-8", "surrogatepass")).digest()
