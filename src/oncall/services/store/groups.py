"""SQL about groups of services."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.services.values.groups import Group, ServiceGroupId

# By `service_groups_pkey`, the members by `service_group_members_pkey`.
LIST = text("""
    SELECT g.id, g.name, g.description, g.version,
        ARRAY(SELECT m.service_id FROM service_group_members m WHERE m.group_id = g.id ORDER BY m.service_id) AS service_ids
    FROM service_groups g WHERE g.id > :after ORDER BY g.id LIMIT :limit
""")
BY_IDS = text("""
    SELECT g.id, g.name, g.description, g.version,
        ARRAY(SELECT m.service_id FROM service_group_members m WHERE m.group_id = g.id ORDER BY m.service_id) AS service_ids
    FROM service_groups g WHERE g.id = ANY(CAST(:ids AS uuid[]))
""")
LOCK = text("SELECT id FROM service_groups WHERE id = :id FOR NO KEY UPDATE")
INSERT = text("INSERT INTO service_groups (id, name, description, created_at) VALUES (:id, :name, :description, :now)")
UPDATE = text("UPDATE service_groups SET name = :name, description = :description, version = version + 1 WHERE id = :id")
DELETE = text("DELETE FROM service_groups WHERE id = :id")
ADD_MEMBERS = text("""
    INSERT INTO service_group_members (group_id, service_id) SELECT :id, m FROM unnest(CAST(:service_ids AS uuid[])) AS m
""")
TAKE_MEMBERS = text("DELETE FROM service_group_members WHERE group_id = :id")


async def list_groups(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Group]:
    """In order of creation."""
    return [_group(row) for row in await tx.execute(LIST, {"after": after, "limit": limit})]


async def get_groups(tx: AsyncConnection, ids: Sequence[ServiceGroupId]) -> dict[ServiceGroupId, Group]:
    """Those of the groups that exist."""
    return {group.id: group for group in map(_group, await tx.execute(BY_IDS, {"ids": list(ids)}))}


async def lock_group(tx: AsyncConnection, id: ServiceGroupId) -> Group | None:
    """Locked first and read then: what it holds is written by whoever has it."""
    if (await tx.execute(LOCK, {"id": id})).first() is None:
        return None
    return (await get_groups(tx, [id])).get(id)


async def add_group(tx: AsyncConnection, group: Group, *, now: datetime) -> None:
    await tx.execute(INSERT, {"id": group.id, "name": group.name, "description": group.description, "now": now})
    await tx.execute(ADD_MEMBERS, {"id": group.id, "service_ids": list(group.service_ids)})


async def save_group(tx: AsyncConnection, group: Group) -> None:
    await tx.execute(UPDATE, {"id": group.id, "name": group.name, "description": group.description})
    await tx.execute(TAKE_MEMBERS, {"id": group.id})
    await tx.execute(ADD_MEMBERS, {"id": group.id, "service_ids": list(group.service_ids)})


async def delete_group(tx: AsyncConnection, id: ServiceGroupId) -> None:
    await tx.execute(DELETE, {"id": id})


def _group(r: Row[Any]) -> Group:
    return Group(ServiceGroupId(r.id), r.name, r.description, tuple(map(ServiceId, r.service_ids)), r.version)
