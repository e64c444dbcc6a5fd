"""Whoever was paged, whenever, wherever they live: what the report says is what counting page by page comes to."""

from collections import defaultdict
from datetime import UTC, datetime, timedelta
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.conftest import START
from tests.system import System, to

from oncall.kit.db import Pool
from oncall.kit.ids import UserId, new_id
from oncall.reports.store import measures as store
from oncall.reports.values.measures import Load

SINCE, UNTIL = START - timedelta(days=30), START
ZONES = ("UTC", "Europe/Berlin", "America/St_Johns", "Asia/Kathmandu", "Australia/Lord_Howe", "Pacific/Kiritimati")
NAMES = ("Ana", "Ben")

MOVE = text("UPDATE users SET time_zone = :zone WHERE id = :id")
PAGE = text("""
    INSERT INTO pages (id, incident_id, user_id, user_name, cycle, round, step, reason, subject, until_resolved, created_at)
    VALUES (:id, :incident_id, :user_id, 'x', 9, 0, :step, '', '{}', false, :at)
""")

# To the minute, and a little beyond both ends of the range.
instants = st.integers(-35 * 1440, 1440).map(lambda minutes: START + timedelta(minutes=minutes))
pages = st.lists(st.tuples(st.sampled_from((0, 1)), st.sampled_from((0, 1)), instants), max_size=12)


def counted(pages: list[tuple[int, int, datetime]], users: list[UserId], zones: tuple[str, str], *, by_week: bool) -> list[Load]:
    lines: defaultdict[tuple[str | None, int], list[tuple[int, datetime]]] = defaultdict(list)
    for user, incident, at in pages:
        if SINCE <= at < UNTIL:
            monday = at.astimezone(UTC).date() - timedelta(days=at.astimezone(UTC).weekday())
            lines[monday.isoformat() if by_week else None, user].append((incident, at))
    loads = []
    for (week, user), its in lines.items():
        hours = [at.astimezone(ZoneInfo(zones[user])).hour for _, at in its]
        nights = sum(hour >= 22 or hour < 6 for hour in hours)
        loads.append(Load(users[user], NAMES[user], len(its), len({incident for incident, _ in its}), nights, week))
    return sorted(loads, key=lambda one: (one.week or "", -one.nights, -one.pages, one.name))


@pytest.fixture
async def known(system: System) -> tuple[list[UserId], list[UUID]]:
    people = [await system.user(name) for name in NAMES]
    its = await system.service([to(people[0])], step_delay="PT30M", repeat=0)
    incidents = [UUID((await system.event(its["key"], key))["incident_id"]) for key in ("disk", "cpu")]
    return [UserId(UUID(one["id"])) for one in people], incidents


@settings(max_examples=60)
@given(pages=pages, zones=st.tuples(st.sampled_from(ZONES), st.sampled_from(ZONES)), by_week=st.booleans())
async def test_people_were_paged_as_counting_says(
    system: System,
    known: tuple[list[UserId], list[UUID]],
    pages: list[tuple[int, int, datetime]],
    zones: tuple[str, str],
    by_week: bool,
) -> None:
    users, incidents = known
    async with system.node.database._engines[Pool.API].connect() as tx:
        await tx.begin()
        await tx.execute(text("DELETE FROM pages"))
        for id, zone in zip(users, zones, strict=True):
            await tx.execute(MOVE, {"id": id, "zone": zone})
        for step, (user, incident, at) in enumerate(pages):
            said = {"id": new_id(), "incident_id": incidents[incident], "user_id": users[user], "step": step, "at": at}
            await tx.execute(PAGE, said)
        found = await store.load(tx, since=SINCE, until=UNTIL, by_week=by_week, limit=100)
        await tx.rollback()
    assert found == counted(pages, users, zones, by_week=by_week)
