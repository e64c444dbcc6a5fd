"""What can be done with schedules: edit them, override them, and ask them who is on call."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.kit.references import check_unused, used_by
from oncall.schedules import rules, store
from oncall.schedules.values import (
    LOOK_AHEAD_DAYS,
    AuthoredSchedule,
    Definition,
    LayerId,
    Outlook,
    Override,
    OverrideId,
    OverrideKind,
    Schedule,
    ScheduleChanges,
    ScheduleOnCall,
    Tile,
    UnknownOverride,
    UnknownParticipants,
    UnknownSchedule,
)
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version

LOOK_AHEAD = timedelta(days=LOOK_AHEAD_DAYS + 1)


# --- who is on call ---------------------------------------------------------------------------------------------------------


async def load_schedules(
    tx: AsyncConnection, ids: Iterable[ScheduleId] | None, *, since: datetime, until: datetime
) -> Mapping[ScheduleId, Schedule]:
    """Those of the schedules that exist (None: all), ready to be resolved at any instant from `since` to `until`."""
    loaded = await store.load(tx, await store.all_ids(tx) if ids is None else ids, since=since, until=until)
    return {of.id: rules.schedule_of(of) for of in loaded}


async def on_call_many(tx: AsyncConnection, ids: Sequence[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, ScheduleOnCall]:
    """Who is on call at `at` in each of the schedules that exist, also where it is nobody; one statement for any number."""
    schedules = await load_schedules(tx, ids, since=at, until=at) if ids else {}
    answers = [(schedule, rules.on_call_at(schedule, at=at)) for schedule in schedules.values()]
    return {of.id: ScheduleOnCall(of.id, of.name, on_call.users, on_call.sources) for of, on_call in answers}


async def next_handoff_many(tx: AsyncConnection, ids: Sequence[ScheduleId], *, at: datetime) -> Mapping[ScheduleId, datetime | None]:
    """When each of the schedules' people change next; None where they do not within a year. One statement for any number."""
    schedules = await load_schedules(tx, ids, since=at, until=at + LOOK_AHEAD) if ids else {}
    return {schedule.id: rules.next_handoff(schedule, at=at) for schedule in schedules.values()}


async def get_outlook(tx: AsyncConnection, id: ScheduleId, *, at: datetime) -> Outlook:
    """Who is on call at `at`, since when, until when, and who is next."""
    return rules.outlook_at(await _load(tx, id, since=at - LOOK_AHEAD, until=at + LOOK_AHEAD), at=at)


async def get_shifts(tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime) -> tuple[list[Tile], float]:
    """Tiles of `[since, until)`, gaps included, and which part of it is covered, from 0 to 1."""
    rules.check_range(since, until)
    tiles = rules.joined(rules.render(await _load(tx, id, since=since, until=until), since, until))
    return tiles, rules.coverage(tiles)


async def _load(tx: AsyncConnection, id: ScheduleId, *, since: datetime, until: datetime) -> Schedule:
    found = (await load_schedules(tx, [id], since=since, until=until)).get(id)
    if found is None:
        raise UnknownSchedule
    return found


# --- schedules --------------------------------------------------------------------------------------------------------------


async def create_schedule(
    tx: AsyncConnection, *, name: str, team_id: TeamId | None, definition: Definition, now: datetime
) -> AuthoredSchedule:
    schedule = AuthoredSchedule(ScheduleId(new_id()), name, team_id, _with_ids(definition, None), now)
    await store.add_schedule(tx, schedule, await _checked_users(tx, schedule.definition))
    return schedule


async def get_schedule(tx: AsyncConnection, id: ScheduleId) -> AuthoredSchedule:
    schedule = await store.find_schedule(tx, id)
    if schedule is None:
        raise UnknownSchedule
    return schedule


async def list_schedules(
    tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100, name: str | None = None, team_id: TeamId | None = None
) -> Sequence[AuthoredSchedule]:
    """In order of creation, of this name and team where one is given."""
    return await store.list_schedules(tx, after=after, limit=limit, name=name, team_id=team_id)


async def edit_schedule(
    tx: AsyncConnection, id: ScheduleId, changes: ScheduleChanges, *, version: int | None, now: datetime
) -> AuthoredSchedule:
    """Change what `changes` names, if `version` is still the current one (None: whichever is); who was on call until now stays."""
    schedule = await store.lock_schedule(tx, id)
    if schedule is None:
        raise UnknownSchedule
    check_version(schedule.version, version)
    before = schedule.definition
    wanted = Definition(changes.get("time_zone", before.time_zone), changes.get("layers", before.layers))
    edited = replace(
        schedule,
        name=changes.get("name", schedule.name),
        team_id=changes.get("team_id", schedule.team_id),
        definition=_with_ids(wanted, before),
        version=schedule.version + 1,
    )
    if edited.definition == before:
        await store.save_schedule(tx, edited)
        return edited
    users = await _checked_users(tx, edited.definition)
    await store.save_schedule(tx, edited)
    await store.add_version(tx, edited, users, now=now)
    return edited


async def delete_schedule(tx: AsyncConnection, id: ScheduleId) -> None:
    """Delete a schedule with its overrides; refused while a policy counts on it."""
    schedule = await store.lock_schedule(tx, id)
    if schedule is None:
        raise UnknownSchedule
    check_unused(f"Schedule {schedule.name}", await used_by(tx, "schedules", id))
    await store.delete_schedule(tx, id)


def _with_ids(definition: Definition, previous: Definition | None) -> Definition:
    return rules.with_ids(definition, previous, [LayerId(new_id()) for _ in definition.layers])


async def _checked_users(tx: AsyncConnection, definition: Definition) -> frozenset[UserId]:
    """Everybody who takes part in a definition that can be kept."""
    rules.check(definition)
    users = rules.users_of(definition)
    await _check_users(tx, users)
    return users


async def _check_users(tx: AsyncConnection, users: Iterable[UserId]) -> None:
    wanted = set(users)
    missing = wanted - set(await get_users(tx, wanted)) if wanted else wanted
    if missing:
        raise UnknownParticipants(missing)


# --- overrides --------------------------------------------------------------------------------------------------------------


async def add_override(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    *,
    kind: OverrideKind,
    start: datetime,
    end: datetime,
    user_id: UserId | None,
    replaces_user_id: UserId | None,
    now: datetime,
) -> Override:
    """For `[start, end)`, from now at the earliest; it applies on top of every override that exists."""
    await get_schedule(tx, schedule_id)
    override = rules.decide_override(OverrideId(new_id()), kind, start=start, end=end, user=user_id, replaces=replaces_user_id, now=now)
    await _check_users(tx, [user for user in (user_id, replaces_user_id) if user is not None])
    await store.add_override(tx, schedule_id, override, now=now)
    return override


async def list_overrides(
    tx: AsyncConnection, schedule_id: ScheduleId, *, after: UUID | None = None, limit: int = 100
) -> Sequence[Override]:
    """In order of creation, those that are over included."""
    await get_schedule(tx, schedule_id)
    return await store.list_overrides(tx, schedule_id, after=after, limit=limit)


async def remove_override(tx: AsyncConnection, schedule_id: ScheduleId, id: OverrideId, *, now: datetime) -> None:
    """Take back an override: one that is running ends now, one to come is gone, one that is over stays (`OverrideIsOver`)."""
    override = await store.find_override(tx, schedule_id, id)
    if override is None:
        raise UnknownOverride
    end = rules.decide_removal(override, now=now)
    if end is None:
        await store.delete_override(tx, id)
    else:
        await store.end_override(tx, id, end=end)
