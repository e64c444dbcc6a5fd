"""The row about the queue: its first page of ten thousand open incidents, with reasons, over HTTP."""

import time

from httpx import AsyncClient

from tests.bench.rounds import Sides
from tests.bench.table import Result, Spread
from tests.bench.world import LostOrDoubled
from tests.system import ADMIN_KEY

INCIDENTS, CALLS = 10_000, 21

# Copies of one that somebody has, so that no engine pages for them meanwhile; nobody could post so many in reasonable time.
COPIES = """
    INSERT INTO incidents OVERRIDING SYSTEM VALUE
    SELECT copy.* FROM incidents i, generate_series(1, $2::int) n, LATERAL jsonb_populate_record(i, jsonb_build_object(
        'id', md5(format('incident %s', n))::uuid, 'number', 1000000 + n, 'priority', (array[NULL, 'P1', 'P2', 'P3', 'P4', 'P5'])[1 + n % 6]
    )) copy WHERE i.id = $1
"""
RECORDS = """
    INSERT INTO incident_records
    SELECT copy.* FROM incident_records r, generate_series(1, $2::int) n, LATERAL jsonb_populate_record(r, jsonb_build_object(
        'incident_id', md5(format('incident %s', n))::uuid, 'affected_users', n % 500, 'resolve_by', r.reported_at + n * interval '7 s'
    )) copy WHERE r.incident_id = $1
"""


async def queue(sides: Sides) -> list[Result]:
    """P23. They stay open, so this comes late."""
    address, took = f"http://127.0.0.1:{sides.ours.port}/api/v1", []
    async with AsyncClient(base_url=address, headers={"Authorization": f"Bearer {ADMIN_KEY}"}, timeout=60) as api:
        service = await sides.db.fetchval("SELECT id FROM services ORDER BY id LIMIT 1")
        logged = await api.post("/incidents", json={"title": "The shop is slow", "service_id": f"{service}"})
        id = logged.raise_for_status().json()["id"]
        (await api.post(f"/incidents/{id}/acknowledge")).raise_for_status()
        for statement in (COPIES, RECORDS):
            await sides.db.execute(statement, id, INCIDENTS)
        await sides.db.execute("ANALYZE incidents, incident_records")
        for _ in range(CALLS):
            begun = time.perf_counter()
            page = (await api.get("/incidents", params={"order": "rank", "limit": 50})).raise_for_status().json()["items"]
            took.append(1_000 * (time.perf_counter() - begun))
            if [one["rank"]["position"] for one in page] != list(range(1, 51)) or page[0]["priority"] != "P1":
                raise LostOrDoubled("this is not the first page of the queue")
    return [Result("P23", (Spread(tuple(took)),), (f"{INCIDENTS:,} open, the first 50 of them with their reasons",))]
