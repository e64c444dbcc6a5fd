"""The row about reports: a year of a million incidents that are measured, told apart by everything there is; and the plan of the slowest.

On a PostgreSQL of its own. What is seeded is what reports read, one narrow row for each incident that is over; none is open.
"""

import asyncio
import time
from datetime import datetime, timedelta
from pathlib import Path

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit import schema
from oncall.kit.db import Database, Pool
from oncall.kit.embedded import open_server
from oncall.reports.store import measures as store
from oncall.reports.values.measures import AGAIN_WITHIN, By
from tests.bench import processes
from tests.bench.table import Result, one
from tests.bench.world import LostOrDoubled
from tests.conftest import START

INCIDENTS, AT_ONCE, TIMES = 1_000_000, 50_000, 3
YEAR = timedelta(days=366)

# The incidents themselves are not read, and would take ten minutes to make.
ALONE = text("ALTER TABLE incident_measures DROP CONSTRAINT incident_measures_incident_id_fkey")
SEED = text("""
    INSERT INTO incident_measures (incident_id, service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause,
        acknowledge_seconds, resolve_seconds, first_update_seconds, away_seconds, reopened, pages, no_action, acknowledged_in_time,
        resolved_in_time, told_in_time)
    SELECT CAST(md5('incident ' || n) AS uuid), CAST(md5('service ' || n % 200) AS uuid), at, at + interval '1 hour',
        CASE WHEN n % 3 = 0 THEN 'low' ELSE 'high' END, (ARRAY['critical', 'error', 'warning', 'info'])[1 + n % 4],
        (ARRAY['P1', 'P2', 'P3', 'P4', NULL])[1 + n % 5], CAST(md5('category ' || n % 40) AS uuid),
        (ARRAY['fixed', 'workaround', 'no_fault'])[1 + n % 3], CASE WHEN n % 10 < 7 THEN CAST(30 + 3600 * random() ^ 3 AS integer) END,
        CAST(60 + 86400 * random() ^ 4 AS integer), CASE WHEN n % 20 = 0 THEN CAST(600 + 3600 * random() AS integer) END,
        CASE WHEN n % 5 = 0 THEN CAST(86400 * 30 * random() AS integer) END,
        CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END, n % 4, n % 10 >= 7, n % 10 < 6, n % 10 < 8,
        CASE WHEN n % 20 = 0 THEN n % 40 = 0 END
    FROM (SELECT n, CAST(:until AS timestamptz) - n * interval '1 minute' AS at
        FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n) seeded
""")


async def seconds_of(tx: AsyncConnection, by: By, folder: Path, *, since: datetime, until: datetime) -> tuple[float, float]:
    """The database's processor time, and how long it took: of each the least of a few."""
    worked, took = [], []
    for _ in range(TIMES):
        before, begun = processes.cpu_of_postgres(folder), time.monotonic()
        found = await store.count(tx, by, since=since, until=until, again_within=AGAIN_WITHIN, service_id=None, team_id=None, limit=1_000)
        took.append(time.monotonic() - begun)
        worked.append(processes.cpu_of_postgres(folder) - before)
        # Fewer would be quick for the wrong reason.
        if found[0].incidents != YEAR // timedelta(minutes=1):
            raise LostOrDoubled(f"{found[0].incidents} incidents were counted")
    return min(worked), min(took)


async def seed(database: Database) -> None:
    async with database.transaction(Pool.API) as tx:
        await tx.execute(ALONE)
        for last in range(AT_ONCE, INCIDENTS + 1, AT_ONCE):
            await tx.execute(SEED, {"until": START, "first": last - AT_ONCE + 1, "last": last})
        await tx.execute(text("ANALYZE incident_measures"))


async def plan_of(tx: AsyncConnection, by: By, *, since: datetime, until: datetime) -> list[str]:
    asked = {"by": by.value, "since": since, "until": until, "service_id": None, "team_id": None, "limit": 1_000}
    asked["again_within"] = int(AGAIN_WITHIN.total_seconds())
    return list((await tx.execute(text("EXPLAIN (ANALYZE, COSTS off, TIMING off) " + store.COUNT.text), asked)).scalars())


async def a_year(folder: Path) -> list[Result]:
    """P24."""
    server = await asyncio.to_thread(open_server, folder)
    try:
        await asyncio.to_thread(schema.migrate, server.dsn)
        database = Database(server.dsn)
        await seed(database)
        asked = {"since": START - YEAR, "until": START}
        async with database.transaction(Pool.API, read_only=True) as tx:
            found = {by: await seconds_of(tx, by, folder, **asked) for by in By}
            slowest = max(found, key=lambda by: found[by])
            plan = await plan_of(tx, slowest, **asked)
        await database.close()
    finally:
        await asyncio.to_thread(server.close)
    each = ", ".join(f"by {by.value} {worked:.2f} s ({took:.2f} s by the clock)" for by, (worked, took) in found.items())
    return [Result("P24", (one(found[slowest][0]),), (each, f"the plan by {slowest.value}:", *plan))]
