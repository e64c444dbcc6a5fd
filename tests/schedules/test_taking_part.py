"""Who may take part in a schedule beside people: teams, and other schedules; and what is refused."""

import asyncio
from datetime import timedelta

import pytest
from tests.schedules.asking import (
    ANY,
    Json,
    always,
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
)
from tests.system import System

UNKNOWN = "00000000-0000-7000-8000-000000000000"


@pytest.fixture
async def users(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def core(system: System, users: list[Json]) -> Json:
    """A team: Ana manages, Bob responds, Cem observes."""
    made = await system.make("teams", name="Core")
    for user, role in zip(users, ("manager", "responder", "observer"), strict=True):
        await system.make(f"teams/{made['id']}/members", user_id=user["id"], role=role)
    return made


def of(schedule: str) -> Json:
    """A schedule that takes part."""
    return {"type": "schedule", "id": id_of(schedule)}


def team(made: Json) -> Json:
    """A team that takes part."""
    return {"type": "team", "id": made["id"]}


async def stand_for(system: System, core: Json, schedule: str | None) -> int:
    body = {"schedule_id": schedule and id_of(schedule)}
    return (await system.api.patch(f"/api/v1/teams/{core['id']}", json=body, headers=ANY)).status_code


async def asked(system: System, *layers: Json, **more: object) -> tuple[int, str, str]:
    """How a new schedule is refused."""
    body = {"name": "x", "time_zone": "UTC", "layers": list(layers)} | more
    return refusal(await system.api.post("/api/v1/schedules", json=body))


# --- teams ------------------------------------------------------------------------------------------------------------------


async def test_a_team_without_a_schedule_is_its_responders_and_managers(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, rotating(team(core), users[2]))
    assert await shifts(system.api, payments, "03-02 12:00", "03-16 09:00") == ["03-02 12:00 Ana + Bob", "03-09 09:00 Cem"]


async def test_a_team_with_a_schedule_is_whoever_that_puts_on_call(system: System, core: Json, users: list[Json]) -> None:
    rota = await scheduled(system, rotating(*users, unit="day"), name="Rota")
    payments = await scheduled(system, rotating(team(core), users[2]))
    assert await stand_for(system, core, rota) == 200
    assert await shifts(system.api, payments, "03-02 12:00", "03-05 00:00") == ["03-02 12:00 Ana", "03-03 09:00 Bob", "03-04 09:00 Cem"]
    assert await stand_for(system, core, None) == 200
    assert await who(system.api, payments) == "Ana + Bob"


async def test_who_joins_or_leaves_a_team_has_its_turns_from_then_on(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, always(team(core)))
    await system.advance(step=timedelta(hours=1), hours=1)
    members = f"/api/v1/teams/{core['id']}/members"
    await system.api.put(f"{members}/{users[2]['id']}", json={"role": "responder"})
    assert await who(system.api, payments) == "Ana + Bob + Cem"
    await system.api.delete(f"{members}/{users[0]['id']}")
    assert await who(system.api, payments) == "Bob + Cem"
    assert await who(system.api, payments, "03-02 12:30") == "Ana + Bob", "the past is written down"


async def test_a_group_may_have_teams_and_nobody_is_on_call_twice(system: System, core: Json, users: list[Json]) -> None:
    group = {"type": "group", "members": [{"type": "user", "id": users[1]["id"]}, team(core), {"type": "user", "id": users[2]["id"]}]}
    assert await who(system.api, await scheduled(system, always(group))) == "Bob + Ana + Cem"


async def test_a_team_that_takes_part_is_not_deleted(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, always(team(core)))
    assert problem(await system.api.delete(f"/api/v1/teams/{core['id']}")) == (409, "in_use")
    await edited(system.api, payments, always(users[0]))
    assert (await system.api.delete(f"/api/v1/teams/{core['id']}")).status_code == 204


async def test_unavailability_counts_for_members_of_a_team(system: System, core: Json, users: list[Json]) -> None:
    ana, _, cem = users
    payments = await scheduled(system, always(team(core)))
    span = {"start": day("03-03 00:00"), "end": day("03-04 00:00"), "cover_user_id": cem["id"]}
    await post(system.api, f"/api/v1/users/{ana['id']}/unavailability", **span)
    assert await who(system.api, payments, "03-03 12:00") == "Cem + Bob"


# --- schedules in schedules -------------------------------------------------------------------------------------------------


async def test_a_schedule_has_a_turn_in_another(system: System, users: list[Json]) -> None:
    ana, bob, cem = users
    inner = await scheduled(system, rotating(ana, bob, unit="day"), name="Inner")
    outer = await scheduled(system, rotating(of(inner), cem), name="Outer")
    assert await shifts(system.api, outer, "03-08 00:00", "03-17 00:00") == [
        "03-08 00:00 Bob", "03-08 09:00 Ana", "03-09 09:00 Cem", "03-16 09:00 Ana",
    ]  # fmt: skip
    answer = await get(system.api, f"{outer}/oncall", at=day("03-08 10:00"))
    assert [(one["kind"], one["name"], one["within"]) for one in answer["reasons"]] == [
        ("layer", "primary", None),
        ("layer", "primary", id_of(inner)),
    ]
    assert (people(answer["users"]), answer["source"]["id"]) == ("Ana", answer["reasons"][0]["id"]), "the outer layer is the source"


async def test_what_changes_in_the_inner_one_changes_the_outer_one(system: System, users: list[Json]) -> None:
    ana, bob, cem = users
    inner = await scheduled(system, always(ana), name="Inner")
    middle = await scheduled(system, always(of(inner)), name="Middle")
    outer = await scheduled(system, always(of(middle), bob), name="Outer")
    await post(system.api, f"{inner}/overrides", start=day("03-03 00:00"), end=day("03-03 06:00"), user_id=cem["id"])
    await post(system.api, f"{middle}/overrides", start=day("03-03 03:00"), end=day("03-03 09:00"), kind="clear")
    assert await shifts(system.api, outer, "03-02 12:00", "03-04 00:00") == [
        "03-02 12:00 Ana + Bob",
        "03-03 00:00 Cem + Bob",
        "03-03 03:00 Bob",
        "03-03 09:00 Ana + Bob",
    ]
    reasons = (await get(system.api, f"{outer}/oncall", at=day("03-03 01:00")))["reasons"]
    assert [one["within"] for one in reasons] == [None, id_of(middle), id_of(inner)]
    assert reasons[2]["kind"] == "override"


async def test_a_gap_in_the_inner_one_lets_lower_layers_show(system: System, users: list[Json]) -> None:
    office = [{"type": "daily", "start_time": "09:00", "end_time": "17:00"}]
    inner = await scheduled(system, always(users[0], restrictions=office), name="Inner")
    outer = await scheduled(system, always(users[1], name="below"), always(of(inner)), name="Outer")
    assert await shifts(system.api, outer, "03-02 12:00", "03-03 12:00") == ["03-02 12:00 Ana", "03-02 17:00 Bob", "03-03 09:00 Ana"]


async def test_a_schedule_that_takes_part_is_not_deleted(system: System, users: list[Json]) -> None:
    inner = await scheduled(system, always(users[0]), name="Inner")
    outer = await scheduled(system, always(users[1]), name="Outer")
    await edited(system.api, outer, always(of(inner)), effective_from=day("03-10 00:00"))
    refused = await system.api.delete(inner)
    assert problem(refused) == (409, "in_use")
    assert refused.json()["detail"] == "Schedule Inner is still used by 1 schedule (Outer): change or delete those first."
    assert (await system.api.delete(outer)).status_code == 204
    assert (await system.api.delete(inner)).status_code == 204


async def test_a_schedule_in_itself_is_refused_by_name(system: System, core: Json, users: list[Json]) -> None:
    first = await scheduled(system, always(users[0]), name="First")
    second = await scheduled(system, always(of(first)), name="Second")
    third = await scheduled(system, always({"type": "group", "members": [of(second)]}), name="Third")
    for inner, way in ((first, "First → First"), (second, "First → Second → First"), (third, "First → Third → Second → First")):
        refused = await system.api.patch(first, json={"layers": [always(of(inner))]}, headers=ANY)
        assert refusal(refused) == (422, "nested_in_itself", "layers")
        assert refused.json()["detail"] == f"A schedule cannot take part in itself: {way}. Take one of them out."
    assert await stand_for(system, core, second) == 200
    refused = await system.api.patch(first, json={"layers": [always(team(core))]}, headers=ANY)
    assert refusal(refused) == (422, "nested_in_itself", "layers")
    assert "First → Second → First" in refused.json()["detail"], "through the team that Second stands for"
    assert await who(system.api, third) == "Ana"


async def test_a_circle_in_what_is_to_come_is_refused_as_well(system: System, users: list[Json]) -> None:
    first = await scheduled(system, always(users[0]), name="First")
    second = await scheduled(system, always(users[1]), name="Second")
    await edited(system.api, first, always(of(second)), effective_from=day("03-10 00:00"))
    body = {"layers": [always(of(first))], "effective_from": day("03-05 00:00")}
    assert refusal(await system.api.patch(second, json=body, headers=ANY)) == (422, "nested_in_itself", "layers")


async def test_a_team_is_not_given_a_schedule_that_it_takes_part_in(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, always(team(core), name="below"), rotating(users[2], team(core)))
    asked = {"schedule_id": id_of(payments)}
    answer = await system.api.patch(f"/api/v1/teams/{core['id']}", json=asked, headers={"If-Match": "*"})
    assert problem(answer) == (422, "nested_in_itself")
    outer = await scheduled(system, always({"type": "schedule", "id": id_of(payments)}), name="Outer")
    answer = await system.api.patch(f"/api/v1/teams/{core['id']}", json={"schedule_id": id_of(outer)}, headers={"If-Match": "*"})
    assert problem(answer) == (422, "nested_in_itself"), "through another as well"


async def test_a_team_is_not_given_a_schedule_that_was_deleted(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, always(users[0]))
    assert (await system.api.delete(payments)).status_code == 204
    answer = await system.api.patch(f"/api/v1/teams/{core['id']}", json={"schedule_id": id_of(payments)}, headers={"If-Match": "*"})
    assert answer.status_code == 422
    assert (await system.api.post("/api/v1/teams", json={"name": "New", "schedule_id": id_of(payments)})).status_code == 422


async def test_two_schedules_that_nest_each_other_at_once_do_not_both_get_through(system: System, users: list[Json]) -> None:
    one, other = await scheduled(system, always(users[0]), name="One"), await scheduled(system, always(users[0]), name="Other")

    async def nest(outer: str, inner: str) -> int:
        layers = [always({"type": "schedule", "id": id_of(inner)})]
        return (await system.api.patch(outer, json={"layers": layers}, headers={"If-Match": "*"})).status_code

    assert sorted(await asyncio.gather(nest(one, other), nest(other, one))) == [200, 422]


async def test_schedules_nest_five_deep(system: System, users: list[Json]) -> None:
    inner = await scheduled(system, always(users[0]))
    for depth in range(1, 6):
        inner = await scheduled(system, always({"type": "schedule", "id": id_of(inner)}), name=f"depth {depth}")
    layers = [always({"type": "schedule", "id": id_of(inner)})]
    answer = await system.api.post("/api/v1/schedules", json={"name": "six", "time_zone": "UTC", "layers": layers})
    assert problem(answer) == (422, "invalid_schedule")


async def test_leaving_a_team_changes_nothing_of_what_was(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, always(team(core)))
    then = f"{system.clock.at:%m-%d %H:%M}"
    before = await who(system.api, payments, then)
    system.clock.advance(timedelta(minutes=3))
    member = (await get(system.api, f"/api/v1/teams/{core['id']}/members"))["items"][0]["user"]["id"]
    assert (await system.api.delete(f"/api/v1/teams/{core['id']}/members/{member}")).status_code == 204
    assert await who(system.api, payments, then) == before
    assert await who(system.api, payments) != before


# --- what is refused --------------------------------------------------------------------------------------------------------


async def test_who_takes_part_is_in_the_team_that_owns_the_schedule(system: System, core: Json, users: list[Json]) -> None:
    dee, eve = await new_users(system, "Dee", "Eve")
    body = {"name": "x", "time_zone": "UTC", "team_id": core["id"]}
    refused = await system.api.post("/api/v1/schedules", json=body | {"layers": [rotating(users[0], eve, dee)]})
    assert refusal(refused) == (422, "not_in_team", "layers")
    assert refused.json()["detail"].startswith("Dee, Eve: not in the team that owns this schedule.")
    payments = await scheduled(system, rotating(*users), team_id=core["id"])
    fixed = {"name": "fixed", "shifts": [{"start": day("03-03 00:00"), "end": day("03-04 00:00"), "user_ids": [dee["id"]]}]}
    for layer in (rotating(dee), always(users[0], dee), fixed):
        assert problem(await system.api.patch(payments, json={"layers": [layer]}, headers=ANY)) == (422, "not_in_team"), layer["name"]
    cover = {"start": day("03-03 00:00"), "end": day("03-04 00:00"), "user_id": dee["id"]}
    assert (await system.api.post(f"{payments}/overrides", json=cover)).status_code == 201, "an override may name anybody"
    await edited(system.api, payments, rotating(dee), team_id=None)
    assert problem(await system.api.patch(payments, json={"team_id": core["id"]}, headers=ANY)) == (422, "not_in_team")


async def test_who_left_the_team_stays_in_the_rotation_until_it_is_edited(system: System, core: Json, users: list[Json]) -> None:
    payments = await scheduled(system, rotating(*users), team_id=core["id"])
    await system.api.delete(f"/api/v1/teams/{core['id']}/members/{users[0]['id']}")
    await edited(system.api, payments, name="Money", team_id=core["id"])
    assert await who(system.api, payments) == "Ana"
    assert problem(await system.api.patch(payments, json={"layers": [rotating(*users, unit="day")]}, headers=ANY)) == (422, "not_in_team")


async def test_a_team_nobody_is_in_yet_may_own_anything(system: System, users: list[Json]) -> None:
    empty = await system.make("teams", name="New")
    await scheduled(system, rotating(*users), team_id=empty["id"])


async def test_what_does_not_exist_takes_no_part(system: System, users: list[Json]) -> None:
    gone = await scheduled(system, always(users[0]), name="Gone")
    await system.api.delete(gone)
    for layer, code in (
        (always({"type": "user", "id": UNKNOWN}), "unknown_user"),
        (always({"type": "team", "id": UNKNOWN}), "unknown_team"),
        (always({"type": "schedule", "id": UNKNOWN}), "unknown_schedule"),
        (always(of(gone)), "unknown_schedule"),
        (always({"type": "group", "members": [{"type": "team", "id": UNKNOWN}]}), "unknown_team"),
    ):
        assert await asked(system, layer) == (422, code, "layers"), code
    assert await asked(system, team_id=UNKNOWN) == (422, "unknown_team", "team_id")
