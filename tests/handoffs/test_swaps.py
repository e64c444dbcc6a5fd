"""Hours that change hands: proposed, taken, taken in part, exchanged, undone; who is told, and who is on call at each step."""

import asyncio

import pytest
from tests.handoffs.swapping import BOBS_NIGHT, DAY, HOUR, NIGHT, OURS, SWAPPED, THESE_DAYS, Team, act, make_team, offer, span, told, wish
from tests.schedules.asking import day, get, id_of, post, problem, shifts, who, z
from tests.system import System

from oncall.channels.values import NoticeMessage, PageMessage


@pytest.fixture
async def team(system: System) -> Team:
    return await make_team(system)


# --- step by step -----------------------------------------------------------------------------------------------------------


async def test_an_offer_to_one_changes_nothing_until_it_is_accepted(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob, note="A concert.")
    assert made == {
        "id": made["id"],
        "schedule_id": id_of(team.payments),
        "kind": "offer",
        "status": "open",
        "giver": {"id": team.ana.id, "name": "Ana"},
        "taker": {"id": team.bob.id, "name": "Bob"},
        **span(*NIGHT),
        "in_return": None,
        "note": "A concert.",
        "author": "Ana",
        "created_at": z(system.clock.at),
        "decided_by": None,
        "decided_at": None,
        "override_ids": [],
        "warnings": [],
    }
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
    assert await told(system) == [("Bob", "Ana offers Bob hours on call in Payments")]
    system.clock.advance(HOUR)
    taken = await act(team.bob, team.payments, made, "accept")
    decided = {"status": "taken", "decided_by": "Bob", "decided_at": z(system.clock.at), "override_ids": taken["override_ids"]}
    assert taken == made | decided
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED
    assert await told(system) == [(name, "Swapped: Bob is on call in Payments for Ana") for name in ("Ana", "Bob")]
    shown = await get(system.api, f"{team.payments}/swaps/{made['id']}")
    assert {**shown, "warnings": []} == taken


async def test_what_was_taken_is_an_override_that_says_for_whom(system: System, team: Team) -> None:
    taken = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob), "accept")
    [override] = (await get(system.api, f"{team.payments}/overrides"))["items"]
    assert [override["id"]] == taken["override_ids"]
    assert {name: override[name] for name in ("kind", "start", "end", "user_id", "replaces_user_id", "reason", "author")} == {
        "kind": "replace",
        **span(*NIGHT),
        "user_id": team.bob.id,
        "replaces_user_id": team.ana.id,
        "reason": "swap: for Ana",
        "author": "Bob",
    }


async def test_the_notice_says_when_on_the_readers_wall_why_and_how_to_answer(system: System, team: Team) -> None:
    zone = {"time_zone": "Asia/Tokyo"}
    assert (await system.api.patch(f"/api/v1/users/{team.bob.id}", json=zone, headers={"If-Match": "*"})).status_code == 200
    made = await offer(team.ana, team.payments, team.bob, note="A concert.", in_return=span(*BOBS_NIGHT))
    await system.run_due()
    [notice] = [one for one in system.email.sent if isinstance(one, NoticeMessage)]
    path = f"{team.payments}/swaps/{made['id']}"
    assert notice.paragraphs == (
        "From Thu 05 Mar 2026 05:00 to Thu 05 Mar 2026 17:00 (Asia/Tokyo).",
        "In return: from Thu 12 Mar 2026 05:00 to Thu 12 Mar 2026 17:00.",
        "A concert.",
        f"To answer: POST {path}/accept or {path}/decline. Until then nothing changes.",
    )


async def test_an_offer_to_everybody_is_taken_by_whoever_comes_first(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    assert made["taker"] is None
    assert await told(system) == [], "nobody in particular"
    taken = await act(team.cem, team.payments, made, "accept")
    assert taken["taker"] == {"id": team.cem.id, "name": "Cem"}
    assert await who(system.api, team.payments, "03-05 00:00") == "Cem"
    assert await told(system) == [(name, "Swapped: Cem is on call in Payments for Ana") for name in ("Ana", "Cem")]


async def test_whoever_asks_for_hours_gets_them_when_their_owner_agrees(system: System, team: Team) -> None:
    made = await post(team.bob.api, f"{team.payments}/swaps", **wish("ask", team.ana))
    assert (made["giver"]["name"], made["taker"]["name"]) == ("Ana", "Bob")
    assert await told(system) == [("Ana", "Bob asks to take Ana's hours on call in Payments")]
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
    assert (await act(team.ana, team.payments, made, "accept"))["decided_by"] == "Ana"
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED


@pytest.mark.parametrize(("verb", "status"), [("decline", "declined"), ("withdraw", "withdrawn")])
async def test_one_that_is_declined_or_withdrawn_changes_nothing(system: System, team: Team, verb: str, status: str) -> None:
    made = await offer(team.ana, team.payments, team.bob)
    await told(system)
    by = {"decline": team.bob, "withdraw": team.ana}[verb]
    assert (await act(by, team.payments, made, verb))["status"] == status
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
    assert await told(system) == [(name, f"Swap {status}: Ana's hours on call in Payments") for name in ("Ana", "Bob")]
    assert problem(await team.bob.api.post(f"{team.payments}/swaps/{made['id']}/accept")) == (409, "swap_not_open")


async def test_whoever_asks_may_take_at_once(system: System, team: Team) -> None:
    taken = await post(team.bob.api, f"{team.payments}/swaps", **wish("ask", team.ana, take_now=True))
    assert (taken["status"], taken["decided_by"], len(taken["override_ids"])) == ("taken", "Bob", 1)
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED
    assert await told(system) == [(name, "Swapped: Bob is on call in Payments for Ana") for name in ("Ana", "Bob")]


async def test_nobodys_hours_are_forced_upon_them_but_by_an_admin(system: System, team: Team) -> None:
    asked = wish("offer", team.bob, take_now=True, user_id=team.ana.id)
    assert problem(await team.ana.api.post(f"{team.payments}/swaps", json=asked)) == (403, "forbidden")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
    taken = await post(system.api, f"{team.payments}/swaps", **asked)
    assert (taken["status"], taken["author"], taken["decided_by"]) == ("taken", "environment admin key", "environment admin key")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED


async def test_a_swap_of_hours_that_run_begins_now(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob, ("03-02 00:00", "03-02 20:00"))
    assert made["start"] == z(system.clock.at)
    system.clock.advance(2 * HOUR)
    assert (await act(team.bob, team.payments, made, "accept"))["start"] == z(system.clock.at)
    assert await shifts(system.api, team.payments, "03-02 09:00", "03-03 00:00") == [
        "03-02 09:00 Ana",
        "03-02 14:00 Bob",
        "03-02 20:00 Ana",
    ]


async def test_pages_follow_the_swap(system: System, team: Team) -> None:
    key = (await system.service([{"type": "schedule", "id": id_of(team.payments)}]))["key"]
    hours = ("03-02 13:00", "03-02 14:00")
    await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob, hours), "accept")
    for expected in ("Ana", "Bob", "Ana"):
        await system.event(key)
        assert {message.recipient for message in system.email.sent if isinstance(message, PageMessage)} == {expected}
        await system.event(key, action="resolve")
        system.email.sent = []
        system.clock.advance(HOUR)


# --- undone -----------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("by", ["ana", "bob"])
async def test_either_of_the_two_undoes_it_before_it_begins(system: System, team: Team, by: str) -> None:
    taken = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob), "accept")
    await told(system)
    undone = await act(getattr(team, by), team.payments, taken, "undo")
    assert (undone["status"], undone["decided_by"]) == ("undone", by.title())
    assert await shifts(system.api, team.payments, *THESE_DAYS) == OURS
    assert (await get(system.api, f"{team.payments}/overrides"))["items"] == []
    assert await told(system) == [(name, "Swap undone: Ana's hours on call in Payments") for name in ("Ana", "Bob")]
    assert problem(await team.ana.api.post(f"{team.payments}/swaps/{taken['id']}/undo")) == (409, "swap_not_open")


async def test_what_is_undone_while_it_runs_ends_now_and_what_was_stays(system: System, team: Team) -> None:
    taken = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob), "accept")
    system.clock.advance(3 * DAY - 10 * HOUR)
    assert await who(system.api, team.payments) == "Bob"
    await act(team.ana, team.payments, taken, "undo")
    assert await who(system.api, team.payments) == "Ana"
    assert await shifts(system.api, team.payments, *THESE_DAYS) == ["03-04 00:00 Ana", "03-04 20:00 Bob", "03-05 02:00 Ana"]


async def test_one_whose_override_was_taken_back_by_hand_is_undone_all_the_same(system: System, team: Team) -> None:
    taken = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob, in_return=span(*BOBS_NIGHT)), "accept")
    assert (await system.api.delete(f"{team.payments}/overrides/{taken['override_ids'][0]}")).status_code == 204
    assert (await act(team.ana, team.payments, taken, "undo"))["status"] == "undone"
    assert await shifts(system.api, team.payments, "03-02 12:00", "03-16 09:00") == ["03-02 12:00 Ana", "03-09 09:00 Bob"]


async def test_what_is_over_is_not_undone(system: System, team: Team) -> None:
    taken = await act(team.bob, team.payments, await offer(team.ana, team.payments, team.bob), "accept")
    system.clock.advance(3 * DAY)
    answer = await team.ana.api.post(f"{team.payments}/swaps/{taken['id']}/undo")
    assert problem(answer) == (409, "swap_not_open")
    assert "hours are over" in answer.json()["detail"]


# --- parts and exchanges ----------------------------------------------------------------------------------------------------


async def test_of_a_part_that_is_taken_the_rest_stays_open_for_others(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    taken = await act(team.bob, team.payments, made, "accept", **span("03-04 22:00", "03-05 02:00"))
    assert (taken["id"], taken["start"], taken["end"]) == (made["id"], day("03-04 22:00"), day("03-05 02:00"))
    left = (await get(system.api, f"{team.payments}/swaps", status="open"))["items"]
    assert [(one["start"], one["end"], one["giver"]["name"], one["taker"]) for one in left] == [
        (day(start), day(end), "Ana", None) for start, end in (("03-04 20:00", "03-04 22:00"), ("03-05 02:00", "03-05 08:00"))
    ]
    await act(team.cem, team.payments, left[1], "accept")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == [
        "03-04 00:00 Ana",
        "03-04 22:00 Bob",
        "03-05 02:00 Cem",
        "03-05 08:00 Ana",
    ]
    await act(team.bob, team.payments, taken, "undo")
    assert (await shifts(system.api, team.payments, *THESE_DAYS))[1:] == ["03-05 02:00 Cem", "03-05 08:00 Ana"]


async def test_an_exchange_is_two_overrides_and_undone_as_one(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob, in_return=span(*BOBS_NIGHT))
    assert made["in_return"] == span(*BOBS_NIGHT)
    taken = await act(team.bob, team.payments, made, "accept")
    assert len(taken["override_ids"]) == 2
    both = ("03-04 00:00", "03-13 00:00")
    assert await shifts(system.api, team.payments, *both) == [
        *SWAPPED,
        "03-09 09:00 Bob",
        "03-11 20:00 Ana",
        "03-12 08:00 Bob",
    ]
    await act(team.bob, team.payments, taken, "undo")
    assert await shifts(system.api, team.payments, *both) == ["03-04 00:00 Ana", "03-09 09:00 Bob"]


async def test_an_exchange_can_be_asked_for_too(system: System, team: Team) -> None:
    asked = wish("ask", team.bob, BOBS_NIGHT, in_return=span(*NIGHT))
    await act(team.bob, team.payments, await post(team.ana.api, f"{team.payments}/swaps", **asked), "accept")
    assert await shifts(system.api, team.payments, *THESE_DAYS) == SWAPPED
    assert await who(system.api, team.payments, "03-12 00:00") == "Ana"


async def test_nobody_offers_the_same_hours_twice_or_gives_away_what_they_gave(system: System, team: Team) -> None:
    first = await offer(team.ana, team.payments, team.bob)
    again = {"kind": "offer", "start": first["start"], "end": first["end"], "with_user_id": team.cem.id}
    answer = await team.ana.api.post(f"{team.payments}/swaps", json=again)
    assert problem(answer) == (409, "already_given")
    await act(team.bob, team.payments, first, "accept")
    assert problem(await team.ana.api.post(f"{team.payments}/swaps", json=again)) == (422, "invalid_swap"), "she is not on call then"
    await act(team.ana, team.payments, first, "undo")
    assert (await team.ana.api.post(f"{team.payments}/swaps", json=again)).status_code == 201


async def test_hours_that_an_override_gave_to_another_meanwhile_cannot_be_taken(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob)
    await post(system.api, f"{team.payments}/overrides", start=made["start"], end=made["end"], user_id=team.cem.id)
    answer = await team.bob.api.post(f"{team.payments}/swaps/{made['id']}/accept")
    assert problem(answer) == (422, "invalid_swap")
    assert answer.json()["detail"] == "Ana is not on call in Payments then, so there is nothing to swap."


# --- at once ----------------------------------------------------------------------------------------------------------------


async def test_of_two_who_accept_at_once_one_has_it_and_the_other_is_told_who(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    path = f"{team.payments}/swaps/{made['id']}/accept"
    answers = await asyncio.gather(team.bob.api.post(path), team.cem.api.post(path))
    [won] = [answer.json() for answer in answers if answer.status_code == 200]
    [lost] = [answer for answer in answers if answer.status_code != 200]
    assert problem(lost) == (409, "swap_not_open")
    assert lost.json()["detail"] == f"This swap is not open any more: it is taken by {won['taker']['name']}."
    assert await who(system.api, team.payments, "03-05 00:00") == won["taker"]["name"]
    assert len((await get(system.api, f"{team.payments}/overrides"))["items"]) == 1
    assert {name for name, _ in await told(system)} == {"Ana", won["taker"]["name"]}


async def test_of_two_parts_that_are_taken_at_once_no_hour_is_taken_twice(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments)
    path = f"{team.payments}/swaps/{made['id']}/accept"
    parts = (span("03-04 20:00", "03-05 02:00"), span("03-05 00:00", "03-05 08:00"))
    answers = await asyncio.gather(*(by.api.post(path, json=part) for by, part in zip((team.bob, team.cem), parts, strict=True)))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    taken = [answer.json() for answer in answers if answer.status_code == 200] + (
        await get(system.api, f"{team.payments}/swaps", status="open")
    )["items"]
    pieces = sorted((one["start"], one["end"]) for one in taken)
    assert (pieces[0][0], pieces[-1][1], pieces[0][1]) == (day(NIGHT[0]), day(NIGHT[1]), pieces[1][0]), "nothing lost, nothing twice"


async def test_one_that_is_withdrawn_while_it_is_accepted_is_either_and_who_is_on_call_agrees(system: System, team: Team) -> None:
    made = await offer(team.ana, team.payments, team.bob)
    path = f"{team.payments}/swaps/{made['id']}"
    answers = await asyncio.gather(team.bob.api.post(f"{path}/accept"), team.ana.api.post(f"{path}/withdraw"))
    assert sorted(answer.status_code for answer in answers) == [200, 409]
    became = (await get(system.api, path))["status"]
    assert await who(system.api, team.payments, "03-05 00:00") == {"taken": "Bob", "withdrawn": "Ana"}[became]
