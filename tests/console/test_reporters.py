"""Whoever reported an incident is asked, once it is resolved, whether it is well again."""

from typing import Any

import pytest
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection
from tests.incidents.test_filing import reported
from tests.system import System

from oncall.channels.values import NoticeMessage
from oncall.incidents.commands import letters

JSON = dict[str, Any]


def asked(system: System) -> list[NoticeMessage]:
    """Messages that ask a reporter, since the last call."""
    found = [one for one in system.email.sent if isinstance(one, NoticeMessage) and one.subject.startswith("Is it well again?")]
    system.email.sent.clear()
    return found


def path_of(message: NoticeMessage) -> str:
    [(href, _)] = message.links
    return "/l/" + href.rpartition("/l/")[2]


async def test_the_reporter_is_asked_by_mail_and_a_yes_leaves_it_to_the_desk(system: System) -> None:
    ana, dora, id = await reported(system)
    await ana.does(id, "resolve", resolution_code="fixed", resolution_text="More memory.")
    [message] = asked(system)
    assert (message.recipient, message.address) == ("Kim", "kim@customer.example")
    assert "What was done: More memory." in message.paragraphs
    anybody, path = system.client(), path_of(message)
    for _ in range(20):
        shown = await anybody.get(path)
    assert (shown.status_code, "Is it well again for you?" in shown.text, "More memory." in shown.text) == (200, True, True)
    assert (await system.incident(id))["closure"] == "awaiting_reporter", "looking changes nothing"
    said = await anybody.post(path, data={"say": "satisfied", "text": "fast again"})
    assert "Thank you" in said.text
    seen = await system.incident(id)
    assert (seen["closure"], seen["verification"]["by"]["name"], seen["verification"]["text"]) == ("awaiting_desk", "Kim", "fast again")
    assert (await dora.does(id, "close"))["status"] == "closed"
    assert "It is closed." in (await anybody.post(path, data={"say": "not_satisfied"})).text
    assert (await system.incident(id))["status"] == "closed"


async def test_a_no_reopens_it_and_they_are_asked_again_after_the_next_resolution(system: System) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    [message] = asked(system)
    await system.client().post(path_of(message), data={"say": "not_satisfied", "text": "still slow"})
    assert (await system.incident(id))["status"] == "triggered"
    await system.advance(minutes=1)
    await ana.does(id, "resolve")
    assert len(asked(system)) == 1


@pytest.mark.parametrize("body", [{}, {"say": "waived"}, {"say": "resolve"}, {"text": "hello"}])
async def test_what_is_neither_yes_nor_no_changes_nothing(system: System, body: JSON) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    [message] = asked(system)
    assert (await system.client().post(path_of(message), data=body)).status_code == 200
    assert ((await system.incident(id))["closure"], (await system.incident(id))["verification"]) == ("awaiting_reporter", None)


async def test_whoever_cannot_be_written_to_is_not_asked(system: System) -> None:
    ana, dora, id = await reported(system)
    version = (await system.api.get(f"/api/v1/incidents/{id}")).headers["etag"]
    reporter = {"name": "Kim", "kind": "customer", "contact": "+351 21 000 0000"}
    edited = await dora.client.patch(f"/api/v1/incidents/{id}", json={"reporter": reporter}, headers={"If-Match": version})
    assert edited.status_code == 200, edited.text
    await ana.does(id, "resolve")
    assert (asked(system), (await system.incident(id))["closure"]) == ([], "awaiting_desk")


async def test_a_reporter_who_cannot_be_asked_undoes_no_resolution(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    async def broken(tx: AsyncConnection, *_: Any, **__: Any) -> None:
        await tx.execute(text("SELECT 1 / 0"))

    ana, _, id = await reported(system)
    monkeypatch.setattr(letters, "send_outside", broken)
    assert (await ana.does(id, "resolve"))["status"] == "resolved"
    assert asked(system) == []
    assert not [said for said in await system.reasons(id) if said.startswith("reporter_asked")], "what was not sent is not claimed"


async def test_a_late_no_opens_one_incident_however_often_it_is_pressed(system: System) -> None:
    ana, _, id = await reported(system)
    await ana.does(id, "resolve")
    [message] = asked(system)
    await system.advance(minutes=30)
    anybody, path = system.client(), path_of(message)
    for word in ("not_satisfied", "not_satisfied", "satisfied", "not_satisfied"):
        said = await anybody.post(path, data={"say": word, "text": "slow again"})
        assert (said.status_code, "Whoever is on duty has it again." in said.text) == (200, True)
    incidents = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert [one["follows_id"] for one in incidents if one["id"] != id] == [id]
    shown = await anybody.get(path)
    assert ("<form" in shown.text, "Whoever is on duty has it again." in shown.text) == (False, True)
