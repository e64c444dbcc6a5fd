"""How long people are on call: what asking the resolver at every quarter of an hour comes to; over REST; as table and picture."""

from collections import Counter
from datetime import date, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.reports.test_tables_and_pictures import texts
from tests.schedules.asking import always, get, id_of, new_users, rotating, scheduled
from tests.schedules.building import NAMES, ana, at, bob, cem, every, layer, schedule
from tests.system import System

from oncall.kit.ids import UserId
from oncall.reports.commands import duties
from oncall.reports.rules.duties import duties_of, stretches_of
from oncall.reports.values.duties import Duty
from oncall.schedules.rules import on_call_at, render
from oncall.schedules.values import Schedule
from oncall.schedules.values.fairness import Person

QUARTER = timedelta(minutes=15)
BEGUN = at("2026-03-20 00:00")
ZONES = ("UTC", "Europe/Berlin", "Asia/Kathmandu", "Australia/Lord_Howe")

layers = st.builds(
    lambda people, unit, count, hour, zone, name: layer(
        *people, rotation=every(count, unit, f"2026-03-16 {hour:02}:15"), zone=zone, name=name
    ),
    st.lists(st.sampled_from((ana, bob, cem, None)), min_size=1, max_size=3),
    st.sampled_from(("hour", "day", "week")),
    st.integers(1, 5),
    st.integers(0, 23),
    st.sampled_from(ZONES),
    st.sampled_from(("one", "two")),
)
schedules = st.lists(st.builds(schedule, layers), min_size=1, max_size=2)


def obviously(schedules: list[Schedule], zones: dict[UserId, str], since: datetime, until: datetime, *, by_week: bool) -> Counter[Any]:
    """A quarter of an hour after the other, whoever is on call anywhere."""
    counted: Counter[Any] = Counter()
    now = since
    while now < until:
        week = str(now.date() - timedelta(days=now.weekday())) if by_week else None
        for user in {user for one in schedules for user in on_call_at(one, at=now).users}:
            local = now.astimezone(ZoneInfo(zones[user]))
            counted[user, week, "seconds"] += 900
            counted[user, week, "nights"] += 900 * (local.hour >= 22 or local.hour < 6)
            counted[user, week, "weekends"] += 900 * (local.weekday() >= 5)
        now += QUARTER
    return +counted


@settings(max_examples=40)
@given(
    schedules=schedules,
    zones=st.fixed_dictionaries({user: st.sampled_from(ZONES) for user in (ana, bob, cem)}),
    begins=st.integers(0, 96 * 4).map(lambda count: BEGUN + count * QUARTER),
    lasts=st.integers(1, 96 * 12).map(lambda count: count * QUARTER),
    by_week=st.booleans(),
)
def test_it_is_what_asking_at_every_quarter_of_an_hour_comes_to(
    schedules: list[Schedule], zones: dict[UserId, str], begins: datetime, lasts: timedelta, by_week: bool
) -> None:
    until = begins + lasts
    people = {user: Person(NAMES[user], zone, frozenset[date]()) for user, zone in zones.items()}
    found = duties_of(stretches_of(render(one, begins, until) for one in schedules), people, by_week=by_week)
    counted = Counter({(one.user_id, one.week, part): getattr(one, part) for one in found for part in ("seconds", "nights", "weekends")})
    assert +counted == obviously(schedules, zones, begins, until, by_week=by_week)


def test_in_two_schedules_at_once_counts_once_and_the_longest_comes_first() -> None:
    one, other = schedule(layer(ana, bob, rotation=every(1, "day", "2026-03-16 00:00"))), schedule(layer(ana))
    since = at("2026-03-16 00:00")
    people = {user: Person(NAMES[user], "UTC", frozenset[date]()) for user in (ana, bob)}
    found = duties_of(stretches_of([render(some, since, since + timedelta(days=2)) for some in (one, other)]), people, by_week=False)
    assert found == [Duty(ana, "ana", 172_800, 57_600, 0), Duty(bob, "bob", 86_400, 28_800, 0)]


async def test_everybody_who_was_on_call_in_a_range_in_all_schedules_or_a_teams(system: System) -> None:
    anna, ben = await new_users(system, "Anna", "=Ben")
    team = await system.make("teams", name="Web")
    await scheduled(system, rotating(anna, ben, starts="03-02 00:00"), team_id=team["id"])
    await scheduled(system, always(anna), name="other")
    asked = {"since": "2026-03-02T12:00:00Z", "until": "2026-03-16T12:00:00Z"}
    found = await get(system.api, "/api/v1/reports/on-call", **asked)
    assert (found["schedules"], found["by"], found["is_cut"]) == (2, "person", False)
    assert [(one["name"], one["week"], one["seconds"]) for one in found["items"]] == [
        ("Anna", None, 14 * 86_400),
        ("=Ben", None, 7 * 86_400),
    ]
    weekly = await get(system.api, "/api/v1/reports/on-call", **asked, by="week", team_id=team["id"])
    assert weekly["schedules"] == 1
    assert [(one["week"], one["name"], one["seconds"]) for one in weekly["items"]] == [
        ("2026-03-02", "Anna", 6.5 * 86_400),
        ("2026-03-09", "=Ben", 7 * 86_400),
        ("2026-03-16", "Anna", 0.5 * 86_400),
    ]
    written = await system.api.get("/api/v1/reports/on-call", params={**asked, "by": "week", "team_id": team["id"], "format": "csv"})
    assert written.text.splitlines()[:3] == [
        "week,user_id,name,seconds,night_seconds,weekend_seconds",
        f"2026-03-02,{anna['id']},Anna,561600,180000,172800",
        f"2026-03-09,{ben['id']},'=Ben,604800,201600,172800",
    ]
    drawn = await system.api.get("/api/v1/reports/on-call", params={**asked, "format": "svg"})
    assert drawn.headers["content-security-policy"].endswith("sandbox")
    assert "336 h · 112 h" in texts(drawn.text)


async def test_what_was_changed_since_is_counted_as_it_was(system: System) -> None:
    (anna, ben) = await new_users(system, "Anna", "Ben")
    its = await scheduled(system, always(anna))
    system.clock.advance(timedelta(days=2))
    changed = await system.api.patch(its, json={"layers": [always(ben)]}, headers={"If-Match": "*"})
    assert changed.status_code == 200, changed.text
    system.clock.advance(timedelta(days=1))
    since = system.clock.at - timedelta(days=3)
    found = await get(system.api, "/api/v1/reports/on-call", since=since.isoformat())
    assert [(one["name"], one["seconds"]) for one in found["items"]] == [("Anna", 2 * 86_400), ("Ben", 86_400)]
    assert id_of(its)


async def test_more_schedules_than_are_added_up_at_once_are_refused(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    await scheduled(system, always(*await new_users(system, "Anna")))
    monkeypatch.setattr(duties, "MOST_DAYS", 20)
    refused = await system.api.get("/api/v1/reports/on-call")
    assert (refused.status_code, refused.json()["detail"]) == (
        422,
        "There are 1 schedules; of so many 20 days are added up at most: ask for a shorter range, or for a team.",
    )
    assert (await system.api.get("/api/v1/reports/on-call", params={"since": system.clock.at.isoformat()})).status_code == 422


async def test_one_at_a_time(system: System) -> None:
    system.node.adder._is_running = True
    refused = await system.api.get("/api/v1/reports/on-call")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "10")
    system.node.adder._is_running = False
    async with system.client() as stranger:
        assert (await stranger.get("/api/v1/reports/on-call")).status_code == 401
