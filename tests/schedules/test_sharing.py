"""How a schedule is shared out, and a proposal for its coming turns, over REST; the numbers are worked out by hand."""

from datetime import timedelta

import pytest
from tests.schedules.asking import Json, always, day, get, new_users, post, problem, refusal, rotating, scheduled
from tests.system import System

UNKNOWN = "00000000-0000-7000-8000-000000000000"
WEEK = {"since": day("03-02 00:00"), "until": day("03-09 00:00")}


@pytest.fixture
async def team(system: System) -> list[Json]:
    """Ana and Bob, in UTC."""
    return await new_users(system, "Ana", "Bob")


@pytest.fixture
async def daily(system: System, team: list[Json]) -> str:
    """From midnight to midnight: Ana on Monday and Tuesday, Bob on Wednesday, and so on."""
    ana, bob = team
    return await scheduled(system, rotating(ana, ana, bob, unit="day", starts="03-02 00:00"))


# --- what was carried -------------------------------------------------------------------------------------------------------


async def test_hours_nights_and_weekends_of_a_week(system: System, daily: str, team: list[Json]) -> None:
    """Ana has five days, Sunday among them, Bob Wednesday and Saturday; a night is 22:00 to 06:00, so eight hours of every day."""
    told = await get(system.api, f"{daily}/fairness", **WEEK)
    ana, bob = told["people"]
    assert ana == {
        "user": {"id": team[0]["id"], "name": "Ana"},
        "hours": "P5D",
        "nights": "P1DT16H",
        "weekends": "P1D",
        "holidays": "PT0S",
        "shifts": 3,
        "longest_shift": "P2D",
        "part": 0.7143,
    }
    assert bob == {
        "user": {"id": team[1]["id"], "name": "Bob"},
        "hours": "P2D",
        "nights": "PT16H",
        "weekends": "P1D",
        "holidays": "PT0S",
        "shifts": 2,
        "longest_shift": "P1D",
        "part": 0.2857,
    }
    assert told["balance"] == {"total": 0.6, "hours": 0.4, "nights": 0.4, "weekends": 1.0, "holidays": 1.0}
    assert told["imbalances"] == [
        "Ana has 71 % of the hours; an equal share is 50 %.",
        "Ana has 71 % of the nights; an equal share is 50 %.",
    ]
    assert (told["since"], told["until"], told["uncovered"]) == (WEEK["since"], WEEK["until"], "PT0S")


async def test_public_holidays_are_those_of_the_country_or_of_a_part_of_it(system: System, daily: str) -> None:
    """8 March, Ana's Sunday, is a public holiday in Berlin and not in the rest of Germany."""
    germany = await get(system.api, f"{daily}/fairness", **WEEK, country="DE")
    berlin = await get(system.api, f"{daily}/fairness", **WEEK, country="DE", subdivision="BE")
    assert [one["holidays"] for one in germany["people"]] == ["PT0S", "PT0S"]
    assert [one["holidays"] for one in berlin["people"]] == ["P1D", "PT0S"]
    assert berlin["balance"]["holidays"] == 0.0


async def test_whoever_has_no_turn_in_the_range_is_there_with_nothing(system: System, team: list[Json]) -> None:
    weekly = await scheduled(system, rotating(*team, starts="03-02 00:00", effective_until=day("03-06 00:00")))
    told = await get(system.api, f"{weekly}/fairness", **WEEK)
    assert [(one["user"]["name"], one["hours"], one["part"]) for one in told["people"]] == [("Ana", "P4D", 1.0), ("Bob", "PT0S", 0.0)]
    assert (told["uncovered"], told["balance"]["total"]) == ("P3D", 0.0)


async def test_by_default_it_is_about_the_last_90_days_but_not_before_there_was_a_schedule(system: System, daily: str) -> None:
    system.clock.advance(timedelta(days=10))
    told = await get(system.api, f"{daily}/fairness")
    assert (told["since"], told["until"]) == (day("03-02 12:00"), day("03-12 12:00"))
    system.clock.advance(timedelta(days=90))
    assert (await get(system.api, f"{daily}/fairness"))["since"] == day("03-12 12:00")


# --- a proposal -------------------------------------------------------------------------------------------------------------


async def propose(system: System, schedule: str, until: str, **more: object) -> Json:
    answer = await system.api.post(f"{schedule}/fairness/proposal", json={"until": day(until)} | more)
    assert answer.status_code == 200, answer.text
    told: Json = answer.json()
    return told


def turns(told: Json) -> list[str]:
    return [f"{one['start'][5:16].replace('T', ' ')} {one['user'] and one['user']['name']}: {one['reason']}" for one in told["turns"]]


async def test_whoever_carried_least_has_the_next_turn(system: System, team: list[Json]) -> None:
    """Ana has carried three hours since the schedule was made, and has the running week."""
    weekly = await scheduled(system, rotating(*team))
    system.clock.advance(timedelta(hours=3))
    told = await propose(system, weekly, "03-23 08:00")
    assert turns(told) == ["03-09 09:00 Bob: least carried so far", "03-16 09:00 Ana: least carried so far"]
    assert [one["name"] for one in told["participants"]] == ["Bob", "Ana"], "a rotation that does the same"
    assert [(one["user"]["name"], one["hours"]) for one in told["people"]] == [("Ana", "P7DT3H"), ("Bob", "P7D")]
    assert (told["before"]["hours"], told["after"]["hours"]) == (0.0, 0.9825), "168 hours against 171"


async def test_nobody_has_a_turn_in_which_they_are_unavailable(system: System, team: list[Json]) -> None:
    ana, bob = team
    weekly = await scheduled(system, rotating(ana, bob))
    for start, end in (("03-10 00:00", "03-12 00:00"), ("03-24 00:00", "03-25 00:00")):
        await post(system.api, f"/api/v1/users/{bob['id']}/unavailability", start=day(start), end=day(end))
    await post(system.api, f"/api/v1/users/{ana['id']}/unavailability", start=day("03-23 09:00"), end=day("03-30 09:00"))
    told = await propose(system, weekly, "03-30 08:00")
    assert turns(told) == [
        "03-09 09:00 Ana: the only one free; Bob is unavailable",
        "03-16 09:00 Bob: least carried so far",
        "03-23 09:00 None: Ana and Bob are unavailable",
    ]
    assert told["participants"] is None


async def test_a_proposal_writes_nothing(system: System, daily: str) -> None:
    before = await get(system.api, daily)
    await propose(system, daily, "04-02 00:00")
    assert await get(system.api, daily) == before
    assert (await get(system.api, f"{daily}/overrides"))["items"] == []


async def test_a_year_of_one_person_is_told_in_full(system: System, team: list[Json]) -> None:
    """With what was carried before that is more than a year."""
    alone = await scheduled(system, rotating(team[0]))
    system.clock.advance(timedelta(days=180))
    answer = await system.api.post(f"{alone}/fairness/proposal", json={"until": "2027-08-29T00:00:00Z"})
    assert answer.status_code == 200, answer.text
    assert answer.json()["people"][0]["hours"] == "P544D", "180 days until now, and 52 weeks from next Monday on"


async def test_of_several_rotations_one_must_be_named(system: System, team: list[Json]) -> None:
    ana, bob = team
    two = await scheduled(system, rotating(ana, bob, name="days"), rotating(bob, ana, name="nights"), always(ana))
    layers = (await get(system.api, two))["layers"]
    refused = await system.api.post(f"{two}/fairness/proposal", json={"until": day("04-02 00:00")})
    assert refusal(refused) == (422, "invalid_schedule", "layer_id")
    assert f"days ({layers[0]['id']}), nights ({layers[1]['id']})" in refused.json()["detail"]
    told = await propose(system, two, "04-02 00:00", layer_id=layers[1]["id"])
    assert told["layer_id"] == layers[1]["id"]
    for id in (layers[2]["id"], UNKNOWN):
        refused = await system.api.post(f"{two}/fairness/proposal", json={"until": day("04-02 00:00"), "layer_id": id})
        assert refusal(refused) == (422, "invalid_schedule", "layer_id")


# --- what is refused --------------------------------------------------------------------------------------------------------


async def test_what_cannot_be_is_refused_with_its_field(system: System, daily: str) -> None:
    for what, asked, code, field in (
        ("a country there is not", {"country": "ZZ"}, "unknown_country", "country"),
        ("a country by its name", {"country": "Germany"}, "unknown_country", "country"),
        ("a subdivision there is not", {"country": "DE", "subdivision": "XX"}, "unknown_country", "subdivision"),
        ("a range of more than a year", {"until": "2027-03-05T00:00:00Z"}, "invalid_range", "until"),
    ):
        body = {"until": day("04-02 00:00")} | asked
        assert refusal(await system.api.post(f"{daily}/fairness/proposal", json=body)) == (422, code, field), what
        assert refusal(await system.api.get(f"{daily}/fairness", params=WEEK | asked)) == (422, code, field), what
    assert refusal(await system.api.post(f"{daily}/fairness/proposal", json={"until": day("03-01 00:00")})) == (
        422,
        "invalid_range",
        "until",
    )
    assert refusal(await system.api.post(f"{daily}/fairness/proposal", json={})) == (422, "invalid", "until")
    germany = await system.api.get(f"{daily}/fairness", params={"country": "Germany"})
    assert "did you mean DE (Germany)?" in germany.json()["detail"]


async def test_what_does_not_exist_is_not_found(system: System, daily: str) -> None:
    gone = f"/api/v1/schedules/{UNKNOWN}/fairness"
    assert problem(await system.api.get(gone)) == (404, "not_found")
    assert problem(await system.api.post(f"{gone}/proposal", json={"until": day("04-02 00:00")})) == (404, "not_found")
