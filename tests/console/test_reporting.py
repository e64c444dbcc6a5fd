"""The form by which anybody reports a problem, without an account."""

import asyncio
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

from httpx import ASGITransport, AsyncClient
from tests.incidents.acting import responder
from tests.incidents.test_logging import on_duty
from tests.system import System

from oncall.channels.values import NoticeMessage

JSON = dict[str, Any]


async def form(system: System, **service: Any) -> tuple[JSON, str]:
    """A service and the path of its form."""
    its = await on_duty(system, **service)
    answer = await system.api.put(f"/api/v1/services/{its['id']}/report-form")
    assert answer.status_code == 200, answer.text
    return its, "/report/" + answer.json()["url"].rpartition("/report/")[2]


async def test_whoever_fills_it_in_logs_an_incident_that_pages(system: System) -> None:
    _, path = await form(system)
    anybody = system.client()
    shown = await anybody.get(path)
    assert (shown.status_code, "Report a problem with web" in shown.text) == (200, True)
    sent = await anybody.post(path, data={"title": "Shop <slow>", "name": "Kim", "contact": "kim@customer.example", "kind": "customer"})
    assert sent.status_code == 201
    assert "Thank you, Kim. It is logged as number" in sent.text
    await system.run_due()
    assert system.pages() == ["Ana"]
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["title"], incident["reporter"]["kind"], incident["reporter"]["contact"]) == (
        "Shop <slow>",
        "customer",
        "kim@customer.example",
    )
    [opened, *_] = (await system.api.get(f"/api/v1/incidents/{incident['id']}/timeline")).json()["items"]
    assert (opened["by"], opened["via"]) == ({"id": None, "name": "Kim", "type": "external"}, "form")


async def test_what_is_wrong_is_said_all_at_once_and_nothing_is_typed_twice(system: System) -> None:
    _, path = await form(system)
    sent = await system.client().post(
        path, data={"title": "", "name": "x" * 101, "contact": "kim@", "description": "since <b>noon</b>", "kind": "boss"}
    )
    assert sent.status_code == 422
    for sentence in (
        "Say in one line what is wrong.",
        "Name is longer than 100 characters",
        "no e-mail address",
        "customer, an employee or a vendor",
    ):
        assert sentence in sent.text
    assert "since &lt;b&gt;noon&lt;/b&gt;" in sent.text
    assert (await system.api.get("/api/v1/incidents")).json()["items"] == []


async def test_looking_at_it_changes_nothing(system: System) -> None:
    _, path = await form(system)
    for _ in range(50):
        assert (await system.client().get(path)).status_code == 200
    assert (await system.client().head(path)).status_code == 200
    assert (await system.api.get("/api/v1/incidents")).json()["items"] == []


async def test_many_reports_from_one_place_have_to_wait(system: System) -> None:
    _, path = await form(system)
    answers = [await system.client().post(path, data={"title": f"slow {n}", "name": "Kim"}) for n in range(6)]
    assert [answer.status_code for answer in answers] == [201] * 5 + [429]
    assert (answers[5].headers["retry-after"] != "", "Try again in" in answers[5].text) == (True, True)


async def test_its_address_is_good_until_it_has_another_or_none(system: System) -> None:
    service, old = await form(system)
    address = f"/api/v1/services/{service['id']}/report-form"
    url = (await system.api.put(address)).json()["url"]
    assert (await system.api.get(address)).json()["url"] == url
    assert (await system.client().get(old)).status_code == 404
    new = "/report/" + url.rpartition("/")[2]
    assert (await system.client().get(new)).status_code == 200
    assert (await system.api.delete(address)).status_code == 204
    gone = await system.client().post(new, data={"title": "slow", "name": "Kim"})
    assert (gone.status_code, (await system.api.get(address)).status_code) == (404, 404)


async def test_what_is_no_form_is_no_report(system: System) -> None:
    _, path = await form(system)
    for body in (b"", b"\xff\xfe\x00", b"{}", b"title=" + b"x" * 70_000, b"&".join(b"a=%d" % n for n in range(30))):
        assert (await system.client().post(path, content=body)).status_code == 422


FORM = {"Content-Type": "application/x-www-form-urlencoded"}


async def test_whoever_sends_slowly_keeps_nobody_from_acknowledging(system: System) -> None:
    service, path = await form(system)
    made = await system.make("incidents", title="Slow", service_id=service["id"])
    ana = await responder(system, "Ana")
    is_asked, goes_on = asyncio.Semaphore(0), asyncio.Event()

    async def slowly() -> AsyncIterator[bytes]:
        yield b"title=slow&"
        is_asked.release()
        await goes_on.wait()
        yield b"name=Kim"

    async with asyncio.TaskGroup() as senders:
        sending = [senders.create_task(system.client().post(path, content=slowly(), headers=FORM)) for _ in range(5)]
        for _ in sending[:3]:  # as many as there are connections for those who acknowledge
            await is_asked.acquire()
        try:
            assert (await ana.does(made["id"], "acknowledge"))["status"] == "acknowledged"
        finally:
            goes_on.set()
    assert [sent.result().status_code for sent in sending] == [201] * 5


async def test_of_what_never_ends_no_more_is_read_than_a_form_may_hold(system: System) -> None:
    _, path = await form(system)
    read = 0

    async def endless() -> AsyncIterator[bytes]:
        nonlocal read
        while read < 10_000_000:
            read += 10_000
            yield b"x" * 10_000

    sent = await system.client().post(path, content=endless(), headers=FORM)
    assert (sent.status_code, "Say who you are." in sent.text, read < 100_000) == (422, True, True)


async def test_what_helps_meanwhile_is_shown_to_whoever_reports_it(system: System) -> None:
    service, path = await form(system)
    other = await system.make("services", name="mail", escalation_policy_id=service["escalation_policy_id"])
    known = {"status": "known_error", "root_cause": "the secret cause", "workaround": "Use <the> old address."}
    await system.make("problems", title="The shop is slow", service_ids=[service["id"]], **known)
    await system.make("problems", title="The shop is slow", service_ids=[other["id"]], **known | {"workaround": "of another service"})
    await system.make("problems", title="The shop is very slow", service_ids=[service["id"]], workaround="not known for sure")
    sent = await system.client().post(path, data={"title": "shop slow", "name": "Kim"})
    assert (sent.status_code, "Use &lt;the&gt; old address." in sent.text) == (201, True)
    for kept in ("the secret cause", "of another service", "not known for sure"):
        assert kept not in sent.text
    sent = await system.client().post(path, data={"title": "printer on fire", "name": "Kim"})
    assert "This may help meanwhile" not in sent.text


async def reported_by_form(system: System, contact: str, title: str = "Buy at evil.example", *, network: str = "192.0.2.1") -> str:
    """An attacker's report, with somebody else's address, resolved."""
    path = "/report/" + (await system.api.get(f"/api/v1/services/{await _form_of(system)}/report-form")).json()["url"].rpartition("/")[2]
    transport = ASGITransport(system.node.app, client=(network, 4711))
    async with AsyncClient(transport=transport, base_url="http://oncall.test") as anybody:
        sent = await anybody.post(path, data={"title": title, "name": "Cheap pills", "contact": contact, "description": "Cheap!"})
    assert sent.status_code == 201, sent.text
    newest: str = (await system.api.get("/api/v1/incidents")).json()["items"][0]["id"]
    ana = await responder(system, "Ana")
    await ana.does(newest, "resolve", resolution_text="The secret of it.")
    return newest


async def _form_of(system: System) -> str:
    id: str = (await system.api.get("/api/v1/services")).json()["items"][0]["id"]
    return id


def letters(system: System) -> list[NoticeMessage]:
    found = [one for one in system.email.sent if isinstance(one, NoticeMessage) and one.kind == "reporter"]
    system.email.sent.clear()
    return found


async def test_the_form_writes_to_nobody_in_somebody_elses_words(system: System) -> None:
    """Whose address it is, nobody has shown: they get no word that was typed, and none of what was done."""
    await form(system, process="itil")
    await reported_by_form(system, "victim@third.example")
    [letter] = letters(system)
    said = "\n".join((letter.recipient, letter.subject, *letter.paragraphs))
    for typed in ("evil", "pills", "Cheap", "secret"):
        assert typed not in said
    assert "If it was not you, nothing need be done." in said


async def test_nobody_is_mailed_again_and_again_by_way_of_the_form(system: System) -> None:
    """From however many networks, to one address in whatever letters, about whatever service."""
    await form(system, process="itil")
    ids = [await reported_by_form(system, f"{'Victim' if n % 2 else 'victim'}@third.example", network=f"192.0.2.{n}") for n in range(8)]
    assert len(letters(system)) == 5
    refused = [reason for reason in await system.reasons(ids[-1]) if reason.startswith("reporter_not_told")]
    why = "5 mails went to that address in a day, and nobody there has answered one"
    assert refused == [f"reporter_not_told: Cheap pills is not written to: {why}"]
    await reported_by_form(system, "other@third.example", network="192.0.2.99")
    assert [letter.address for letter in letters(system)] == ["other@third.example"], "others are written to"
    await system.advance(step=timedelta(hours=6), hours=25)
    await reported_by_form(system, "victim@third.example", network="192.0.2.100")
    assert len(letters(system)) == 1


async def test_whoever_has_answered_is_written_to_as_one_who_reports(system: System) -> None:
    await form(system, process="itil")
    await reported_by_form(system, "kim@customer.example", "The shop is slow")
    [letter] = letters(system)
    [(href, _)] = letter.links
    path = "/l/" + href.rpartition("/l/")[2]
    assert "What was done: The secret of it." in (await system.client().get(path)).text, "the page shows it: its address came by mail"
    await system.client().post(path, data={"say": "satisfied"})
    await reported_by_form(system, "Kim@customer.example", "It is slow again")
    [letter] = letters(system)
    assert ("What was done: The secret of it." in letter.paragraphs, "It is slow again" in letter.subject) == (True, True)


async def test_where_a_category_is_obligatory_the_form_asks_nobody_for_one(system: System) -> None:
    _, path = await form(system, process="itil")
    assert (await system.client().post(path, data={"title": "Slow", "name": "Kim"})).status_code == 201
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["category_id"], incident["process"]) == (None, "itil")
