"""Ten thousand schedules asked about in one call, over HTTP: the first time, again, and what it costs in memory."""

import asyncio
import time
from typing import Any

from httpx import AsyncClient

from tests.bench.rounds import Sides
from tests.bench.table import Result, Spread, one
from tests.bench.world import LostOrDoubled
from tests.system import ADMIN_KEY

SCHEDULES = 10_000
CALLS = 20

# Copies of a schedule that exists, half of them with other hours; nobody could post so many in reasonable time.
COPIES = """
    INSERT INTO schedules (id, name, created_at, version, recorded_until, next_at)
    SELECT md5(format('schedule %s', n))::uuid, format('schedule %s', n), s.created_at, 1, s.recorded_until, s.next_at + interval '1 hour'
    FROM schedules s, generate_series(1, $2) n WHERE s.id = $1
"""
VERSIONS = """
    INSERT INTO schedule_versions (schedule_id, version, effective_from, definition, created_at)
    SELECT md5(format('schedule %s', n))::uuid, 1, NULL,
        jsonb_set(v.definition, '{layers,0,rotation,starts_at}', to_jsonb(format('2026-01-05T%s:00:00', lpad((n % 24)::text, 2, '0')))),
        v.created_at
    FROM schedule_versions v, generate_series(1, $2) n WHERE v.schedule_id = $1 AND v.version = 1
"""


async def bulk(sides: Sides) -> list[Result]:
    """S4 and S5. They stay in the database, so this comes last."""
    id = await sides.db.fetchval("SELECT id FROM schedules ORDER BY id LIMIT 1")
    for statement in (COPIES, VERSIONS):
        await sides.db.execute(statement, id, SCHEDULES)
    ids = [str(row["id"]) for row in await sides.db.fetch("SELECT id FROM schedules WHERE name LIKE 'schedule %'")]
    address = f"http://127.0.0.1:{sides.ours.port}/api/v1"
    async with AsyncClient(base_url=address, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60) as api:
        await api.post("/teams", json={"name": "whatever makes the node look at its settings again"})
        await _known(api, ids[-1])
        first = await _asked(api, ids)
        memory = sides.ours.resident_mb
        again = [await _asked(api, ids) for _ in range(CALLS)]
    grown = sides.ours.resident_mb / memory
    note = f"{memory:.0f} MB with {SCHEDULES:,} schedules in memory"
    return [Result("S4", (one(first), Spread(tuple(again)))), Result("S5", (one(grown),), (note,))]


async def _known(api: AsyncClient, id: str) -> None:
    for _ in range(600):
        if (await api.get("/oncalls", params={"schedule_id": id})).status_code == 200:
            return
        await asyncio.sleep(0.1)
    raise LostOrDoubled("the node does not know a schedule that exists for a minute")


async def _asked(api: AsyncClient, ids: list[str]) -> float:
    begun = time.perf_counter()
    answer = await api.post("/oncalls", json={"schedule_ids": ids})
    taken = time.perf_counter() - begun
    answered: list[dict[str, Any]] = answer.json()["items"] if answer.status_code == 200 else []
    if len({row["schedule"]["id"] for row in answered}) != len(ids):
        raise LostOrDoubled(f"asked about {len(ids)} schedules, answered {answer.status_code} about {len(answered)}")
    return taken
