"""The row about reports: a year of a million incidents that are measured, told apart by everything there is; and the plan of the slowest.

On a PostgreSQL of its own. What is seeded is what reports read, one narrow row for each incident that is over; none is open.
"""

import asyncio
import time
from collections.abc import Awaitable, Callable
from datetime import datetime, timedelta
from functools import partial
from pathlib import Path

import asyncpg
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit import schema
from oncall.kit.db import Database, Pool, plain_dsn
from oncall.kit.embedded import open_server
from oncall.reports.store import measures as store
from oncall.reports.values.measures import AGAIN_WITHIN, By
from tests.bench import processes
from tests.bench.table import Result, one
from tests.bench.world import LostOrDoubled
from tests.conftest import START

INCIDENTS, AT_ONCE, TIMES = 1_000_000, 50_000, 3
YEAR = timedelta(days=366)

# What is slow is said, and no failure.
PATIENCE = text("SET LOCAL statement_timeout = '60s'")
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

# Pages of two hundred people, one for each incident: what they are about is not read, so nothing of it is there.
PEOPLE = text("""
    INSERT INTO users (id, name, email, time_zone, org_roles, created_at)
    SELECT CAST(md5('user ' || n) AS uuid), 'User ' || n, 'user' || n || '@example.com', 'Europe/Berlin', '{}', :until
    FROM generate_series(1, 200) n
""")
PAGES_ALONE = text("ALTER TABLE pages DROP CONSTRAINT pages_incident_id_fkey")
PAGES = text("""
    INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, until_resolved, created_at)
    SELECT gen_random_uuid(), CAST(md5('incident ' || n) AS uuid), CAST(md5('user ' || 1 + n % 200) AS uuid), 'User', 1, 1, 0,
        'step 1 of policy P: named in the step', '{"number": 1, "title": "DiskWillFillIn4Hours on db-1"}', false,
        CAST(:until AS timestamptz) - n * interval '1 minute'
    FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n
""")


async def seconds_of(folder: Path, ask: Callable[[], Awaitable[int]]) -> tuple[float, float]:
    """The database's processor time, and how long it took: of each the least of a few. Fewer incidents would be quick for the wrong
    reason.
    """
    worked, took = [], []
    for _ in range(TIMES):
        before, begun = processes.cpu_of_postgres(folder), time.monotonic()
        counted = await ask()
        took.append(time.monotonic() - begun)
        worked.append(processes.cpu_of_postgres(folder) - before)
        if counted != YEAR // timedelta(minutes=1):
            raise LostOrDoubled(f"{counted} incidents were counted")
    return min(worked), min(took)


async def count(tx: AsyncConnection, by: By, since: datetime, until: datetime) -> int:
    asked = {"since": since, "until": until, "again_within": AGAIN_WITHIN, "service_id": None, "team_id": None}
    return (await store.count(tx, by, limit=1_000, **asked))[0].incidents


async def load(tx: AsyncConnection, since: datetime, until: datetime, *, by_week: bool) -> int:
    return sum(one.pages for one in await store.load(tx, since=since, until=until, by_week=by_week, limit=20_000))


async def seed(database: Database) -> None:
    async with database.transaction(Pool.API) as tx:
        await tx.execute(PATIENCE)
        await tx.execute(ALONE)
        for last in range(AT_ONCE, INCIDENTS + 1, AT_ONCE):
            await tx.execute(SEED, {"until": START, "first": last - AT_ONCE + 1, "last": last})
        await tx.execute(PAGES_ALONE)
        await tx.execute(PEOPLE, {"until": START})
        for last in range(AT_ONCE, INCIDENTS + 1, AT_ONCE):
            await tx.execute(PAGES, {"until": START, "first": last - AT_ONCE + 1, "last": last})
        await tx.execute(text("ANALYZE incident_measures, pages, users"))
    # As autovacuum has it by then.
    db = await asyncpg.connect(plain_dsn(database.dsn))
    await db.execute("VACUUM pages")
    await db.close()


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
        since = START - YEAR
        async with database.transaction(Pool.API, read_only=True) as tx:
            await tx.execute(PATIENCE)
            asked = {f"by {by.value}": partial(count, tx, by, since, START) for by in By}
            asked |= {f"people by {name}": partial(load, tx, since, START, by_week=name == "week") for name in ("person", "week")}
            found = {name: await seconds_of(folder, ask) for name, ask in asked.items()}
            plan = await plan_of(tx, By.WEEK, since=since, until=START)
        await database.close()
    finally:
        await asyncio.to_thread(server.close)
    each = ", ".join(f"{name} {worked:.2f} s ({took:.2f} s by the clock)" for name, (worked, took) in found.items())
    return [Result("P24", (one(max(worked for worked, _ in found.values())),), (each, "the plan by week:", *plan))]
