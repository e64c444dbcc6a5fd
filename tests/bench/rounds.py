"""Rows that are ratios: both sides with the same load in turn, round by round."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench import processes, world
from tests.bench.load import Load, run_load
from tests.bench.processes import Running
from tests.bench.table import Result, Spread
from tests.bench.world import LostOrDoubled, Storm, Totals, World

ROUNDS = 7
CONNECTIONS = 32
MANY = 50
"""Events in one body, where there are many."""


@dataclass(frozen=True, slots=True)
class Round:
    """One pair: what each side did, and the seconds of processor time that it cost."""

    echo: Load
    ours: Load
    echo_cpu: float
    our_cpu: float
    database_cpu: float

    @property
    def ratio(self) -> float:
        return self.ours.rate / self.echo.rate

    @property
    def cpu_ratio(self) -> float:
        return (self.our_cpu + self.database_cpu) / self.ours.answers / (self.echo_cpu / self.echo.answers)


@dataclass(frozen=True, slots=True)
class Sides:
    echo: Running
    ours: Running
    data_dir: Path
    db: asyncpg.Connection


async def pair(sides: Sides, storm: Storm, *, status: int, seconds: float, ours_first: bool) -> Round:
    """The same requests to the one side, then to the other."""
    measured: dict[str, tuple[Load, float, float]] = {}
    for side in ("ours", "echo") if ours_first else ("echo", "ours"):
        running = sides.ours if side == "ours" else sides.echo
        cpu, database = running.cpu, processes.cpu_of_postgres(sides.data_dir)
        load = await run_load(running.port, storm.requests, storm.order, seconds=seconds, connections=CONNECTIONS)
        spent = running.cpu - cpu, processes.cpu_of_postgres(sides.data_dir) - database
        if load.count(status) != load.answers:
            raise LostOrDoubled(f"{side} answered {load.statuses}, expected {status} only")
        measured[side] = (load, *spent)
    (echo, echo_cpu, _), (ours, our_cpu, database_cpu) = measured["echo"], measured["ours"]
    return Round(echo, ours, echo_cpu, our_cpu, database_cpu)


async def intake(sides: Sides, made: World, *, seconds: float) -> list[Result]:
    """P1, P2, P5 and P7: the storm, and after each round a look at what it left in the database."""
    rounds: list[Round] = []
    syncs: list[float] = []
    await pair(sides, world.storm(made.stormy_key, "warm-up"), status=202, seconds=1, ours_first=False)
    for n in range(ROUNDS):
        await _settle(sides, made)
        before, synced = await world.totals(sides.db), await world.fsyncs(sides.db)
        storm = world.storm(made.stormy_key, f"round-{n}")
        done = await pair(sides, storm, status=202, seconds=seconds, ours_first=n % 2 == 1)
        expect(await world.totals(sides.db) - before, storm, done.ours)
        await _settle(sides, made)
        syncs.append((await world.fsyncs(sides.db) - synced) / done.ours.answers)
        rounds.append(done)
    beside = await variants(sides, made, seconds=seconds)
    return [
        Result("P1", (Spread(tuple(r.ratio for r in rounds)),), (*_rates(rounds), *beside)),
        Result("P2", (Spread(tuple(r.cpu_ratio for r in rounds)),), (_costs(rounds),)),
        Result("P5", (Spread(tuple(syncs)),)),
        Result("P7", (Spread(tuple(r.ours.p99 / r.echo.p99 for r in rounds)),)),
    ]


async def open_known(sides: Sides, made: World) -> None:
    """The keys that every storm of PagerDuty's events knows."""
    opening = world.each_once(world.storm(made.stormy_key, "warm-up").requests)
    await run_load(sides.ours.port, opening.requests, opening.order, seconds=None, connections=CONNECTIONS)


async def look_up(sides: Sides, made: World, *, seconds: float) -> list[Result]:
    """P8: whoever asks is told from memory."""
    request = world.each_once([world.look_up(made.scheduled_service)])
    await pair(sides, request, status=200, seconds=0.5, ours_first=False)
    rounds = [await pair(sides, request, status=200, seconds=seconds, ours_first=n % 2 == 1) for n in range(ROUNDS)]
    if '"level":1' not in rounds[0].ours.first:
        raise LostOrDoubled(f"nobody is on call: {rounds[0].ours.first}")
    return [Result("P8", (Spread(tuple(r.ratio for r in rounds)),), (*_rates(rounds), _costs(rounds)))]


async def status_pages(sides: Sides, made: World, *, seconds: float) -> list[Result]:
    """P8s: everybody looks at once. The page shows two updates of each of twenty incidents; the other side says a line of JSON."""
    await world.publish(sides.ours.port, made)
    ratios, notes = [], []
    for form in ("", ".json", ".atom"):
        request = world.each_once([world.look_at(f"/status/bench{form}")])
        await pair(sides, request, status=200, seconds=0.5, ours_first=False)
        rounds = [await pair(sides, request, status=200, seconds=seconds, ours_first=n % 2 == 1) for n in range(ROUNDS)]
        if "We look into it" not in rounds[0].ours.first:
            raise LostOrDoubled(f"nothing is shown: {rounds[0].ours.first[:200]}")
        ratios.append(Spread(tuple(r.ratio for r in rounds)))
        notes += [f"{form or '.html'}, {len(rounds[0].ours.first)} bytes", *_rates(rounds), _costs(rounds)]
    return [Result("P8s", tuple(ratios), tuple(notes))]


def expect(found: Totals, storm: Storm, sent: Load) -> None:
    """Each accepted event is stored once and counted once, and each new key opened one incident."""
    new = storm.new(sent.answers)
    if found != Totals(sent.answers, sent.answers, new):
        raise LostOrDoubled(f"accepted {sent.answers} events on {new} new keys, stored {found}")


async def _settle(sides: Sides, made: World) -> None:
    """PostgreSQL's counters are brought up to date by a commit that is a second younger than the last time."""
    await asyncio.sleep(1.1)
    await run_load(sides.ours.port, [world.trigger(made.stormy_key, "known/0")], [0], seconds=None)


def _rates(rounds: Sequence[Round]) -> tuple[str, ...]:
    def of(rate: Callable[[Round], float]) -> Spread:
        return Spread(tuple(rate(r) for r in rounds))

    return (
        f"requests/s: echo {of(lambda r: r.echo.rate)}, ours {of(lambda r: r.ours.rate)}; {len(rounds)} rounds",
        f"p99 under this load, ms: echo {of(lambda r: r.echo.p99 * 1e3)}, ours {of(lambda r: r.ours.p99 * 1e3)}",
    )


def _costs(rounds: Sequence[Round]) -> str:
    def of(seconds: Callable[[Round], float]) -> Spread:
        return Spread(tuple(seconds(r) * 1e6 for r in rounds))

    return (
        f"CPU µs/request: echo {of(lambda r: r.echo_cpu / r.echo.answers)}, ours {of(lambda r: r.our_cpu / r.ours.answers)} "
        f"+ database {of(lambda r: r.database_cpu / r.ours.answers)}"
    )


async def variants(sides: Sides, made: World, *, seconds: float) -> list[str]:
    """What P1 leaves out, without an other side: only new keys, and bodies of many events."""
    new = world.each_once(world.trigger(made.stormy_key, f"new/{n}") for n in range(20_000))
    many = world.each_once(world.notification(made.prometheus_key, [f"many/{m}" for m in range(n, n + MANY)]) for n in range(0, 500, MANY))
    notes = []
    for what, storm, status, size in (("each on a new key", new, 202, 1), (f"{MANY} in each body of Alertmanager's", many, 202, MANY)):
        before = await world.totals(sides.db)
        load = await run_load(sides.ours.port, storm.requests, storm.order, seconds=seconds, connections=CONNECTIONS)
        if load.count(status) != load.answers:
            raise LostOrDoubled(f"{what}: answered {load.statuses}")
        found, sent = await world.totals(sides.db) - before, load.answers * size
        opened = min(load.answers, len(storm.requests)) * size
        if found != Totals(sent, sent, opened):
            raise LostOrDoubled(f"{what}: accepted {sent} events on {opened} new keys, stored {found}")
        notes.append(f"events/s, {what}: {load.rate * size:.0f}, p99 {load.p99 * 1e3:.0f} ms")
    return notes


async def idle_mb(sides: Sides) -> float:
    """Resident memory before anything was asked of it."""
    await asyncio.sleep(1)
    return sides.ours.resident_mb
