"""People write to the service desk: an incident is logged, what they answer becomes a note, and no machine is answered."""

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage
from typing import Any
from uuid import UUID

import pytest
from aiosmtplib import SMTPDataError, SMTPRecipientsRefused
from sqlalchemy import text
from tests.incidents.test_filing import category, desk
from tests.intake.postgres_proxy import PostgresProxy
from tests.intake.smtp.people import ANSWERS, KIM, OURS, Front, listening_desk, reply_to, word_in, words_of
from tests.system import System

from oncall.channels.answers import Answers
from oncall.intake.commands import gate
from oncall.kit.db import Database
from oncall.kit.ids import new_id


@pytest.fixture
async def front(system: System) -> AsyncIterator[Front]:
    front = await listening_desk(system)
    yield front
    await front.server.stop()


async def resolved(front: Front, **said: Any) -> str:
    """What Kim wrote of is resolved; its mails are put aside."""
    await front.send("The shop is slow")
    [incident] = await front.incidents()
    await front.ana.does(incident["id"], "resolve", **said)
    front.letters()
    return f"{incident['id']}"


async def closed(front: Front) -> str:
    dora = await desk(front.system)
    id = await resolved(front, resolution_code="fixed", resolution_text="More memory.")
    await dora.does(id, "verify", verdict="waived", text="on holiday")
    await dora.does(id, "close", category_id=await category(front.system))
    return id


async def test_what_a_person_writes_is_logged_and_pages_and_they_are_told_its_number(front: Front) -> None:
    await front.send("Fwd: The shop is slow", "Since noon.\n\n-- \nKim")
    assert "Ana" in {message.recipient for message in front.system.email.sent}, "who is on duty is paged"
    [incident] = await front.incidents()
    assert (incident["title"], incident["description"]) == ("The shop is slow", "Since noon.\n\n-- \nKim")
    assert incident["reporter"] == {"name": "Kim Ng", "kind": "customer", "contact": "kim@customer.example", "user_id": None}
    assert (incident["status"], incident["process"], incident["category_id"]) == ("triggered", "itil", None)
    [opened, *_] = (await front.system.api.get(f"/api/v1/incidents/{incident['id']}/timeline")).json()["items"]
    assert (opened["by"]["name"], opened["by"]["type"], opened["via"]) == ("Kim Ng", "external", "email")
    [letter] = front.letters()
    assert (letter.address, reply_to(letter)) == ("kim@customer.example", ANSWERS.address(UUID(incident["id"])))
    assert f"Your mail is logged as number {incident['number']}" in words_of(letter)
    assert letter.thread is not None
    assert letter.thread.answers[0] == "<1@customer.example>", "their mail program shows it as an answer"
    assert (await front.events()) == [("ignored", f"a mail by Kim Ng: logged as #{incident['number']}")], "and its bytes are kept"


async def test_a_mail_that_comes_twice_is_one_incident(front: Front) -> None:
    for _ in range(2):
        await front.send("Slow", Message_ID="<same@customer.example>")
    without_id = b"From: kim@customer.example\r\nSubject: Slow too\r\n\r\nslow\r\n"
    for _ in range(2):
        await front.raw(without_id)
    assert [one["title"] for one in await front.incidents()] == ["Slow", "Slow too"]
    assert len(front.letters()) == 2


async def test_what_the_reporter_answers_becomes_a_note_whichever_way_it_is_known(front: Front) -> None:
    await front.send("Slow", Message_ID="<first@customer.example>")
    [letter], [incident] = front.letters(), await front.incidents()
    thread = ANSWERS.thread(UUID(incident["id"]))
    quoting = "The checkout too.\n\nOn Monday, On-call <oncall@oncall.test>\nwrote:\n> Your mail is logged.\n>\n> To add something"
    await front.send("Re: whatever", quoting, at=reply_to(letter))
    await front.send("Re: whatever", "in the thread", References=f"<first@customer.example> {thread}")
    await front.send(f"AW: We have it: {word_in(letter)} Slow", "by the word in the subject")
    await front.send("Re: Slow", "in their own conversation", In_Reply_To="<first@customer.example>")
    assert [one["id"] for one in await front.incidents()] == [incident["id"]], "never a second incident"
    assert await front.notes(incident["id"]) == [
        ("Kim Ng", "The checkout too."),
        ("Kim Ng", "in the thread"),
        ("Kim Ng", "by the word in the subject"),
        ("Kim Ng", "in their own conversation"),
    ]
    assert front.letters() == [], "a note is not answered"


async def test_an_answer_to_several_addresses_of_ours_is_one_note(front: Front) -> None:
    await front.send("Slow")
    [letter], [incident] = front.letters(), await front.incidents()
    for at in (reply_to(letter), front.address):
        await front.send(f"Re: {letter.subject}", "again", at=at, Message_ID="<both@customer.example>")
    assert await front.notes(incident["id"]) == [("Kim Ng", "again")]


async def test_a_stranger_with_the_word_writes_in_their_own_name(front: Front) -> None:
    await front.send("Slow")
    [letter], [incident] = front.letters(), await front.incidents()
    await front.send("Re: Slow", "mine too", by='"Kim Ng" <lee@other.example>', at=reply_to(letter))
    assert await front.notes(incident["id"]) == [("lee@other.example", "mine too")]


@pytest.mark.parametrize("subject", ["Re: [#{number}-000000000000] Slow", "Re: #{number}", "Re: [#{number}]"])
async def test_a_number_that_we_did_not_sign_names_no_incident(front: Front, subject: str) -> None:
    await front.send("Slow")
    [incident] = await front.incidents()
    await front.send(subject.format(number=incident["number"]), "let me in", by="eve@evil.example")
    assert len(await front.incidents()) == 2
    assert await front.notes(incident["id"]) == []


async def test_an_address_for_answers_that_somebody_made_up_is_refused(front: Front) -> None:
    await front.send("Slow")
    [incident] = await front.incidents()
    for forged in (
        Answers("oncall.test", True, (b"guessed",)).address(UUID(incident["id"])),
        ANSWERS.address(new_id()),
        f"answer-{UUID(incident['id']).hex}@oncall.test",
    ):
        with pytest.raises(SMTPRecipientsRefused):
            await front.send("Re: Slow", at=forged)
    assert await front.notes(incident["id"]) == []


async def test_whoever_leads_it_is_told_what_the_reporter_writes(front: Front) -> None:
    await front.send("Slow")
    [letter], [incident] = front.letters(), await front.incidents()
    await front.ana.does(incident["id"], "acknowledge")
    front.letters()
    await front.send("Re: Slow", "the checkout too", at=reply_to(letter))
    [told] = front.letters()
    assert (told.recipient, told.subject, told.paragraphs[-1]) == ("Ana", f"#{incident['number']} Kim Ng writes", "the checkout too")


async def test_an_answer_to_what_waits_for_their_word_is_kept_and_tells_once_how_to_say_it(front: Front) -> None:
    id = await resolved(front)
    await front.send("Re: Slow", "thanks, all good", at=ANSWERS.address(UUID(id)))
    [letter] = front.letters()
    assert "closed once you have said, by the link, whether it is well again" in words_of(letter)
    [(href, _)] = letter.links
    await front.send("Re: Slow", "and again", at=ANSWERS.address(UUID(id)))
    assert front.letters() == []
    assert await front.notes(id) == [("Kim Ng", "thanks, all good"), ("Kim Ng", "and again")]
    assert (await front.system.incident(id))["closure"] == "awaiting_reporter"
    said = await front.system.client().post("/l/" + href.rpartition("/l/")[2], data={"say": "satisfied"})
    assert "Thank you" in said.text
    assert (await front.system.incident(id))["closure"] == "awaiting_desk"


async def test_an_answer_after_the_end_opens_one_that_follows_and_later_ones_are_its_notes(front: Front) -> None:
    old = await closed(front)
    at = ANSWERS.address(UUID(old))
    await front.send("Re: Slow", "it is slow again", at=at)
    [first, second] = await front.incidents()
    assert (first["id"], second["follows_id"], second["title"], second["status"]) == (old, old, "The shop is slow", "triggered")
    assert second["reporter"]["name"] == "Kim Ng"
    assert second["description"] == f"Answered by mail after #{first['number']} was closed:\n\nit is slow again"
    [letter] = front.letters()
    assert f"Your answer is logged as number {second['number']}" in words_of(letter)
    await front.send("Re: Slow", "still", at=at)
    assert (len(await front.incidents()), await front.notes(second["id"])) == (2, [("Kim Ng", "still")])


@pytest.mark.parametrize(
    ("why", "headers"),
    [
        ("an automatic reply", {"Auto-Submitted": "auto-replied"}),
        ("an automatic reply", {"X-Autoreply": "yes"}),
        ("a page of an on-call service on its way back", {"X-Oncall-Notification": "1"}),
    ],
)
async def test_what_no_person_wrote_is_recorded_and_logs_nothing(front: Front, why: str, headers: dict[str, str]) -> None:
    await front.send("Away", **headers)
    assert (await front.incidents(), front.letters(), await front.events()) == ([], [], [("ignored", why)])


async def test_a_mail_of_ours_and_a_report_are_let_be(front: Front) -> None:
    await front.send("Slow")
    [letter], [incident] = front.letters(), await front.incidents()
    await front.send("Re: Slow", by=f"On-call <{OURS}>", at=reply_to(letter))
    await front.send("Undelivered Mail Returned to Sender", by="MAILER-DAEMON@relay.example", sender="", at=reply_to(letter))
    assert (await front.notes(incident["id"]), len(await front.incidents()), front.letters()) == ([], 1, [])


@pytest.mark.parametrize(
    "headers",
    [
        {"Auto-Submitted": "auto-generated"},
        {"Precedence": "bulk"},
        {"Precedence": "list"},
        {"List-Id": "<all.customer.example>"},
        {"X-Auto-Response-Suppress": "All"},
        {"from": "no-reply@customer.example"},
        {"sender": ""},
    ],
    ids=str,
)
async def test_what_a_machine_or_a_list_sends_on_is_logged_and_never_answered(front: Front, headers: dict[str, str]) -> None:
    headers = dict(headers)
    by, sender = headers.pop("from", KIM), headers.pop("sender", "kim@customer.example")
    await front.send("Slow", by=by, sender=sender, **headers)
    assert (len(await front.incidents()), front.letters()) == (1, [])


async def test_a_machine_that_answers_every_mail_gets_a_note_and_no_answer(front: Front) -> None:
    await front.send("Ticket", "Your ticket was created")
    [letter] = front.letters()
    for n in range(3):
        await front.send(f"Ticket {n}: {letter.subject}", "We got your mail", at=reply_to(letter))
    assert (front.letters(), len(await front.incidents())) == ([], 1)


async def test_a_machine_that_answers_proves_nothing_of_whose_address_it_is(front: Front) -> None:
    """Somebody writes in the name of a mailbox that answers by itself: what they typed still does not go there."""
    await front.send("Buy at http://evil.example", by="Cheap <tickets@third.example>")
    [letter], [incident] = front.letters(), await front.incidents()
    await front.send(f"Re: {letter.subject}", "Got it", by="tickets@third.example", at=reply_to(letter), Auto_Submitted="auto-generated")
    await front.ana.does(incident["id"], "resolve", resolution_text="The secret of it.")
    [asked] = front.letters()
    assert not {word for word in ("evil", "secret") if word in words_of(asked)}


async def test_two_machines_that_answer_each_other_anew_come_to_an_end(front: Front) -> None:
    """The other side begins a conversation of its own with each answer, and says nowhere that it is a machine."""
    await front.send("Ticket", "Your ticket was created")
    answered = 0
    while front.letters():
        answered += 1
        assert answered < 20
        await front.system.advance(minutes=11)
        await front.send(f"Ticket {answered}", "Your ticket was created")
    assert answered == 5, "so many in a day, as long as nobody there answers one"
    [*_, last] = await front.incidents()
    assert any(line.startswith("reporter_not_told: Kim Ng is not written to: 5 mails") for line in await front.system.reasons(last["id"]))


async def test_many_reports_from_one_sender_have_to_wait_and_none_is_lost(front: Front) -> None:
    for n in range(5):
        await front.send(f"Slow {n}", Message_ID=f"<{n}@customer.example>")
    with pytest.raises(SMTPDataError) as refused:
        await front.send("Slow 5", Message_ID="<5@customer.example>")
    assert refused.value.code == 450
    await front.send("Slow", by="lee@other.example", sender="lee@other.example", Message_ID="<lee@other.example>")
    await front.system.advance(minutes=11)
    await front.send("Slow 5", Message_ID="<5@customer.example>")
    assert [one["title"] for one in await front.incidents()] == [*(f"Slow {n}" for n in range(5)), "Slow", "Slow 5"]


async def test_attachments_are_named_and_encodings_read(front: Front) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"], mail["Message-ID"] = '"Zoë Ng" <zoe@customer.example>', "Loja está lenta – já", "<zoe@customer.example>"
    mail.set_content("Desde o meio-dia: não dá.\n", cte="quoted-printable")
    mail.add_alternative("<p>Desde o meio-dia</p>", subtype="html")
    mail.add_attachment(b"\x89PNG", maintype="image", subtype="png", filename="ecrã.png")
    await front.raw(mail.as_bytes(), sender="zoe@customer.example")
    [incident] = await front.incidents()
    assert (incident["title"], incident["reporter"]["name"]) == ("Loja está lenta – já", "Zoë Ng")
    assert incident["description"] == "Desde o meio-dia: não dá.\n\nAttached to the mail, and not kept: ecrã.png"


async def test_the_key_that_people_quote_is_kept_nowhere(front: Front) -> None:
    mail = EmailMessage()
    mail["From"], mail["Subject"] = KIM, f"Fwd: {front.address}"
    mail.set_content(f"I wrote to {front.address.upper()} already.\n", cte="base64")
    await front.raw(mail.as_bytes())
    [incident] = await front.incidents()
    assert incident["description"] == "I wrote to [redacted]@ONCALL.TEST already."
    assert incident["title"] == "[redacted]@oncall.test"


async def test_without_an_address_it_is_logged_and_nobody_is_answered(front: Front) -> None:
    await front.raw(b"From: The night porter\r\nSubject: Lift stuck\r\n\r\nIt is.\r\n", sender="")
    [incident] = await front.incidents()
    assert (incident["reporter"]["name"], incident["reporter"]["contact"], front.letters()) == ("The night porter", "", [])


async def test_what_a_mail_proves_is_only_that_somebody_reads_there(front: Front) -> None:
    """Until then a mail to that address has nothing in it that anybody typed; nor what was done."""
    await front.send("Buy at http://evil.example", "Cheap!", by='"Cheap pills" <victim@third.example>', sender="eve@evil.example")
    [incident] = await front.incidents()
    await front.ana.does(incident["id"], "resolve", resolution_text="The secret of it.")
    letters = front.letters()
    assert len(letters) == 2
    for letter in letters:
        for typed in ("evil", "pills", "Cheap", "secret"):
            assert typed not in words_of(letter)
        assert "Somebody gave this address" in words_of(letter)


async def test_once_they_have_answered_they_read_what_was_done(front: Front) -> None:
    await front.send("The shop is slow")
    [letter], [incident] = front.letters(), await front.incidents()
    await front.send("Re: Slow", "any news?", at=reply_to(letter))
    await front.ana.does(incident["id"], "resolve", resolution_text="More memory.")
    [asked] = front.letters()
    assert "What was done: More memory." in asked.paragraphs
    assert (asked.recipient, "The shop is slow" in asked.subject) == ("Kim Ng", True)


@pytest.mark.parametrize("process", ["itil", "sre"])
async def test_employees_report_as_well_and_whatever_the_process(system: System, process: str) -> None:
    front = await listening_desk(system, kind="employee", process=process)
    try:
        await front.send("Slow")
        [incident] = await front.incidents()
        assert (incident["reporter"]["kind"], incident["process"]) == ("employee", process)
    finally:
        await front.server.stop()


async def test_what_a_service_that_takes_mails_posts_to_us_is_taken_like_any(front: Front) -> None:
    """Mailgun's fields, a whole mail, and what is none."""
    url, anybody = f"/intake/{front.key}", front.system.client()
    fields = {
        "sender": "kim@customer.example",
        "recipient": "desk@example.com",
        "body-plain": f"I wrote to {front.address}",
        "subject": "Slow",
    }
    fields |= {"from": KIM, "Message-Id": "<m@customer.example>"}
    for _ in range(2):
        assert (await anybody.post(url, data=fields)).status_code == 202
    [incident] = await front.incidents()
    assert (incident["reporter"]["name"], incident["description"]) == ("Kim Ng", "I wrote to [redacted]@oncall.test")
    word = ANSWERS.word(incident["number"])
    answer = f"From: {KIM}\r\nSubject: Re: {word} Slow\r\n\r\nstill\r\n"
    assert (await anybody.post(url, content=answer, headers={"Content-Type": "message/rfc822"})).status_code == 202
    assert await front.notes(incident["id"]) == [("Kim Ng", "still")]
    for n in range(4):
        assert (await anybody.post(url, data=fields | {"Message-Id": f"<{n}@x>"})).status_code == 202
    late = await anybody.post(url, data=fields | {"Message-Id": "<late@x>"})
    assert (late.status_code, late.headers["retry-after"]) == (429, "600")
    assert (await anybody.post(url, json={"summary": "no mail"})).status_code == 202
    assert [one["title"] for one in await front.incidents()][-1] == "no mail", "it is read as anybody's, and nothing is lost"


async def test_read_again_it_is_no_event_either(front: Front) -> None:
    """As a replay does, and as the addresses of imitated services."""
    await front.send("Slow")
    integration = (await front.system.api.get(f"/api/v1/services/{front.service['id']}/integrations")).json()["items"][0]
    asked = {"integration_id": integration["id"], "body": "From: kim@x.example\r\nSubject: Slow\r\n\r\nslow"}
    answer = await front.system.api.post("/api/v1/routing-rules/test", json=asked)
    assert answer.status_code == 200, answer.text
    [way] = answer.json()["events"]
    assert (way["event"]["action"], way["event"]["summary"]) == ("ignore", "Slow")


async def test_the_same_mail_at_the_same_moment_is_one_incident_and_one_note(front: Front) -> None:
    mail = f"From: {KIM}\r\nSubject: Slow\r\nMessage-ID: <same@customer.example>\r\n\r\nslow\r\n".encode()
    await asyncio.gather(*(front.raw(mail) for _ in range(5)))
    [incident] = await front.incidents()
    answer = mail.replace(b"<same@", b"<answer@").replace(b"\r\n\r\n", b"\r\nIn-Reply-To: <same@customer.example>\r\n\r\n")
    at = ANSWERS.address(UUID(incident["id"]))
    await asyncio.gather(*(front.raw(answer, at=at if n % 2 else None) for n in range(6)))
    assert await front.notes(incident["id"]) == [("Kim Ng", "slow")]


async def test_without_the_database_nothing_is_taken_and_the_mail_comes_again(system: System, database_url: str) -> None:
    async with PostgresProxy(database_url) as proxy:
        database = Database(proxy.url)
        front = await listening_desk(system, database=database)
        proxy.mode = "refuse"
        with pytest.raises(SMTPDataError) as refused:
            await front.send("Slow", Message_ID="<again@customer.example>")
        assert (refused.value.code, refused.value.message.startswith("4.3.0 The database cannot take mails just now")) == (451, True)
        asked = await front.wire_says(f"RCPT TO:<{ANSWERS.address(new_id())}>")
        assert asked.startswith("451 4.3.0")
        proxy.mode = "pass"
        await front.send("Slow", Message_ID="<again@customer.example>")
        assert [one["title"] for one in await front.incidents()] == ["Slow"]
        await front.server.stop()
        await database.close()


async def test_what_was_logged_and_could_not_be_recorded_comes_again_and_is_one_incident(
    front: Front, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(gate, "BUDGET", 0.3)
    async with front.system.node.database.transaction() as tx:
        await tx.execute(text("LOCK TABLE events IN ACCESS EXCLUSIVE MODE"))
        with pytest.raises(SMTPDataError) as refused:
            await front.send("Slow", Message_ID="<again@customer.example>")
    assert refused.value.code == 451
    monkeypatch.undo()
    await front.send("Slow", Message_ID="<again@customer.example>")
    [incident] = await front.incidents()
    assert (await front.events())[0] == ("ignored", f"a mail by Kim Ng: logged as #{incident['number']}")


async def test_one_without_an_id_that_comes_again_is_one_incident(front: Front) -> None:
    """As a relay brings it again that has not heard our answer: only the trace that we write differs."""
    content = b"From: Kim <kim@customer.example>\r\nSubject: Slow\r\nDate: Mon, 02 Mar 2026 10:00:00 +0000\r\n\r\nSince noon.\r\n"
    await front.raw(content)
    await front.system.advance(minutes=2)
    await front.raw(content)
    assert len(await front.incidents()) == 1


@pytest.mark.parametrize(
    "content",
    [
        b"Subject: Slow\r\nMessage-ID: <a\x00b\xff@x>\r\nReferences: <\x00\xff\xed\xa0\x80@x>\r\n\r\nSince\x00 noon.\r\n",
        b"Subject: =?utf-8?q?a=00b=ed=a0=80?=\r\nContent-Type: text/plain; charset=utf-7\r\n\r\n+2AA- x\r\n",
        b"Subject: [#\xd9\xa1-0123456789ab] [#999999999999999999-0123456789ab]\r\n\r\nx\r\n",
    ],
    ids=["NUL and half a character in ids", "half a character by a charset", "numbers that are none"],
)
async def test_what_no_database_can_hold_is_no_reason_to_lose_a_mail(front: Front, content: bytes) -> None:
    assert await front.raw(b"From: kim@customer.example\r\n" + content)
    [incident] = await front.incidents()
    assert "\x00" not in incident["title"] + incident["description"]
