"""The service desk by mail alone, over real connections both ways: from a first mail to the incident that follows the old one."""

from collections.abc import AsyncIterator
from email.message import EmailMessage
from pathlib import Path
from typing import Any

import pytest
from aiosmtplib import SMTP
from tests.incidents.acting import responder
from tests.providers.smtp import Received, SmtpSink
from tests.serving import free_port
from tests.system import System, to

from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database

JSON = dict[str, Any]
KIM = "Kim Ng <kim@customer.example>"


@pytest.fixture
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as sink:
        yield sink


@pytest.fixture
async def system(
    database: Database, clock: ManualClock, tmp_path: Path, sink: SmtpSink, monkeypatch: pytest.MonkeyPatch
) -> AsyncIterator[System]:
    """It takes mails on a port, and sends its own to the sink."""
    monkeypatch.setenv("ONCALL_SMTP_LISTEN", f"127.0.0.1:{free_port()}")
    monkeypatch.setenv("ONCALL_SMTP_HOSTNAME", "oncall.test")
    sender = parse_mail_from("On-call <oncall@example.com>")
    mail = EmailChannel(parse_smtp_url(sink.url), sender=sender, now=lambda: clock.at)
    system = System(database, clock, tmp_path, channels=lambda _: [mail])
    await system.start()
    assert system.node.mail is not None
    await system.node.mail.start()
    yield system
    await system.node.mail.stop()
    await system.stop()


async def write(system: System, at: str, mail: EmailMessage) -> None:
    assert system.node.mail is not None
    async with SMTP(hostname="127.0.0.1", port=system.node.mail.port, start_tls=False) as client:
        await client.send_message(mail, sender="kim@customer.example", recipients=[at])
    await system.run_due()


def mail_of(subject: str, text: str, id: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = KIM, subject, f"<{id}@customer.example>"
    mail.set_content(text)
    return mail


def answer_to(got: Received, text: str, id: str) -> tuple[str, EmailMessage]:
    """As a mail program answers: where it says, in its thread, quoting it."""
    mail = mail_of(f"Re: {got['Subject']}", f"{text}\n\nOn Monday, On-call wrote:\n{_quoted(got)}", id)
    mail["In-Reply-To"] = got["Message-ID"]
    mail["References"] = f"{got['References']} {got['Message-ID']}"
    return str(got["Reply-To"]), mail


def _quoted(got: Received) -> str:
    return "\n".join(f"> {line}" for line in words_of(got).splitlines())


def words_of(got: Received) -> str:
    body = got.get_body(("plain",))
    assert body is not None
    return str(body.get_content())


def to_kim(sink: SmtpSink) -> list[Received]:
    """What she got since the last call; pages are let be."""
    found = [one for one in sink.messages if one.envelope_to == ["kim@customer.example"]]
    sink.messages.clear()
    return found


async def test_a_customer_writes_answers_and_comes_back(system: System, sink: SmtpSink) -> None:
    ana = await system.user("Ana")
    await system.make("users", name="Dora", email="dora@example.com", time_zone="UTC", org_roles=["service_desk"])
    network = (await system.make("categories", name="Network"))["id"]
    policy = await system.make("escalation-policies", name="Web", steps=[{"delay": "PT5M", "targets": [to(ana)]}])
    service = await system.make("services", name="web", escalation_policy_id=policy["id"], process="itil", default_category_id=network)
    made = await system.make(f"services/{service['id']}/integrations", name="desk", type="email", reporter_kind="customer")
    anas, dora = await responder(system, "Ana"), await responder(system, "Dora")

    # Kim writes: it is logged, Ana is paged, and Kim reads its number.
    await write(system, made["email"], mail_of("The web shop is very slow", "Since noon.", "1"))
    pages = [one for one in sink.messages if one.envelope_to == ["ana@example.com"]]
    assert len(pages) == 1
    [logged] = to_kim(sink)
    [incident] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (incident["reporter"]["contact"], incident["category_id"]) == ("kim@customer.example", network)
    assert f"Your mail is logged as number {incident['number']}" in words_of(logged)
    assert str(logged["References"]).startswith("<1@customer.example> <answer-")
    assert logged["Auto-Submitted"] == "auto-generated"

    # What she adds, she answers to that mail; it is a note, and nobody answers it.
    await write(system, *answer_to(logged, "The checkout too.", "2"))
    notes = (await system.api.get(f"/api/v1/incidents/{incident['id']}/notes")).json()["items"]
    assert [(note["author"]["name"], note["text"]) for note in notes] == [("Kim Ng", "The checkout too.")]
    assert to_kim(sink) == []

    # It is resolved: she is asked, writes instead of pressing the link, is told how, and presses it.
    await system.advance(minutes=1)
    await anas.does(incident["id"], "acknowledge")
    sink.messages.clear()
    await anas.does(incident["id"], "resolve", resolution_code="fixed", resolution_text="More memory.")
    [asked] = to_kim(sink)
    assert "What was done: More memory." in words_of(asked)
    await write(system, *answer_to(asked, "Yes, thanks!", "3"))
    [how] = to_kim(sink)
    link = next(word for word in words_of(how).split() if "/l/" in word)
    said = await system.client().post("/l/" + link.rpartition("/l/")[2], data={"say": "satisfied"})
    assert "Thank you" in said.text
    assert (await dora.does(incident["id"], "close"))["status"] == "closed"

    # A week later she answers once more: another incident, which follows the first.
    sink.messages.clear()
    await write(system, *answer_to(how, "It is slow again.", "4"))
    [follows, _] = (await system.api.get("/api/v1/incidents")).json()["items"]
    assert (follows["follows_id"], follows["status"]) == (incident["id"], "triggered")
    [again] = to_kim(sink)
    assert f"Your answer is logged as number {follows['number']}" in words_of(again)
