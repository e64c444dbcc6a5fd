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
from pathlib import Path

import asyncpg

from tests.bench import latency, many, processes, rounds, schedules, world
from tests.bench.processes import NotReady, Running
from tests.bench.rounds import Sides
from tests.bench.table import TARGETS, Result, Spread, Verdict, table
from tests.bench.world import LostOrDoubled

STARTS = 3
ELSEWHERE = """\
Not measured here: P3, P4, P12 need other products installed beside ours; P6, P18, P19 and P15, P16
run for minutes; P11 is measured in process."""


class NotDurable(Exception):
    """The database would forget what it has said is committed; nothing is measured on such a one."""


async def measure(folder: Path, *, seconds: float) -> list[Result]:
    sink = await asyncio.get_running_loop().create_server(latency.Sink, "127.0.0.1", 0)
    started, ours, data_dir = await _starts(folder)
    results = _told([started, *schedules.rows()])
    try:
        db = await asyncpg.connect(world.dsn_of(data_dir))
        await _refuse_unless_durable(db)
        print(f"PostgreSQL {await db.fetchval('SHOW server_version')} (embedded, its own), fsync and synchronous_commit on")
        made = await world.make_world(ours.port, sink_port=sink.sockets[0].getsockname()[1])
        async with processes.echo_server(folder / "echo.log") as echo:
            sides = Sides(echo, ours, data_dir, db)
            for part in (
                rounds.resident(sides),
                latency.delivery(sides, made),
                rounds.look_up(sides, made, seconds=seconds),
                rounds.intake(sides, made, seconds=seconds),
                latency.lateness(sides, made),
                many.bulk(sides),
            ):
                results += _told(await part)
        await db.close()
    finally:
        sink.close()
        await ours.stop()
    return sorted(results, key=lambda result: list(TARGETS).index(result.row))


async def _starts(folder: Path) -> tuple[Result, Running, Path]:
    """P21, each on a directory of its own; the last one started is left running, for everything else."""
    first, second = [], []
    for n in range(STARTS):
        data_dir, log = folder / f"data-{n}", folder / f"serve-{n}.log"
        running = await processes.start_oncall(data_dir, log)
        first.append(running.started_in)
        await world.keep_commit_times(data_dir)
        await running.stop()
        running = await processes.start_oncall(data_dir, log)
        second.append(running.started_in)
        if n < STARTS - 1:
            await running.stop()
            shutil.rmtree(data_dir)
    return Result("P21", (Spread(tuple(first)), Spread(tuple(second))), (f"{STARTS} empty directories",)), running, data_dir


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
    seconds = parser.parse_args().seconds
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
            results = asyncio.run(measure(folder, seconds=seconds))
        except (LostOrDoubled, NotDurable, NotReady) as error:
            print(f"FAILED: {error}", file=sys.stderr)
            return 1
    missed = [result.row for result in results if result.verdict is Verdict.MISS]
    print(f"\n{table(results)}\n\n{ELSEWHERE}\n\nMissed: {', '.join(missed) or 'none'}; {time.monotonic() - begun:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
