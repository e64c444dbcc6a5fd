"""Advice: only what would have spared people pages, by the rules that page, and missed nothing that anybody acted on."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.system import System, to

from oncall.kit.ids import IncidentId, PolicyId, ServiceId, UserId
from oncall.reports.values.trends import Happened
from oncall.services.values import Service, UrgencyMode
from oncall.services.values.judging import Delay
from oncall.simulate.commands import advising
from oncall.simulate.rules.advising import changes_of, judge
from oncall.simulate.values.advising import LATEST, Advice, Change, Rejected
from oncall.simulate.values.replaying import Compared, Difference, Kind, Outcome, Paged

JSON = dict[str, Any]
NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE = timedelta(minutes=1)
SERVICE = Service(ServiceId(UUID(int=1)), "db", None, PolicyId(UUID(int=2)), None, UrgencyMode.HIGH, timedelta(0))
FLAP = Happened(SERVICE.id, "db", "disk:db-1", "Disk full", "", "error", NOW, 4 * MINUTE, True, 2, 1)
REAL = replace(FLAP, lasted=50 * MINUTE, no_action=False, dedup_key="down", opened_at=NOW - timedelta(days=1))
DELAYED = Change("delay", replace(SERVICE, delay=Delay(5 * MINUTE)), "page only for what is still there after 5 minutes")
ANA = (UserId(UUID(int=7)),)


@pytest.mark.parametrize(
    ("what", "service", "happened", "settings"),
    [
        ("nothing where people acted on all", SERVICE, [REAL], []),
        ("nothing where nobody was paged", SERVICE, [replace(FLAP, pages=0)], []),
        ("what lasts shortly may be waited for, or counted", SERVICE, [FLAP, REAL], ["delay", *["threshold"] * 3]),
        (
            "what is soon back may be the same",
            SERVICE,
            [FLAP, replace(FLAP, opened_at=NOW + 30 * MINUTE)],
            ["delay", *["threshold"] * 3, "reopen_window"],
        ),
        (
            "what was reopened may be flapping",
            replace(SERVICE, reopen_window=15 * MINUTE),
            [replace(FLAP, reopened=2)],
            ["delay", *["threshold"] * 3, *["flapping"] * 2],
        ),
        (
            "what opens together may be one",
            SERVICE,
            [FLAP, replace(FLAP, dedup_key="cpu", opened_at=NOW + 9 * MINUTE)],
            ["delay", *["threshold"] * 3, *["grouping"] * 2],
        ),
        (
            "what comes at one hour of most days may be held then",
            SERVICE,
            [replace(FLAP, opened_at=NOW + timedelta(days=n, hours=n % 2)) for n in range(3)],
            ["delay", *["threshold"] * 3, "maintenance_windows"],
        ),
        ("what is set to as much stays", replace(SERVICE, delay=Delay(5 * MINUTE)), [FLAP], ["threshold"] * 3),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_tried(what: str, service: Service, happened: list[Happened], settings: list[str]) -> None:
    tried = changes_of(service, happened, since=NOW)
    assert [one.setting for one in tried] == settings
    assert all(one.window or replace(one.service, **{one.setting: getattr(service, one.setting)}) == service for one in tried)


def outcome(number: int, *minutes: int) -> Outcome:
    """An incident that opened at noon and paged so many minutes later."""
    return Outcome(IncidentId(UUID(int=number)), SERVICE.id, None, None, NOW, [Paged(NOW + n * MINUTE, ANA) for n in minutes])


def found(*differences: tuple[list[Outcome], list[Outcome]], saved: int = 5, missed: int = 0) -> Compared:
    those = [Difference(Kind.NOT_PAGED, before, after, 1, 0, 0) for before, after in differences]
    return Compared(those, 0, 0, 0, 0, saved, missed)


ACTED = {IncidentId(UUID(int=9)): 412}
NOT_IN_TIME = Rejected(DELAYED, "nobody would have been paged in time for #412, which somebody acted on")


@pytest.mark.parametrize(
    ("what", "compared", "expected"),
    [
        ("what nobody acted on may be missed", found(([outcome(1, 0)], [outcome(1)])), Advice(DELAYED, 5, 0, 0, timedelta(0))),
        ("what somebody acted on may not", found(([outcome(9, 0)], [outcome(9)])), NOT_IN_TIME),
        ("nor be no incident at all", found(([outcome(9, 0)], [])), NOT_IN_TIME),
        ("it may page a little later", found(([outcome(9, 0)], [outcome(9, 5)])), Advice(DELAYED, 5, 0, 1, 5 * MINUTE)),
        ("by half an hour at most", found(([outcome(9, 0)], [outcome(9, 31)])), NOT_IN_TIME),
        ("a page of a moment before is for it too", found(([outcome(9, 0)], [outcome(3, -9)])), Advice(DELAYED, 5, 0, 0, timedelta(0))),
        ("one of long before is not", found(([outcome(9, 0)], [outcome(3, -90)])), NOT_IN_TIME),
        ("what it did not page for cannot be missed", found(([outcome(9)], [outcome(9)])), Advice(DELAYED, 5, 0, 0, timedelta(0))),
        ("what spares nothing is no advice", found(saved=0), Rejected(DELAYED, "it would have saved no page")),
        ("nor what makes as many", found(missed=5), Rejected(DELAYED, "it would have saved 5 pages and made 5 others")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_how_a_change_is_judged(what: str, compared: Compared, expected: Advice | Rejected) -> None:
    assert judge(DELAYED, compared, ACTED.keys(), ACTED) == expected


@given(
    minutes=st.lists(st.integers(-60, 60), max_size=3),
    others=st.lists(st.tuples(st.integers(1, 5), st.lists(st.integers(-60, 60), max_size=2)), max_size=3),
)
def test_no_advice_leaves_anybody_who_acted_unpaged(minutes: list[int], others: list[tuple[int, list[int]]]) -> None:
    was = outcome(9, 0)
    after = [outcome(9, *minutes), *(outcome(number, *pages) for number, pages in others)]
    pages = [paged.at for one in after for paged in one.pages]
    if isinstance(judge(DELAYED, found(([was], after)), ACTED.keys(), ACTED), Advice):
        assert any(abs(at - NOW) <= LATEST for at in pages)


async def advise(system: System, its: JSON, **params: str) -> JSON:
    answer = await system.api.get("/api/v1/reports/advice", params={"service_id": its["service"]["id"], **params})
    assert answer.status_code == 200, answer.text
    shown: JSON = answer.json()
    return shown


async def comes_and_goes(system: System, its: JSON, key: str, minutes: int, *, away: int = 30) -> None:
    await system.event(its["key"], key, severity="error")
    await system.advance(minutes=minutes)
    await system.event(its["key"], key, action="resolve")
    await system.advance(minutes=away)


async def test_advice_is_what_replay_says_and_replay_takes_it_as_it_is(system: System) -> None:
    """Three times it goes by itself after four minutes; once it stays, and somebody acts on it."""
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")
    for n in range(3):
        await comes_and_goes(system, its, f"disk-{n}", 4)
    real = (await system.event(its["key"], "down", severity="error"))["incident_id"]
    await system.advance(minutes=10)
    await system.api.post(f"/api/v1/incidents/{real}/acknowledge")
    await system.api.post(f"/api/v1/incidents/{real}/resolve")
    await system.advance(minutes=2)
    number = (await system.incident(real))["number"]
    found = await advise(system, its)
    assert (found["incidents"], found["acted"]) == (4, 1)
    [delay] = found["items"]
    assert (delay["setting"], delay["value"]) == ("delay", {"for": "PT5M", "critical": False})
    assert (delay["saved"], delay["missed"], delay["later"], delay["latest"]) == (3, 0, 1, "PT5M")
    replayed = await system.api.post("/api/v1/replay", json=delay["replay"])
    assert replayed.status_code == 200, replayed.text
    assert replayed.json()["pages"] == {"before": 4, "after": 1, "saved": 3, "missed": 0}
    rejected = {(one["setting"], one["why"]) for one in found["rejected"]}
    assert rejected == {("threshold", f"nobody would have been paged in time for #{number}, which somebody acted on")}


async def test_where_a_threshold_misses_nothing_it_is_proposed(system: System) -> None:
    """What is real comes again and again; what is not comes once."""
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")
    for n in range(3):
        await comes_and_goes(system, its, f"disk-{n}", 45)
    real = (await system.event(its["key"], "down", severity="error"))["incident_id"]
    for _ in range(3):
        await system.advance(minutes=1)
        await system.event(its["key"], "down", severity="error")
    await system.api.post(f"/api/v1/incidents/{real}/acknowledge")
    await system.advance(minutes=1)
    found = await advise(system, its)
    assert [(one["setting"], one["value"]["count"], one["saved"], one["later"]) for one in found["items"]] == [
        ("threshold", 2, 3, 1),
        ("threshold", 3, 3, 1),
        ("threshold", 3, 3, 1),
    ]
    assert found["rejected"] == []


async def flaps(system: System, *, reopen_window: str) -> JSON:
    its = await system.service([to(await system.user("Ana"))], step_delay="PT1H", repeat=0, reopen_window=reopen_window)
    for _ in range(6):
        await comes_and_goes(system, its, "disk", 2, away=2)
    return await advise(system, its)


async def test_what_is_back_at_once_is_the_same(system: System) -> None:
    found = await flaps(system, reopen_window="PT0S")
    assert ("reopen_window", "PT1H", 5) in {(one["setting"], str(one["value"]), one["saved"]) for one in found["items"]}


async def test_where_its_incident_is_reopened_already_flapping_saves_no_first_page(system: System) -> None:
    found = await flaps(system, reopen_window="PT15M")
    assert [one["setting"] for one in found["items"]] == ["delay"]
    assert [one["why"] for one in found["rejected"] if one["setting"] == "flapping"] == ["it would have saved no page"] * 2


async def test_what_comes_every_night_may_be_held_for_that_hour_beside_the_windows_there_are(system: System) -> None:
    """A backup that makes noise: it lasts too long for a delay, and is over before its hour is. The body goes to a replay as it is."""
    its = await system.service([to(await system.user("Ana"))], step_delay="PT2H", repeat=0, reopen_window="PT0S")
    there = {"name": "deploys", "service_ids": [its["service"]["id"]], "rrule": "FREQ=WEEKLY;BYDAY=SU", "time_zone": "Europe/Berlin"}
    await system.make("maintenance-windows", **there, starts_at="2026-03-01T03:00:00", duration="PT1H")
    hour = system.clock.at.replace(minute=5) + timedelta(hours=1)
    for n in range(3):
        system.clock.advance(hour + timedelta(days=n) - system.clock.at)
        await comes_and_goes(system, its, f"backup-{n}", 40, away=2)
    found = await advise(system, its)
    [advice] = [one for one in found["items"] if one["setting"] == "maintenance_windows"]
    assert (advice["setting"], advice["saved"], advice["missed"]) == ("maintenance_windows", 3, 0)
    assert (advice["value"]["rrule"], advice["value"]["duration"], advice["value"]["starts_at"][11:]) == ("FREQ=DAILY", "PT1H", "13:00:00")
    assert [one["name"] for one in advice["replay"]["proposed"]["maintenance_windows"]] == ["deploys", advice["value"]["name"]]
    replayed = await system.api.post("/api/v1/replay", json=advice["replay"])
    assert replayed.status_code == 200, replayed.text
    assert replayed.json()["pages"] == {"before": 3, "after": 0, "saved": 3, "missed": 0}
    assert (await system.api.post("/api/v1/maintenance-windows", json=advice["value"])).status_code == 201


async def test_too_much_is_refused_and_one_is_tried_at_a_time(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    its = await system.service([to(await system.user("Ana"))], step_delay="PT30M", repeat=0, reopen_window="PT0S")
    await comes_and_goes(system, its, "disk", 4)
    path, params = "/api/v1/reports/advice", {"service_id": its["service"]["id"]}
    monkeypatch.setattr(advising, "MOST_EVENTS", 1)
    refused = await system.api.get(path, params=params)
    assert (refused.status_code, refused.json()["code"]) == (422, "too_many_events")
    system.node.app.state.replays._is_running = True
    assert (await system.api.get(path, params=params)).status_code == 429
    system.node.app.state.replays._is_running = False
    assert (await system.api.get(path, params={"service_id": str(UUID(int=1))})).status_code == 404
    async with system.client() as stranger:
        assert (await stranger.get(path, params=params)).status_code == 401
