"""A job queue that writes one page for each job, in an environment of its own: `python queues.py pgqueuer|procrastinate DSN JOBS`.

Says how many seconds its worker took, from its start until nothing was left; putting the jobs in is not counted.
"""

import asyncio
import sys
import time
from datetime import timedelta
from uuid import uuid4

import asyncpg

TABLE = """
    CREATE TABLE IF NOT EXISTS queued_pages (id uuid PRIMARY KEY, incident_id uuid NOT NULL, user_name text NOT NULL, reason text NOT NULL,
        created_at timestamptz NOT NULL DEFAULT now());
    TRUNCATE queued_pages
"""
WRITE = "INSERT INTO queued_pages (id, incident_id, user_name, reason) VALUES ($1, $2, 'Ana', 'step 2 of policy climbing fired')"
AT_ONCE = 20
"""Jobs that a worker does beside each other: about where both are fastest on two cores."""


async def pgqueuer(pool: asyncpg.Pool, jobs: int) -> float:
    from pgqueuer import PgQueuer
    from pgqueuer.db import AsyncpgPoolDriver
    from pgqueuer.queries import Queries
    from pgqueuer.types import QueueExecutionMode

    driver = AsyncpgPoolDriver(pool)
    queries = Queries(driver)
    if not await pool.fetchval("SELECT to_regclass('pgqueuer') IS NOT NULL"):
        await queries.install()
    await queries.enqueue(["page"] * jobs, [b""] * jobs, [0] * jobs)
    worker = PgQueuer(driver)

    @worker.entrypoint("page")
    async def page(_: object) -> None:
        await pool.execute(WRITE, uuid4(), uuid4())

    begun = time.perf_counter()
    await worker.run(batch_size=100, dequeue_timeout=timedelta(seconds=1), mode=QueueExecutionMode.drain)
    return time.perf_counter() - begun


async def procrastinate(pool: asyncpg.Pool, jobs: int, dsn: str) -> float:
    from procrastinate import App, PsycopgConnector

    app = App(connector=PsycopgConnector(conninfo=dsn, min_size=4, max_size=AT_ONCE))

    @app.task(name="page")
    async def page() -> None:
        await pool.execute(WRITE, uuid4(), uuid4())

    async with app.open_async():
        if not await pool.fetchval("SELECT to_regclass('procrastinate_jobs') IS NOT NULL"):
            await app.schema_manager.apply_schema_async()
        await page.batch_defer_async(*[{} for _ in range(jobs)])
        begun = time.perf_counter()
        await app.run_worker_async(wait=False, concurrency=AT_ONCE, install_signal_handlers=False, delete_jobs="never")
        return time.perf_counter() - begun


async def main(name: str, dsn: str, jobs: int) -> None:
    pool = await asyncpg.create_pool(dsn, min_size=4, max_size=AT_ONCE)
    await pool.execute(TABLE)
    taken = await (pgqueuer(pool, jobs) if name == "pgqueuer" else procrastinate(pool, jobs, dsn))
    written = await pool.fetchval("SELECT count(*) FROM queued_pages")
    await pool.close()
    if written != jobs:
        sys.exit(f"{name} was given {jobs} jobs and wrote {written} pages")
    print(taken)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], int(sys.argv[3])))
