"""People of other firms are asked for help: one message, whose link says something of the incident and can do nothing else."""

from typing import Any

import pytest
from tests.incidents.acting import Responder, paged, responder
from tests.incidents.building import ANA, NOW, incident
from tests.system import System

from oncall.channels.values import NoticeMessage
from oncall.incidents.rules.vendors import heard, may_speak
from oncall.incidents.values import Status
from oncall.incidents.values.vendors import MOST_WORDS, Say, Vendor, VendorId, VendorState
from oncall.kit.ids import IncidentId, NotificationId, new_id

JSON = dict[str, Any]
ASKED, HAS_IT, SOLVED = VendorState
CONTOSO = {"name": "Contoso Networks", "email": "noc@contoso.example"}


def vendor(state: VendorState = ASKED, words: int = 0) -> Vendor:
    ids = VendorId(new_id()), IncidentId(new_id()), NotificationId(new_id())
    return Vendor(ids[0], ids[1], "Contoso", "email", "noc@contoso.example", "", ANA, NOW, ids[2], state, None, words)


@pytest.mark.parametrize(
    ("what", "before", "say", "text", "state", "says", "note"),
    [
        ("they have it", ASKED, Say.HAS_IT, "", HAS_IT, "Contoso says: we have it", None),
        ("it is solved, in their words", HAS_IT, Say.SOLVED, " router replaced ", SOLVED, "Contoso says: it is solved", "router replaced"),
        ("it was not solved after all", SOLVED, Say.HAS_IT, "", HAS_IT, "Contoso says: we have it", None),
        ("a note changes nothing else", HAS_IT, Say.NOTE, "on our way", HAS_IT, None, "on our way"),
        ("said again with a word more, it is a note", HAS_IT, Say.HAS_IT, "still", HAS_IT, None, "still"),
    ],
)
def test_heard(what: str, before: VendorState, say: Say, text: str, state: VendorState, says: str | None, note: str | None) -> None:
    said = heard(vendor(before), say, text, now=NOW)
    assert said is not None
    assert (said.vendor.state, said.says, said.note, said.vendor.words) == (state, says, note, 1)


@pytest.mark.parametrize(("before", "say", "text"), [(HAS_IT, Say.HAS_IT, ""), (SOLVED, Say.SOLVED, " "), (ASKED, Say.NOTE, "\n")])
def test_nothing_new_is_nothing(before: VendorState, say: Say, text: str) -> None:
    assert heard(vendor(before), say, text, now=NOW) is None


def test_the_link_dies_with_the_incident_and_has_its_most() -> None:
    assert may_speak(incident(), vendor())
    assert may_speak(incident(status=Status.ACKNOWLEDGED, acknowledged_at=NOW, acknowledged_by=ANA), vendor(words=MOST_WORDS - 1))
    assert not may_speak(incident(status=Status.RESOLVED, resolved_at=NOW), vendor())
    assert not may_speak(incident(status=Status.CLOSED), vendor())
    assert not may_speak(incident(), vendor(words=MOST_WORDS))


async def asked(system: System, **whom: Any) -> tuple[str, Responder, str]:
    """The incident, Ana who has it, and the link that Contoso got."""
    _, id = await paged(system)
    ana = await responder(system, "Ana")
    await ana.does(id, "acknowledge")
    system.email.sent.clear()
    answer = await ana.asks(id, "responders", external=CONTOSO | whom, message="the line is down")
    assert answer.status_code == 201, answer.text
    await system.run_due()
    [message] = [one for one in system.email.sent if isinstance(one, NoticeMessage)]
    system.email.sent.clear()
    assert (message.address, message.recipient) == ("noc@contoso.example", "Contoso Networks")
    assert "Ana asks for your help" in message.subject
    assert "Disk full, of payments-api." in message.paragraphs[0]
    assert message.paragraphs[1] == "the line is down"
    [(link, _)] = message.links
    return id, ana, link


async def test_they_get_one_message_and_are_listed(system: System) -> None:
    id, _, _ = await asked(system)
    [shown] = (await system.api.get(f"/api/v1/incidents/{id}/vendors")).json()["items"]
    assert (shown["name"], shown["address"], shown["state"], shown["asked_by"]["name"]) == (
        "Contoso Networks",
        "n…@contoso.example",
        "asked",
        "Ana",
    )
    assert "vendor_asked: Contoso Networks is asked for help by email: the line is down" in await system.reasons(id)
    await system.advance(minutes=10)
    assert system.email.sent == [], "nothing is repeated"


async def test_to_look_changes_nothing(system: System) -> None:
    id, _, link = await asked(system)
    before = await system.reasons(id)
    for _ in range(2):
        page = await system.client().get(link)
        assert page.status_code == 200
    for word in ("Disk full", "payments-api", "incident #", "Ana asks: the line is down", "We have it", "It is solved", "<textarea"):
        assert word in page.text
    assert "Acknowledge" not in page.text
    assert await system.reasons(id) == before


async def test_what_they_say_goes_to_timeline_notes_and_owner(system: System) -> None:
    id, _, link = await asked(system)
    page = await system.client().post(link, data={"say": "has_it", "text": "Technician <b>on</b> the way"})
    await system.run_due()
    assert (page.status_code, "passed on" in page.text) == (200, True)
    assert "vendor_said: Contoso Networks says: we have it" in await system.reasons(id)
    [note] = (await system.api.get(f"/api/v1/incidents/{id}/notes")).json()["items"]
    assert (note["text"], note["author"]["name"], note["author"]["type"]) == (
        "Technician <b>on</b> the way",
        "Contoso Networks",
        "external",
    )
    [told] = [one for one in system.email.sent if isinstance(one, NoticeMessage)]
    assert (told.recipient, "Contoso Networks answers" in told.subject) == ("Ana", True)
    again = await system.client().post(link, data={"say": "has_it"})
    assert "passed on" not in again.text
    shown = await system.incident(id)
    assert (shown["status"], shown["acknowledged_by"]["name"]) == ("acknowledged", "Ana"), "it does nothing else"


async def test_they_do_not_keep_it_from_timing_out(system: System) -> None:
    id, _, link = await asked(system)
    await system.advance(minutes=10)
    await system.client().post(link, data={"say": "note", "text": "still looking"})
    assert [one["at"][11:16] for one in (await system.incident(id))["pending_actions"]] == ["12:30"]


async def test_the_link_dies_when_it_is_resolved(system: System) -> None:
    id, ana, link = await asked(system)
    await ana.does(id, "resolve")
    before = await system.reasons(id)
    assert (await system.client().get(link)).status_code == 410
    assert (await system.client().post(link, data={"say": "solved", "text": "late"})).status_code == 410
    assert await system.reasons(id) == before


@pytest.mark.parametrize(
    ("what", "body"),
    [
        ("a form of many fields", "&".join(f"f{n}=1" for n in range(50))),
        ("a form that is too long", "say=note&text=" + "x" * 70_000),
        ("a word that is none of the form's", "say=acknowledge"),
        ("nothing", ""),
        ("bytes that are no text", "say=%ff%00&text=%00"),
    ],
)
async def test_what_is_no_form_of_ours_says_nothing(system: System, what: str, body: str) -> None:
    id, _, link = await asked(system)
    before = await system.reasons(id)
    page = await system.client().post(link, content=body.encode(), headers={"Content-Type": "application/x-www-form-urlencoded"})
    assert page.status_code == 200
    assert await system.reasons(id) == before


@pytest.mark.parametrize(
    ("what", "body", "loc"),
    [
        ("no address", {"external": {"name": "X"}}, "body.external"),
        ("two addresses", {"external": CONTOSO | {"phone": "+351910000000"}}, "body.external"),
        ("an address that is none", {"external": {"name": "X", "email": "nobody"}}, "body.external.email"),
        ("no text messages here", {"external": {"name": "X", "phone": "+351910000000"}}, "body.external.phone"),
        ("together with others", {"external": CONTOSO, "user_ids": [f"{new_id()}"]}, "body"),
    ],
)
async def test_who_cannot_be_asked(system: System, what: str, body: JSON, loc: str) -> None:
    _, id = await paged(system)
    answer = await system.api.post(f"/api/v1/incidents/{id}/responders", json=body)
    assert (answer.status_code, answer.json()["errors"][0]["loc"]) == (422, loc)


async def test_only_so_many_are_asked_and_only_for_what_is_open(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall.incidents.commands.vendors.MOST_VENDORS", 1)
    id, ana, _ = await asked(system)
    assert (await ana.is_refused(id, "responders", external=CONTOSO))[:2] == (409, "too_many_vendors")
    await ana.does(id, "resolve")
    assert (await ana.is_refused(id, "responders", external=CONTOSO))[:2] == (409, "not_open")
