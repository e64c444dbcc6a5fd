"""Calendars of ours: of a schedule, of a person, of a team, read by whoever holds a token."""

import asyncio
import hashlib
import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import hash_key
from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.schedules import rules
from oncall.schedules.adapters.calendar_out import write_calendar
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.lookup import LOOK_AHEAD, load_world, schedule_ids, schedules_with
from oncall.schedules.rules.feeds import entries_of, with_cancelled
from oncall.schedules.store import calendars as store
from oncall.schedules.values import CalendarFeed, CalendarFeedId, Schedule, Tile, UnknownCalendar, World
from oncall.schedules.values.calendars import Entry
from oncall.teams.commands import get_team, get_user, names_of

BEHIND, AHEAD = timedelta(days=30), timedelta(days=184)
BEFORE = timedelta(days=400)
"""Longer than any turn that a feed should know the beginning of."""
REMEMBERED = timedelta(days=14)
"""How long what was taken out of the calendar stays in it as cancelled; readers look at least daily."""
MOST_EDITS = 40
SEQUENCE_BEGAN = 1_600_000_000
"""Seconds that a sequence need not count, so that it stays far below the 2³¹ that readers can hold."""
TICK = timedelta(microseconds=1)


@dataclass(frozen=True, slots=True)
class Owner:
    """Whose calendar: exactly one of them."""

    schedule_id: ScheduleId | None = None
    user_id: UserId | None = None
    team_id: TeamId | None = None


@dataclass(frozen=True, slots=True)
class Edition:
    """What a calendar is made of on one day: with the same tag it has the same content."""

    owner: Owner
    name: str
    schedules: tuple[ScheduleId, ...]
    tag: str


class Written:
    """The newest `most` editions that were written, in the memory of one process."""

    def __init__(self, most: int = 64) -> None:
        self._most = most
        self._contents: dict[Edition, bytes] = {}

    def find(self, edition: Edition) -> bytes | None:
        return self._contents.get(edition)

    def keep(self, edition: Edition, content: bytes) -> None:
        self._contents[edition] = content
        if len(self._contents) > self._most:
            del self._contents[next(iter(self._contents))]


async def create_feed(tx: AsyncConnection, owner: Owner, *, name: str, now: datetime) -> tuple[CalendarFeed, str]:
    """The feed and its token, which is not kept and cannot be shown again."""
    await _name_of(tx, owner, now=now)
    token = secrets.token_urlsafe(32)
    feed = CalendarFeed(CalendarFeedId(new_id()), name, owner.schedule_id, owner.user_id, owner.team_id, now)
    await store.add_feed(tx, feed, token_hash=hash_key(token))
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
    feed = await store.find_feed(tx, hash_key(token))
    if feed is None or (feed.schedule_id, feed.user_id, feed.team_id) != (owner.schedule_id, owner.user_id, owner.team_id):
        raise UnknownCalendar


async def edition_of(tx: AsyncConnection, owner: Owner, *, now: datetime) -> Edition:
    """What this calendar is today, found out before anybody's shifts are; raises what is unknown. A deleted schedule is known two weeks."""
    ids, today = tuple(await _schedules(tx, owner, now=now)), _midnight(now)
    world = await load_world(tx, ids, since=today - BEHIND - BEFORE, until=today + AHEAD + LOOK_AHEAD, recorded=False)
    own = world.schedules.get(owner.schedule_id) if owner.schedule_id else None
    if own is not None and own.deleted_at is not None and own.deleted_at > now - REMEMBERED:
        name = own.name
    else:
        name = await _name_of(tx, owner, now=now)
    people, standing_in = _people(world), _standing_in(world)
    told = (
        owner,
        name,
        today,
        sorted((id, one.name) for id, one in world.schedules.items()),
        sorted((id, team.schedule_id, team.members) for id, team in world.teams.items()),
        sorted((await names_of(tx, people | standing_in)).items()),
        await store.changed_at(tx, world.schedules, people, limit=MOST_EDITS),
    )
    return Edition(owner, name, ids, hashlib.sha256(repr(told).encode("utf-8", "surrogatepass")).hexdigest()[:32])


async def write(tx: AsyncConnection, edition: Edition, *, now: datetime) -> bytes:
    """A month back and six ahead; entries that were taken out within two weeks, or forty edits, stay, cancelled.

    Who is in a team, and which schedule stands for it, is not known as it once was: such a change shows, raises no sequence, and cancels
    nothing.
    """
    entries: list[Entry] = []
    for id in edition.schedules:
        entries += await _entries(tx, id, edition.owner.user_id, now=now)
    stamp = max((entry.changed_at for entry in entries), default=_midnight(now))
    return write_calendar(edition.name, sorted(entries, key=lambda entry: (entry.start, entry.uid)), stamp=stamp)


async def _entries(tx: AsyncConnection, id: ScheduleId, user: UserId | None, *, now: datetime) -> Sequence[Entry]:
    """Of one schedule, for all or for one; what was known just before each of the last edits tells what was cancelled."""
    # From midnight to midnight, and the last entry with its own end: what is told changes with an edit or a day, not with every look.
    today = _midnight(now)
    since, until = today - BEHIND, today + AHEAD
    first, last = since - BEFORE, until + LOOK_AHEAD
    world = await load_world(tx, [id], since=first, until=last)
    if id not in world.schedules:
        return []
    schedule = rules.schedules_of(world, [id])[id]
    current = await asyncio.to_thread(rules.render, schedule, first, until, overflow=True)
    edits = [at for at in await store.changed_at(tx, world.schedules, _people(world), limit=MOST_EDITS) if at <= now]
    before: list[tuple[datetime, list[Tile]]] = []
    for at in reversed(edits):
        if at > today - REMEMBERED:
            # An edit takes nothing away that had begun, so what was known is needed from then on.
            once = rules.schedules_of(await load_world(tx, [id], since=at, until=last, known=at - TICK, recorded=False), [id])[id]
            before.append((at, await asyncio.to_thread(rules.render, once, at, until, overflow=True)))
    everything = [current, *(tiles for _, tiles in before)]
    names = await names_of(tx, {person for tiles in everything for tile in tiles for person in tile.on_call.users})
    changed_at = edits[0] if edits else today
    return await asyncio.to_thread(_told, schedule, current, before, user, names, since, changed_at, today)


def _told(
    schedule: Schedule,
    current: Sequence[Tile],
    before: Sequence[tuple[datetime, Sequence[Tile]]],
    user: UserId | None,
    names: Mapping[UserId, str],
    since: datetime,
    changed_at: datetime,
    today: datetime,
) -> Sequence[Entry]:
    """`before` is what was known before each edit, oldest first. The sequence rises with every edit, as seconds do."""

    def told(tiles: Sequence[Tile], since: datetime) -> Sequence[Entry]:
        return entries_of(
            tiles,
            schedule_id=schedule.id,
            schedule_name=schedule.name,
            names=names,
            since=since,
            changed_at=changed_at,
            sequence=int(changed_at.timestamp()) - SEQUENCE_BEGAN,
            user=user,
        )

    coming = [[entry for entry in told(tiles, at) if entry.start > at] for at, tiles in before]
    return with_cancelled(told(current, since), coming, now=today, changed_at=changed_at)


def _people(world: World) -> set[UserId]:
    """Everybody whose absence may count: those who take part, and those who cover for them."""
    covers = {one.cover for spans in world.away.values() for one in spans if one.cover is not None}
    members = {user for team in world.teams.values() for user in team.members}
    return covers.union(members, *(rules.references_of(one).users for one in world.schedules.values()))


def _standing_in(world: World) -> set[UserId]:
    """Everybody whom an override puts on call."""
    overrides = [override for one in world.schedules.values() for override in one.overrides]
    return {one.user for one in overrides if one.user is not None} | {by for one in overrides for _, by in one.replacements}


def _midnight(now: datetime) -> datetime:
    return now.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)


async def _schedules(tx: AsyncConnection, owner: Owner, *, now: datetime) -> Iterable[ScheduleId]:
    lately = now - REMEMBERED
    if owner.schedule_id is not None:
        return [owner.schedule_id]
    if owner.team_id is not None:
        return sorted({*await schedule_ids(tx, team_id=owner.team_id), *await store.lately_of_team(tx, owner.team_id, since=lately)})
    assert owner.user_id is not None  # noqa: S101 — exactly one of them
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
