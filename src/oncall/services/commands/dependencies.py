"""Which service depends on which: edited one after the other, so that two edits at once make no circle together."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.kit.references import refusing
from oncall.services.rules import dependencies as rules
from oncall.services.store import dependencies as store
from oncall.services.store import profiles as profile_store
from oncall.services.values import UnknownService
from oncall.services.values.dependencies import (
    MAX_DEPENDENCIES,
    MAX_IN_ALL,
    Dependencies,
    DependsInACircle,
    Known,
    NoSuchDependency,
    Surroundings,
    TooManyDependencies,
    UnknownDependency,
)
from oncall.teams.commands import get_teams
from oncall.teams.rules import check_version


async def list_dependencies(tx: AsyncConnection, id: ServiceId) -> Dependencies:
    version = await store.find_version(tx, id)
    if version is None:
        raise UnknownService("There is no service with this id.")
    return await _shown(tx, id, version)


async def set_dependencies(
    tx: AsyncConnection, id: ServiceId, on: Sequence[ServiceId], *, expected_version: int | None, now: datetime
) -> Dependencies:
    """Replace all that a service depends on directly."""
    check_version(await _begin(tx, id), expected_version)
    return await _change(tx, id, on, now=now)


async def add_dependency(tx: AsyncConnection, id: ServiceId, on: ServiceId, *, now: datetime) -> Dependencies:
    """One more; again, and nothing changes."""
    version = await _begin(tx, id)
    there = await store.list_direct(tx, id)
    return await _shown(tx, id, version) if on in there else await _change(tx, id, [*there, on], now=now)


async def remove_dependency(tx: AsyncConnection, id: ServiceId, on: ServiceId, *, now: datetime) -> Dependencies:
    await _begin(tx, id)
    there = await store.list_direct(tx, id)
    if on not in there:
        raise NoSuchDependency("This service does not depend directly on a service with this id.")
    return await _change(tx, id, [one for one in there if one != on], now=now)


async def surroundings(tx: AsyncConnection, id: ServiceId) -> Surroundings:
    """What an outage of a service reaches, and what its own outage may come from."""
    dependents = rules.dependents_of(id, await store.backward(tx, id))
    dependencies = rules.dependencies_of(id, await store.onward(tx, [id]))
    known = await know(tx, [id, *(one.id for followed in (dependents, dependencies) for one in followed.reached)])
    if id not in known:
        raise UnknownService("There is no service with this id.")
    return Surroundings(known[id], dependents, dependencies, known)


async def dependencies_of(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, tuple[Known, ...]]:
    """For each of these services what it depends on, directly or through others, nearest first; four statements for any number."""
    edges = await store.onward(tx, ids)
    reached = {id: rules.dependencies_of(id, edges).reached for id in ids}
    known = await know(tx, sorted({one.id for its in reached.values() for one in its}))
    return {id: tuple(known[one.id] for one in its) for id, its in reached.items()}


async def know(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, Known]:
    """Those of the services that exist, with the names of their teams; two statements for any number."""
    known = await profile_store.get_known(tx, ids)
    teams = await get_teams(tx, {one.team_id for one in known.values() if one.team_id})
    return {id: replace(one, team=teams[one.team_id].name) if one.team_id else one for id, one in known.items()}


async def _begin(tx: AsyncConnection, id: ServiceId) -> int:
    await store.one_by_one(tx)
    version = await store.lock(tx, id)
    if version is None:
        raise UnknownService("There is no service with this id.")
    return version


async def _change(tx: AsyncConnection, id: ServiceId, on: Sequence[ServiceId], *, now: datetime) -> Dependencies:
    there, wanted = set(await store.list_direct(tx, id)), list(dict.fromkeys(on))
    new = [one for one in wanted if one not in there]
    if new:
        await _check(tx, id, wanted, new, gone=len(there - set(wanted)))
    await store.take(tx, id, sorted(there - set(wanted)))
    with refusing({"service_dependencies_depends_on_id_fkey": lambda: UnknownDependency("One of these services has just been deleted.")}):
        await store.add(tx, id, new, now=now)
    return await _shown(tx, id, await store.raise_version(tx, id))


async def _check(tx: AsyncConnection, id: ServiceId, wanted: Sequence[ServiceId], new: Sequence[ServiceId], *, gone: int) -> None:
    """Raises a refusal unless all of it exists, there are not too many, and no circle comes of it."""
    known = await profile_store.get_known(tx, new)
    if missing := [(f"depends_on.{wanted.index(one)}", f"There is no service with this id: {one}.") for one in new if one not in known]:
        raise UnknownDependency(missing[0][1], faults=missing)
    if len(wanted) > MAX_DEPENDENCIES:
        raise TooManyDependencies(f"A service depends on at most {MAX_DEPENDENCIES} others directly; this would be {len(wanted)}.")
    if (in_all := await store.count(tx) + len(new) - gone) > MAX_IN_ALL:
        raise TooManyDependencies(f"At most {MAX_IN_ALL} dependencies are kept of all services together; this would be {in_all}.")
    cycle = rules.cycle_of(id, wanted, await store.onward(tx, wanted))
    if cycle is not None:
        names = await profile_store.get_known(tx, cycle)
        raise DependsInACircle([(one, names[one].name) for one in cycle])


async def _shown(tx: AsyncConnection, id: ServiceId, version: int) -> Dependencies:
    known = await know(tx, await store.list_direct(tx, id))
    return Dependencies(id, tuple(sorted(known.values(), key=lambda one: (one.name, one.id))), version)
