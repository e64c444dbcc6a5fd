"""What can be done with groups of services."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.errors import Refusal
from oncall.kit.references import check_unused, refusing, used_by
from oncall.services.store import groups as store
from oncall.services.store import profiles as profile_store
from oncall.services.values.groups import Group, GroupNameTaken, ServiceGroupId, UnknownGroup, UnknownMember
from oncall.teams.rules import check_version


async def create_group(tx: AsyncConnection, group: Group, *, now: datetime) -> Group:
    await _check_members(tx, group)
    with refusing(_refusals(group)):
        await store.add_group(tx, group, now=now)
    return group


async def get_group(tx: AsyncConnection, id: ServiceGroupId) -> Group:
    found = (await store.get_groups(tx, [id])).get(id)
    if found is None:
        raise UnknownGroup("There is no group of services with this id.")
    return found


async def get_groups(tx: AsyncConnection, ids: Sequence[ServiceGroupId]) -> Mapping[ServiceGroupId, Group]:
    """Those of the groups that exist, each with its services; one statement for any number."""
    return await store.get_groups(tx, ids) if ids else {}


async def list_groups(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Group]:
    return await store.list_groups(tx, after=after or UUID(int=0), limit=limit)


async def update_group(tx: AsyncConnection, group: Group, *, expected_version: int | None) -> Group:
    current = await _lock(tx, group.id)
    check_version(current.version, expected_version)
    await _check_members(tx, group)
    with refusing(_refusals(group)):
        await store.save_group(tx, group)
    return replace(group, version=current.version + 1)


async def delete_group(tx: AsyncConnection, id: ServiceGroupId) -> None:
    current = await _lock(tx, id)
    check_unused(f"Group {current.name}", await used_by(tx, "service_groups", id))
    await store.delete_group(tx, id)


async def _lock(tx: AsyncConnection, id: ServiceGroupId) -> Group:
    current = await store.lock_group(tx, id)
    if current is None:
        raise UnknownGroup("There is no group of services with this id.")
    return current


async def _check_members(tx: AsyncConnection, group: Group) -> None:
    known = await profile_store.get_known(tx, group.service_ids)
    unknown = [(n, id) for n, id in enumerate(group.service_ids) if id not in known]
    missing = [(f"service_ids.{n}", f"There is no service with this id: {id}.") for n, id in unknown]
    if missing:
        raise UnknownMember(missing[0][1], faults=missing)


def _refusals(group: Group) -> Mapping[str, Callable[[], Refusal]]:
    """What somebody else may have done at the same time."""
    taken = f"There is a group of services with the name {group.name} already: choose another name, or edit that one."
    return {
        "service_groups_name_key": lambda: GroupNameTaken(taken),
        "service_group_members_service_id_fkey": lambda: UnknownMember("One of these services has just been deleted.", field="service_ids"),
    }
