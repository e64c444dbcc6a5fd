"""Who is on call, now, in the past as it was, and in the future as it is planned or once was."""

import asyncio
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules import rules
from oncall.schedules.store import loading as store
from oncall.schedules.store import references
from oncall.schedules.values import (
    LOOK_AHEAD_DAYS,
    Away,
    LoadedSchedule,
    NextShift,
    Outlook,
    Schedule,
    ScheduleOnCall,
    TeamOnCall,
    Tile,
    UnknownSchedule,
    World,
)
from oncall.teams.commands import get_teams, responders_of

LOOK_AHEAD = timedelta(days=LOOK_AHEAD_DAYS + 1)
EVERYTHING_KNOWN = datetime(9999, 1, 1, tzinfo=UTC)
"""Later than anything that was ever written."""


async def load_schedules(
    tx: AsyncConnection,
    ids: Iterable[ScheduleId],
    *,
    since: datetime,
    until: datetime,
    known: datetime = EVERYTHING_KNOWN,
    recorded: bool = True,
) -> Mapping[ScheduleId, Schedule]:
    """Those of the schedules that exist, ready to be resolved at any instant from `since` to `until`.

    As they were known at `known`. The record of the past comes with them, unless nobody will ask about it.
    """
    wanted = list(ids)
    world = await load_world(tx, wanted, since=since, until=until, known=known, recorded=recorded)
    living = (id for id in wanted if id in world.schedules and _existed(world.schedules[id], since))
    return rules.schedules_of(world, living)


async def load_world(
    tx: AsyncConnection,
    ids: Iterable[ScheduleId],
    *,
    since: datetime,
    until: datetime,
    known: datetime = EVERYTHING_KNOWN,
    recorded: bool = True,
    instead: Mapping[ScheduleId, LoadedSchedule] | None = None,
) -> World:
    """The schedules with all that they refer to; `instead` takes the place of what is kept. Two statements, more only where they nest."""
    loaded: dict[ScheduleId, LoadedSchedule] = dict(instead or {})
    teams: dict[TeamId, TeamOnCall] = {}
    waiting = set(ids) - loaded.keys()
    while True:
        if waiting:
            found = await store.load(tx, waiting, since=since, until=until, known=known, recorded=recorded)
            loaded |= {one.id: one for one in found}
        named = [rules.references_of(one) for one in loaded.values()]
        missing = {team for one in named for team in one.teams} - teams.keys()
        if missing:
            teams |= await _teams(tx, missing)
        through_teams = (team.schedule_id for team in teams.values() if team.schedule_id)
        asked = waiting
        waiting = ({id for one in named for id in one.schedules} | set(through_teams)) - loaded.keys() - asked
        if not waiting:
            break
    users = {user for one in named for user in one.users} | {user for team in teams.values() for user in team.members}
    return World(loaded, teams, await away_between(tx, users, since=since, until=until, known=known))


async def on_call_many(tx: AsyncConnection, ids: Sequence[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, ScheduleOnCall]:
    """Who is on call at `at` in each of the schedules that exist, also where it is nobody; the same few statements for any number."""
    schedules = await load_schedules(tx, ids, since=at, until=at) if ids else {}
    answers = [(schedule, rules.on_call_at(schedule, at=at)) for schedule in schedules.values()]
    return {of.id: ScheduleOnCall(of.id, of.name, on_call.users, on_call.sources) for of, on_call in answers}


async def next_handoff_many(tx: AsyncConnection, ids: Sequence[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, datetime | None]:
    """When each of the schedules' people change next; None where they do not within a year."""
    schedules = await load_schedules(tx, ids, since=at, until=at + LOOK_AHEAD) if ids else {}
    return {schedule.id: rules.next_handoff(schedule, at=at) for schedule in schedules.values()}


async def rendered(schedule: Schedule, since: datetime, until: datetime) -> list[Tile]:
    """Not on the event loop: a year of many layers takes a while."""
    return await asyncio.to_thread(rules.render, schedule, since, until)


async def get_outlook(tx: AsyncConnection, id: ScheduleId, *, at: datetime, known: datetime = EVERYTHING_KNOWN) -> Outlook:
    """Who is on call at `at`, since when, until when, and who is next."""
    return rules.outlook_at(await load_one(tx, id, since=at - LOOK_AHEAD, until=at + LOOK_AHEAD, at=at, known=known), at=at)


async def get_shifts(
    tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime, known: datetime = EVERYTHING_KNOWN, overflow: bool = False
) -> tuple[list[Tile], float]:
    """Tiles of `[since, until)`, gaps included, and which part of it is covered, from 0 to 1.

    With `overflow` the first and last tile keep their own ends.
    """
    rules.check_range(since, until)
    around = LOOK_AHEAD if overflow else timedelta(0)
    schedule = await load_one(tx, id, since=since - around, until=until + around, at=since, known=known)
    tiles = await asyncio.to_thread(lambda: rules.joined(rules.render(schedule, since, until, overflow=overflow)))
    return tiles, rules.coverage(tiles)


async def get_coverage(tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime) -> tuple[list[Tile], float]:
    """The gaps in `[since, until)`, and which part of it is covered."""
    tiles, coverage = await get_shifts(tx, id, since=since, until=until)
    return rules.gaps(tiles), coverage


async def next_shift(tx: AsyncConnection, user_id: UserId, *, after: datetime, of: ScheduleId | None = None) -> NextShift | None:
    """The user's first shift that begins after an instant, in any schedule (or in one); None if there is none within a year."""
    ids = await schedules_with(tx, [user_id], since=after) if of is None else [of]
    schedules = await load_schedules(tx, ids, since=after, until=after + LOOK_AHEAD)
    if of is not None and of not in schedules:
        raise UnknownSchedule
    found: list[NextShift] = []
    for schedule in schedules.values():
        if (shift := rules.next_shift(schedule, user_id, after=after)) is not None:
            found.append(NextShift(schedule.id, schedule.name, shift))
        await asyncio.sleep(0)  # somebody who is in hundreds of schedules holds up nobody else
    return min(found, key=lambda one: (one.shift.start or after, one.schedule_name), default=None)


async def schedules_with(tx: AsyncConnection, users: Iterable[UserId], *, since: datetime) -> list[ScheduleId]:
    """Every schedule that may put one of these people on call from `since` on: as participants, through overrides or temporary schedules,
    as covers, in teams, or in a schedule nested in another."""
    return sorted(await with_outer(tx, await references.ids_with_users(tx, users, since=since)))


async def schedule_ids(tx: AsyncConnection, *, team_id: TeamId | None = None) -> list[ScheduleId]:
    """Every schedule there is, or those that a team owns and the one that stands for it."""
    return await store.all_ids(tx) if team_id is None else await references.ids_of_team(tx, team_id)


async def schedule_names(tx: AsyncConnection) -> Mapping[ScheduleId, str]:
    """Every schedule there is."""
    return await store.all_names(tx)


async def changed_schedules(tx: AsyncConnection, *, since: datetime) -> set[ScheduleId]:
    """Those that may answer otherwise than before because of something written later than that; a new name is no such thing."""
    found, users = await references.changed_since(tx, since)
    if users:
        found |= set(await references.ids_with_users(tx, users, since=since))
    return await with_outer(tx, found) if found else found


async def with_teams(tx: AsyncConnection) -> set[ScheduleId]:
    """Those in which a team has a turn, also at some depth."""
    found = await references.schedules_with_teams(tx, None)
    return await with_outer(tx, found) if found else found


async def with_outer(tx: AsyncConnection, ids: Iterable[ScheduleId]) -> set[ScheduleId]:
    """These schedules, and all in which one of them takes part."""
    found = set(ids)
    nested = await references.list_nestings(tx)
    while outer := {id for id, inner in nested.items() if inner & found} - found:
        found |= outer
    return found


async def teams_of_schedules(tx: AsyncConnection) -> Mapping[ScheduleId, set[TeamId]]:
    """Of every schedule the teams it is of: those that own it, and those it stands for."""
    return await references.teams_of_all(tx)


async def load_one(
    tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime, at: datetime, known: datetime = EVERYTHING_KNOWN
) -> Schedule:
    """One schedule; one that was deleted can still be asked about the time before that (`at`)."""
    world = await load_world(tx, [id], since=since, until=until, known=known)
    if id not in world.schedules or not _existed(world.schedules[id], at):
        raise UnknownSchedule
    return rules.schedules_of(world, [id])[id]


def _existed(loaded: LoadedSchedule, at: datetime) -> bool:
    return loaded.deleted_at is None or at < loaded.deleted_at


async def _teams(tx: AsyncConnection, ids: Iterable[TeamId]) -> dict[TeamId, TeamOnCall]:
    teams, responders = await get_teams(tx, ids), await responders_of(tx, ids)
    return {id: TeamOnCall(teams[id].schedule_id if id in teams else None, responders.get(id, ())) for id in ids}


async def away_between(
    tx: AsyncConnection, users: Iterable[UserId], *, since: datetime, until: datetime, known: datetime = EVERYTHING_KNOWN
) -> dict[UserId, tuple[Away, ...]]:
    """The unavailability of these people, of those who cover for them, of those who cover for those."""
    asked: set[UserId] = set()
    found: dict[UserId, tuple[Away, ...]] = {}
    waiting = set(users)
    while waiting:
        more = await store.load_away(tx, waiting, since=since, until=until, known=known)
        found |= more
        asked |= waiting
        waiting = {one.cover for spans in more.values() for one in spans if one.cover is not None} - asked
    return found
