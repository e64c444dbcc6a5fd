"""Edits with a date: now, in the future, replaced and withdrawn before they count; two editors at once; edits under fire."""

import asyncio
import json
from datetime import timedelta
from uuid import UUID

import pytest
from tests.schedules.asking import (
    ANY,
    Json,
    always,
    codes,
    day,
    edited,
    get,
    id_of,
    new_users,
    people,
    post,
    problem,
    refusal,
    rotating,
    scheduled,
    shifts,
    who,
    z,
)
from tests.system import System

from oncall.kit.db import Database
from oncall.kit.errors import Stale
from oncall.kit.ids import ScheduleId
from oncall.schedules.commands.editing import edit_schedule
from oncall.schedules.values import AuthoredSchedule

HOUR = timedelta(hours=1)
MARCH = ("03-02 09:00", "03-30 09:00")
AS_IT_WAS = ["03-02 09:00 Ana", "03-09 09:00 Bob", "03-16 09:00 Cem", "03-23 09:00 Ana"]


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team))


# --- from when on an edit counts --------------------------------------------------------------------------------------------


async def test_an_edit_counts_from_now_on_and_not_before(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[2]))
    assert await shifts(system.api, payments, *MARCH) == ["03-02 09:00 Ana", "03-02 12:00 Cem"]


async def test_an_edit_for_later_counts_from_then_on(system: System, payments: str, team: list[Json]) -> None:
    answer = await edited(system.api, payments, always(team[2]), effective_from=day("03-11 00:00"))
    assert answer["upcoming"] == [{"version": 2, "effective_from": day("03-11 00:00")}]
    assert [layer["name"] for layer in answer["layers"]] == ["primary"], "shown is what is in force"
    assert await shifts(system.api, payments, *MARCH) == ["03-02 09:00 Ana", "03-09 09:00 Bob", "03-11 00:00 Cem"]
    system.clock.advance(9 * 24 * HOUR)
    shown = await get(system.api, payments)
    assert ([layer["name"] for layer in shown["layers"]], shown["upcoming"]) == (["always"], [])


async def test_an_edit_asked_for_the_past_counts_from_now(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[2]), effective_from=day("02-01 00:00"))
    assert await shifts(system.api, payments, *MARCH) == ["03-02 09:00 Ana", "03-02 12:00 Cem"]
    assert (await get(system.api, f"{payments}/versions"))["items"][1]["effective_from"] == z(system.clock.at)


async def test_what_an_edit_leaves_out_stays_as_it_would_be_then(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, rotating(*team), rotating(team[2], name="nights"), effective_from=day("03-10 00:00"))
    answer = await edited(system.api, payments, time_zone="Asia/Tokyo", effective_from=day("03-20 00:00"))
    assert (answer["time_zone"], len(answer["layers"])) == ("UTC", 1)
    version = (await get(system.api, f"{payments}/versions"))["items"][2]
    assert (version["time_zone"], [layer["name"] for layer in version["layers"]]) == ("Asia/Tokyo", ["primary", "nights"])


async def test_a_version_is_replaced_by_one_for_the_same_instant(system: System, payments: str, team: list[Json]) -> None:
    for who_has_it in (team[1], team[2]):
        answer = await edited(system.api, payments, always(who_has_it), effective_from=day("03-11 00:00"))
    assert answer["upcoming"] == [{"version": 3, "effective_from": day("03-11 00:00")}]
    assert (await get(system.api, payments))["upcoming"] == answer["upcoming"]
    assert (await shifts(system.api, payments, *MARCH))[-1] == "03-11 00:00 Cem"
    first, replaced, last = (await get(system.api, f"{payments}/versions"))["items"]
    assert [one["withdrawn_at"] for one in (first, replaced, last)] == [None, z(system.clock.at), None]


@pytest.mark.parametrize("order", [("03-11 00:00", "03-20 00:00"), ("03-20 00:00", "03-11 00:00")])
async def test_versions_for_other_instants_stay(system: System, payments: str, team: list[Json], order: tuple[str, str]) -> None:
    users = {"03-11 00:00": team[1], "03-20 00:00": team[2]}
    for when in order:
        answer = await edited(system.api, payments, always(users[when]), effective_from=day(when))
    assert [one["effective_from"] for one in answer["upcoming"]] == [day(when) for when in sorted(order)]
    assert (await get(system.api, payments))["upcoming"] == answer["upcoming"]
    assert await shifts(system.api, payments, *MARCH) == ["03-02 09:00 Ana", "03-09 09:00 Bob", "03-11 00:00 Bob", "03-20 00:00 Cem"]


async def test_an_edit_now_does_not_touch_what_is_to_come_and_says_so(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[2]), effective_from=day("03-11 00:00"))
    answer = await edited(system.api, payments, always(team[1], name="now"))
    assert (await shifts(system.api, payments, *MARCH))[1:] == ["03-02 12:00 Bob", "03-11 00:00 Cem"]
    [said] = [warning for warning in answer["warnings"] if warning["code"] == "replaced_later"]
    assert said == {
        "code": "replaced_later",
        "message": "Version 2 takes effect on 2026-03-11 00:00 UTC and replaces what is in force until then.",
        "at": day("03-11 00:00"),
    }
    withdrawn = await system.api.delete(f"{payments}/versions/2", headers=ANY)
    assert "replaced_later" not in codes(withdrawn.json()["warnings"])


async def test_a_version_is_withdrawn_before_it_counts_and_never_after(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[2]), effective_from=day("03-11 00:00"))
    assert problem(await system.api.delete(f"{payments}/versions/2")) == (428, "if_match_required")
    assert problem(await system.api.delete(f"{payments}/versions/2", headers={"If-Match": '"1"'})) == (412, "stale")
    withdrawn = await system.api.delete(f"{payments}/versions/2", headers={"If-Match": '"2"'})
    assert (withdrawn.status_code, withdrawn.headers["ETag"], withdrawn.json()["upcoming"]) == (200, '"3"', [])
    assert await shifts(system.api, payments, *MARCH) == AS_IT_WAS
    for number in (1, 2, 99):
        assert problem(await system.api.delete(f"{payments}/versions/{number}", headers=ANY)) == (404, "not_found"), number


async def test_only_an_admin_withdraws_and_anybody_reads_the_versions(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, always(team[2]), effective_from=day("03-11 00:00"))
    key = (await post(system.api, "/api/v1/api-keys", name="reader", scope="respond"))["key"]
    async with system.client({"Authorization": f"Bearer {key}"}) as responder:
        assert problem(await responder.delete(f"{payments}/versions/2", headers=ANY)) == (403, "forbidden")
        assert len((await get(responder, f"{payments}/versions"))["items"]) == 2


async def test_the_versions_say_who_wrote_what_when_and_since_when_it_counts(system: System, payments: str, team: list[Json]) -> None:
    key = (await post(system.api, "/api/v1/api-keys", name="laptop", scope="admin", user_id=team[1]["id"]))["key"]
    system.clock.advance(HOUR)
    async with system.client({"Authorization": f"Bearer {key}"}) as bob:
        await edited(bob, payments, always(team[2]), effective_from=day("03-11 00:00"))
    await edited(system.api, payments, name="Money")
    told = [
        (one["version"], one["author"], one["created_at"], one["effective_from"], [layer["name"] for layer in one["layers"]])
        for one in (await get(system.api, f"{payments}/versions"))["items"]
    ]
    assert told == [
        (1, "environment admin key", day("03-02 12:00"), None, ["primary"]),
        (2, "Bob", day("03-02 13:00"), day("03-11 00:00"), ["always"]),
    ], "a new name is no new version of what the schedule says"


async def test_whom_a_coming_version_names_cannot_be_deleted_before_it(system: System, payments: str, team: list[Json]) -> None:
    [dee] = await new_users(system, "Dee")
    await edited(system.api, payments, rotating(dee, *team), effective_from=day("03-11 00:00"))
    assert problem(await system.api.delete(f"/api/v1/users/{dee['id']}")) == (409, "in_use")
    await system.api.delete(f"{payments}/versions/2", headers=ANY)
    assert (await system.api.delete(f"/api/v1/users/{dee['id']}")).status_code == 204


async def test_whom_only_a_former_version_names_can_be_deleted(system: System, payments: str, team: list[Json]) -> None:
    await edited(system.api, payments, rotating(*team[1:]), effective_from=day("03-11 00:00"))
    assert problem(await system.api.delete(f"/api/v1/users/{team[0]['id']}")) == (409, "in_use")
    system.clock.advance(9 * 24 * HOUR)
    await system.run_due()
    assert (await system.api.delete(f"/api/v1/users/{team[0]['id']}")).status_code == 204
    assert problem(await system.api.delete(f"/api/v1/users/{team[1]['id']}")) == (409, "in_use")
    assert await who(system.api, payments, "03-08 00:00") == "Ana (removed)"


async def test_a_date_that_cannot_be_is_refused(system: System, payments: str) -> None:
    for field, value in (
        ("effective_from", "2026-03-11"),
        ("effective_from", "2026-03-11T00:00:00"),
        ("effective_from", "2026-03-11T00:00:00.5Z"),
        ("continuation", "begin"),
    ):
        assert refusal(await system.api.patch(payments, json={"name": "x", field: value}, headers=ANY)) == (422, "invalid", field), value


# --- how the rotation goes on -----------------------------------------------------------------------------------------------


async def test_an_edit_leaves_whoever_is_on_call_unless_it_restarts(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    system.clock.advance(8 * 24 * HOUR)  # Bob's week
    await edited(system.api, payments, rotating(cem, bob, ana))
    assert await shifts(system.api, payments, "03-10 12:00", "03-30 09:00") == ["03-10 12:00 Bob", "03-16 09:00 Ana", "03-23 09:00 Cem"]
    await edited(system.api, payments, rotating(cem, bob, ana, starts="03-09 09:00"), continuation="restart")
    assert await shifts(system.api, payments, "03-10 12:00", "03-30 09:00") == ["03-10 12:00 Cem", "03-16 09:00 Bob", "03-23 09:00 Ana"]


async def test_edits_under_fire_change_no_hour_of_the_past_and_not_who_is_on_call(system: System, team: list[Json]) -> None:
    """In the middle of Bob's turn people are removed, moved and put back; half of the past is written down already and half is not."""
    ana, bob, cem = team
    payments = await scheduled(system, rotating(ana, bob, cem, unit="day", starts="03-02 18:00"))
    await post(system.api, f"{payments}/overrides", start=day("03-04 00:00"), end=day("03-04 06:30"), user_id=bob["id"], kind="add")
    await system.advance(step=12 * HOUR, days=4)
    system.clock.advance(84 * HOUR)
    now = system.clock.at
    week = {"since": z(now - 168 * HOUR), "until": z(now)}

    async def tiles() -> bytes:
        return (await system.api.get(f"{payments}/shifts", params=week)).content

    async def hours() -> list[str]:
        """What was said of every hour, without what was still to come: that may change."""
        told = [await get(system.api, f"{payments}/oncall", at=z(now - n * HOUR)) for n in range(168, 0, -1)]
        return [
            json.dumps(one if one["end"] < z(now) else one | {"end": None, "next": None, "users": people(one["users"])}) for one in told
        ]

    before = await tiles(), await hours()
    assert await who(system.api, payments) == "Bob"
    for order in ((bob, cem), (cem, bob), (bob,), (ana, cem, bob), (ana, bob, cem)):
        await edited(system.api, payments, rotating(*order, unit="day", starts="03-02 18:00"))
        assert await who(system.api, payments) == "Bob"
        assert await tiles() == before[0]
    await edited(system.api, payments, rotating(ana, cem, unit="week"))
    assert await who(system.api, payments) == "Cem", "whoever is removed is not on call any more: the next is"
    assert (await tiles(), await hours()) == before


# --- two editors at once ----------------------------------------------------------------------------------------------------


async def test_of_two_editors_of_one_version_the_second_is_told(system: System, payments: str, team: list[Json]) -> None:
    edits = [always(team[1]), always(team[2])]
    answers = await asyncio.gather(*(system.api.patch(payments, json={"layers": [layer]}, headers={"If-Match": '"1"'}) for layer in edits))
    assert sorted(answer.status_code for answer in answers) == [200, 412]
    won = ("Bob", "Cem")[[answer.status_code for answer in answers].index(200)]
    assert await who(system.api, payments) == won


async def test_edits_of_any_version_at_once_all_count(system: System, payments: str, team: list[Json]) -> None:
    changes: list[Json] = [{"name": "Money"}, {"time_zone": "Asia/Tokyo"}, {"layers": [always(team[2])]}]
    answers = await asyncio.gather(*(system.api.patch(payments, json=change, headers=ANY) for change in changes))
    assert sorted(answer.headers["ETag"] for answer in answers) == ['"2"', '"3"', '"4"']
    shown = await get(system.api, payments)
    assert (shown["name"], shown["time_zone"], [layer["name"] for layer in shown["layers"]]) == ("Money", "Asia/Tokyo", ["always"])


async def test_the_second_transaction_waits_for_the_first_and_sees_it(system: System, database: Database, payments: str) -> None:
    id, now = ScheduleId(UUID(id_of(payments))), system.clock.at

    async def edit_after(version: int | None) -> AuthoredSchedule:
        async with database.transaction() as tx:
            return await edit_schedule(tx, id, {"time_zone": "Asia/Tokyo"}, version=version, now=now)

    async with database.transaction() as tx:
        await edit_schedule(tx, id, {"name": "Money"}, version=1, now=now)
        stale, any_version = asyncio.create_task(edit_after(1)), asyncio.create_task(edit_after(None))
        await asyncio.wait([stale, any_version], timeout=0.2)
        assert [stale.done(), any_version.done()] == [False, False]
    with pytest.raises(Stale):
        await stale
    edited_after = await any_version
    assert (edited_after.name, edited_after.version) == ("Money", 3)


async def test_an_edit_that_waited_counts_after_the_one_it_waited_for(
    system: System, database: Database, payments: str, team: list[Json]
) -> None:
    """Its clock was read before that of the other; still what it leaves out is what the other wrote."""
    id, began = ScheduleId(UUID(id_of(payments))), system.clock.at
    system.clock.advance(timedelta(seconds=2))
    await edited(system.api, payments, always(team[2]))
    async with database.transaction() as tx:
        await edit_schedule(tx, id, {"time_zone": "Asia/Tokyo"}, version=None, now=began)
    shown = await get(system.api, payments)
    assert (shown["time_zone"], [layer["name"] for layer in shown["layers"]], shown["upcoming"]) == ("Asia/Tokyo", ["always"], [])


async def test_a_version_that_is_to_come_leaves_whoever_is_on_call_then_whatever_is_edited_before(
    system: System, payments: str, team: list[Json]
) -> None:
    [dee] = await new_users(system, "Dee")
    await edited(system.api, payments, rotating(*team, dee), effective_from=day("03-18 00:00"))
    await edited(system.api, payments, rotating(*reversed(team)), effective_from=day("03-04 00:00"))
    before = await who(system.api, payments, "03-17 23:00")
    assert await who(system.api, payments, "03-18 01:00") == before
    versions = (await get(system.api, f"{payments}/versions"))["items"]
    assert [(one["version"], one["withdrawn_at"] is None) for one in versions] == [(1, True), (2, False), (3, True), (4, True)]
