"""Temporary schedules over REST: exactly these shifts in the place of the layers; set replaces a range, delete splits (GoAlert's rules)."""

from datetime import timedelta

import pytest
from httpx import Response
from tests.schedules.asking import Json, codes, day, edited, get, new_users, post, problem, refusal, rotating, scheduled, shifts, who, z
from tests.system import System

UNKNOWN = "00000000-0000-7000-8000-000000000000"
HOUR = timedelta(hours=1)
WEEK = ("03-02 12:00", "03-09 09:00")


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team))


def shift(start: str, end: str, *users: Json) -> Json:
    return {"start": day(start), "end": day(end), "user_ids": [user["id"] for user in users]}


def body(start: str, end: str, *of: Json) -> Json:
    return {"start": day(start), "end": day(end), "shifts": list(of)}


async def add(system: System, payments: str, start: str, end: str, *of: Json) -> Json:
    return await post(system.api, f"{payments}/temporary-schedules", **body(start, end, *of))


async def replace(system: System, payments: str, start: str, end: str, *of: Json) -> Response:
    return await system.api.put(f"{payments}/temporary-schedules", json=body(start, end, *of))


async def remove(system: System, payments: str, since: str, until: str) -> Response:
    return await system.api.delete(f"{payments}/temporary-schedules", params={"since": day(since), "until": day(until)})


async def spans(system: System, payments: str) -> list[str]:
    """Every temporary schedule of March: "03-04 00:00 to 03-05 00:00"."""
    found = await get(system.api, f"{payments}/temporary-schedules", since=day("03-01 00:00"), until=day("03-31 00:00"))
    return [" to ".join(one[end][5:16].replace("T", " ") for end in ("start", "end")) for one in found["items"]]


# --- what they say ----------------------------------------------------------------------------------------------------------


async def test_exactly_its_shifts_are_on_call_and_where_there_is_none_nobody(system: System, payments: str, team: list[Json]) -> None:
    _, bob, cem = team
    made = await add(
        system, payments, "03-04 00:00", "03-05 00:00", shift("03-04 06:00", "03-04 12:00", bob), shift("03-04 10:00", "03-04 18:00", cem)
    )
    assert await shifts(system.api, payments, *WEEK) == [
        "03-02 12:00 Ana",
        "03-04 00:00 nobody",
        "03-04 06:00 Bob",
        "03-04 10:00 Bob + Cem",
        "03-04 12:00 Cem",
        "03-04 18:00 nobody",
        "03-05 00:00 Ana",
    ]
    assert (await get(system.api, f"{payments}/oncall", at=day("03-04 07:00")))["source"] == {
        "kind": "temporary", "id": made["id"], "name": None,
    }  # fmt: skip
    assert codes(made["warnings"])[0] == "gap"


async def test_it_is_shown_as_it_was_written_with_its_author(system: System, payments: str, team: list[Json]) -> None:
    wanted = body("03-04 00:00", "03-05 00:00", shift("03-04 00:00", "03-05 00:00", *team))
    made = await post(system.api, f"{payments}/temporary-schedules", **wanted)
    made.pop("warnings")
    assert made == wanted | {"id": made["id"], "author": "environment admin key", "created_at": z(system.clock.at)}
    listed = await get(system.api, f"{payments}/temporary-schedules", since=day("03-04 12:00"), until=day("03-04 13:00"))
    assert listed["items"] == [made]
    for range_ in (("03-03 00:00", "03-04 00:00"), ("03-05 00:00", "03-06 00:00")):
        none = await get(system.api, f"{payments}/temporary-schedules", since=day(range_[0]), until=day(range_[1]))
        assert none["items"] == [], "half-open"


async def test_layers_edited_meanwhile_show_again_after_it(system: System, payments: str, team: list[Json]) -> None:
    _, bob, cem = team
    await add(system, payments, "03-04 00:00", "03-05 00:00", shift("03-04 00:00", "03-05 00:00", bob))
    await edited(system.api, payments, rotating(cem))
    assert await shifts(system.api, payments, *WEEK) == ["03-02 12:00 Cem", "03-04 00:00 Bob", "03-05 00:00 Cem"]


async def test_overrides_and_unavailability_apply_on_top(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    await add(system, payments, "03-04 00:00", "03-05 00:00", shift("03-04 00:00", "03-05 00:00", bob))
    span = {"start": day("03-04 06:00"), "end": day("03-04 08:00")}
    await post(system.api, f"/api/v1/users/{bob['id']}/unavailability", **span, cover_user_id=cem["id"])
    await post(system.api, f"{payments}/overrides", start=day("03-04 07:00"), end=day("03-05 12:00"), kind="add", user_id=ana["id"])
    await post(system.api, f"{payments}/overrides", start=day("03-04 20:00"), end=day("03-04 22:00"), user_id=cem["id"])
    assert await shifts(system.api, payments, "03-04 00:00", "03-05 01:00") == [
        "03-04 00:00 Bob",
        "03-04 06:00 Cem",
        "03-04 07:00 Cem + Ana",
        "03-04 08:00 Bob + Ana",
        "03-04 20:00 Cem",
        "03-04 22:00 Bob + Ana",
        "03-05 00:00 Ana",
    ]


# --- set replaces, delete splits --------------------------------------------------------------------------------------------


async def test_two_may_touch_and_not_overlap(system: System, payments: str, team: list[Json]) -> None:
    await add(system, payments, "03-04 00:00", "03-05 00:00")
    await add(system, payments, "03-05 00:00", "03-06 00:00")
    await add(system, payments, "03-03 00:00", "03-04 00:00")
    for start, end in (
        ("03-04 00:00", "03-05 00:00"),
        ("03-02 00:00", "03-03 00:01"),
        ("03-05 23:59", "03-09 00:00"),
        ("03-04 06:00", "03-04 07:00"),
    ):
        refused = await system.api.post(f"{payments}/temporary-schedules", json=body(start, end))
        assert refusal(refused) == (422, "invalid_temporary_schedule", "start"), start
    assert "This overlaps the temporary schedule from 2026-03-04 00:00 to 2026-03-05 00:00 UTC" in refused.json()["detail"]
    assert await spans(system, payments) == ["03-03 00:00 to 03-04 00:00", "03-04 00:00 to 03-05 00:00", "03-05 00:00 to 03-06 00:00"]


async def test_set_replaces_a_range_and_delete_gives_it_back(system: System, team: list[Json]) -> None:
    _, bob, cem = team
    for what, start, end, left in (
        ("the same range", "03-04 00:00", "03-06 00:00", ["03-04 00:00 to 03-06 00:00"]),
        ("its middle", "03-04 12:00", "03-05 12:00",
         ["03-04 00:00 to 03-04 12:00", "03-04 12:00 to 03-05 12:00", "03-05 12:00 to 03-06 00:00"]),
        ("its beginning and before", "03-03 00:00", "03-05 00:00", ["03-03 00:00 to 03-05 00:00", "03-05 00:00 to 03-06 00:00"]),
        ("its end and after", "03-05 00:00", "03-07 00:00", ["03-04 00:00 to 03-05 00:00", "03-05 00:00 to 03-07 00:00"]),
        ("more than it", "03-03 00:00", "03-07 00:00", ["03-03 00:00 to 03-07 00:00"]),
        ("right behind it", "03-06 00:00", "03-07 00:00", ["03-04 00:00 to 03-06 00:00", "03-06 00:00 to 03-07 00:00"]),
    ):  # fmt: skip
        payments = await scheduled(system, rotating(*team))
        await add(system, payments, "03-04 00:00", "03-06 00:00", shift("03-04 00:00", "03-06 00:00", bob))
        assert (await replace(system, payments, start, end, shift(start, end, cem))).status_code == 200
        assert await spans(system, payments) == left, what
        assert await shifts(system.api, payments, start, end) == [f"{start} Cem"], what
        assert (await remove(system, payments, start, end)).status_code == 204
        assert await spans(system, payments) == [span for span in left if not span.startswith(start)], what
        assert await shifts(system.api, payments, start, end) == [f"{start} Ana"], what
        outside = [at for at in ("03-04 00:00", "03-05 23:59") if not start <= at < end]
        assert [await who(system.api, payments, at) for at in outside] == ["Bob" for _ in outside], what


async def test_set_takes_several_at_once(system: System, payments: str, team: list[Json]) -> None:
    for n in range(3, 7):
        await add(system, payments, f"03-0{n} 00:00", f"03-0{n} 18:00", shift(f"03-0{n} 00:00", f"03-0{n} 18:00", team[1]))
    await replace(system, payments, "03-03 12:00", "03-06 06:00", shift("03-03 12:00", "03-06 06:00", team[2]))
    assert await spans(system, payments) == ["03-03 00:00 to 03-03 12:00", "03-03 12:00 to 03-06 06:00", "03-06 06:00 to 03-06 18:00"]
    assert await shifts(system.api, payments, "03-03 00:00", "03-07 00:00") == [
        "03-03 00:00 Bob", "03-03 12:00 Cem", "03-06 06:00 Bob", "03-06 18:00 Ana",
    ]  # fmt: skip


# --- what is past stays -----------------------------------------------------------------------------------------------------


async def test_a_running_one_is_cut_now_and_its_past_stays(system: System, payments: str, team: list[Json]) -> None:
    await add(system, payments, "03-03 00:00", "03-05 00:00", shift("03-03 00:00", "03-05 00:00", team[1]))
    system.clock.advance(24 * HOUR)
    assert (await remove(system, payments, "03-01 00:00", "03-10 00:00")).status_code == 204
    expected = ["03-02 12:00 Ana", "03-03 00:00 Bob", "03-03 12:00 Ana"]
    assert await shifts(system.api, payments, *WEEK) == expected
    await system.run_due()
    assert await shifts(system.api, payments, *WEEK) == expected, "also when it is written down"
    assert await spans(system, payments) == ["03-03 00:00 to 03-03 12:00"]
    assert problem(await remove(system, payments, "03-01 00:00", "03-10 00:00")) == (404, "not_found"), "there is nothing left"


async def test_setting_over_a_running_one_counts_from_now(system: System, payments: str, team: list[Json]) -> None:
    _, bob, cem = team
    await add(system, payments, "03-03 00:00", "03-05 00:00", shift("03-03 00:00", "03-05 00:00", bob))
    system.clock.advance(24 * HOUR)
    shown = (await replace(system, payments, "03-03 00:00", "03-04 00:00", shift("03-03 00:00", "03-04 00:00", cem))).json()
    assert (shown["start"], shown["shifts"][0]["start"]) == (z(system.clock.at), z(system.clock.at))
    assert await shifts(system.api, payments, *WEEK) == [
        "03-02 12:00 Ana", "03-03 00:00 Bob", "03-03 12:00 Cem", "03-04 00:00 Bob", "03-05 00:00 Ana",
    ]  # fmt: skip


async def test_whoever_is_removed_is_taken_out_from_now_on(system: System, payments: str, team: list[Json]) -> None:
    [dee] = await new_users(system, "Dee")
    await add(
        system,
        payments,
        "03-03 00:00",
        "03-05 00:00",
        shift("03-03 00:00", "03-04 00:00", dee, team[1]),
        shift("03-04 00:00", "03-05 00:00", dee),
    )
    system.clock.advance(24 * HOUR)
    assert (await system.api.delete(f"/api/v1/users/{dee['id']}")).status_code == 204
    assert await shifts(system.api, payments, *WEEK) == [
        "03-02 12:00 Ana", "03-03 00:00 Dee (removed) + Bob", "03-03 12:00 Bob", "03-04 00:00 Ana",
    ]  # fmt: skip


# --- what is refused --------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_is_refused_with_its_field(system: System, payments: str, team: list[Json]) -> None:
    ana = team[0]
    start, end = "03-04 00:00", "03-05 00:00"
    nobody = {"start": day(start), "end": day(end), "user_ids": []}
    for what, wanted, code, field in (
        ("it ends before it begins", body(end, start), "invalid_temporary_schedule", "end"),
        ("it is empty", body(start, start), "invalid_temporary_schedule", "end"),
        ("it is over", body("03-01 00:00", "03-02 12:00"), "invalid_temporary_schedule", "end"),
        ("a shift ends before it begins", body(start, end, shift(end, start, ana)), "invalid_temporary_schedule", "shifts.0.end"),
        ("a shift is empty", body(start, end, shift(start, start, ana)), "invalid_temporary_schedule", "shifts.0.end"),
        ("a shift has nobody", body(start, end, nobody), "invalid_temporary_schedule", "shifts.0.user_ids"),
        ("a shift begins before it", body(start, end, shift("03-03 23:59", end, ana)), "invalid_temporary_schedule", "shifts.0"),
        ("the second ends after it", body(start, end, shift(start, end, ana), shift(start, "03-05 00:01", ana)),
         "invalid_temporary_schedule", "shifts.1"),
        ("a shift of somebody unknown", body(start, end, shift(start, end, {"id": UNKNOWN})), "unknown_user", "shifts"),
        ("a fraction of a second", body(start, end) | {"end": "2026-03-05T00:00:00.5Z"}, "invalid", "end"),
        ("no shifts at all", {"start": day(start), "end": day(end)}, "invalid", "shifts"),
        ("a field there is not", body(start, end) | {"colour": "red"}, "invalid", "colour"),
    ):  # fmt: skip
        for write in (system.api.post, system.api.put):
            assert refusal(await write(f"{payments}/temporary-schedules", json=wanted)) == (422, code, field), what
    assert await spans(system, payments) == []


async def test_a_range_to_delete_or_read_is_one(system: System, payments: str) -> None:
    assert problem(await remove(system, payments, "03-05 00:00", "03-04 00:00")) == (422, "invalid_range")
    assert problem(await system.api.delete(f"{payments}/temporary-schedules", params={"since": day("03-04 00:00")})) == (422, "invalid")
    assert problem(await system.api.get(f"{payments}/temporary-schedules")) == (422, "invalid")
    assert problem(await remove(system, payments, "03-04 00:00", "03-05 00:00")) == (404, "not_found")
    assert problem(await remove(system, payments.replace(payments[-36:], UNKNOWN), "03-04 00:00", "03-05 00:00")) == (404, "not_found")


async def test_responders_set_them_and_readers_read_them(system: System, payments: str) -> None:
    for scope, status in (("read", 403), ("respond", 201)):
        key = (await post(system.api, "/api/v1/api-keys", name=scope, scope=scope))["key"]
        async with system.client({"Authorization": f"Bearer {key}"}) as client:
            assert (await client.post(f"{payments}/temporary-schedules", json=body("03-04 00:00", "03-05 00:00"))).status_code == status
            await get(client, f"{payments}/temporary-schedules", since=day("03-01 00:00"), until=day("03-31 00:00"))
