"""When somebody is next on call: in one schedule and in any, by whatever way they come to be."""

import pytest
from httpx import AsyncClient
from tests.schedules.asking import Json, always, day, get, id_of, new_users, post, problem, rotating, scheduled
from tests.system import System

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob, Cem and Dee, who takes no part."""
    return await new_users(system, "Ana", "Bob", "Cem", "Dee")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team[:3]))


async def next_of(api: AsyncClient, user: Json, schedule: str | None = None, **params: str) -> str | None:
    """ "Payments 03-09 09:00 to 03-16 09:00"."""
    path, more = (f"{schedule}/next-shift", {"user_id": user["id"]}) if schedule else (f"/api/v1/users/{user['id']}/next-shift", {})
    found = (await get(api, path, **more, **params))["next_shift"]
    if found is None:
        return None
    start, end = (at and at[5:16].replace("T", " ") for at in (found["start"], found["end"]))
    return f"{found['schedule']['name']} {start} to {end}"


async def test_the_next_shift_is_one_that_has_not_begun(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem, dee = team
    for user, expected in (
        (ana, "Payments 03-23 09:00 to 03-30 09:00"),
        (bob, "Payments 03-09 09:00 to 03-16 09:00"),
        (cem, "Payments 03-16 09:00 to 03-23 09:00"),
        (dee, None),
    ):
        assert await next_of(system.api, user, payments) == expected
        assert await next_of(system.api, user) == expected


async def test_after_an_instant(system: System, payments: str, team: list[Json]) -> None:
    for after, expected in (
        ("03-09 08:59", "03-09 09:00 to 03-16 09:00"),
        ("03-09 09:00", "03-30 09:00 to 04-06 09:00"),
        ("03-01 00:00", "03-09 09:00 to 03-16 09:00"),
        ("02-01 00:00", "02-16 09:00 to 02-23 09:00"),
    ):
        assert await next_of(system.api, team[1], payments, after=day(after)) == f"Payments {expected}"


async def test_of_several_schedules_the_first(system: System, payments: str, team: list[Json]) -> None:
    other = await scheduled(system, rotating(team[0], team[1], unit="day"), name="Daily")
    assert await next_of(system.api, team[1]) == "Daily 03-03 09:00 to 03-04 09:00"
    assert await next_of(system.api, team[1], payments) == "Payments 03-09 09:00 to 03-16 09:00"
    await system.api.delete(other)
    assert await next_of(system.api, team[1]) == "Payments 03-09 09:00 to 03-16 09:00", "a deleted one has no shifts"


async def test_a_shift_that_never_ends_has_no_end(system: System, team: list[Json]) -> None:
    await scheduled(system, always(team[3], effective_from=day("03-20 00:00")))
    assert await next_of(system.api, team[3]) == "Payments 03-20 00:00 to None"


async def test_through_an_override(system: System, payments: str, team: list[Json]) -> None:
    span = {"start": day("03-04 00:00"), "end": day("03-04 06:00")}
    made = await post(system.api, f"{payments}/overrides", **span, user_id=team[3]["id"])
    assert await next_of(system.api, team[3]) == "Payments 03-04 00:00 to 03-04 06:00"
    await system.api.delete(f"{payments}/overrides/{made['id']}")
    assert await next_of(system.api, team[3]) is None


async def test_through_a_temporary_schedule(system: System, payments: str, team: list[Json]) -> None:
    span = {"start": day("03-04 00:00"), "end": day("03-04 06:00")}
    shift = {"start": day("03-04 02:00"), "end": day("03-04 04:00"), "user_ids": [team[1]["id"], team[3]["id"]]}
    await post(system.api, f"{payments}/temporary-schedules", **span, shifts=[shift])
    assert await next_of(system.api, team[3]) == "Payments 03-04 02:00 to 03-04 04:00"


async def test_as_a_cover_and_as_the_cover_of_a_cover(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _, dee = team
    [eve] = await new_users(system, "Eve")
    span = {"start": day("03-04 00:00"), "end": day("03-06 00:00")}
    await post(system.api, f"/api/v1/users/{ana['id']}/unavailability", **span, cover_user_id=dee["id"])
    assert await next_of(system.api, dee) == "Payments 03-04 00:00 to 03-06 00:00"
    span = {"start": day("03-05 00:00"), "end": day("03-07 00:00")}
    await post(system.api, f"/api/v1/users/{dee['id']}/unavailability", **span, cover_user_id=eve["id"])
    assert await next_of(system.api, dee) == "Payments 03-04 00:00 to 03-05 00:00"
    assert await next_of(system.api, eve) == "Payments 03-05 00:00 to 03-06 00:00"
    assert await next_of(system.api, bob) == "Payments 03-09 09:00 to 03-16 09:00"


async def test_as_the_cover_of_a_team_and_of_a_temporary_shift(system: System, payments: str, team: list[Json]) -> None:
    _, bob, cem, dee = team
    group = await system.make("teams", name="Night watch")
    await system.make(f"teams/{group['id']}/members", user_id=cem["id"])
    await scheduled(system, rotating(bob, {"type": "team", "id": group["id"]}), name="Nights")
    span = {"start": day("03-10 00:00"), "end": day("03-12 00:00")}
    await post(system.api, f"/api/v1/users/{cem['id']}/unavailability", **span, cover_user_id=dee["id"])
    assert await next_of(system.api, dee) == "Nights 03-10 00:00 to 03-12 00:00"
    eve, fay = await new_users(system, "Eve", "Fay")
    lunch = {"start": day("03-03 12:00"), "end": day("03-03 13:00")}
    await post(system.api, f"{payments}/temporary-schedules", **lunch, shifts=[lunch | {"user_ids": [fay["id"]]}])
    await post(system.api, f"/api/v1/users/{fay['id']}/unavailability", **lunch, cover_user_id=eve["id"])
    assert await next_of(system.api, eve) == "Payments 03-03 12:00 to 03-03 13:00"


async def test_in_a_team_and_in_a_nested_schedule(system: System, team: list[Json]) -> None:
    ana, bob, cem, dee = team
    group = await system.make("teams", name="Night watch")
    inner = await scheduled(system, rotating(ana, dee, unit="day"), name="Inner")
    outer = await scheduled(
        system,
        rotating(bob, {"type": "schedule", "id": id_of(inner)}, {"type": "team", "id": group["id"]}),
        name="Outer",
    )
    await system.make(f"teams/{group['id']}/members", user_id=cem["id"])
    assert await next_of(system.api, dee) == "Inner 03-03 09:00 to 03-04 09:00"
    assert await next_of(system.api, dee, outer) == "Outer 03-09 09:00 to 03-10 09:00"
    assert await next_of(system.api, cem) == "Outer 03-16 09:00 to 03-23 09:00"


async def test_whom_or_what_nobody_knows_is_not_found(system: System, payments: str, team: list[Json]) -> None:
    for path, params in (
        (f"/api/v1/users/{UNKNOWN}/next-shift", {}),
        (f"{payments}/next-shift", {"user_id": UNKNOWN}),
        (f"/api/v1/schedules/{UNKNOWN}/next-shift", {"user_id": team[0]["id"]}),
    ):
        assert problem(await system.api.get(path, params=params)) == (404, "not_found"), path
    assert problem(await system.api.get(f"{payments}/next-shift")) == (422, "invalid")
