"""Who may propose, take, decline, withdraw and undo; what cannot be swapped; which swaps there are."""

import pytest
from tests.handoffs.swapping import (
    BOBS_NIGHT,
    DAY,
    NIGHT,
    OURS,
    SWAPPED,
    THESE_DAYS,
    UNKNOWN,
    Person,
    Team,
    act,
    key_of,
    make_team,
    offer,
    person,
    span,
    told,
    wish,
)
from tests.schedules.asking import codes, day, get, id_of, people, post, problem, refusal, rotating, scheduled, shifts, who
from tests.system import System


@pytest.fixture
async def team(system: System) -> Team:
    return await make_team(system)


# --- who may ----------------------------------------------------------------------------------------------------------------


@pytest.fixture
async def owned(system: System) -> tuple[Team, Person]:
    """A schedule of a team: Ana and Bob respond, Cem manages; and Dee, who is not in it."""
    ana, bob, cem, dee = [await person(system, name) for name in ("Ana", "Bob", "Cem", "Dee")]
    made = await system.make("teams", name="Payments")
    for who_, role in ((ana, "responder"), (bob, "responder"), (cem, "manager")):
        await system.make(f"teams/{made['id']}/members", user_id=who_.id, role=role)
    return Team(ana, bob, cem, await scheduled(system, rotating(ana.row, bob.row), team_id=made["id"])), dee


async def test_a_manager_of_the_schedules_team_acts_for_others(system: System, owned: tuple[Team, Person]) -> None:
    team, _ = owned
    made = await offer(team.cem, team.payments, team.bob, user_id=team.ana.id)
    assert (made["giver"]["name"], made["author"]) == ("Ana", "Cem")
    assert await told(system) == [("Bob", "Ana offers Bob hours on call in Payments")]
    assert (await act(team.cem, team.payments, made, "accept", user_id=team.bob.id))["decided_by"] == "Cem"
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED
    assert (await act(team.cem, team.payments, made, "undo", user_id=team.ana.id))["status"] == "undone"
    again = await offer(team.cem, team.payments, team.bob, user_id=team.ana.id, take_now=True)
    assert again["status"] == "taken"


async def test_nobody_else_acts_for_others(system: System, owned: tuple[Team, Person]) -> None:
    team, dee = owned
    made = await offer(team.ana, team.payments, team.bob)
    for by in (team.ana, dee):
        answer = await by.api.post(f"{team.payments}/swaps/{made['id']}/accept", json={"user_id": team.bob.id})
        assert problem(answer) == (403, "forbidden")
        assert answer.json()["detail"].startswith("Only the person themselves, a manager of the team that owns this schedule, or an admin")
    assert problem(await team.bob.api.post(f"{team.payments}/swaps", json=wish("offer", user_id=team.ana.id))) == (403, "forbidden")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS


async def test_an_admin_acts_for_anybody_and_withdraws_and_undoes_without_saying_for_whom(system: System, team: Team) -> None:
    path = f"{team.payments}/swaps"
    made = await post(system.api, path, **wish("offer", team.bob, user_id=team.ana.id))
    assert problem(await system.api.post(f"{path}/{made['id']}/accept")) == (422, "user_needed")
    assert (await system.api.post(f"{path}/{made['id']}/accept", json={"user_id": team.bob.id})).status_code == 200
    assert (await system.api.post(f"{path}/{made['id']}/undo")).json()["status"] == "undone"
    again = await post(system.api, path, **wish("ask", team.ana, user_id=team.bob.id))
    assert (await system.api.post(f"{path}/{again['id']}/withdraw")).json()["status"] == "withdrawn"


async def test_only_the_other_side_answers_and_only_the_proposer_withdraws(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob)
    strangers = {"accept": (team.ana, team.cem), "decline": (team.ana, team.cem), "withdraw": (team.bob, team.cem)}
    for verb, people_ in strangers.items():
        for by in people_:
            answer = await by.api.post(f"{team.payments}/swaps/{made['id']}/{verb}")
            assert problem(answer) == (403, "forbidden"), f"{by.row['name']} may not {verb}"
    assert (await get(system.api, f"{team.payments}/swaps/{made['id']}"))["status"] == "open"


async def test_only_the_two_undo_and_nobody_declines_what_is_for_everybody(team: Team) -> None:
    made = await offer(team.ana, team.payments)
    assert problem(await team.bob.api.post(f"{team.payments}/swaps/{made['id']}/decline")) == (422, "invalid_swap")
    assert problem(await team.ana.api.post(f"{team.payments}/swaps/{made['id']}/accept")) == (403, "forbidden")
    assert problem(await team.ana.api.post(f"{team.payments}/swaps/{made['id']}/undo")) == (409, "swap_not_open")
    await act(team.bob, team.payments, made, "accept")
    assert problem(await team.cem.api.post(f"{team.payments}/swaps/{made['id']}/undo")) == (403, "forbidden")


async def test_a_key_that_reads_looks_and_does_not_act(system: System, team: Team) -> None:
    reader = await key_of(system, team.bob.row, "read")
    made = await offer(team.ana, team.payments, team.bob)
    assert (await get(reader, f"{team.payments}/swaps"))["items"][0]["id"] == made["id"]
    assert (await reader.post(f"{team.payments}/swaps/{made['id']}/accept")).status_code == 403
    assert (await reader.post(f"{team.payments}/swaps", json=wish("offer"))).status_code == 403
    assert (await system.client().get(f"{team.payments}/swaps")).status_code == 401


# --- warnings and refusals --------------------------------------------------------------------------------------------------


async def test_the_answer_warns_of_whoever_is_away_or_cannot_be_reached(system: System, team: Team) -> None:
    dee = await system.user("Dee", channel=None)
    await post(system.api, f"/api/v1/users/{team.bob.id}/unavailability", **span(*NIGHT))
    bobs = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob), "accept")
    assert codes(bobs["warnings"]) == ["unavailable"]
    assert await who(system.api, team.payments, "03-05 00:00") == "Bob", "it counts all the same"
    asked = wish("ask", team.ana, ("03-06 20:00", "03-07 08:00"), user_id=dee["id"], take_now=True)
    assert codes((await post(system.api, f"{team.payments}/swaps", **asked))["warnings"]) == ["no_verified_contact_method"]


PAST, REVERSED = span("03-01 00:00", "03-02 12:00"), span(*reversed(NIGHT))


REFUSED = [
    ("reversed", REVERSED, (422, "invalid_swap", "end")),
    ("without length", {"end": day(NIGHT[0])}, (422, "invalid_swap", "end")),
    ("past", PAST, (422, "invalid_swap", "end")),
    ("longer than a year", {"end": "2027-03-10T00:00:00Z"}, (422, "invalid_swap", "end")),
    ("with oneself", {"with_user_id": "ana"}, (422, "invalid_swap", "with_user_id")),
    ("with somebody unknown", {"with_user_id": UNKNOWN}, (422, "unknown_user", "with_user_id")),
    ("when the giver is not on call", span(*BOBS_NIGHT), (422, "invalid_swap", "start")),
    ("asking somebody who is not on call", {"kind": "ask", "with_user_id": "bob"}, (422, "invalid_swap", "start")),
    ("asking nobody", {"kind": "ask"}, (422, "invalid_swap", "with_user_id")),
    ("at once with nobody", {"take_now": True}, (422, "invalid_swap", "with_user_id")),
    ("in return for nothing, reversed", {"with_user_id": "bob", "in_return": REVERSED}, (422, "invalid_swap", "in_return.end")),
    ("in return of what is over", {"with_user_id": "bob", "in_return": PAST}, (422, "invalid_swap", "in_return.end")),
    (
        "in return of years",
        {"with_user_id": "bob", "in_return": {"start": day("03-11 00:00"), "end": "2027-03-13T00:00:00Z"}},
        (422, "invalid_swap", "in_return.end"),
    ),
    ("in return of nobody", {"in_return": span(*BOBS_NIGHT)}, (422, "invalid_swap", "with_user_id")),
    ("in return of hours that are not theirs", {"with_user_id": "bob", "in_return": span(*NIGHT)}, (422, "invalid_swap", "in_return")),
    ("of no kind", {"kind": "gift"}, (422, "invalid", "kind")),
    ("in half seconds", {"start": "2026-03-04T20:00:00.5Z"}, (422, "invalid", "start")),
    ("without an offset", {"start": "2026-03-04T20:00:00"}, (422, "invalid", "start")),
    ("with a field we do not know", {"price": 5}, (422, "invalid", "price")),
]


async def test_what_cannot_be_proposed_says_where_and_tells_nobody(system: System, team: Team) -> None:
    people_ = {"ana": team.ana.id, "bob": team.bob.id}
    for what, change, refused in REFUSED:
        asked = {name: people_.get(str(value), value) for name, value in (wish("offer") | change).items()}
        assert refusal(await team.ana.api.post(f"{team.payments}/swaps", json=asked)) == refused, what
    assert (await get(system.api, f"{team.payments}/swaps"))["items"] == []
    assert await told(system) == []


async def test_a_key_of_nobody_says_for_whom(system: System, team: Team) -> None:
    robot = await key_of(system, None)
    assert refusal(await robot.post(f"{team.payments}/swaps", json=wish("offer"))) == (422, "user_needed", "user_id")
    assert problem(await robot.post(f"{team.payments}/swaps", json=wish("offer", user_id=team.ana.id))) == (403, "forbidden")
    asked = wish("offer", user_id=UNKNOWN)
    assert refusal(await system.api.post(f"{team.payments}/swaps", json=asked)) == (422, "unknown_user", "user_id")


PARTS = [
    ("that begins before", span("03-04 19:00", "03-04 22:00"), "start"),
    ("that ends after", span("03-05 07:00", "03-05 09:00"), "start"),
    ("reversed", span("03-04 23:00", "03-04 22:00"), "start"),
    ("without an end", {"start": day("03-04 22:00")}, "end"),
    ("without a start", {"end": day("03-04 22:00")}, "start"),
]


async def test_a_part_that_cannot_be_taken(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    for what, part, field in PARTS:
        answer = await team.bob.api.post(f"{team.payments}/swaps/{made['id']}/accept", json=part)
        assert refusal(answer) == (422, "invalid_swap", field), what
    assert (await get(system.api, f"{team.payments}/swaps/{made['id']}"))["status"] == "open"


async def test_of_an_exchange_no_part_is_taken(team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob, in_return=span(*BOBS_NIGHT))
    answer = await team.bob.api.post(f"{team.payments}/swaps/{made['id']}/accept", json=span("03-04 22:00", "03-05 02:00"))
    assert refusal(answer) == (422, "invalid_swap", "start")


async def test_what_does_not_exist_is_not_found(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    other = await scheduled(system, name="Other")
    unknown = team.payments.replace(id_of(team.payments), UNKNOWN)
    for path in (f"{other}/swaps/{made['id']}", f"{team.payments}/swaps/{UNKNOWN}", f"{unknown}/swaps/{made['id']}"):
        assert problem(await system.api.get(path)) == (404, "not_found")
        for verb in ("accept", "decline", "withdraw", "undo"):
            assert problem(await team.bob.api.post(f"{path}/{verb}")) == (404, "not_found")
    assert problem(await system.api.get(f"{unknown}/swaps")) == (404, "not_found")
    assert problem(await team.ana.api.post(f"{unknown}/swaps", json=wish("offer"))) == (404, "not_found")


# --- the list ---------------------------------------------------------------------------------------------------------------


async def test_an_open_one_whose_hours_have_passed_is_expired(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob)
    system.clock.advance(3 * DAY)
    path = f"{team.payments}/swaps/{made['id']}"
    assert (await get(system.api, path))["status"] == "expired"
    for by, verb in ((team.bob, "accept"), (team.bob, "decline"), (team.ana, "withdraw"), (team.ana, "undo")):
        answer = await by.api.post(f"{path}/{verb}")
        assert problem(answer) == (409, "swap_not_open")
        assert "expired" in answer.json()["detail"]


async def test_swaps_are_listed_in_order_of_creation_by_status_and_in_pages(system: System, team: Team) -> None:
    hours = [(f"03-0{n} 10:00", f"03-0{n} 12:00") for n in (3, 4, 5, 6, 7, 8)]
    made = [await offer(team.ana, team.payments, team.bob, each) for each in hours]
    for swap, by, verb in zip(
        made[1:], (team.bob, team.bob, team.ana, team.bob), ("accept", "decline", "withdraw", "accept"), strict=False
    ):
        await act(by, team.payments, swap, verb)
    await act(team.ana, team.payments, made[4], "undo")
    system.clock.advance(DAY)
    path = f"{team.payments}/swaps"
    statuses = ["expired", "taken", "declined", "withdrawn", "undone", "open"]
    assert [(one["id"], one["status"]) for one in (await get(system.api, path))["items"]] == [
        (swap["id"], status) for swap, status in zip(made, statuses, strict=True)
    ]
    for swap, status in zip(made, statuses, strict=True):
        assert [one["id"] for one in (await get(system.api, path, status=status))["items"]] == [swap["id"]]
    first = await get(system.api, path, limit=4)
    rest = await get(system.api, path, limit=4, cursor=first["next_cursor"])
    assert ([one["id"] for one in first["items"] + rest["items"]], rest["next_cursor"]) == ([one["id"] for one in made], None)
    assert problem(await system.api.get(path, params={"status": "lost"})) == (422, "invalid")


async def test_who_swapped_stays_true_when_an_account_is_gone(system: System, team: Team) -> None:
    dee = await person(system, "Dee")
    taken = await act(dee, team.payments, await offer(team.ana, team.payments, dee), "accept")
    assert (await system.api.delete(f"/api/v1/users/{dee.id}")).status_code == 204
    shown = await get(system.api, f"{team.payments}/swaps/{taken['id']}")
    assert (people([shown["giver"], shown["taker"]]), shown["status"]) == ("Ana + Dee (removed)", "taken")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
