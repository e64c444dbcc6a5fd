"""What an edit would change, before it is made; and what a careful colleague says about what was written."""

import pytest
from tests.schedules.asking import (
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
)
from tests.system import System

from oncall.schedules.values import AdviceCode

UNKNOWN = "00000000-0000-7000-8000-000000000000"
MARCH = {"since": day("03-02 12:00"), "until": day("03-30 09:00")}
NEW_YORK = "America/New_York"
HALF_PAST_TWO = [{"type": "daily", "start_time": "02:15", "end_time": "02:45"}]


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana, Bob and Cem, whom a page reaches."""
    made = await new_users(system, "Ana", "Bob", "Cem")
    for user in made:
        method = {"channel": "email", "address": user["email"], "verified": True}
        await post(system.api, f"/api/v1/users/{user['id']}/contact-methods", **method)
    return made


@pytest.fixture
async def payments(system: System, team: list[Json]) -> str:
    """Ana, Bob, Cem, week by week; it is Monday, 2 March, 12:00, in Ana's first week."""
    return await scheduled(system, rotating(*team))


async def preview(system: System, payments: str | None, *layers: Json, **more: object) -> Json:
    body = {"schedule_id": payments and id_of(payments), "time_zone": "UTC", "layers": list(layers)} | MARCH | more
    answer = await system.api.post("/api/v1/schedules/preview", json=body)
    assert answer.status_code == 200, answer.text
    seen: Json = answer.json()
    return seen


def tiles(shown: list[Json]) -> list[str]:
    return [f"{one['start'][5:16].replace('T', ' ')} {people(one['users'])}" for one in shown]


def changes(shown: Json) -> list[str]:
    return [f"{one['start'][5:16].replace('T', ' ')} {people(one['before'])} → {people(one['after'])}" for one in shown["changes"]]


def spans(shown: list[Json]) -> list[str]:
    return [" to ".join(one[end][5:10] for end in ("start", "end")) for one in shown]


# --- previews ---------------------------------------------------------------------------------------------------------------


async def test_a_preview_shows_before_and_after_and_who_gains_and_loses_what(system: System, payments: str, team: list[Json]) -> None:
    seen = await preview(system, payments, rotating(team[0], team[2]))
    assert tiles(seen["before"]) == ["03-02 12:00 Ana", "03-09 09:00 Bob", "03-16 09:00 Cem", "03-23 09:00 Ana"]
    assert tiles(seen["after"]) == ["03-02 12:00 Ana", "03-09 09:00 Cem", "03-16 09:00 Ana", "03-23 09:00 Cem"]
    assert changes(seen) == ["03-09 09:00 Bob → Cem", "03-16 09:00 Cem → Ana", "03-23 09:00 Ana → Cem"]
    told = [(one["user"]["name"], one["before"], one["after"], spans(one["gains"]), spans(one["loses"])) for one in seen["people"]]
    assert told == [
        ("Bob", "P7D", "PT0S", [], ["03-09 to 03-16"]),
        ("Cem", "P7D", "P14D", ["03-09 to 03-16", "03-23 to 03-30"], ["03-16 to 03-23"]),
        ("Ana", "P13DT21H", "P13DT21H", ["03-16 to 03-23"], ["03-23 to 03-30"]),
    ], "most change first"
    assert seen["warnings"] == []


async def test_nothing_is_written(system: System, payments: str, team: list[Json]) -> None:
    before = await get(system.api, payments), await get(system.api, f"{payments}/versions")
    await preview(system, payments, always(team[2]), effective_from=day("03-09 00:00"))
    await preview(system, None, always(team[2]))
    assert (await get(system.api, payments), await get(system.api, f"{payments}/versions")) == before
    assert len((await get(system.api, "/api/v1/schedules"))["items"]) == 1


async def test_what_is_seen_is_what_happens(system: System, team: list[Json]) -> None:
    for how in (
        {},
        {"effective_from": day("03-11 00:00")},
        {"effective_from": day("02-01 00:00")},
        {"continuation": "restart"},
        {"time_zone": NEW_YORK},
    ):
        payments = await scheduled(system, rotating(*team))
        await edited(system.api, payments, rotating(team[2], *team), effective_from=day("03-20 00:00"))
        await post(system.api, f"{payments}/overrides", start=day("03-12 00:00"), end=day("03-13 00:00"), user_id=team[0]["id"])
        layers = (rotating(team[2], team[1], unit="day"), rotating(team[0], name="nights", precedence=-1))
        seen = await preview(system, payments, *layers, **how)
        await edited(system.api, payments, *layers, **how)
        told = (await get(system.api, f"{payments}/shifts", **MARCH))["items"]
        assert tiles(seen["after"]) == tiles(told), how


async def test_a_new_schedule_has_no_before(system: System, team: list[Json]) -> None:
    seen = await preview(system, None, rotating(*team[:2], effective_until=day("03-16 09:00")))
    assert (seen["before"], tiles(seen["after"])) == ([], ["03-02 12:00 Ana", "03-09 09:00 Bob", "03-16 09:00 nobody"])
    assert changes(seen) == ["03-02 12:00 nobody → Ana", "03-09 09:00 nobody → Bob"]
    assert [(one["before"], one["after"]) for one in seen["people"]] == [("PT0S", "P7D"), ("PT0S", "P6DT21H")]
    assert "gap" in codes(seen["warnings"])


async def test_a_preview_of_what_has_its_turns_in_another_schedule(system: System, payments: str, team: list[Json]) -> None:
    seen = await preview(system, None, always({"type": "schedule", "id": id_of(payments)}))
    assert tiles(seen["after"]) == ["03-02 12:00 Ana", "03-09 09:00 Bob", "03-16 09:00 Cem", "03-23 09:00 Ana"]


async def test_a_preview_of_the_past_changes_nothing_there(system: System, payments: str, team: list[Json]) -> None:
    seen = await preview(system, payments, always(team[2]), since=day("02-23 09:00"), until=day("03-09 09:00"))
    assert tiles(seen["after"]) == ["02-23 09:00 Cem", "03-02 09:00 Ana", "03-02 12:00 Cem"]


async def test_readers_may_look(system: System, payments: str, team: list[Json]) -> None:
    key = (await post(system.api, "/api/v1/api-keys", name="reader", scope="read"))["key"]
    async with system.client({"Authorization": f"Bearer {key}"}) as reader:
        body = {"time_zone": "UTC", "layers": [always(team[0])]} | MARCH
        assert (await reader.post("/api/v1/schedules/preview", json=body)).status_code == 200


async def test_what_could_not_be_written_is_refused(system: System, payments: str, team: list[Json]) -> None:
    core = await system.make("teams", name="Core")
    await system.make(f"teams/{core['id']}/members", user_id=team[0]["id"])
    whole = {"time_zone": "UTC", "layers": [always(team[0])]} | MARCH
    for what, change, code, field in (
        ("a range that ends before it begins", {"until": day("03-01 00:00")}, "invalid_range", "until"),
        ("a range of more than a year", {"until": "2027-03-05T00:00:00Z"}, "invalid_range", "until"),
        ("no range", {"until": None}, "invalid", "until"),
        ("a zone there is not", {"time_zone": "Mars/Olympus"}, "invalid", "time_zone"),
        ("somebody unknown", {"layers": [always({"id": UNKNOWN})]}, "unknown_user", "layers"),
        ("an unknown team takes part", {"layers": [always({"type": "team", "id": UNKNOWN})]}, "unknown_team", "layers"),
        ("an unknown team owns it", {"team_id": UNKNOWN}, "unknown_team", "team_id"),
        ("an unknown schedule takes part", {"layers": [always({"type": "schedule", "id": UNKNOWN})]}, "unknown_schedule", "layers"),
        ("itself takes part", {"layers": [always({"type": "schedule", "id": id_of(payments)})]}, "nested_in_itself", "layers"),
        ("somebody of another team", {"team_id": core["id"], "layers": [always(team[1])]}, "not_in_team", "layers"),
        ("two without a rotation", {"layers": [always(team[0]) | {"participants": [{"type": "vacant"}] * 2}]}, "invalid_schedule",
         "layers.0.rotation"),
    ):  # fmt: skip
        body = whole | {"schedule_id": id_of(payments)} | change
        assert refusal(await system.api.post("/api/v1/schedules/preview", json=body)) == (422, code, field), what
    assert problem(await system.api.post("/api/v1/schedules/preview", json=whole | {"schedule_id": UNKNOWN})) == (404, "not_found")


# --- warnings ---------------------------------------------------------------------------------------------------------------


async def test_where_there_is_nothing_to_say_nothing_is_said(system: System, payments: str, team: list[Json]) -> None:
    assert (await get(system.api, f"{payments}/warnings"))["items"] == []
    assert (await edited(system.api, payments, rotating(team[1], team[0])))["warnings"] == []
    cover = {"start": day("03-03 00:00"), "end": day("03-04 00:00"), "user_id": team[2]["id"]}
    assert (await post(system.api, f"{payments}/overrides", **cover))["warnings"] == []


SAYINGS = """
gap 03-09 00:00
    Nobody is on call from Mon 2026-03-09 00:00 (UTC) to Sun 2026-05-31 12:00 (UTC) in the next 90 days (92.8 % of the
    time).
short_or_long_turn 03-07 14:00
    The turn of layer primary that begins Sat 2026-03-07 09:00 (America/New_York) lasts 23 h instead of 24 h, because
    the clocks change (Bob).
handoff_in_clock_change 03-08 07:00
    Layer primary hands off at 02:30, which does not exist on 2026-03-08 in America/New_York: it happens at 03:00 then.
restriction_vanishes 03-08 07:00
    Layer lunch is active from 02:15 for 0 h 30 min, which does not exist on 2026-03-08 in America/New_York: it is not
    active then.
imbalance always
    Layer primary is not balanced: Ana has 75 % of its hours and Bob 25 %, over whole rounds of the rotation.
no_verified_contact_method always
    Dee has no verified contact method: a page goes to the account e-mail as a last resort, and the next step at once.
useless_layer always
    Layer empty has no participants, so it never puts anybody on call.
useless_layer always
    Layer never has an empty list of restrictions, so it is never active; null is always.
useless_layer always
    Layer over has ended: its effective_until is past.
useless_layer always
    Layer below never shows in the next 90 days: layers above it always have somebody. Give it a higher precedence.
"""


async def test_every_warning_has_its_sentence(system: System, team: list[Json]) -> None:
    ana, bob, _ = team
    [dee] = await new_users(system, "Dee")
    said: list[Json] = []
    for zone, *layers in (
        ("UTC", always(ana, effective_until=day("03-09 00:00"))),
        (NEW_YORK, rotating(ana, bob, unit="day")),
        (NEW_YORK, rotating(ana, bob, starts="03-01 02:30")),
        (NEW_YORK, always(ana), always(bob, name="lunch", restrictions=HALF_PAST_TWO)),
        ("UTC", rotating(ana, ana, ana, bob)),
        ("UTC", always(dee)),
        ("UTC", always(ana), always(name="empty"), always(bob, name="never", restrictions=[])),
        ("UTC", always(ana), always(bob, name="over", effective_until=day("03-01 00:00"))),
        ("UTC", always(ana, name="below"), always(bob, name="above")),
    ):
        made = await post(system.api, "/api/v1/schedules", name="x", time_zone=zone, layers=layers)
        said += made["warnings"]
        assert made["warnings"] == (await get(system.api, f"/api/v1/schedules/{made['id']}/warnings"))["items"]
        await system.api.delete(f"/api/v1/schedules/{made['id']}")
    told = " ".join(f"{one['code']} {one['at'][5:16].replace('T', ' ') if one['at'] else 'always'} {one['message']}" for one in said)
    assert told == " ".join(SAYINGS.split())
    elsewhere = {
        "nothing_changes",
        "not_proven_on_silent",
        "unreachable",
        "unavailable",
        "on_two_schedules",
        "replaced_later",
    }
    assert {*codes(said), *elsewhere} == set(AdviceCode)


async def test_whoever_is_on_two_schedules_at_once_is_named_on_both(system: System, payments: str, team: list[Json]) -> None:
    made = await post(system.api, "/api/v1/schedules", name="Second", time_zone=NEW_YORK, layers=[always(team[1])])
    assert made["warnings"] == [
        {
            "code": "on_two_schedules",
            "message": "Bob is on call in Payments as well, first at Mon 2026-03-09 05:00 (America/New_York): "
            "two pages at once reach one person.",
            "at": day("03-09 09:00"),
        }
    ]
    [warning] = (await get(system.api, f"{payments}/warnings"))["items"]
    assert warning["message"].startswith("Bob is on call in Second as well, first at Mon 2026-03-09 09:00 (UTC)")
    nested = [always({"type": "schedule", "id": id_of(payments)})]
    made = await post(system.api, "/api/v1/schedules", name="Outer", time_zone="UTC", layers=nested)
    assert [one["message"][:44] for one in made["warnings"]] == ["Bob is on call in Second as well, first at M"], "not with what is in it"


async def test_an_override_is_told_what_it_does_not_do(system: System, payments: str, team: list[Json]) -> None:
    ana, bob, cem = team
    [dee] = await new_users(system, "Dee")
    span = {"start": day("03-04 00:00"), "end": day("03-05 00:00")}
    await post(system.api, f"/api/v1/users/{bob['id']}/unavailability", **span)
    await scheduled(system, always(cem), name="Second")
    for asked, expected in (
        ({"user_id": ana["id"]}, ["nothing_changes"]),
        ({"user_id": bob["id"]}, ["unavailable"]),
        ({"user_id": cem["id"]}, ["on_two_schedules"]),
        ({"user_id": dee["id"], "kind": "add"}, ["no_verified_contact_method"]),
        ({"user_id": ana["id"], "kind": "remove"}, ["nothing_changes"]),
        ({"kind": "clear"}, ["gap"]),
        ({"user_id": bob["id"], "replaces_user_id": ana["id"], "kind": "replace"}, ["nothing_changes", "unavailable"]),
    ):
        made = await post(system.api, f"{payments}/overrides", **span, **asked)
        assert codes(made["warnings"]) == expected, asked
        sentences = {one["code"]: one["message"] for one in made["warnings"]}
        if "unavailable" in expected:
            assert sentences["unavailable"] == "Bob said that they are unavailable then; an override counts all the same."
        if "nothing_changes" in expected:
            assert sentences["nothing_changes"] == "This changes nobody: the same people are on call then without it."
    covered = {"cover_user_id": dee["id"]}
    await post(system.api, f"/api/v1/users/{cem['id']}/unavailability", **span, **covered)
    await post(system.api, f"/api/v1/users/{dee['id']}/unavailability", **span)
    made = await post(system.api, f"{payments}/overrides", **span, user_id=cem["id"])
    assert codes(made["warnings"]) == ["unavailable"], "not the absence of his cover, who is not asked"


# --- gaps -------------------------------------------------------------------------------------------------------------------


async def test_gaps_are_told_with_the_part_that_is_covered(system: System, payments: str, team: list[Json]) -> None:
    assert await get(system.api, f"{payments}/gaps") == {"items": [], "coverage": 1.0}
    await post(system.api, f"{payments}/overrides", start=day("03-04 00:00"), end=day("03-05 00:00"), kind="clear")
    await post(system.api, f"{payments}/overrides", start=day("03-05 00:00"), end=day("03-05 12:00"), kind="clear")
    range_ = {"since": day("03-03 00:00"), "until": day("03-08 00:00")}
    one_gap = {"start": day("03-04 00:00"), "end": day("03-05 12:00")}
    assert await get(system.api, f"{payments}/gaps", **range_) == {"items": [one_gap], "coverage": 0.7}
    assert (await get(system.api, f"{payments}/gaps"))["items"] == [one_gap], "the next 90 days"
    assert (await get(system.api, f"{payments}/gaps", until=day("03-04 00:00")))["items"] == []
    await edited(system.api, payments, always(team[0], effective_until="2026-06-01T00:00:00Z"))
    assert (await get(system.api, f"{payments}/gaps"))["items"] == [one_gap], "what is beyond them is not told"


async def test_a_range_of_gaps_is_one(system: System, payments: str) -> None:
    backwards = await system.api.get(f"{payments}/gaps", params={"until": day("03-01 00:00")})
    assert problem(backwards) == (422, "invalid_range")
    assert problem(await system.api.get(f"{payments}/gaps", params={"until": "2027-03-05T00:00:00Z"})) == (422, "invalid_range")
    assert problem(await system.api.get(f"/api/v1/schedules/{UNKNOWN}/gaps")) == (404, "not_found")
