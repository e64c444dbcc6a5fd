"""People who cannot be on call, who covers for them, whom that pages, and when somebody is next."""

from datetime import timedelta

import pytest
from httpx import AsyncClient
from tests.schedules.asking import (
    Json,
    always,
    day,
    edited,
    get,
    id_of,
    new_users,
    post,
    problem,
    refusal,
    rotating,
    scheduled,
    shifts,
    who,
    z,
)
from tests.system import System, to

from oncall.channels.values import PageMessage

HOUR = timedelta(hours=1)
UNKNOWN = "00000000-0000-7000-8000-000000000000"
THIS_WEEK = ("03-02 12:00", "03-09 09:00")


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem."""
    return await new_users(system, "Ana", "Bob", "Cem")


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team))


def path_of(user: Json) -> str:
    return f"/api/v1/users/{user['id']}/unavailability"


async def away(api: AsyncClient, user: Json, start: str, end: str, cover: Json | None = None, **more: object) -> Json:
    return await post(api, path_of(user), start=day(start), end=day(end), cover_user_id=cover["id"] if cover else None, **more)


async def client_of(system: System, user: Json | None, scope: str = "respond") -> AsyncClient:
    made = await post(system.api, "/api/v1/api-keys", name="laptop", scope=scope, user_id=user["id"] if user else None)
    return system.client({"Authorization": f"Bearer {made['key']}"})


# --- unavailable ------------------------------------------------------------------------------------------------------------


async def test_a_cover_has_the_turns_meanwhile(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    made = await away(system.api, ana, "03-04 00:00", "03-05 00:00", bob, reason="a wedding")
    assert made == {
        "id": made["id"],
        "user_id": ana["id"],
        "start": day("03-04 00:00"),
        "end": day("03-05 00:00"),
        "cover_user_id": bob["id"],
        "reason": "a wedding",
        "calendar_id": None,
        "author": "environment admin key",
        "created_at": z(system.clock.at),
        "warnings": [],
    }
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana", "03-04 00:00 Bob", "03-05 00:00 Ana"]
    reasons = (await get(system.api, f"{payments}/oncall", at=day("03-04 12:00")))["reasons"]
    assert [(one["kind"], one["id"]) for one in reasons[1:]] == [("unavailability", made["id"])]


async def test_without_a_cover_there_is_a_gap_that_says_why(system: System, payments: str, team: list[Json]) -> None:
    made = await away(system.api, team[0], "03-04 00:00", "03-05 00:00")
    assert (await shifts(system.api, payments, *THIS_WEEK))[1] == "03-04 00:00 nobody"
    answer = await get(system.api, f"{payments}/oncall", at=day("03-04 12:00"))
    assert (answer["source"]["kind"], answer["reasons"][-1]["id"]) == ("gap", made["id"])
    [gap] = [one for one in (await get(system.api, f"{payments}/warnings"))["items"] if one["code"] == "gap"]
    assert "since whoever's turn it is is unavailable and has no cover" in gap["message"]


async def test_it_counts_in_every_schedule_and_only_in_ones_own_turns(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    both = await scheduled(system, always(ana, cem), name="Both")
    await away(system.api, ana, "03-04 00:00", "03-16 09:00", bob)
    assert await shifts(system.api, both, "03-02 12:00", "03-05 00:00") == ["03-02 12:00 Ana + Cem", "03-04 00:00 Bob + Cem"]
    assert await who(system.api, payments, "03-12 00:00") == "Bob", "whose own turn it is"
    await away(system.api, cem, "03-04 00:00", "03-05 00:00", bob)
    assert await who(system.api, both, "03-04 12:00") == "Bob", "once"


async def test_whoever_covers_and_is_away_is_covered_in_turn(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    await away(system.api, ana, "03-03 00:00", "03-08 00:00", bob)
    await away(system.api, bob, "03-04 00:00", "03-05 00:00", cem)
    await away(system.api, bob, "03-06 00:00", "03-07 00:00")
    assert await shifts(system.api, payments, "03-03 00:00", "03-08 00:00") == [
        "03-03 00:00 Bob",
        "03-04 00:00 Cem",
        "03-05 00:00 Bob",
        "03-06 00:00 nobody",
        "03-07 00:00 Bob",
    ]


@pytest.mark.parametrize("length", [2, 3])
async def test_a_circle_of_covers_leaves_nobody(system: System, payments: str, team: list[Json], length: int) -> None:
    for n in range(length):
        await away(system.api, team[n], "03-04 00:00", "03-05 00:00", team[(n + 1) % length])
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana", "03-04 00:00 nobody", "03-05 00:00 Ana"]


async def test_an_override_counts_all_the_same(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    await away(system.api, ana, "03-04 00:00", "03-05 00:00", bob)
    await post(system.api, f"{payments}/overrides", start=day("03-04 12:00"), end=day("03-04 18:00"), user_id=ana["id"])
    assert await shifts(system.api, payments, "03-04 00:00", "03-05 00:00") == ["03-04 00:00 Bob", "03-04 12:00 Ana", "03-04 18:00 Bob"]


async def test_pages_go_to_the_cover_and_not_to_whoever_is_away(system: System) -> None:
    ana, bob, cem = [await system.user(name) for name in ("Ana", "Bob", "Cem")]
    payments = await scheduled(system, rotating(ana, bob, cem))
    key = (await system.service([{"type": "schedule", "id": id_of(payments)}], [to(cem)]))["key"]
    await away(system.api, ana, "03-02 13:00", "03-02 15:00", bob)
    for expected in ("Ana", "Bob", "Bob", "Ana"):
        await system.event(key)
        assert {message.recipient for message in system.email.sent if isinstance(message, PageMessage)} == {expected}
        await system.event(key, action="resolve")
        system.email.sent = []
        system.clock.advance(HOUR)


async def test_with_nobody_to_cover_the_next_step_is_paged_at_once(system: System) -> None:
    ana, cem = [await system.user(name) for name in ("Ana", "Cem")]
    payments = await scheduled(system, rotating(ana, cem))
    key = (await system.service([{"type": "schedule", "id": id_of(payments)}], [to(cem)]))["key"]
    await away(system.api, ana, "03-02 12:00", "03-02 15:00")
    await system.event(key)
    assert system.pages() == ["Cem"]


# --- taken back -------------------------------------------------------------------------------------------------------------


async def test_what_is_taken_back_while_it_runs_ends_now(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    made = await away(system.api, ana, "03-03 00:00", "03-06 00:00", bob)
    system.clock.advance(36 * HOUR)
    assert (await system.api.delete(f"{path_of(ana)}/{made['id']}")).status_code == 204
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana", "03-03 00:00 Bob", "03-04 00:00 Ana"]
    [shown] = (await get(system.api, path_of(ana)))["items"]
    assert (shown["start"], shown["end"]) == (day("03-03 00:00"), day("03-04 00:00"))
    assert problem(await system.api.delete(f"{path_of(ana)}/{made['id']}")) == (409, "unavailability_over")


async def test_what_is_taken_back_before_it_begins_is_gone(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    made = await away(system.api, ana, "03-03 00:00", "03-06 00:00", bob)
    assert (await system.api.delete(f"{path_of(ana)}/{made['id']}")).status_code == 204
    assert await shifts(system.api, payments, *THIS_WEEK) == ["03-02 12:00 Ana"]
    assert (await get(system.api, path_of(ana)))["items"] == []
    assert problem(await system.api.delete(f"{path_of(ana)}/{made['id']}")) == (404, "not_found")


async def test_what_is_over_stays(system: System, team: list[Json]) -> None:
    made = await away(system.api, team[0], "03-03 00:00", "03-04 00:00")
    system.clock.advance(36 * HOUR)
    assert problem(await system.api.delete(f"{path_of(team[0])}/{made['id']}")) == (409, "unavailability_over")
    assert problem(await system.api.delete(f"{path_of(team[1])}/{made['id']}")) == (404, "not_found"), "nor is it somebody else's"


async def test_a_start_in_the_past_is_now(system: System, payments: str, team: list[Json]) -> None:
    assert (await away(system.api, team[0], "03-01 00:00", "03-04 00:00"))["start"] == z(system.clock.at)
    assert await who(system.api, payments, "03-02 11:00") == "Ana"


async def test_a_list_is_read_by_range_and_page_by_page(system: System, team: list[Json]) -> None:
    for n in range(3, 8):
        await away(system.api, team[0], f"03-0{n} 00:00", f"03-0{n} 12:00", reason=str(n))
    first = await get(system.api, path_of(team[0]), limit=2)
    rest = await get(system.api, path_of(team[0]), limit=50, cursor=first["next_cursor"])
    assert [one["reason"] for one in first["items"] + rest["items"]] == ["3", "4", "5", "6", "7"]
    some = await get(system.api, path_of(team[0]), since=day("03-04 12:00"), until=day("03-06 00:00"))
    assert [one["reason"] for one in some["items"]] == ["5"], "half-open on both sides"


async def test_whoever_is_removed_covers_nobody_and_is_away_no_more(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, _ = team
    [dee] = await new_users(system, "Dee")
    await edited(system.api, payments, rotating(ana, bob))
    await away(system.api, ana, "03-03 00:00", "03-06 00:00", dee)
    await away(system.api, dee, "03-05 00:00", "03-07 00:00", bob)
    assert await shifts(system.api, payments, *THIS_WEEK) == [
        "03-02 12:00 Ana",
        "03-03 00:00 Dee",
        "03-05 00:00 Bob",
        "03-06 00:00 Ana",
    ]
    system.clock.advance(24 * HOUR)
    assert (await system.api.delete(f"/api/v1/users/{dee['id']}")).status_code == 204
    left = ["03-02 12:00 Ana", "03-03 00:00 Dee (removed)", "03-03 12:00 nobody", "03-06 00:00 Ana"]
    assert await shifts(system.api, payments, *THIS_WEEK) == left
    assert [one["cover_user_id"] for one in (await get(system.api, path_of(ana)))["items"]] == [dee["id"], None]


# --- who may, and what is refused -------------------------------------------------------------------------------------------


async def test_the_person_themselves_or_an_admin_says_it(system: System, team: list[Json]) -> None:
    ana, bob, _ = team
    span = {"start": day("03-04 00:00"), "end": day("03-05 00:00")}
    for caller, scope, status in (
        (ana, "respond", 201), (ana, "read", 403), (bob, "respond", 403), (None, "respond", 403), (bob, "admin", 201), (None, "admin", 201),
    ):  # fmt: skip
        async with await client_of(system, caller, scope) as client:
            assert (await client.post(path_of(ana), json=span)).status_code == status, (caller, scope)
            assert len((await get(client, path_of(ana)))["items"]) > 0, "anybody may read it"
    items = (await get(system.api, path_of(ana)))["items"]
    assert [one["author"] for one in items] == ["Ana", "Bob", "laptop"]
    async with await client_of(system, bob) as client:
        assert problem(await client.delete(f"{path_of(ana)}/{items[0]['id']}")) == (403, "forbidden")
    async with await client_of(system, ana) as client:
        assert (await client.delete(f"{path_of(ana)}/{items[2]['id']}")).status_code == 204
    assert (await system.client().post(path_of(ana), json=span)).status_code == 401


async def test_what_cannot_be_is_refused_with_its_field(system: System, team: list[Json]) -> None:
    span = {"start": day("03-05 00:00"), "end": day("03-06 00:00")}
    for what, change, code, field in (
        ("it ends before it begins", {"end": day("03-04 00:00")}, "invalid_unavailability", "end"),
        ("it is empty", {"end": day("03-05 00:00")}, "invalid_unavailability", "end"),
        ("it is over", {"start": day("03-01 00:00"), "end": day("03-02 12:00")}, "invalid_unavailability", "end"),
        ("it has no end to speak of", {"end": "2036-03-06T00:00:00Z"}, "invalid_unavailability", "end"),
        ("a cover whom nobody knows", {"cover_user_id": UNKNOWN}, "unknown_user", "cover_user_id"),
        ("no id", {"cover_user_id": "Bob"}, "invalid", "cover_user_id"),
        ("a time without an offset", {"start": "2026-03-05T00:00:00"}, "invalid", "start"),
        ("a fraction of a second", {"end": "2026-03-06T00:00:00.5Z"}, "invalid", "end"),
        ("two lines", {"reason": "a\nb"}, "invalid", "reason"),
        ("a field there is not", {"colour": "red"}, "invalid", "colour"),
    ):
        assert refusal(await system.api.post(path_of(team[0]), json=span | change)) == (422, code, field), what


async def test_nobody_covers_for_themselves_or_for_somebody_unknown(system: System, team: list[Json]) -> None:
    span = {"start": day("03-05 00:00"), "end": day("03-06 00:00")}
    own = await system.api.post(path_of(team[0]), json=span | {"cover_user_id": team[0]["id"]})
    assert refusal(own) == (422, "invalid_unavailability", "cover_user_id")
    for answer in (await system.api.post(path_of({"id": UNKNOWN}), json=span), await system.api.get(path_of({"id": UNKNOWN}))):
        assert problem(answer) == (404, "not_found")
