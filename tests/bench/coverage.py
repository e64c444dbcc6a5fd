"""The row about coverage, measured in process: a thousand services, each with a policy and schedules of its own, ninety days ahead."""

import time
from dataclasses import replace
from datetime import timedelta

from oncall.escalation.values import Snapshot
from oncall.kit.ids import PolicyId, ScheduleId, ServiceId
from oncall.reports.commands.coverage import holes_of
from oncall.reports.values.coverage import Facts
from oncall.schedules.values import Schedule
from oncall.services.values import Service, UrgencyMode
from tests.bench.table import Result, one
from tests.reports.covering import EVERYBODY, on, policy, step, to
from tests.schedules.building import ana, at, bob, cem, dee, every, layer, schedule, uuid, window

SERVICES, DAYS = 1_000, 90
SINCE = at("2026-03-10 10:00")
ZONE = "Europe/Berlin"


def world() -> tuple[Facts, dict[ScheduleId, Schedule]]:
    """Each service: a weekly rotation by day, a daily one by night, a gap of an hour between them, and one person for critical alerts."""
    services, snapshots, schedules = [], {}, {}
    for n in range(SERVICES):
        layers = (
            layer(
                ana,
                bob,
                cem,
                rotation=every(1, "week", "2026-03-09 09:00"),
                zone=ZONE,
                name="day",
                windows=window("daily", "08:00", hours=12),
            ),
            layer(
                cem, dee, rotation=every(1, "day", "2026-03-09 09:00"), zone=ZONE, name="night", windows=window("daily", "20:00", hours=11)
            ),
        )
        its = schedule(*layers, id=f"schedule {n}")
        schedules[its.id] = its
        of = replace(policy(step(on(its)), step(to(dee), severities=("critical",))), id=PolicyId(uuid(f"policy {n}")))
        service = Service(
            ServiceId(uuid(f"service {n}")), f"service {n}", None, of.id, None, UrgencyMode.BY_SEVERITY, timedelta(minutes=15)
        )
        services.append(service)
        snapshots[service.id] = Snapshot(of)
    return Facts(services, snapshots, {}, {}, EVERYBODY, {}), schedules


async def rows() -> list[Result]:
    facts, schedules = world()
    begun = time.process_time()
    found = await holes_of(facts, schedules, {}, since=SINCE, until=SINCE + timedelta(days=DAYS))
    seconds = time.process_time() - begun
    # One hour each night for errors and for warnings of each service: fewer would be quick for the wrong reason.
    if len(found.holes) != 2 * DAYS * SERVICES:
        raise AssertionError(f"{len(found.holes)} holes were found")
    return [Result("P22", (one(seconds),), (f"{len(found.holes):,} holes",))]
