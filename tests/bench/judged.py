"""Intake where much is to be judged by: a thousand silences, a thousand routing rules and a hundred windows in force; and with a million
incidents open, beside ten thousand.
"""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import asyncpg
from httpx import AsyncClient

from tests.bench import processes, rounds, world
from tests.bench.load import Load, run_load
from tests.bench.processes import Running
from tests.bench.rounds import CONNECTIONS, Sides
from tests.bench.table import Result, Spread
from tests.bench.world import LostOrDoubled, World
from tests.system import ADMIN_KEY

SILENCES, RULES, WINDOWS = 1_000, 1_000, 100
ONE_IN = 10
"""One rule in so many has nothing but regular expressions, so that no value of a label finds it."""

FEW, MANY = 10_000, 1_000_000
ACKS = 300
COLUMNS = """
    SELECT column_name FROM information_schema.columns
    WHERE table_schema = 'public' AND table_name = $1 AND NOT is_identity::boolean AND is_generated = 'NEVER' ORDER BY ordinal_position
"""
# Copies of one that is open, under ids and keys of their own; nobody could post so many in reasonable time.
STANDING = {
    "incidents": {"id": "md5(format('incident %s', n))::uuid", "group_key": "NULL"},
    "alerts": {
        "id": "md5(format('alert %s', n))::uuid",
        "incident_id": "md5(format('incident %s', n))::uuid",
        "dedup_key": "format('standing/%s', n)",
    },
}


@dataclass(frozen=True, slots=True)
class Judged:
    """A server with all those rules in force, and so many incidents open."""

    running: Running
    data_dir: Path
    made: World
    db: asyncpg.Connection


async def under_rules(sides: Sides, plain: World, *, folder: Path, sink_port: int, seconds: float) -> list[Result]:
    """P1j: the same storm as P1's, against the echo, on a server with the rules and on one without, in turn."""
    async with judged(folder / "judged", sink_port=sink_port, standing=0) as ours:
        with_rules, without = replace(sides, ours=ours.running, data_dir=ours.data_dir, db=ours.db), sides
        ratios: list[tuple[float, float]] = []
        costs: list[float] = []
        for n in range(rounds.ROUNDS):
            storms = world.storm(ours.made.stormy_key, f"judged-{n}"), world.storm(plain.stormy_key, f"unjudged-{n}")
            first = await rounds.pair(with_rules, storms[0], status=202, seconds=seconds, ours_first=n % 2 == 1)
            second = await rounds.pair(without, storms[1], status=202, seconds=seconds, ours_first=n % 2 == 0)
            ratios.append((first.ratio, first.ours.rate / second.ours.rate))
            costs.append(first.cpu_ratio / second.cpu_ratio)
    beside = f"vs the same server without them: rate × {Spread(tuple(r for _, r in ratios))}, CPU per event × {Spread(tuple(costs))}"
    return [Result("P1j", (Spread(tuple(r for r, _ in ratios)),), (beside,))]


async def a_million(*, folder: Path, sink_port: int, seconds: float) -> list[Result]:
    """P15: a million open incidents against ten thousand, the rules in force on both: intake, acknowledge, list by key."""
    async with (
        judged(folder / "few", sink_port=sink_port, standing=FEW) as few,
        judged(folder / "many", sink_port=sink_port, standing=MANY) as many,
    ):
        measured: list[tuple[float, float, float]] = []
        for n in range(rounds.ROUNDS):
            rates = {}
            for side in (few, many) if n % 2 else (many, few):
                rates[side.running.port] = await _round(side, n, seconds=seconds)
            measured.append(tuple(b / a for a, b in zip(rates[few.running.port], rates[many.running.port], strict=True)))  # type: ignore[arg-type]
    return [Result("P15", tuple(Spread(tuple(each)) for each in zip(*measured, strict=True)), ("the drain is P15d",))]


async def _round(side: Judged, n: int, *, seconds: float) -> tuple[float, float, float]:
    """Rates of intake, of acknowledgements and of looks at what is open under a key."""
    storm = world.storm(side.made.stormy_key, f"standing-{n}")
    intake = await run_load(side.running.port, storm.requests, storm.order, seconds=seconds, connections=CONNECTIONS)
    key = f"Authorization: Bearer {ADMIN_KEY}"
    ids = [row["id"] for row in await side.db.fetch("SELECT id FROM incidents WHERE status = 'triggered' ORDER BY id LIMIT $1", ACKS)]
    acks = [world.post(f"/api/v1/incidents/{id}/acknowledge", {}, key) for id in ids]
    acked = await run_load(side.running.port, acks, range(len(acks)), seconds=None, connections=8)
    lists = [f"GET /api/v1/incidents?dedup_key=standing/{m} HTTP/1.1\r\nHost: bench\r\n{key}\r\n\r\n".encode() for m in range(1, 300)]
    listed = await run_load(side.running.port, lists, range(len(lists)), seconds=None, connections=8)
    for load, status in ((intake, 202), (acked, 200), (listed, 200)):
        _refuse_unless(load, status)
    return intake.rate, acked.rate, listed.rate


def _refuse_unless(load: Load, status: int) -> None:
    if load.count(status) != load.answers:
        raise LostOrDoubled(f"answered {load.statuses}, expected {status} only: {load.first[:300]}")


@asynccontextmanager
async def judged(data_dir: Path, *, sink_port: int, standing: int) -> AsyncIterator[Judged]:
    """A server of its own; the rules come first, since each of them looks at all that is open."""
    running = await processes.start_oncall(data_dir, data_dir.with_suffix(".log"))
    try:
        made = await world.make_world(running.port, sink_port=sink_port)
        await _make_rules(running.port, made)
        db = await asyncpg.connect(world.dsn_of(data_dir))
        warm = world.each_once(world.storm(made.stormy_key, "warm-up").requests)
        _refuse_unless(await run_load(running.port, warm.requests, warm.order, seconds=None, connections=CONNECTIONS), 202)
        await _stand(db, standing)
        yield Judged(running, data_dir, made, db)
        await db.close()
    finally:
        await running.stop()


async def _make_rules(port: int, made: World) -> None:
    """In force, and about nothing that comes: what is measured is the look, not what it finds."""
    now = datetime.now(UTC)  # noqa: TID251
    ends = (now + timedelta(days=1)).isoformat()
    bodies: list[tuple[str, dict[str, object]]] = [
        *(("/silences", {"matchers": _about(n), "comment": f"deploy {n}", "ends_at": ends}) for n in range(SILENCES)),
        *(("/routing-rules", {"name": f"rule {n}", "matchers": _about(n), "severity": "warning"}) for n in range(RULES)),
        *(("/maintenance-windows", _window(n, made, now)) for n in range(WINDOWS)),
    ]
    address, key = f"http://127.0.0.1:{port}/api/v1", {"Authorization": f"Bearer {ADMIN_KEY}"}
    async with AsyncClient(base_url=address, headers=key, timeout=60) as api:
        for path, body in bodies:
            answer = await api.post(path, json=body)
            if answer.status_code != 201:
                raise LostOrDoubled(f"POST {path} answered {answer.status_code}: {answer.text}")


def _about(n: int) -> list[str]:
    if n % ONE_IN == 0:
        return [f'summary=~"Backup of (store|vault)-{n} .*"', 'source!~"db-.*"']
    return [f'source="host-{n}.example.com"', 'service=~"api-.*|web-.*"', 'severity!="info"']


def _window(n: int, made: World, now: datetime) -> dict[str, object]:
    whose: dict[str, object] = {"matchers": _about(n)} if n % 2 else {"service_ids": [made.climbing_service]}
    once: dict[str, object] = {"starts_at": now.isoformat(), "ends_at": (now + timedelta(hours=6)).isoformat()}
    local = (now - timedelta(hours=1)).replace(tzinfo=None, microsecond=0).isoformat()
    weekly: dict[str, object] = {"rrule": "FREQ=DAILY", "time_zone": "UTC", "starts_at": local, "duration": "PT8H"}
    return {"name": f"window {n}", **whose, **(weekly if n % 4 < 2 else once)}


async def _stand(db: asyncpg.Connection, count: int) -> None:
    """So many incidents that are open since long, each with its alert."""
    if not count:
        return
    for table, own in STANDING.items():
        columns = [row["column_name"] for row in await db.fetch(COLUMNS, table)]
        copied = ", ".join(f"{own.get(column, f'one.{column}')} AS {column}" for column in columns)
        first = "SELECT * FROM incidents WHERE status = 'triggered' ORDER BY id LIMIT 1"
        one = first if table == "incidents" else f"SELECT a.* FROM alerts a JOIN ({first}) i ON i.id = a.incident_id LIMIT 1"
        await db.execute(
            f"INSERT INTO {table} ({', '.join(columns)}) SELECT {copied} FROM ({one}) one, generate_series(1, {count}) n",
            timeout=600,
        )
    await db.execute("ANALYZE", timeout=600)
    await asyncio.sleep(1)
