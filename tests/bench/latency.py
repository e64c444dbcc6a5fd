"""Rows that are waits: how late a due step is while events pour in, and how long a page takes when nothing else happens."""

import asyncio
import time
from datetime import timedelta

from tests.bench import world
from tests.bench.load import open_loop, run_load
from tests.bench.rounds import CONNECTIONS, Sides, expect
from tests.bench.table import Result, Spread, one
from tests.bench.world import LostOrDoubled, World

DUE = 2_000
PER_SECOND = 200
LEAD = 3.0

# Their second step falls due one after the other, from `first_at` on.
MAKE_DUE = """
    WITH due AS (
        SELECT id, $2::timestamptz + (row_number() OVER (ORDER BY id) - 1) * $3::interval AS at FROM incidents
        WHERE service_id = $1 AND status = 'triggered'
    )
    UPDATE incidents i SET next_at = due.at, step_at = due.at FROM due WHERE due.id = i.id RETURNING i.id, due.at
"""
PAGED = """
    SELECT p.incident_id, pg_xact_commit_timestamp(p.xmin) AS committed_at FROM pages p JOIN incidents i ON i.id = p.incident_id
    WHERE i.service_id = $1 AND p.cycle = 1 AND p.round = 1 AND p.step = 1
"""

# So many of those whose second step has not fired, likewise.
MAKE_SOME_DUE = """
    WITH due AS (
        SELECT id, $2::timestamptz + (row_number() OVER (ORDER BY id) - 1) * $3::interval AS at FROM incidents
        WHERE service_id = $1 AND status = 'triggered' AND step = 1 ORDER BY id LIMIT $4
    )
    UPDATE incidents i SET next_at = due.at, step_at = due.at FROM due WHERE due.id = i.id RETURNING i.id
"""
PAGED_OF = "SELECT count(*) FROM pages WHERE incident_id = ANY($1) AND (cycle, round, step) = (1, 1, 1)"

BESIDE_ROUNDS = 5
SAMPLES = 50


async def lateness(sides: Sides, made: World) -> list[Result]:
    """P13: 200 incidents a second fall due for ten seconds, under the load of P1 all the while."""
    opening = [world.trigger(made.climbing_key, f"climbing/{n}") for n in range(DUE)]
    opened = await run_load(sides.ours.port, opening, range(DUE), seconds=None, connections=CONNECTIONS)
    if opened.count(202) != DUE:
        raise LostOrDoubled(f"opening {DUE} incidents was answered {opened.statuses}")
    await asyncio.sleep(1)
    before = await world.totals(sides.db)
    first_at = await sides.db.fetchval("SELECT clock_timestamp()") + timedelta(seconds=LEAD)
    due = {
        row["id"]: row["at"] for row in await sides.db.fetch(MAKE_DUE, made.climbing_service, first_at, timedelta(seconds=1 / PER_SECOND))
    }
    storm = world.storm(made.stormy_key, "beside")
    seconds = LEAD + DUE / PER_SECOND + 1
    load = await run_load(sides.ours.port, storm.requests, storm.order, seconds=seconds, connections=CONNECTIONS)
    if load.count(202) != load.answers:
        raise LostOrDoubled(f"intake answered {load.statuses}")
    expect(await world.totals(sides.db) - before, storm, load)
    paged: dict[object, float] = {}
    for _ in range(100):
        rows = await sides.db.fetch(PAGED, made.climbing_service)
        paged = {row["incident_id"]: (row["committed_at"] - due[row["incident_id"]]).total_seconds() for row in rows}
        if len(rows) == DUE:
            break
        await asyncio.sleep(0.1)
    if len(paged) != DUE:
        raise LostOrDoubled(f"of {DUE} due steps {len(paged)} were paged")
    note = f"{DUE} due steps, each paged once; intake took {load.rate:.0f} events/s meanwhile"
    return [Result("P13", _waits(sorted(paged.values()), maximum=True), (note,))]


async def beside_escalations(sides: Sides, made: World, *, seconds: float) -> list[Result]:
    """P14: the same storm twice in each round, once while 200 second steps a second fall due, each of which pages."""
    each = round(PER_SECOND * seconds)
    opening = [world.trigger(made.climbing_key, f"beside/{n}") for n in range(each * BESIDE_ROUNDS)]
    opened = await run_load(sides.ours.port, opening, range(len(opening)), seconds=None, connections=CONNECTIONS)
    if opened.count(202) != len(opening):
        raise LostOrDoubled(f"opening {len(opening)} incidents was answered {opened.statuses}")
    rates: dict[bool, list[float]] = {False: [], True: []}
    for n in range(BESIDE_ROUNDS):
        for escalating in (True, False) if n % 2 else (False, True):
            rates[escalating].append(await _storm_beside(sides, made, each if escalating else 0, name=f"p14 {n}", seconds=seconds))
    ratios = Spread(tuple(a / b for a, b in zip(rates[True], rates[False], strict=True)))
    alone, beside = Spread(tuple(rates[False])), Spread(tuple(rates[True]))
    note = f"events/s: alone {alone}, while {PER_SECOND} pages/s are due {beside}; {BESIDE_ROUNDS} rounds"
    return [Result("P14", (ratios,), (note,))]


async def _storm_beside(sides: Sides, made: World, due: int, *, name: str, seconds: float) -> float:
    """Events a second; what fell due meanwhile is paged, each once."""
    before, now = await world.totals(sides.db), await sides.db.fetchval("SELECT clock_timestamp()")
    rows = await sides.db.fetch(MAKE_SOME_DUE, made.climbing_service, now, timedelta(seconds=1 / PER_SECOND), due)
    storm = world.storm(made.stormy_key, f"{name} {due}")
    load = await run_load(sides.ours.port, storm.requests, storm.order, seconds=seconds, connections=CONNECTIONS)
    if load.count(202) != load.answers:
        raise LostOrDoubled(f"intake answered {load.statuses}")
    expect(await world.totals(sides.db) - before, storm, load)
    paged = 0
    for _ in range(100):
        paged = await sides.db.fetchval(PAGED_OF, [row["id"] for row in rows])
        if paged == due == len(rows):
            return load.rate
        await asyncio.sleep(0.1)
    raise LostOrDoubled(f"of {due} due steps {len(rows)} were found and {paged} paged")


class Sink(asyncio.Protocol):
    """A provider that says 204 to whatever comes, and remembers when the first byte came."""

    first_byte: asyncio.Future[float] | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self._transport, self._arrived = transport, b""

    def data_received(self, data: bytes) -> None:
        if Sink.first_byte is not None and not Sink.first_byte.done():
            Sink.first_byte.set_result(time.monotonic())
        self._arrived += data
        head, end, body = self._arrived.partition(b"\r\n\r\n")
        length = [int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")]
        if end and len(body) >= sum(length):
            self._arrived = b""
            self._transport.write(b"HTTP/1.1 204 No Content\r\n\r\n")


async def delivery(sides: Sides, made: World) -> list[Result]:
    """P17: one new problem at a time, with a pause in between so that the page before is on record."""
    waits = await pages(sides, made, "calling", SAMPLES)
    return [Result("P17", _waits(waits), (f"{SAMPLES} pages by webhook to a receiver on this machine",))]


AN_HOUR_AGO = """
    UPDATE pages SET created_at = created_at - interval '1 hour', goes_at = goes_at - interval '1 hour'
    WHERE created_at > clock_timestamp() - interval '20 minutes'
"""


async def pages(sides: Sides, made: World, name: str, most: int, *, until: asyncio.Event | None = None) -> list[float]:
    """How long each took from its post to the first byte at the receiver, sorted: `most` of them, or fewer once `until` is set."""
    waits: list[float] = []
    reader, writer = await asyncio.open_connection("127.0.0.1", sides.ours.port)
    while len(waits) < most and not (until and until.is_set()):
        n = len(waits)
        await asyncio.sleep(0.1)
        # Pages in numbers to one person wait for each other (`notifications/rules/travelling.py`): each here is the first in an hour.
        await sides.db.execute(AN_HOUR_AGO)
        Sink.first_byte = asyncio.get_running_loop().create_future()
        posted_at = time.monotonic()
        writer.write(world.trigger(made.calling_key, f"{name}/{n}"))
        head = await reader.readuntil(b"\r\n\r\n")
        if not head.startswith(b"HTTP/1.1 202"):
            raise LostOrDoubled(f"intake answered {head!r}")
        await reader.readexactly(next(int(line[15:]) for line in head.lower().split(b"\r\n") if line.startswith(b"content-length:")))
        try:
            async with asyncio.timeout(10):
                waits.append(await Sink.first_byte - posted_at)
        except TimeoutError:
            raise LostOrDoubled(f"event {n} was accepted and nobody was called within 10 s") from None
    writer.close()
    return sorted(waits)


PACE = 1_500


async def in_time(sides: Sides, made: World, *, seconds: float) -> list[Result]:
    """P6: so many events a second whatever comes back, each wait counted from the instant at which its event was due."""
    before = await world.totals(sides.db)
    storm = world.storm(made.stormy_key, "in time")
    async with open_loop(sides.ours.port, storm.requests, storm.order, rate=PACE, seconds=seconds, connections=64) as finish:
        load = await finish()
    if load.count(202) != load.answers:
        raise LostOrDoubled(f"intake answered {load.statuses}")
    expect(await world.totals(sides.db) - before, storm, load)
    note = f"{load.answers} events in {load.seconds:.1f} s; p50 {load.p50 * 1e3:.1f} ms, longest {load.longest * 1e3:.0f} ms"
    return [Result("P6", (one(load.p99 * 1e3),), (note,))]


def _waits(waits: list[float], *, maximum: bool = False) -> tuple[Spread, ...]:
    """p50 and p99 (and the longest) in ms."""
    ms = [wait * 1e3 for wait in waits]
    numbers = (ms[len(ms) // 2], ms[min(len(ms) * 99 // 100, len(ms) - 1)], *([ms[-1]] if maximum else []))
    return tuple(Spread((number,)) for number in numbers)
