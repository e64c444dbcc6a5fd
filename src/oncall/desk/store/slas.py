"""SQL about SLAs."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.tables import slas
from oncall.desk.values import CalendarId, Priority, SlaId
from oncall.desk.values.slas import Sla, SlaSettings, Targets
from oncall.kit.ids import PolicyId

SLAS = select(slas)
ADD = text("""
    INSERT INTO slas (id, name, calendar_id, targets, round_the_clock, manager_policy_id, created_at)
    VALUES (:id, :name, :calendar_id, CAST(:targets AS jsonb), CAST(:round_the_clock AS text[]), :manager_policy_id, :created_at)
""")
SAVE = text("""
    UPDATE slas SET name = :name, calendar_id = :calendar_id, targets = CAST(:targets AS jsonb),
        round_the_clock = CAST(:round_the_clock AS text[]), manager_policy_id = :manager_policy_id, version = :version WHERE id = :id
""")
DELETE = text("DELETE FROM slas WHERE id = :id")


async def get_slas(tx: AsyncConnection, ids: Iterable[SlaId]) -> dict[SlaId, Sla]:
    return {sla.id: sla for sla in map(_sla, await tx.execute(SLAS.where(slas.c.id.in_(set(ids)))))}


async def lock_sla(tx: AsyncConnection, id: SlaId) -> Sla | None:
    row = (await tx.execute(SLAS.where(slas.c.id == id).with_for_update(key_share=True))).first()  # FOR NO KEY UPDATE
    return _sla(row) if row else None


async def list_slas(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Sla]:
    return [_sla(r) for r in await tx.execute(SLAS.where(slas.c.id > after).order_by(slas.c.id).limit(limit))]


async def add_sla(tx: AsyncConnection, sla: Sla) -> None:
    await tx.execute(ADD, _columns(sla) | {"created_at": sla.created_at})


async def save_sla(tx: AsyncConnection, sla: Sla) -> None:
    await tx.execute(SAVE, _columns(sla) | {"version": sla.version})


async def delete_sla(tx: AsyncConnection, id: SlaId) -> None:
    await tx.execute(DELETE, {"id": id})


def _columns(sla: Sla) -> dict[str, object]:
    its = sla.settings
    return {
        "id": sla.id,
        "name": its.name,
        "calendar_id": its.calendar_id,
        "targets": msgspec.json.encode(its.targets).decode(),
        "round_the_clock": [priority.value for priority in its.round_the_clock],
        "manager_policy_id": its.manager_policy_id,
    }


def _sla(r: Row[Any]) -> Sla:
    settings = SlaSettings(
        r.name,
        msgspec.convert(r.targets, type=dict[Priority, Targets]),
        CalendarId(r.calendar_id) if r.calendar_id else None,
        tuple(Priority(one) for one in r.round_the_clock),
        PolicyId(r.manager_policy_id) if r.manager_policy_id else None,
    )
    return Sla(SlaId(r.id), settings, r.created_at, r.version)
