"""`python -m tests.bench`: the machine, then every row with target and result; a missed row is said and is no failure of the run.

It fails if an answer was no 2xx, an event was lost or counted twice, or PostgreSQL would not keep what it has committed.
"""

import argparse
import asyncio
import os
import platform
import shutil
import sys
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from pathlib import Path

import asyncpg

from tests.bench import coverage, drain, judged, latency, many, peers, processes, ranking, reports, rounds, schedules, storm, world
from tests.bench.processes import NotReady, Running
from tests.bench.rounds import Sides
from tests.bench.table import TARGETS, Result, Spread, Verdict, table
from tests.bench.world import LostOrDoubled, World

Part = Callable[[], Awaitable[list[Result]]]

STARTS = 3
ELSEWHERE = """\
Only where asked for: P15, which runs for minutes. P11, P12 and P16 are the engine's own source of due rows, in this process."""
LONG = frozenset({"P15", "P15d"})
IN_TIME, STORM = 60.0, 100_000
QUICK_IN_TIME, QUICK_STORM = 10.0, 20_000


@dataclass(frozen=True, slots=True)
class Wanted:
    """What is measured, and for how long: each side of a round, the open loop, the burst."""

    rows: frozenset[str]
    seconds: float
    in_time: float = IN_TIME
    events: int = STORM
    due: int = drain.DUE


class NotDurable(Exception):
    """The database would forget what it has said is committed; nothing is measured on such a one."""


async def measure(folder: Path, wanted: Wanted) -> list[Result]:
    sink = await asyncio.get_running_loop().create_server(latency.Sink, "127.0.0.1", 0)
    started, ours, data_dir = await _starts(folder, times=STARTS if "P21" in wanted.rows else 1)
    results = _told([result for result in (started, *schedules.rows(), *peers.ELSEWHERE) if result.row in wanted.rows])
    try:
        db = await asyncpg.connect(world.dsn_of(data_dir))
        await _refuse_unless_durable(db)
        print(f"PostgreSQL {await db.fetchval('SHOW server_version')} (embedded, its own), fsync and synchronous_commit on")
        sink_port = sink.sockets[0].getsockname()[1]
        made = await world.make_world(ours.port, sink_port=sink_port)
        async with processes.echo_server(folder / "echo.log") as echo:
            sides = Sides(echo, ours, data_dir, db)
            for part in await _parts(sides, made, folder, wanted, sink_port):
                results += _told([result for result in await part() if result.row in wanted.rows])
        await db.close()
    finally:
        sink.close()
        await ours.stop()
    return sorted(results, key=lambda result: list(TARGETS).index(result.row))


async def _parts(sides: Sides, made: World, folder: Path, wanted: Wanted, sink_port: int) -> list[Part]:
    """Those that measure one of the wanted rows, in an order in which none spoils another."""
    idle_mb, seconds = await rounds.idle_mb(sides), wanted.seconds
    await rounds.open_known(sides, made)
    parts: list[tuple[tuple[str, ...], Part]] = [
        (("P17",), lambda: latency.delivery(sides, made)),
        (("P8",), lambda: rounds.look_up(sides, made, seconds=seconds)),
        (("P8s",), lambda: rounds.status_pages(sides, made, seconds=seconds)),
        (("P1", "P2", "P5", "P7"), lambda: rounds.intake(sides, made, seconds=seconds)),
        (("P1j",), lambda: judged.under_rules(sides, made, folder=folder, sink_port=sink_port, seconds=seconds)),
        (("P11", "P16"), lambda: drain.beside_sql(folder / "drain", due=wanted.due)),
        (("P15d",), lambda: drain.among_a_million(folder / "million")),
        (("P12",), lambda: drain.beside_queues(folder / "queues")),
        (("P15",), lambda: judged.a_million(folder=folder, sink_port=sink_port, seconds=seconds)),
        (("P3",), lambda: peers.beside_alerta(sides, made, folder=folder, seconds=seconds)),
        (("P4",), lambda: peers.beside_alertmanager(sides, made, folder=folder, seconds=seconds)),
        (("P6",), lambda: latency.in_time(sides, made, seconds=wanted.in_time)),
        (("P13",), lambda: latency.lateness(sides, made)),
        (("P14",), lambda: latency.beside_escalations(sides, made, seconds=seconds)),
        (("P18", "P18b", "P19", "P20"), lambda: storm.burst(sides, made, idle_mb=idle_mb, events=wanted.events)),
        (("P22",), coverage.rows),
        (("P23",), lambda: ranking.queue(sides)),
        (("P24",), lambda: reports.a_year(folder / "reports")),
        (("S4", "S5"), lambda: many.bulk(sides)),
    ]
    return [part for rows, part in parts if wanted.rows & set(rows)]


async def _starts(folder: Path, *, times: int) -> tuple[Result, Running, Path]:
    """P21, each on a directory of its own; on the last one what everything else is measured with is left running."""
    first, second = [], []
    for n in range(times):
        data_dir, log = folder / f"data-{n}", folder / f"serve-{n}.log"
        running = await processes.start_alone(data_dir, log)
        first.append(running.started_in)
        await world.keep_commit_times(data_dir)
        await running.stop()
        running = await processes.start_alone(data_dir, log)
        second.append(running.started_in)
        await running.stop()
        if n < times - 1:
            shutil.rmtree(data_dir)
    running = await processes.start_oncall(data_dir, log)
    return Result("P21", (Spread(tuple(first)), Spread(tuple(second))), (f"{times} empty directories",)), running, data_dir


def _told(results: list[Result]) -> list[Result]:
    """The numbers behind each row, as soon as they are known; the table comes at the end."""
    for result in results:
        print(*(f"{result.row:<4} {note}" for note in result.notes), sep="\n", flush=True)
    return results


async def _refuse_unless_durable(db: asyncpg.Connection) -> None:
    settings = await world.durability(db)
    if set(settings.values()) != {"on"}:
        raise NotDurable(f"refused: {settings}, and no durability is traded for speed")


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m tests.bench", description=__doc__)
    parser.add_argument("--seconds", type=float, default=2.0, help="how long each side of a round is under load")
    parser.add_argument("--only", default="", help="rows, such as P18,P19")
    parser.add_argument(
        "--quick",
        action="store_true",
        help=f"{QUICK_IN_TIME:.0f} s of open loop, a burst of {QUICK_STORM:,} events, drains of {drain.QUICK:,}",
    )
    asked = parser.parse_args()
    rows = frozenset(asked.only.split(",")) if asked.only else TARGETS.keys() - LONG
    if unknown := rows - TARGETS.keys():
        parser.error(f"there is no row {', '.join(sorted(unknown))}; there are {', '.join(TARGETS)}")
    more = (QUICK_IN_TIME, QUICK_STORM, drain.QUICK) if asked.quick else ()
    wanted = Wanted(rows, asked.seconds, *more)
    if not processes.can_measure():
        print(table([Result(row, skipped="needs /proc, which only Linux has") for row in TARGETS]))
        return 0
    begun = time.monotonic()
    machine = f"{os.cpu_count()} cores, Python {platform.python_version()}, {platform.system()} {platform.machine()}"
    print(f"{machine}, load average {os.getloadavg()[0]:.2f} before we begin")
    with processes.passable_folder("oncall-bench-") as folder:
        fsync = processes.fsync_ms(folder)
        print(f"an fsync of 16 KiB takes {fsync:.2f} ms on this disk")
        try:
            results = asyncio.run(measure(folder, wanted))
        except (LostOrDoubled, NotDurable, NotReady) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    missed = [result.row for result in results if result.verdict is Verdict.MISS]
    print(f"\n{table(results)}\n\n{ELSEWHERE}\n\nMissed: {', '.join(missed) or 'none'}; {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
