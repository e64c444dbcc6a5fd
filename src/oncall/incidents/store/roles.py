"""SQL about roles in incidents. Whoever writes one holds the lock of the incident."""

from collections.abc import Sequence
from datetime import datetime

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values.roles import Role
from oncall.incidents.values.roles import Holder
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId

# By `incident_roles_pkey (incident_id, role)`.
LIST = text("""
    SELECT incident_id, role, user_id, set_by::text AS set_by, since FROM incident_roles
    WHERE incident_id = ANY(CAST(:ids AS uuid[])) ORDER BY incident_id, role
""")
SAVE = text("""
    INSERT INTO incident_roles (incident_id, role, user_id, set_by, since) VALUES (:incident_id, :role, :user_id, CAST(:by AS jsonb), :now)
    ON CONFLICT (incident_id, role) DO UPDATE SET user_id = excluded.user_id, set_by = excluded.set_by, since = excluded.since
""")
ASK_FOR = text("""
    INSERT INTO incident_roles (incident_id, role, set_by, since)
    SELECT :incident_id, role, CAST(:by AS jsonb), :now FROM unnest(CAST(:roles AS text[])) AS role
    ON CONFLICT (incident_id, role) DO NOTHING
""")
DELETE = text("DELETE FROM incident_roles WHERE incident_id = :incident_id AND role = :role")


async def list_holders(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> list[Holder]:
    """Without the names of the people."""
    return [
        Holder(
            IncidentId(r.incident_id),
            Role(r.role),
            UserId(r.user_id) if r.user_id else None,
            None,
            msgspec.json.decode(r.set_by, type=Actor),
            r.since,
        )
        for r in await tx.execute(LIST, {"ids": list(incident_ids)})
    ]


async def save_holder(
    tx: AsyncConnection, incident_id: IncidentId, role: Role, user_id: UserId | None, by: Actor, *, now: datetime
) -> None:
    params = {"incident_id": incident_id, "role": role.value, "user_id": user_id, "by": msgspec.json.encode(by).decode(), "now": now}
    await tx.execute(SAVE, params)


async def ask_for(tx: AsyncConnection, incident_id: IncidentId, roles: Sequence[Role], by: Actor, *, now: datetime) -> None:
    """Somebody is to take these, unless they are held or asked for already."""
    params = {"incident_id": incident_id, "roles": [role.value for role in roles], "by": msgspec.json.encode(by).decode(), "now": now}
    await tx.execute(ASK_FOR, params)


async def delete_holder(tx: AsyncConnection, incident_id: IncidentId, role: Role) -> None:
    await tx.execute(DELETE, {"incident_id": incident_id, "role": role.value})
