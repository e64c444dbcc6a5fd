"""Who is told of which shift, when and in which words; and the quiet hours that are offered after a night of pages."""

import asyncio
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.handoffs.swapping import HOUR, UNKNOWN, key_of
from tests.schedules.asking import ANY, Json, always, day, edited, get, id_of, post, problem, rotating, scheduled, who
from tests.system import System

from oncall.channels.values import NoticeMessage

MINUTE = timedelta(minutes=1)
LOOK = 5 * MINUTE
"""How soon what is edited is noticed."""
QUIET = {"quiet_time": "PT4H"}
BEGUN, ENDED = "You are on call in {} now", "Your shift in {} has ended"


def notices(system: System, kind: str = "handoff") -> list[NoticeMessage]:
    """What was sent since the last call."""
    found = [one for one in system.email.sent if isinstance(one, NoticeMessage) and one.kind == kind]
    system.email.sent = []
    return found


async def told(system: System, after: timedelta = timedelta(0), kind: str = "handoff") -> list[str]:
    """Who is told what once so much time has passed, which nobody looked at meanwhile: "Ana: You are on call in Payments now"."""
    system.clock.advance(after)
    await system.run_due()
    return sorted(f"{one.recipient}: {one.subject}" for one in notices(system, kind))


async def prefer(system: System, user: Json, **wish: Any) -> Json:
    answer = await system.api.put(f"/api/v1/users/{user['id']}/handoff-notices", json=wish)
    assert answer.status_code == 200, answer.text
    shown: Json = answer.json()
    return shown


def daily(*users: Json, **more: Any) -> Json:
    """Turns of a day that begin at 14:00; it is Monday, 2 March, 12:00, in the turn of the first, for two hours more."""
    return rotating(*users, unit="day", starts="03-01 14:00", **more)


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana and Bob."""
    return [await system.user(name) for name in ("Ana", "Bob")]


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana until 14:00, then Bob until 14:00 tomorrow, and so on; the engine has looked at it."""
    schedule = await scheduled(system, daily(*team))
    await system.run_due()
    return schedule


def handoff(ended: str, begun: str, schedule: str = "Payments") -> list[str]:
    return sorted([f"{ended}: {ENDED.format(schedule)}", f"{begun}: {BEGUN.format(schedule)}"])


# --- when -------------------------------------------------------------------------------------------------------------------


async def test_whose_shift_begins_and_whose_ends_is_told_at_the_handoff_and_once(system: System, payments: str) -> None:
    assert await told(system, 2 * HOUR - timedelta(seconds=1)) == []
    assert await told(system, timedelta(seconds=1)) == handoff(ended="Ana", begun="Bob")
    assert await told(system) == []
    for _ in range(3):
        assert await told(system, 7 * HOUR) == []
    assert await told(system, 3 * HOUR) == handoff(ended="Bob", begun="Ana")


async def test_a_shift_that_runs_when_its_schedule_is_made_is_no_news(system: System, payments: str) -> None:
    assert await told(system, LOOK) == []


async def test_times_before_a_shift_are_told_once_each_to_whom_wants_them(system: System, payments: str, team: list[Json]) -> None:
    await prefer(system, team[1], before=["PT90M", "PT30M"], at_start=False, at_end=False)
    coming = ["Bob: You will be on call in Payments from Mon 02 Mar 2026 14:00"]
    assert await told(system, 29 * MINUTE) == []
    assert await told(system, MINUTE) == coming
    assert await told(system, LOOK) == []
    assert await told(system, 54 * MINUTE) == []
    assert await told(system, MINUTE) == coming
    assert await told(system, 30 * MINUTE) == [f"Ana: {ENDED.format('Payments')}"], "and not Bob, who does not want to be told then"


async def test_of_times_before_a_shift_that_have_passed_only_the_last_is_told(system: System, payments: str, team: list[Json]) -> None:
    await prefer(system, team[1], before=["PT2H", "PT1H", "PT30M"])
    assert len(await told(system, 45 * MINUTE)) == 1
    assert len(await told(system, 20 * MINUTE)) == 1, "an hour before"
    assert len(await told(system, 30 * MINUTE)) == 1, "half an hour before"


async def test_a_shift_that_an_edit_brings_is_told_too(system: System, payments: str, team: list[Json]) -> None:
    cem = await system.user("Cem")
    await edited(system.api, payments, always(cem))
    assert await told(system, LOOK) == handoff(ended="Ana", begun="Cem"), "though it began in the very second of the last look"


async def test_an_override_is_a_shift_of_its_own(system: System, payments: str, team: list[Json]) -> None:
    cem = await system.user("Cem")
    await post(system.api, f"{payments}/overrides", start=day("03-02 13:00"), end=day("03-02 13:30"), user_id=cem["id"])
    assert await told(system, HOUR) == handoff(ended="Ana", begun="Cem")
    assert await told(system, 30 * MINUTE) == handoff(ended="Cem", begun="Ana")
    assert await told(system, 30 * MINUTE) == handoff(ended="Ana", begun="Bob")


async def test_what_is_taken_back_before_it_begins_is_told_to_nobody(system: System, payments: str, team: list[Json]) -> None:
    cem = await system.user("Cem")
    made = await post(system.api, f"{payments}/overrides", start=day("03-02 13:00"), end=day("03-02 13:30"), user_id=cem["id"])
    await system.run_due()
    assert (await system.api.delete(f"{payments}/overrides/{made['id']}")).status_code == 204
    assert await told(system, 90 * MINUTE) == []


async def test_whoever_stays_on_call_over_a_handoff_of_others_is_not_told(system: System, team: list[Json]) -> None:
    await scheduled(system, daily(*team, precedence=0), always(await system.user("Cem"), precedence=0))
    await system.run_due()
    assert await told(system, 2 * HOUR) == handoff(ended="Ana", begun="Bob")


async def test_a_shift_in_a_nested_schedule_is_one_in_both(system: System, payments: str, team: list[Json]) -> None:
    outer = always({"type": "schedule", "id": id_of(payments)})
    await scheduled(system, outer, name="Everything")
    await system.run_due()
    assert await told(system, 2 * HOUR) == sorted(handoff("Ana", "Bob") + handoff("Ana", "Bob", "Everything"))


async def test_a_schedule_that_was_deleted_tells_nobody(system: System, payments: str) -> None:
    assert (await system.api.delete(payments)).status_code == 204
    assert await told(system, 2 * HOUR) == []


# --- late, and at once ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("what", "outage", "expected"),
    [
        ("late rather than never", 7 * HOUR, handoff(ended="Ana", begun="Bob")),
        ("of a shift that is over only that it ended", 30 * HOUR, handoff(ended="Bob", begun="Ana")),
        ("of what began long ago nothing", 47 * HOUR, []),
        ("after days only what is new", 100 * HOUR, handoff(ended="Ana", begun="Bob")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_after_an_outage(system: System, payments: str, what: str, outage: timedelta, expected: list[str]) -> None:
    assert await told(system, outage) == expected, what
    assert await told(system, MINUTE) == [], "once"


async def test_two_nodes_that_look_at_once_tell_each_person_once(
    system: System, database_url: str, team: list[Json], tmp_path: Path
) -> None:
    names = [f"Team {n}" for n in range(6)]
    for name in names:
        await scheduled(system, daily(*team), name=name)
    other = System(database_url, system.clock, tmp_path / "other")
    try:
        await asyncio.gather(system.run_due(), other.run_due())
        system.clock.advance(2 * HOUR)
        await asyncio.gather(system.run_due(), other.run_due())
        sent = sorted(f"{one.recipient}: {one.subject}" for node in (system, other) for one in notices(node))
        assert sent == sorted(line for name in names for line in handoff("Ana", "Bob", name))
    finally:
        await other.stop()


# --- in which words ---------------------------------------------------------------------------------------------------------


async def words_of(system: System, user: Json) -> list[tuple[str, ...]]:
    await system.run_due()
    return [one.paragraphs for one in notices(system) if one.recipient == user["name"]]


async def test_times_are_those_on_the_readers_own_wall(system: System, payments: str, team: list[Json]) -> None:
    zone = {"time_zone": "America/New_York"}
    assert (await system.api.patch(f"/api/v1/users/{team[1]['id']}", json=zone, headers=ANY)).status_code == 200
    await prefer(system, team[1], before=["PT1H"])
    assert await told(system, HOUR) == ["Bob: You will be on call in Payments from Mon 02 Mar 2026 09:00"]
    system.clock.advance(HOUR)
    assert await words_of(system, team[1]) == [
        ("Your shift began Mon 02 Mar 2026 09:00 and lasts until Tue 03 Mar 2026 09:00 (America/New_York).", "No incident is open.")
    ]


async def test_who_else_is_on_call_is_named(system: System, payments: str, team: list[Json]) -> None:
    cem = await system.user("Cem")
    await edited(system.api, payments, daily(*team, precedence=0), always(cem, precedence=0))
    await prefer(system, team[1], before=["PT1H"])
    await told(system)
    system.clock.advance(HOUR)
    assert await words_of(system, team[1]) == [("Your shift lasts until Tue 03 Mar 2026 14:00 (UTC).", "On call as well: Cem.")]
    system.clock.advance(HOUR)
    await system.run_due()
    [ended, begun] = sorted(notices(system), key=lambda one: one.recipient)
    assert ended.paragraphs[0] in {"On call now: Bob, Cem.", "On call now: Cem, Bob."}
    assert begun.paragraphs[1] == "On call as well: Cem."


async def test_a_shift_without_an_end_says_so_and_nobody_is_called_nobody(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[1]), effective_from=day("03-02 13:00"))
    await prefer(system, team[1], before=["PT1H"])
    system.clock.advance(LOOK)
    assert await words_of(system, team[1]) == [("Your shift lasts for more than a year (UTC).",)]
    assert (await system.api.patch(payments, json={"layers": []}, headers=ANY)).status_code == 200
    system.clock.advance(LOOK)
    assert await words_of(system, team[0]) == [("On call now: nobody.", "No incident is open.")]


async def test_open_incidents_of_services_that_page_the_schedule_are_handed_over(system: System, payments: str, team: list[Json]) -> None:
    ours = await system.service([{"type": "user", "id": team[0]["id"]}], [{"type": "schedule", "id": id_of(payments)}], step_delay="PT9H")
    steps = [{"delay": "PT9H", "targets": [{"type": "user", "id": team[0]["id"]}]}]
    policy = await system.make("escalation-policies", name="Others", steps=steps)
    service = await system.make("services", name="others", escalation_policy_id=policy["id"])
    theirs = await system.make(f"services/{service['id']}/integrations", name="prod", type="pagerduty")
    disk = await system.event(ours["key"], "disk", summary="Disk full")
    await system.event(ours["key"], "cpu", summary="CPU hot")
    await system.event(ours["key"], "gone", summary="Was nothing")
    await system.event(ours["key"], "gone", action="resolve")
    await system.event(theirs["key"], "x", summary="Not ours")
    numbers = {summary: number for number, summary in enumerate(("Disk full", "CPU hot"), start=await first_number(system))}
    await prefer(system, team[1], before=["PT2H"])
    system.clock.advance(LOOK)
    assert [len(words) for words in await words_of(system, team[1])] == [1], "beforehand nothing is handed over"
    system.clock.advance(110 * MINUTE)
    assert (await system.api.post(f"/api/v1/incidents/{disk['incident_id']}/acknowledge")).status_code == 200
    system.clock.advance(LOOK)
    await system.run_due()
    for notice in notices(system):
        assert notice.paragraphs[1:] == (
            "Open now (2):",
            f"#{numbers['CPU hot']} triggered: CPU hot",
            f"#{numbers['Disk full']} acknowledged: Disk full",
        ), notice.subject


async def first_number(system: System) -> int:
    return min(int(one["number"]) for one in (await get(system.api, "/api/v1/incidents"))["items"])


# --- what people wish -------------------------------------------------------------------------------------------------------


async def test_a_preference_has_defaults_and_is_kept_in_order(system: System, team: list[Json]) -> None:
    path = f"/api/v1/users/{team[0]['id']}/handoff-notices"
    usual = {"before": [], "at_start": True, "at_end": True, "quiet_time": None}
    assert await get(system.api, path) == usual
    asked = {"before": ["P1D", 3600, "PT1H"], "at_end": False, "quiet_time": "PT3H"}
    expected = {"before": ["PT1H", "P1D"], "at_start": True, "at_end": False, "quiet_time": "PT3H"}
    assert await prefer(system, team[0], **asked) == expected
    assert await get(system.api, path) == expected
    assert await prefer(system, team[0]) == usual, "a PUT is the whole"


async def test_what_cannot_be_wished(system: System, team: list[Json]) -> None:
    path = f"/api/v1/users/{team[0]['id']}/handoff-notices"
    for what, wish in (
        ("no time at all", {"before": ["PT0S"]}),
        ("more than two weeks", {"before": ["P14DT1S"]}),
        ("six times", {"before": [f"PT{n}H" for n in range(1, 7)]}),
        ("no duration", {"before": ["soon"]}),
        ("a negative one", {"before": ["-PT1H"]}),
        ("no quiet time", {"quiet_time": "PT0S"}),
        ("more quiet than half a day", {"quiet_time": "PT12H1S"}),
        ("neither yes nor no", {"at_start": None}),
        ("a field we do not know", {"at_noon": True}),
    ):
        answer = await system.api.put(path, json=wish)
        assert problem(answer) == (422, "invalid"), what
        assert answer.json()["errors"][0]["loc"].startswith(f"body.{next(iter(wish))}"), what
    assert (await get(system.api, path))["before"] == []
    assert await prefer(system, team[0], before=["P14D"], quiet_time="PT12H")


async def test_people_wish_for_themselves_and_admins_for_everybody(system: System, team: list[Json]) -> None:
    ana, reader = await key_of(system, team[0]), await key_of(system, team[0], "read")
    own, other = (f"/api/v1/users/{user['id']}/handoff-notices" for user in team)
    assert (await ana.put(own, json={})).status_code == 200
    assert problem(await ana.put(other, json={})) == (403, "forbidden")
    assert (await ana.get(other)).status_code == (await reader.get(own)).status_code == 200
    assert (await reader.put(own, json={})).status_code == 403
    unknown = own.replace(team[0]["id"], UNKNOWN)
    assert (await system.api.get(unknown)).status_code == (await system.api.put(unknown, json={})).status_code == 404


# --- quiet hours after a night ----------------------------------------------------------------------------------------------


async def paged_at_three(system: System, schedule: str) -> None:
    """Bob, whose turn it is, is paged at 03:00; it is 05:59 then."""
    key = (await system.service([{"type": "schedule", "id": id_of(schedule)}]))["key"]
    await told(system, 15 * HOUR)
    await system.event(key)
    await system.event(key, action="resolve")
    await told(system, 3 * HOUR - MINUTE)


async def test_somebody_paged_at_night_has_their_first_hours_offered_to_whoever_is_next(
    system: System, payments: str, team: list[Json]
) -> None:
    ana, bob = team
    await prefer(system, bob, **QUIET)
    await paged_at_three(system, payments)
    assert (await get(system.api, f"{payments}/swaps"))["items"] == []
    assert await told(system, LOOK, "swap") == ["Ana: Bob offers Ana hours on call in Payments"]
    [offer] = (await get(system.api, f"{payments}/swaps"))["items"]
    assert {name: offer[name] for name in ("kind", "status", "start", "end", "note", "author")} == {
        "kind": "offer",
        "status": "open",
        "start": day("03-03 06:04"),
        "end": day("03-03 10:00"),
        "note": "Quiet time after the page at Tue 03 Mar 2026 03:00 (UTC).",
        "author": "oncall",
    }
    assert await who(system.api, payments) == "Bob", "until she takes them"
    assert (await (await key_of(system, ana)).post(f"{payments}/swaps/{offer['id']}/accept")).status_code == 200
    assert await who(system.api, payments) == "Ana"
    assert await who(system.api, payments, "03-03 10:00") == "Bob"


async def test_quiet_hours_are_offered_once_whatever_becomes_of_the_offer(system: System, payments: str, team: list[Json]) -> None:
    await prefer(system, team[1], **QUIET)
    await paged_at_three(system, payments)
    await told(system, LOOK)
    [offer] = (await get(system.api, f"{payments}/swaps"))["items"]
    ana = await key_of(system, team[0])
    assert (await ana.post(f"{payments}/swaps/{offer['id']}/decline")).status_code == 200
    await told(system)
    assert await told(system, HOUR, "swap") == await told(system, HOUR, "swap") == []
    assert len((await get(system.api, f"{payments}/swaps"))["items"]) == 1


async def test_the_morning_is_that_of_the_persons_own_zone_and_no_longer_than_their_shift(
    system: System, payments: str, team: list[Json]
) -> None:
    zone = {"time_zone": "Etc/GMT+5"}
    assert (await system.api.patch(f"/api/v1/users/{team[1]['id']}", json=zone, headers=ANY)).status_code == 200
    await prefer(system, team[1], **QUIET)
    await paged_at_three(system, payments)
    assert await told(system, 5 * HOUR, "swap") == [], "10:59 here, 05:59 there"
    assert await told(system, LOOK, "swap") == ["Ana: Bob offers Ana hours on call in Payments"]
    assert (await get(system.api, f"{payments}/swaps"))["items"][0]["end"] == day("03-03 14:00")


@pytest.mark.parametrize(
    ("what", "wish", "alone", "paged"),
    [
        ("nobody was paged", QUIET, False, False),
        ("nobody else is there", QUIET, True, True),
        ("they did not wish it", {}, False, True),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_no_quiet_hours_when(system: System, team: list[Json], what: str, wish: Json, alone: bool, paged: bool) -> None:
    schedule = await scheduled(system, always(team[1]) if alone else daily(*team))
    await prefer(system, team[1], **wish)
    await system.run_due()
    if paged:
        await paged_at_three(system, schedule)
    else:
        await told(system, 18 * HOUR - MINUTE)
    for wait in (MINUTE, HOUR, 3 * HOUR):
        assert await told(system, wait, "swap") == [], what
    assert (await get(system.api, f"{schedule}/swaps"))["items"] == []


async def test_a_page_of_the_day_before_is_no_page_at_night(system: System, payments: str, team: list[Json]) -> None:
    await prefer(system, team[1], **QUIET)
    key = (await system.service([{"type": "schedule", "id": id_of(payments)}]))["key"]
    await told(system, 10 * HOUR - MINUTE)
    await system.event(key)
    await system.event(key, action="resolve")
    assert await told(system, 8 * HOUR + 2 * MINUTE, "swap") == []
