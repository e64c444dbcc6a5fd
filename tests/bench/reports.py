"""`python -m tests.bench.reports`: reports over a year of a million incidents, and the plan of one. A database of its own, seeded once.

What is seeded is what reports read, one narrow row for each incident that is over; none is open, and nothing else is in the database.
"""

import asyncio
import time
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import Database, Pool
from oncall.reports.store import measures as store
from oncall.reports.values.measures import By
from tests import databases
from tests.conftest import START

INCIDENTS, AT_ONCE, TIMES = 1_000_000, 50_000, 3
TARGET = 1.0
YEAR = timedelta(days=366)

# The incidents themselves are not read, and would take ten minutes to make.
ALONE = text("ALTER TABLE incident_measures DROP CONSTRAINT incident_measures_incident_id_fkey")
SEED = text("""
    INSERT INTO incident_measures (incident_id, service_id, opened_at, settled_at, urgency, severity, priority, category_id, cause,
        acknowledge_seconds, resolve_seconds, first_update_seconds, reopened, pages, no_action, acknowledged_in_time, resolved_in_time)
    SELECT CAST(md5('incident ' || n) AS uuid), CAST(md5('service ' || n % 200) AS uuid), at, at + interval '1 hour',
        CASE WHEN n % 3 = 0 THEN 'low' ELSE 'high' END, (ARRAY['critical', 'error', 'warning', 'info'])[1 + n % 4],
        (ARRAY['P1', 'P2', 'P3', 'P4', NULL])[1 + n % 5], CAST(md5('category ' || n % 40) AS uuid),
        (ARRAY['fixed', 'workaround', 'no_fault'])[1 + n % 3], CASE WHEN n % 10 < 7 THEN CAST(30 + 3600 * random() ^ 3 AS integer) END,
        CAST(60 + 86400 * random() ^ 4 AS integer), CASE WHEN n % 20 = 0 THEN CAST(600 + 3600 * random() AS integer) END,
        CASE WHEN n % 50 = 0 THEN 1 ELSE 0 END, n % 4, n % 10 >= 7, n % 10 < 6, n % 10 < 8
    FROM (SELECT n, CAST(:until AS timestamptz) - n * interval '1 minute' AS at
        FROM generate_series(CAST(:first AS integer), CAST(:last AS integer)) n) seeded
""")


async def seconds_of(tx: AsyncConnection, by: By, *, since: datetime, until: datetime) -> float:
    """The quickest of a few."""
    taken = []
    for _ in range(TIMES):
        begun = time.monotonic()
        found = await store.count(tx, by, since=since, until=until, service_id=None, team_id=None, limit=1_000)
        taken.append(time.monotonic() - begun)
        # Fewer would be quick for the wrong reason.
        if found[0].incidents != YEAR // timedelta(minutes=1):
            raise AssertionError(f"{found[0].incidents} incidents were counted")
    return min(taken)


async def measure(url: str) -> None:
    database = Database(url)
    async with database.transaction(Pool.API) as tx:
        await tx.execute(ALONE)
        for last in range(AT_ONCE, INCIDENTS + 1, AT_ONCE):
            await tx.execute(SEED, {"until": START, "first": last - AT_ONCE + 1, "last": last})
        await tx.execute(text("ANALYZE incident_measures"))
    asked = {"since": START - YEAR, "until": START}
    async with database.transaction(Pool.API, read_only=True) as tx:
        for by in By:
            seconds = await seconds_of(tx, by, **asked)
            print(f"a year by {by.value}: {seconds:.2f} s ({'within' if seconds <= TARGET else 'misses'} {TARGET:g} s)", flush=True)
        explained = text("EXPLAIN (ANALYZE, COSTS off) " + store.COUNT.text)
        for row in await tx.execute(explained, {**asked, "by": "service", "service_id": None, "team_id": None, "limit": 1_000}):
            print(row[0])
    await database.close()


def main() -> None:
    with (
        databases.server() as dsn,
        databases.fresh_database(dsn, databases.make_template(dsn), "oncall_bench_reports", is_durable=False) as url,
    ):
        asyncio.run(measure(url))


if __name__ == "__main__":
    main()
