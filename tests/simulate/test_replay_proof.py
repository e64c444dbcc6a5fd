"""Hundreds of thousands of events through a changed rule: what was planted is found, nothing else, and soon."""

import asyncio
import json
from collections.abc import Iterator
from dataclasses import replace
from datetime import timedelta
from time import perf_counter, process_time
from typing import Any
from uuid import UUID

import pytest
from tests.conftest import START
from tests.simulate.living import Life, replayed
from tests.simulate.planting import PLANTS, together
from tests.system import System

from oncall.incidents.commands.accept import accept_events
from oncall.incidents.values import Event
from oncall.intake.commands import read, received_as, to_events
from oncall.kit.db import Pool
from oncall.kit.ids import IntegrationId, ServiceId
from oncall.services.values import IntegrationRef, IntegrationType

KEYS, ROUNDS = 2_000, 50
MINUTES = 30
"""Between two rounds; in each, every key says something."""

# So that no two events are in one instant, as where monitors do not wait for one another; with their bodies.
SPREAD = """
    WITH spread AS (
        SELECT id, body_id, received_at,
            received_at + row_number() OVER (PARTITION BY received_at ORDER BY id) * interval '1 millisecond' AS at
        FROM events
    ), moved AS (
        UPDATE event_bodies b SET received_at = s.at FROM spread s WHERE b.id = s.body_id AND b.received_at = s.received_at
    )
    UPDATE events e SET received_at = s.at FROM spread s WHERE e.id = s.id
"""
GONE = "TRUNCATE incidents, alerts, events, event_bodies, timeline_entries CASCADE"
"""Before the next test empties its tables row by row."""


class Sender:
    """What one integration sends, as it would be read."""

    def __init__(self, made: dict[str, Any]) -> None:
        self.ref = IntegrationRef(
            IntegrationId(UUID(made["integration"]["id"])), ServiceId(UUID(made["id"])), f"prod {made['name']}", IntegrationType.PAGERDUTY
        )

    def says(self, key: str, action: str, severity: str, **labels: str) -> Event:
        payload = {"summary": f"{key} is bad", "source": "db-1", "severity": severity, "custom_details": labels}
        raw = json.dumps({"event_action": action, "dedup_key": key, "payload": payload}).encode()
        came = received_as(raw, headers={"content-type": "application/json"}, at=START)
        (event,) = to_events(read(came, self.ref), came, self.ref)
        return replace(event, body=replace(event.body, raw=raw))


def background(senders: list[Sender]) -> Iterator[list[Event]]:
    """Round by round what every key says: most of it repeats, now and then an end. All critical, so that it waits for nothing."""
    for n in range(ROUNDS):
        events = []
        for k in range(KEYS):
            action = "resolve" if (n + k) % 10 == 9 else "trigger"
            events.append(senders[k % len(senders)].says(f"key {k}", action, "critical", host=f"h{k}", job=f"j{k % 7}"))
        yield events


async def stored(system: System, events: list[Event]) -> None:
    for some in (events[n : n + 500] for n in range(0, len(events), 500)):
        async with system.node.database.transaction(Pool.INTAKE) as tx:
            await accept_events(tx, some, system.node.judging, now=system.clock.at)
        system.clock.advance(timedelta(seconds=5))


async def patiently(system: System, statement: str) -> None:
    """However long it takes on a busy machine."""
    connection = await system.node.database.connect("proof", statement_timeout_ms=0, command_timeout=None)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def measured(waits: list[float]) -> None:
    """How long others wait for their turn."""
    while True:
        before = perf_counter()
        await asyncio.sleep(0)
        waits.append(perf_counter() - before)
        await asyncio.sleep(0.002)


@pytest.mark.soak
async def test_twelve_planted_differences_are_found_among_a_hundred_thousand_events_and_no_other(system: System) -> None:
    life = Life(system)
    ana, ben = await system.user("Ana"), await system.user("Ben")
    senders = [Sender(await life.service(ana, name=f"service {n}")) for n in range(40)]
    webs = [await life.service(ana, name=f"web of {plant.name}") for plant in PLANTS]
    others = [await life.service(ben, name=f"shop of {plant.name}") for plant in PLANTS]
    planted = sorted(
        (START + timedelta(hours=1, minutes=minute), n, key, action, severity, labels)
        for n, plant in enumerate(PLANTS)
        for minute, key, action, severity, labels in plant.events
    )
    for n, events in enumerate(background(senders)):
        at = START + timedelta(minutes=MINUTES * n)
        while planted and planted[0][0] < at:
            when, which, key, action, severity, labels = planted.pop(0)
            system.clock.at = when
            await stored(system, [Sender(webs[which]).says(key, action, severity, plant=PLANTS[which].name, **labels)])
        system.clock.at = at
        await stored(system, events)
    await patiently(system, SPREAD)
    proposed = together_with(webs, others)
    watch, work = perf_counter(), process_time()
    waits: list[float] = []
    others_turn = asyncio.create_task(measured(waits))
    found = await replayed(system, START, proposed=proposed)
    others_turn.cancel()
    waits.sort()
    print(f"\nothers had their turn after {waits[len(waits) // 2] * 1e3:.1f} ms (median), {waits[-len(waits) // 100] * 1e3:.1f} ms (p99)")
    seconds, worked = perf_counter() - watch, process_time() - work
    print(f"\n{found['events']:,} events replayed in {seconds:.1f} s ({worked:.1f} s of work): {found['difference_count']} differences")
    assert found["events"] >= 100_000
    got = {(one["kind"], one["saved"], one["missed"], plant_of(one)) for one in found["differences"]}
    assert got == {(plant.kind, plant.saved, plant.missed, plant.because) for plant in PLANTS}
    assert found["difference_count"] == len(PLANTS) == 12
    assert all(one["incident"]["number"] and one["before"] and one["after"] for one in found["differences"])
    assert (found["bodies_gone"], found["read_otherwise"]) == (0, 0)
    await patiently(system, GONE)


def together_with(webs: list[dict[str, Any]], others: list[dict[str, Any]]) -> dict[str, Any]:
    return together([plant.proposed(plant.name, web["id"], other["id"]) for plant, web, other in zip(PLANTS, webs, others, strict=True)])


def plant_of(one: dict[str, Any]) -> tuple[str, str, str]:
    (because,) = one["because"]
    return because["type"], because["setting"] or because["name"], because["change"]
