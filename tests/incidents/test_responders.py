"""People are asked to join an incident: they are paged at once, and asked until they answer or it is over."""

from typing import Any
from uuid import UUID

from tests.incidents.acting import Responder, paged, people, responder, said_next, standing
from tests.incidents.building import Monitor, rows
from tests.incidents.test_paging import page, team
from tests.system import System

from oncall.channels.email import NOT_CONFIGURED
from oncall.channels.values import FailedPermanently, PageMessage
from oncall.health.commands import examine
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import was_paged_since

JSON = dict[str, Any]


async def asks(by: Responder, id: str, *user_ids: str, message: str = "need a hand", **more: Any) -> JSON:
    answer = await by.asks(id, "responders", user_ids=list(user_ids), message=message, **more)
    assert answer.status_code == 201, answer.text
    await by.system.run_due()
    asked: JSON = answer.json()
    return asked


async def states(system: System, id: str) -> list[tuple[str, str]]:
    items = (await system.api.get(f"/api/v1/incidents/{id}/responders")).json()["items"]
    return [(one["user"]["name"], one["state"]) for one in items]


async def had_by_ana(system: System, **more: Any) -> tuple[Monitor, str, Responder]:
    monitor, id = await paged(system, **more)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    return monitor, id, ana


async def slow(system: System, name: str) -> JSON:
    """Somebody who is written to at once, and once more in five minutes."""
    user = await system.user(name)
    [method] = (await system.api.get(f"/api/v1/users/{user['id']}/contact-methods")).json()["items"]
    for delay in ("PT0S", "PT5M"):
        await system.make(f"users/{user['id']}/notification-rules", urgency="high", delay=delay, contact_method_id=method["id"])
    return user


async def test_they_are_paged_at_once_although_somebody_has_it(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve = await slow(system, "Eve")
    asked = await asks(ana, id, eve["id"])
    assert (asked["changed"], [one["state"] for one in asked["items"]]) == (True, ["requested"])
    [message] = [one for one in system.email.sent if isinstance(one, PageMessage)]
    assert (message.recipient, message.reason, message.level) == ("Eve", "asked to join by Ana: need a hand", 0)
    assert await states(system, id) == [("Eve", "requested")]
    told = await system.reasons(id)
    assert "responder_requested: Eve is asked to join: need a hand" in told
    assert "paged: Eve is paged: asked to join by Ana: need a hand" in told
    shown = await system.incident(id)
    assert (standing(shown)[0], said_next(shown)) == ("acknowledged", [("retrigger", "12:30")])


async def test_asked_again_while_it_is_open_or_accepted_they_are_not_paged_again(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve = await system.user("Eve")
    first = await asks(ana, id, eve["id"])
    again = await asks(ana, id, eve["id"])
    assert (again["changed"], again["items"][0]["id"]) == (False, first["items"][0]["id"])
    assert again["says"] == ["Eve was asked before and is not paged once more"]
    assert system.pages() == ["Eve"]
    await ana.does(id, f"responders/{first['items'][0]['id']}/accept")
    assert (await asks(ana, id, eve["id"]))["changed"] is False
    assert system.pages() == []


async def test_an_acknowledgement_of_the_owner_takes_no_request_back(system: System) -> None:
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await slow(system, "Eve")
    await asks(ana, id, eve["id"])
    assert system.pages() == ["Eve"]
    await ana.does(id, "acknowledge")
    await ana.does(id, "unacknowledge")
    await ana.does(id, "snooze", duration="PT1H")
    system.pages()
    await system.advance(minutes=5)
    assert system.pages() == ["Eve"], "her second message"
    assert await states(system, id) == [("Eve", "requested")]


async def test_accepting_ends_what_is_still_to_be_sent_and_acknowledges_nothing(system: System) -> None:
    _, id = await paged(system)
    ana, eve_id = await responder(system, "Ana"), (await slow(system, "Eve"))["id"]
    request = (await asks(ana, id, eve_id))["items"][0]["id"]
    eve = await responder(system, "Eve")
    done = await eve.does(id, f"responders/{request}/accept", reason="ten minutes")
    assert (done["changed"], done["state"], done["answered_by"]["name"], done["answer"]) == (True, "accepted", "Eve", "ten minutes")
    assert (await eve.does(id, f"responders/{request}/accept"))["changed"] is False
    assert "responder_accepted: Eve accepted the request to join: ten minutes" in await system.reasons(id)
    assert (await system.incident(id))["status"] == "triggered"
    system.pages()
    await system.advance(minutes=5)
    assert system.pages() == ["Ben"], "the policy goes on"


async def test_declining_does_so_too_and_they_may_be_asked_anew(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve_id = (await slow(system, "Eve"))["id"]
    request = (await asks(ana, id, eve_id))["items"][0]["id"]
    done = await ana.does(id, f"responders/{request}/decline", reason="she is on a plane")
    assert done["state"] == "declined"
    assert "responder_declined: Eve declined the request to join, as Ana says: she is on a plane" in await system.reasons(id)
    system.pages()
    await system.advance(minutes=5)
    assert system.pages() == []
    assert (await asks(ana, id, eve_id))["changed"] is True
    assert system.pages() == ["Eve"]
    assert await states(system, id) == [("Eve", "declined"), ("Eve", "requested")]


async def test_a_resolve_ends_it(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve_id = (await slow(system, "Eve"))["id"]
    request = (await asks(ana, id, eve_id))["items"][0]["id"]
    system.pages()
    await ana.does(id, "resolve")
    assert await states(system, id) == [("Eve", "cancelled")]
    assert "responder_cancelled: Eve is asked to join no more: the incident is over" in await system.reasons(id)
    await system.advance(minutes=6)
    assert system.pages() == []
    assert ("Eve", "resolved by Ana") in system.updates(), "whoever was asked is told"
    refused = await ana.is_refused(id, f"responders/{request}/accept")
    assert refused == (409, "request_over", "Eve is asked no more (the incident is over): ask them again if they are needed.")
    assert (await ana.is_refused(id, "responders", user_ids=[eve_id]))[:2] == (409, "not_open")


async def test_the_monitors_own_resolve_ends_it_too(system: System) -> None:
    monitor, id, ana = await had_by_ana(system)
    await asks(ana, id, (await slow(system, "Eve"))["id"])
    await monitor.says(monitor.event(action="resolve"))
    assert await states(system, id) == [("Eve", "cancelled")]


async def test_who_acknowledges_has_joined_also_if_somebody_has_it_already(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    await asks(ana, id, (await slow(system, "Eve"))["id"])
    system.pages()
    done = await (await responder(system, "Eve")).does(id, "acknowledge")
    assert (done["changed"], done["acknowledged_by"]["name"]) == (False, "Ana")
    assert await states(system, id) == [("Eve", "accepted")]
    await system.advance(minutes=5)
    assert system.pages() == []


async def test_a_request_may_be_withdrawn_until_it_is_answered(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve_id = (await slow(system, "Eve"))["id"]
    url = f"/api/v1/incidents/{id}/responders/{(await asks(ana, id, eve_id))['items'][0]['id']}"
    system.pages()
    assert [(await ana.client.delete(url)).status_code for _ in range(2)] == [204, 204]
    await system.advance(minutes=5)
    assert (system.pages(), await states(system, id)) == ([], [("Eve", "cancelled")])
    url = f"/api/v1/incidents/{id}/responders/{(await asks(ana, id, eve_id))['items'][0]['id']}"
    assert (await ana.client.post(f"{url}/accept")).status_code == 200
    refused = await ana.client.delete(url)
    assert (refused.status_code, refused.json()["code"]) == (409, "request_over")


async def test_of_a_team_whoever_is_on_call(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve = await system.user("Eve")
    database, nobody = await team(system, "Database", eve), await team(system, "Night")
    asked = await asks(ana, id, team_ids=[database["id"], nobody["id"]])
    assert [(one["user"]["name"], one["team_id"]) for one in asked["items"]] == [("Eve", database["id"])]
    assert asked["says"] == ["nobody is on call in schedule Night of team Night"]
    assert system.pages() == ["Eve"]
    refused = await ana.is_refused(id, "responders", team_ids=[nobody["id"]])
    assert refused[2] == "Nobody would be asked: nobody is on call in schedule Night of team Night. Name a person."


async def test_whom_nobody_can_reach_is_said(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve = await system.user("Eve", channel=None)
    asked = await asks(ana, id, eve["id"])
    assert asked["says"] == ["Eve has no verified contact method; a message to the account e-mail is the last resort"]


async def test_whom_no_message_reaches_by_what_is_set_up_is_said(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    eve, flo = await system.user("Eve"), await system.user("Flo", channel="webhook")
    system.email.lacks = NOT_CONFIGURED
    asked = await asks(ana, id, eve["id"], flo["id"])
    assert asked["says"] == [f"Eve gets no message: {NOT_CONFIGURED}"]
    again = await page(system, user_id=(await system.user("Cem"))["id"], incident_id=id)
    assert again["says"] == [f"Cem gets no message: {NOT_CONFIGURED}"]


async def test_a_request_stands_in_for_nobody_of_the_policy(system: System) -> None:
    """That a message of it has left does not make a policy exhausted that reached nobody, and its failure moves no step."""
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await system.user("Eve", channel=None)
    before = standing(await system.incident(id)), said_next(await system.incident(id))
    await asks(ana, id, eve["id"])
    assert (standing(await system.incident(id)), said_next(await system.incident(id))) == before
    names = await people(system)
    assert (await ana.is_refused(id, "responders", user_ids=[]))[2].startswith("Say who is to join")
    assert (await ana.is_refused(id, "responders", user_ids=[id]))[2] == f"There is no user {id}."
    assert (await ana.is_refused(id, f"responders/{names['Ana']}/accept"))[:2] == (404, "not_found")


async def test_a_page_about_an_incident_is_a_request_to_join_it(system: System) -> None:
    _, id, _ = await had_by_ana(system)
    eve = await system.user("Eve")
    done = await page(system, user_id=eve["id"], incident_id=id, title="look at the disk")
    assert (done["incident"]["id"], done["paged"]) == (id, [{"id": eve["id"], "name": "Eve"}])
    assert system.pages() == ["Eve"]
    assert await states(system, id) == [("Eve", "requested")]
    assert (await page(system, 422, user_id=eve["id"], incident_id=id, urgency="low"))["code"] == "invalid"
    assert len(await rows(system, "SELECT id FROM incidents")) == 1


async def test_it_is_explained_and_nothing_is_wrong_with_it(system: System) -> None:
    _, id, ana = await had_by_ana(system)
    await asks(ana, id, (await slow(system, "Eve"))["id"])
    text = (await system.api.get(f"/api/v1/incidents/{id}/explain", headers={"Accept": "text/plain"})).text
    told = " ".join(text.split())
    assert "Eve is paged: asked to join by Ana: need a hand." in told
    assert "is still to be sent; it is due at" in told
    async with system.node.database.transaction(Pool.API, read_only=True) as tx:
        found = await examine(tx, kept=None, now=system.clock.at)
    assert found.faults == ()


async def test_a_message_that_fails_moves_no_step(system: System) -> None:
    _, id = await paged(system)
    ana, eve = await responder(system, "Ana"), await system.user("Eve")
    before = standing(await system.incident(id)), said_next(await system.incident(id))
    system.email.outcomes = [FailedPermanently("no such mailbox", code="bad_mailbox")]
    await asks(ana, id, eve["id"])
    assert (standing(await system.incident(id)), said_next(await system.incident(id))) == before
    assert any(line.startswith("send_failed: cannot be sent to Eve") for line in await system.reasons(id))


async def test_who_was_paged_by_the_policy_keeps_their_say_whoever_is_asked(system: System) -> None:
    """Once its policy has been gone through, it stands in a cycle that has paged nobody yet."""
    _, id = await paged(system, repeat=0)
    ana, eve = await responder(system, "Ana"), await system.user("Eve")
    await system.advance(minutes=10)
    assert standing(await system.incident(id))[1] == "exhausted"
    await asks(ana, id, eve["id"])
    names = {name: UserId(UUID(user)) for name, user in (await people(system)).items()}
    async with system.node.database.transaction(Pool.API, read_only=True) as tx:
        asked = [await was_paged_since(tx, IncidentId(UUID(id)), names[name], cycle=cycle) for name, cycle in (("Ben", 1), ("Eve", 2))]
    assert asked == [True, True]
