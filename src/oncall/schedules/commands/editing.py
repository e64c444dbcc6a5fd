"""What authors do: create schedules, edit them from an instant on, take back what is not in force yet, delete them."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId, new_id
from oncall.kit.references import check_unused, used_by
from oncall.schedules import rules
from oncall.schedules.rules.references import References
from oncall.schedules.store import loading, references
from oncall.schedules.store import schedules as store
from oncall.schedules.values import (
    AuthoredSchedule,
    AuthoredVersion,
    Continuation,
    DatedDefinition,
    Definition,
    InvalidSchedule,
    LayerId,
    NestedInItself,
    NotInTeam,
    ScheduleChanges,
    UnknownNested,
    UnknownOwner,
    UnknownParticipants,
    UnknownSchedule,
    UnknownTeamTurn,
    UnknownVersion,
    Upcoming,
)
from oncall.teams.commands import get_teams, get_users, hold_users, member_ids, names_of
from oncall.teams.rules import check_version
from oncall.teams.values import UnknownTeamSchedule

DEEPEST = 5
"""How deep schedules may nest: what is deeper nobody understands, and each level is one more statement."""


async def create_schedule(
    tx: AsyncConnection, *, name: str, team_id: TeamId | None, definition: Definition, author: str = "", now: datetime
) -> AuthoredSchedule:
    """Its first version is in force from the beginning of time."""
    schedule = AuthoredSchedule(ScheduleId(new_id()), name, team_id, with_ids(definition, None), now)
    await check_definition(tx, schedule.id, team_id, schedule.definition)
    await store.add_schedule(tx, schedule)
    await store.add_version(tx, schedule.id, AuthoredVersion(1, None, schedule.definition, author, now))
    await _refer(tx, schedule.id, [schedule.definition])
    return schedule


async def get_schedule(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> AuthoredSchedule:
    schedule = await store.find_schedule(tx, id, now=now)
    if schedule is None:
        raise UnknownSchedule
    return schedule


async def list_schedules(
    tx: AsyncConnection,
    *,
    after: UUID | None = None,
    limit: int = 100,
    name: str | None = None,
    team_id: TeamId | None = None,
    now: datetime,
) -> Sequence[AuthoredSchedule]:
    """In order of creation, of this name and team where one is given."""
    return await store.list_schedules(tx, after=after, limit=limit, name=name, team_id=team_id, now=now)


async def edit_schedule(
    tx: AsyncConnection,
    id: ScheduleId,
    changes: ScheduleChanges,
    *,
    version: int | None,
    effective_from: datetime | None = None,
    continuation: Continuation = Continuation.KEEP,
    author: str = "",
    now: datetime,
) -> AuthoredSchedule:
    """Change what `changes` names, if `version` is still the current one (None: any), from `effective_from` on, now at the earliest.

    What is left out stays as it would be then. A version that was to take effect at the same instant is replaced; later ones stay.
    """
    schedule, now = await _lock(tx, id, now=now)
    check_version(schedule.version, version)
    at = rules.in_force_from(effective_from, now=now)
    before = schedule.definition if at == now else await store.definition_at(tx, id, at=at) or schedule.definition
    wanted = with_ids(Definition(changes.get("time_zone", before.time_zone), changes.get("layers", before.layers)), before)
    definition = rules.continued(wanted, before, at=at, how=continuation)
    edited = replace(
        schedule, name=changes.get("name", schedule.name), team_id=changes.get("team_id", schedule.team_id), version=schedule.version + 1
    )
    if definition != before or edited.team_id != schedule.team_id:
        await check_definition(tx, id, edited.team_id, definition)
    await store.save_schedule(tx, edited)
    if definition == before:
        return edited
    await store.add_version(tx, id, AuthoredVersion(edited.version, at, definition, author, now, None, continuation))
    if at == now:
        edited = replace(edited, definition=definition)
    else:
        await store.withdraw_replaced(tx, id, edited.version, effective_from=at, now=now)
        others = (one for one in schedule.upcoming if one.effective_from != at)
        edited = replace(edited, upcoming=tuple(sorted((*others, Upcoming(edited.version, at)), key=lambda one: one.effective_from)))
    return await _go_on(tx, edited, after=at, now=now)


async def _go_on(tx: AsyncConnection, edited: AuthoredSchedule, *, after: datetime, now: datetime) -> AuthoredSchedule:
    """What is to come later goes on from what now comes before it: whoever will be on call then stays through their turn."""
    kept = {version.number: version for version in await store.list_versions(tx, edited.id)}
    coming = [kept[one.version] for one in edited.upcoming]
    dated = [DatedDefinition(0, None, edited.definition)]
    dated += (DatedDefinition(one.number, one.effective_from, one.definition, one.continuation) for one in coming)
    for one in rules.going_on(dated, after=after)[1:]:
        version = kept[one.number]
        if one.definition != version.definition and one.effective_from is not None:
            number = edited.version + 1
            await store.add_version(tx, edited.id, replace(version, number=number, definition=one.definition, created_at=now))
            await store.withdraw_replaced(tx, edited.id, number, effective_from=one.effective_from, now=now)
            upcoming = (Upcoming(number, u.effective_from) if u.version == one.number else u for u in edited.upcoming)
            edited = replace(edited, version=number, upcoming=tuple(upcoming))
    await store.save_schedule(tx, edited)
    await _refer(tx, edited.id, await _in_force_and_coming(tx, edited))
    return edited


async def list_versions(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> Sequence[AuthoredVersion]:
    """All of them by number, those included that were withdrawn before they took effect."""
    await get_schedule(tx, id, now=now)
    return await store.list_versions(tx, id)


async def withdraw_version(tx: AsyncConnection, id: ScheduleId, number: int, *, version: int | None, now: datetime) -> AuthoredSchedule:
    """Take back a version that is not in force yet; one that is, or was, stays for ever."""
    schedule, now = await _lock(tx, id, now=now)
    check_version(schedule.version, version)
    if number not in [one.version for one in schedule.upcoming] or not await store.withdraw(tx, id, number, now=now):
        raise UnknownVersion
    left = tuple(one for one in schedule.upcoming if one.version != number)
    gone = next(one for one in schedule.upcoming if one.version == number)
    edited = replace(schedule, version=schedule.version + 1, upcoming=left)
    return await _go_on(tx, edited, after=gone.effective_from, now=now)


async def delete_schedule(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> None:
    """From now on there is no such schedule; refused while a policy, team or schedule counts on it. Its past can still be asked."""
    schedule, now = await _lock(tx, id, now=now)
    check_unused(f"Schedule {schedule.name}", await used_by(tx, "schedules", id))
    await store.delete_schedule(tx, id, now=now)
    await _refer(tx, id, [])
    nobody = Definition(schedule.definition.time_zone, ())
    await store.add_version(tx, id, AuthoredVersion(schedule.version + 1, now, nobody, "", now))


async def check_users(tx: AsyncConnection, users: Iterable[UserId | None], *, field: str, hold: bool = True) -> None:
    """Everybody named must exist, and (with `hold`) cannot be removed before this is committed."""
    wanted = {user for user in users if user is not None}
    there = set(await (hold_users if hold else get_users)(tx, wanted)) if wanted else set()
    missing = wanted - there
    if missing:
        raise UnknownParticipants(missing, field=field)


async def _lock(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> tuple[AuthoredSchedule, datetime]:
    """With the instant of the edit: now, or when the edit was made that this one waited for."""
    locked = await store.lock_schedule(tx, id, now=now)
    if locked is None:
        raise UnknownSchedule
    return locked


async def check_definition(
    tx: AsyncConnection, id: ScheduleId, team_id: TeamId | None, definition: Definition, *, hold: bool = True
) -> None:
    """Raise what is wrong with it: in itself, or with whom and what it names. With `hold` it stays right until this is committed."""
    rules.check(definition)
    named = rules.references_in(definition)
    await check_users(tx, named.users, field="layers", hold=hold)
    await _check_teams(tx, team_id, named.teams)
    if team_id is not None and named.users and (members := await member_ids(tx, team_id)):
        outside = await names_of(tx, named.users - members)
        if outside:
            listed = ", ".join(sorted(outside.values()))
            raise NotInTeam(f"{listed}: not in the team that owns this schedule. Add them to the team, or use overrides.", field="layers")
    if not named.schedules and not named.teams:
        return
    if hold:
        await references.lock_nestings(tx)
    missing = named.schedules - set(await loading.existing(tx, named.schedules))
    if missing:
        raise UnknownNested(missing)
    await _check_circles(tx, id, {**await references.list_nestings(tx), id: named.schedules | await _of_teams(tx, named.teams)})


async def _check_teams(tx: AsyncConnection, owner: TeamId | None, turns: frozenset[TeamId]) -> None:
    wanted = turns if owner is None else turns | {owner}
    found = await get_teams(tx, wanted) if wanted else {}
    if owner is not None and owner not in found:
        raise UnknownOwner
    if not turns <= found.keys():
        raise UnknownTeamTurn


async def _of_teams(tx: AsyncConnection, teams: Iterable[TeamId]) -> frozenset[ScheduleId]:
    return frozenset(schedule for schedule in (await references.schedules_of_teams(tx, teams)).values())


async def _check_circles(tx: AsyncConnection, id: ScheduleId, nested: Mapping[ScheduleId, Iterable[ScheduleId]]) -> None:
    way = rules.find_circle(id, nested)
    if way is not None:
        named = await loading.existing(tx, way)
        through = " → ".join(named.get(one, "this schedule") for one in way)
        raise NestedInItself(f"A schedule cannot take part in itself: {through}. Take one of them out.", field="layers")
    if rules.depth_of(id, nested) > DEEPEST:
        raise InvalidSchedule(f"Schedules can be nested {DEEPEST} deep; put people into this one, or fewer in between.", field="layers")


async def check_team_schedule(tx: AsyncConnection, team_id: TeamId | None, schedule_id: ScheduleId) -> None:
    """A schedule that is to stand for a team (None: a new one) exists, stays until this is committed, and does not contain the team."""
    await references.lock_nestings(tx)
    if schedule_id not in await loading.existing(tx, [schedule_id], hold=True):
        raise UnknownTeamSchedule
    if team_id is not None:
        nested = {id: set(inner) for id, inner in (await references.list_nestings(tx)).items()}
        for outer in await references.schedules_with_teams(tx, [team_id]):
            nested.setdefault(outer, set()).add(schedule_id)
        await _check_circles(tx, schedule_id, nested)


async def _in_force_and_coming(tx: AsyncConnection, schedule: AuthoredSchedule) -> list[Definition]:
    coming = {one.version for one in schedule.upcoming}
    versions = await store.list_versions(tx, schedule.id) if coming else []
    return [schedule.definition, *(version.definition for version in versions if version.number in coming)]


async def forget_former(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> None:
    """A version took effect: whom only those before it named can be deleted."""
    left = _named(await _in_force_and_coming(tx, await get_schedule(tx, id, now=now)))
    await references.forget_references(tx, id, users=left.users, teams=left.teams, schedules=left.schedules)


async def _refer(tx: AsyncConnection, id: ScheduleId, definitions: Iterable[Definition]) -> None:
    named = _named(definitions)
    await references.save_references(tx, id, users=named.users, teams=named.teams, schedules=named.schedules)


def _named(definitions: Iterable[Definition]) -> References:
    parts = [rules.references_in(definition) for definition in definitions]
    return References(
        frozenset[UserId]().union(*(part.users for part in parts)),
        frozenset[TeamId]().union(*(part.teams for part in parts)),
        frozenset[ScheduleId]().union(*(part.schedules for part in parts)),
    )


def with_ids(definition: Definition, previous: Definition | None) -> Definition:
    """Every layer with an id: its own, that of the layer of the same name before, or a new one."""
    return rules.with_ids(definition, previous, [LayerId(new_id()) for _ in definition.layers])
