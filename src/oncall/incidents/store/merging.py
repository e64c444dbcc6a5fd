"""SQL that moves alerts from one incident to another, and says where they went."""

from collections.abc import Collection, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Severity
from oncall.incidents.values.merging import End, Moving
from oncall.kit.ids import AlertId, IncidentId, ServiceId

IDS = text("SELECT id, number FROM incidents WHERE id = ANY(CAST(:ids AS uuid[])) OR number = ANY(CAST(:numbers AS bigint[]))")

# What is merged is over for ever and nothing is merged into it, so no way leads back to where it began.
ENDS = text("""
    WITH RECURSIVE way AS (
        SELECT id AS first, merged_into_id AS id FROM incidents WHERE id = ANY(CAST(:ids AS uuid[])) AND merged_into_id IS NOT NULL
        UNION ALL
        SELECT w.first, i.merged_into_id FROM way w JOIN incidents i ON i.id = w.id WHERE i.merged_into_id IS NOT NULL
    )
    SELECT w.first, i.id, i.number FROM way w JOIN incidents i ON i.id = w.id WHERE i.merged_into_id IS NULL
""")
MERGED = text("UPDATE incidents SET merged_into_id = :into WHERE id = ANY(CAST(:ids AS uuid[]))")
SPLIT = text("UPDATE incidents SET split_from_id = :before WHERE id = :id")

# By `alerts_incident_idx`; locked in the order of ids, as everybody does. Their incidents are locked before.
MOVE_ALL = text("""
    WITH locked AS MATERIALIZED (
        SELECT id FROM alerts WHERE incident_id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE alerts a SET incident_id = :into, moved_at = :now, watched = a.state = 'open' AND :watched FROM locked l WHERE a.id = l.id
""")
MOVE = text("""
    WITH locked AS MATERIALIZED (SELECT id FROM alerts WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE)
    UPDATE alerts a SET incident_id = :into, moved_at = :now FROM locked l WHERE a.id = l.id
""")
ANY_WATCHED = text("SELECT EXISTS (SELECT FROM alerts WHERE incident_id = :id AND state = 'open' AND watched)")
MOVING = text("""
    SELECT a.id, a.incident_id, i.number, a.service_id, a.state = 'open' AS is_open, a.severity, a.summary,
        coalesce(a.reopened_at, a.first_seen_at) AS opened_at, a.moved_at
    FROM alerts a JOIN incidents i ON i.id = a.incident_id WHERE a.id = ANY(CAST(:ids AS uuid[])) ORDER BY a.id
""")


async def find_ids(tx: AsyncConnection, refs: Collection[UUID | int]) -> dict[UUID | int, IncidentId]:
    """Of those that exist their ids, each under its id and under its number."""
    ids, numbers = [ref for ref in refs if isinstance(ref, UUID)], [ref for ref in refs if isinstance(ref, int)]
    found: dict[UUID | int, IncidentId] = {}
    for row in await tx.execute(IDS, {"ids": ids, "numbers": numbers}):
        found |= {row.id: IncidentId(row.id), row.number: IncidentId(row.id)}
    return found


async def ends(tx: AsyncConnection, ids: Sequence[IncidentId]) -> dict[IncidentId, End]:
    """Of those that were merged the incident that has their alerts now, however often that was merged in its turn."""
    rows = await tx.execute(ENDS, {"ids": list(ids)}) if ids else ()
    return {IncidentId(r.first): End(IncidentId(r.id), r.number) for r in rows}


async def is_watched(tx: AsyncConnection, id: IncidentId) -> bool:
    """Whether triggers of its open alerts are counted."""
    found: bool = (await tx.execute(ANY_WATCHED, {"id": id})).scalar_one()
    return found


async def merge(tx: AsyncConnection, ids: Sequence[IncidentId], into: IncidentId, *, watched: bool, now: datetime) -> None:
    """All alerts of these incidents, which are over already, go to another one. The incidents are locked."""
    await tx.execute(MOVE_ALL, {"ids": list(ids), "into": into, "watched": watched, "now": now})
    await tx.execute(MERGED, {"ids": list(ids), "into": into})


async def split(tx: AsyncConnection, ids: Sequence[AlertId], before: IncidentId, into: IncidentId, *, now: datetime) -> None:
    """These alerts of one incident, which is locked, go to a new one."""
    await tx.execute(MOVE, {"ids": list(ids), "into": into, "now": now})
    await tx.execute(SPLIT, {"id": into, "before": before})


async def find_moving(tx: AsyncConnection, ids: Sequence[AlertId]) -> list[Moving]:
    """Those of these alerts that exist, oldest first."""
    return [
        Moving(
            AlertId(r.id), IncidentId(r.incident_id), r.number, ServiceId(r.service_id), r.is_open, Severity(r.severity), r.summary,
            r.opened_at, r.moved_at,
        )
        for r in await tx.execute(MOVING, {"ids": list(ids)})
    ]  # fmt: skip
