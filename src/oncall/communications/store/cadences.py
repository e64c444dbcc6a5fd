"""SQL about how often is told, and when the next update of each incident is owed."""

from collections.abc import Collection, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.cadences import Cadence, Clock
from oncall.kit.ids import IncidentId

GET = text("SELECT p1, p2, p3, p4, p5, version FROM update_cadences")
SAVE = text("""
    INSERT INTO update_cadences (id, p1, p2, p3, p4, p5, version)
    VALUES (1, CAST(:p1 AS interval), CAST(:p2 AS interval), CAST(:p3 AS interval), CAST(:p4 AS interval), CAST(:p5 AS interval), :version)
    ON CONFLICT (id) DO UPDATE SET p1 = excluded.p1, p2 = excluded.p2, p3 = excluded.p3, p4 = excluded.p4, p5 = excluded.p5,
        version = excluded.version
""")
FIND = text("SELECT incident_id, since, every, due_at, promised, reminded FROM update_clocks WHERE incident_id = ANY(CAST(:ids AS uuid[]))")
SAVE_CLOCKS = text("""
    INSERT INTO update_clocks (incident_id, since, every, due_at, promised, reminded, next_at)
    SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:sinces AS timestamptz[]), CAST(:everies AS interval[]), CAST(:dues AS timestamptz[]),
        CAST(:promised AS boolean[]), CAST(:reminded AS int[]), CAST(:next_ats AS timestamptz[]))
    ON CONFLICT (incident_id) DO UPDATE SET since = excluded.since, every = excluded.every, due_at = excluded.due_at,
        promised = excluded.promised, reminded = excluded.reminded, next_at = excluded.next_at
""")
STOP = text("DELETE FROM update_clocks WHERE incident_id = ANY(CAST(:ids AS uuid[]))")
POSTPONE = text("UPDATE update_clocks SET next_at = :until WHERE incident_id = :id")
# The partial index `update_clocks_next_at_idx` makes both free when nothing is due.
CLAIM = text("""
    SELECT incident_id, since, every, due_at, promised, reminded FROM update_clocks WHERE next_at <= :due_by
    ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
CLAIM_WAITING = text("""
    SELECT incident_id, since, every, due_at, promised, reminded FROM update_clocks WHERE next_at <= :due_by
    ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE
""")
NEXT_AT = text("SELECT min(next_at) AS next_at FROM update_clocks WHERE next_at IS NOT NULL")


async def get_cadence(tx: AsyncConnection) -> Cadence:
    """As it was set, else the default."""
    row = (await tx.execute(GET)).first()
    return Cadence(row.p1, row.p2, row.p3, row.p4, row.p5, row.version) if row else Cadence()


async def save_cadence(tx: AsyncConnection, cadence: Cadence) -> None:
    named = {name: getattr(cadence, name) for name in ("p1", "p2", "p3", "p4", "p5", "version")}
    await tx.execute(SAVE, named)


async def find_clocks(tx: AsyncConnection, ids: Collection[IncidentId]) -> list[Clock]:
    return [_clock(r) for r in await tx.execute(FIND, {"ids": list(ids)})]


async def save_clocks(tx: AsyncConnection, clocks: Sequence[tuple[Clock, datetime | None]]) -> None:
    """Each with when it is looked at next."""
    everies: list[timedelta] = [clock.every for clock, _ in clocks]
    await tx.execute(
        SAVE_CLOCKS,
        {
            "ids": [clock.incident_id for clock, _ in clocks],
            "sinces": [clock.since for clock, _ in clocks],
            "everies": everies,
            "dues": [clock.due_at for clock, _ in clocks],
            "promised": [clock.promised for clock, _ in clocks],
            "reminded": [clock.reminded for clock, _ in clocks],
            "next_ats": [next_at for _, next_at in clocks],
        },
    )


async def stop_clocks(tx: AsyncConnection, ids: Collection[IncidentId]) -> None:
    await tx.execute(STOP, {"ids": list(ids)})


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Clock]:
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM, {"due_by": due_by, "limit": limit})
    return [_clock(r) for r in rows]


async def postpone(tx: AsyncConnection, id: IncidentId, *, until: datetime) -> None:
    await tx.execute(POSTPONE, {"id": id, "until": until})


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


def _clock(r: Row[Any]) -> Clock:
    return Clock(IncidentId(r.incident_id), r.since, r.every, r.due_at, r.promised, r.reminded)
