"""A storm on one service: what those see who look up, acknowledge, or wait for another service's page meanwhile, and what it leaves."""

import asyncio
import random
from collections.abc import Sequence

from tests.bench import latency, world
from tests.bench.load import Load, open_loop, run_load
from tests.bench.rounds import CONNECTIONS, Sides
from tests.bench.table import Result, one
from tests.bench.world import LostOrDoubled, Totals, World
from tests.system import ADMIN_KEY

EVENTS, KEYS, SENDERS = 100_000, 1_000, 64
LOOK_UPS, ACKS = 1_000, 20
OPEN = 2_000
IDLE = 30
"""Pages of the quiet service before the storm."""

OF_SERVICE = "SELECT id FROM incidents WHERE service_id = $1 AND status = 'triggered'"
ACKNOWLEDGED = "SELECT count(*) FROM incidents WHERE service_id = $1 AND status = 'acknowledged'"


async def burst(sides: Sides, made: World, *, idle_mb: float, events: int) -> list[Result]:
    """P18, P18b, P19 and P20, all of one storm."""
    acks = await _incidents(sides, made)
    look_up = world.look_up(made.scheduled_service)
    for request in (look_up, acks[0]):
        await run_load(sides.ours.port, [request], [0], seconds=None)
    idle = await latency.pages(sides, made, "quiet", IDLE)
    before = await world.totals(sides.db)
    draw, over = random.Random("burst"), asyncio.Event()
    keys = [n % KEYS for n in range(events)]
    draw.shuffle(keys)
    requests = [world.trigger(made.stormy_key, f"burst/{n}") for n in range(KEYS)]
    async with (
        open_loop(sides.ours.port, [look_up], [0], rate=LOOK_UPS, connections=CONNECTIONS) as looked_up,
        open_loop(sides.ours.port, acks[1:], range(len(acks) - 1), rate=ACKS, connections=8) as acknowledged,
    ):
        quiet = asyncio.create_task(latency.pages(sides, made, "not so quiet", 10_000, until=over))
        stormed = await run_load(sides.ours.port, requests, keys, seconds=None, connections=SENDERS)
        over.set()
        looks, acked, under = await looked_up(), await acknowledged(), await quiet
    mb = sides.ours.resident_mb
    found = await world.totals(sides.db) - before
    _refuse_unless_exact(stormed, looks, acked, found, events, len(under))
    done = await sides.db.fetchval(ACKNOWLEDGED, made.acknowledged_service)
    if done != min(acked.answers, len(acks) - 1) + 1:
        raise LostOrDoubled(f"{acked.answers + 1} acknowledgements were answered 200, {done} incidents are acknowledged")
    return [
        Result("P18", (one(looks.p99 * 1e3),), _notes(stormed, looks)),
        Result("P18b", (one(_at(under, 50) / _at(idle, 50)), one(_at(under, 99) / _at(idle, 99))), (_quiet(idle, under),)),
        Result("P19", (one(acked.p99 * 1e3),), (f"{acked.answers} acknowledgements, p50 {acked.p50 * 1e3:.1f} ms, {_longest(acked)}",)),
        Result("P20", (one(idle_mb), one(mb))),
    ]


async def _incidents(sides: Sides, made: World) -> Sequence[bytes]:
    """A request to acknowledge for each of many open incidents of a service of their own."""
    opening = [world.trigger(made.acknowledged_key, f"open/{n}") for n in range(OPEN)]
    opened = await run_load(sides.ours.port, opening, range(OPEN), seconds=None, connections=CONNECTIONS)
    if opened.count(202) != OPEN:
        raise LostOrDoubled(f"opening {OPEN} incidents was answered {opened.statuses}")
    ids = [row["id"] for row in await sides.db.fetch(OF_SERVICE, made.acknowledged_service)]
    key = f"Authorization: Bearer {ADMIN_KEY}"
    return [world.post(f"/api/v1/incidents/{id}/acknowledge", {}, key) for id in ids]


def _refuse_unless_exact(stormed: Load, looks: Load, acked: Load, found: Totals, events: int, quiet: int) -> None:
    for what, load, status in (("the storm", stormed, 202), ("look-ups", looks, 200), ("acknowledgements", acked, 200)):
        if load.count(status) != load.answers:
            raise LostOrDoubled(f"{what} were answered {load.statuses}: {load.first[:300]}")
    if (stormed.answers, found.events, found.counted) != (events, events + quiet, events + quiet):
        raise LostOrDoubled(f"of {events} events and {quiet} quiet ones, {stormed.answers} were accepted and {found} is stored")
    if found.incidents != KEYS + quiet:
        raise LostOrDoubled(f"{KEYS} keys and {quiet} quiet problems opened {found.incidents} incidents")


def _notes(stormed: Load, looks: Load) -> tuple[str, ...]:
    rate = f"{stormed.answers} events in {stormed.seconds:.1f} s ({stormed.rate:.0f}/s), p99 {stormed.p99 * 1e3:.0f} ms"
    return (
        f"{rate}; {KEYS:,} keys opened {KEYS:,} incidents",
        f"{looks.answers} look-ups meanwhile, p50 {looks.p50 * 1e3:.1f} ms, {_longest(looks)}, from the instant each was due",
    )


def _quiet(idle: Sequence[float], under: Sequence[float]) -> str:
    def said(waits: Sequence[float]) -> str:
        return f"p50 {_at(waits, 50) * 1e3:.1f}, p99 {_at(waits, 99) * 1e3:.1f} ms"

    return f"post to first byte at the receiver: idle {said(idle)} ({len(idle)} pages); in the storm {said(under)} ({len(under)} pages)"


def _longest(load: Load) -> str:
    return f"longest {load.longest * 1e3:.0f} ms"


def _at(waits: Sequence[float], percent: int) -> float:
    return waits[min(len(waits) * percent // 100, len(waits) - 1)]
