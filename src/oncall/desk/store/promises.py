"""SQL about what is promised to incidents: the part of their records that runs by time. Whoever writes it has the incident locked."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import SlaId
from oncall.desk.values.slas import Goal, Promise, Promises
from oncall.kit.ids import IncidentId

BY_IDS = text("""
    SELECT incident_id, sla_id, acknowledge_by, acknowledge_at_risk_at, resolve_by, resolve_at_risk_at, update_by, update_at_risk_at,
        marks, resolve_left, failures
    FROM incident_records WHERE incident_id = ANY(CAST(:ids AS uuid[])) AND sla_id IS NOT NULL
""")
LOCK = text("""
    SELECT incident_id, sla_id, acknowledge_by, acknowledge_at_risk_at, resolve_by, resolve_at_risk_at, update_by, update_at_risk_at,
        marks, resolve_left, failures
    FROM incident_records WHERE incident_id = ANY(CAST(:ids AS uuid[])) AND sla_id IS NOT NULL
    ORDER BY incident_id FOR NO KEY UPDATE
""")
# By the partial index `incident_records_next_at_idx (next_at) WHERE next_at IS NOT NULL`: free when nothing is due. A record that waits for
# something else has nothing that is promised.
DUE = text("""
    SELECT incident_id FROM incident_records
    WHERE next_at <= :due_by AND next_at IS NOT NULL AND coalesce(acknowledge_by, resolve_by, update_by) IS NOT NULL
    ORDER BY next_at LIMIT :limit
""")
LOCK_DUE = text("""
    SELECT incident_id, sla_id, acknowledge_by, acknowledge_at_risk_at, resolve_by, resolve_at_risk_at, update_by, update_at_risk_at,
        marks, resolve_left, failures
    FROM incident_records
    WHERE incident_id = ANY(CAST(:ids AS uuid[])) AND sla_id IS NOT NULL AND next_at <= :due_by
        AND coalesce(acknowledge_by, resolve_by, update_by) IS NOT NULL
    ORDER BY incident_id FOR NO KEY UPDATE
""")
NEXT_AT = text("""
    SELECT min(next_at) FROM incident_records WHERE next_at IS NOT NULL AND coalesce(acknowledge_by, resolve_by, update_by) IS NOT NULL
""")
POSTPONE = text("UPDATE incident_records SET next_at = :next_at, failures = failures + 1, last_error = :error WHERE incident_id = :id")
SAVE = text("""
    INSERT INTO incident_records (incident_id, description, risks, priority_reason, resolution_text, sla_id, acknowledge_by,
        acknowledge_at_risk_at, resolve_by, resolve_at_risk_at, update_by, update_at_risk_at, marks, resolve_left, next_at)
    SELECT id, '', '{}', '', '', sla_id, a_by, a_at, r_by, r_at, u_by, u_at,
        ARRAY(SELECT jsonb_array_elements_text(marks)), resolve_left, next_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:sla_ids AS uuid[]), CAST(:acknowledge_by AS timestamptz[]),
        CAST(:acknowledge_at AS timestamptz[]),
        CAST(:resolve_by AS timestamptz[]), CAST(:resolve_at AS timestamptz[]), CAST(:update_by AS timestamptz[]),
        CAST(:update_at AS timestamptz[]), CAST(:marks AS jsonb[]), CAST(:resolve_left AS interval[]), CAST(:next_at AS timestamptz[]))
        AS n (id, sla_id, a_by, a_at, r_by, r_at, u_by, u_at, marks, resolve_left, next_at)
    ON CONFLICT (incident_id) DO UPDATE SET sla_id = excluded.sla_id, acknowledge_by = excluded.acknowledge_by,
        acknowledge_at_risk_at = excluded.acknowledge_at_risk_at, resolve_by = excluded.resolve_by,
        resolve_at_risk_at = excluded.resolve_at_risk_at, update_by = excluded.update_by, update_at_risk_at = excluded.update_at_risk_at,
        marks = excluded.marks, resolve_left = excluded.resolve_left, next_at = excluded.next_at, failures = 0, last_error = NULL
""")


async def get_promises(tx: AsyncConnection, ids: Iterable[IncidentId]) -> dict[IncidentId, Promises]:
    return _by_incident([_promises(r) for r in await tx.execute(BY_IDS, {"ids": list(ids)})])


async def lock_promises(tx: AsyncConnection, ids: Iterable[IncidentId]) -> dict[IncidentId, Promises]:
    return _by_incident([_promises(r) for r in await tx.execute(LOCK, {"ids": list(ids)})])


async def due(tx: AsyncConnection, *, due_by: datetime, limit: int) -> list[IncidentId]:
    """Of which incidents a mark is due; the longest first."""
    return [IncidentId(id) for id in (await tx.execute(DUE, {"due_by": due_by, "limit": limit})).scalars()]


async def lock_due(tx: AsyncConnection, ids: Sequence[IncidentId], *, due_by: datetime) -> dict[IncidentId, Promises]:
    return _by_incident([_promises(r) for r in await tx.execute(LOCK_DUE, {"ids": list(ids), "due_by": due_by})])


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def postpone(tx: AsyncConnection, id: IncidentId, *, next_at: datetime, error: str) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at, "error": error})


async def save_promises(tx: AsyncConnection, changed: Sequence[tuple[Promises, datetime | None]]) -> None:
    """Each with when it is next to be looked at; written with one statement, also where there is no record yet."""
    if not changed:
        return
    params: dict[str, list[object]] = {
        "ids": [one.incident_id for one, _ in changed],
        "sla_ids": [one.sla_id for one, _ in changed],
        "marks": [_listed(one.marks) for one, _ in changed],
        "resolve_left": [one.resolve_left for one, _ in changed],
        "next_at": [at for _, at in changed],
    }
    for goal in Goal:
        running = [one.running.get(goal) for one, _ in changed]
        params[f"{goal.value}_by"] = [its and its.by for its in running]
        params[f"{goal.value}_at"] = [its and its.at_risk_at for its in running]
    await tx.execute(SAVE, params)


def _listed(marks: Sequence[str]) -> str:
    return "[" + ",".join(f'"{mark}"' for mark in marks) + "]"


def _by_incident(found: Sequence[Promises]) -> dict[IncidentId, Promises]:
    return {one.incident_id: one for one in found}


def _promises(r: Row[Any]) -> Promises:
    columns = {
        Goal.ACKNOWLEDGE: (r.acknowledge_at_risk_at, r.acknowledge_by),
        Goal.RESOLVE: (r.resolve_at_risk_at, r.resolve_by),
        Goal.UPDATE: (r.update_at_risk_at, r.update_by),
    }
    running = {goal: Promise(at_risk_at or by, by) for goal, (at_risk_at, by) in columns.items() if by is not None}
    return Promises(IncidentId(r.incident_id), SlaId(r.sla_id), running, tuple(r.marks), r.resolve_left, r.failures)
