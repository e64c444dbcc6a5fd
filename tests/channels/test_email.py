"""The e-mail on the wire, and what each reply of the server means."""

import time
from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import ANY_TEXT, NOTICES, PAGES, Read
from tests.examples import examples
from tests.providers.smtp import SmtpSink
from tests.providers.tls import server_context

from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.channels.render import notice, page, written
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, PageMessage, Sent
from oncall.kit.mail import check_mail_address

SENDER = parse_mail_from("On-call <oncall@example.com>")


def channel_to(url: str, deadline: float = 5.0) -> EmailChannel:
    return EmailChannel(parse_smtp_url(url), sender=SENDER, now=lambda: NOW, deadline=deadline)


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[SmtpSink]:
    async with SmtpSink() as made:
        yield made


async def sent(sink: SmtpSink, message: Message) -> Any:
    sink.messages.clear()
    assert isinstance(await channel_to(sink.url).send(message), Sent)
    [received] = sink.messages
    return received


async def test_the_e_mail_has_these_headers_and_no_others(sink: SmtpSink) -> None:
    received = await sent(sink, a_page())
    assert dict(received.items()) == {
        "Content-Type": 'multipart/alternative; boundary="=_01960000000070008000000000000001"',
        "MIME-Version": "1.0",
        "From": "On-call <oncall@example.com>",
        "To": "ana@example.com",
        "Subject": "[critical] payments-api: High error rate (#42)",
        "Date": "Sun, 08 Mar 2026 02:35:00 +0000",
        "Message-ID": "<01960000-0000-7000-8000-000000000001@example.com>",
        "In-Reply-To": "<incident-01960000-0000-7000-8000-000000000002@example.com>",
        "References": "<incident-01960000-0000-7000-8000-000000000002@example.com>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Oncall-Notification": "01960000-0000-7000-8000-000000000001",
        "X-Oncall-Incident": "01960000-0000-7000-8000-000000000002",
        "X-Priority": "1 (Highest)",
        "Importance": "high",
        "Priority": "urgent",
    }
    assert (received.envelope_from, received.envelope_to) == ("oncall@example.com", ["ana@example.com"])


async def test_both_parts_are_the_rendered_page(sink: SmtpSink) -> None:
    message = a_page(title="Datenträger voll 🔥", late_by=timedelta(hours=1))
    plain, html = (await sent(sink, message)).iter_parts()
    assert (plain.get_content_type(), html.get_content_type()) == ("text/plain", "text/html")
    assert plain.get_content().replace("\r\n", "\n") == page(message).text
    assert html.get_content().replace("\r\n", "\n") == page(message).html


async def test_a_notice_is_an_e_mail_of_its_own_and_part_of_no_conversation(sink: SmtpSink) -> None:
    received = await sent(sink, a_notice())
    assert dict(received.items()) == {
        "Content-Type": 'multipart/alternative; boundary="=_01960000000070008000000000000003"',
        "MIME-Version": "1.0",
        "From": "On-call <oncall@example.com>",
        "To": "ana@example.com",
        "Subject": "You are on call in Primary now",
        "Date": "Sun, 08 Mar 2026 02:35:00 +0000",
        "Message-ID": "<01960000-0000-7000-8000-000000000003@example.com>",
        "Auto-Submitted": "auto-generated",
        "X-Auto-Response-Suppress": "All",
        "X-Oncall-Notification": "01960000-0000-7000-8000-000000000003",
    }
    plain, html = received.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == notice(a_notice()).text
    assert html.get_content().replace("\r\n", "\n") == notice(a_notice()).html
    repeat = await sent(sink, a_notice(attempt=2, repeated=True))
    assert repeat["Message-ID"] == received["Message-ID"]
    assert (await sent(sink, a_notice(urgency="high")))["Importance"] == "high"


async def test_a_page_update_joins_the_conversation_of_its_incident_in_a_quiet_voice(sink: SmtpSink) -> None:
    page, update = await sent(sink, a_page()), await sent(sink, UPDATE)
    for header in ("References", "In-Reply-To", "X-Oncall-Incident"):
        assert update[header] == page[header], header
    assert update["Message-ID"] != page["Message-ID"]
    assert update["Subject"] == "#42 acknowledged by Ben: High error rate"
    assert update["Importance"] is None


async def test_what_sends_us_back_its_name_is_kept(sink: SmtpSink) -> None:
    outcome = await channel_to(sink.url).send(a_page())
    assert outcome == Sent("<01960000-0000-7000-8000-000000000001@example.com>", "250 2.0.0 queued as 4711")


@pytest.mark.parametrize("behaviour", ["ok", "quit_silent", "quit_drop"])
async def test_it_says_goodbye_and_what_was_accepted_stays_sent_however_that_goes(sink: SmtpSink, behaviour: str) -> None:
    said, begun = sink.goodbyes, time.monotonic()
    sink.behave(behaviour, times=1)
    assert isinstance(await channel_to(sink.url).send(a_page()), Sent)
    assert sink.goodbyes == said + 1
    assert time.monotonic() - begun < 2


async def test_low_urgency_does_not_shout(sink: SmtpSink) -> None:
    received = await sent(sink, a_page(urgency="low"))
    assert not {"X-Priority", "Importance", "Priority"} & set(received)


async def test_pages_of_one_incident_are_one_conversation_and_a_repeat_is_the_same_message(sink: SmtpSink) -> None:
    first = await sent(sink, a_page())
    repeat = await sent(sink, a_page(attempt=2, repeated=True))
    other = await sent(sink, a_page(notification_id=UUID(int=7)))
    assert first["Message-ID"] == repeat["Message-ID"] != other["Message-ID"]
    assert first["References"] == repeat["References"] == other["References"]
    assert first["Subject"] == repeat["Subject"] == other["Subject"]


@examples(50)
@given(message=PAGES | NOTICES)
async def test_no_text_becomes_a_header_a_recipient_or_markup(sink: SmtpSink, message: Message) -> None:
    like_it = a_page if isinstance(message, PageMessage) else a_notice
    usual, received = await sent(sink, like_it(urgency=message.urgency)), await sent(sink, message)
    assert received.keys() == usual.keys()
    assert received.envelope_to == ["ana@example.com"]
    assert received["To"] == usual["To"]
    assert received["Subject"] == written(message).subject
    assert not received.defects
    assert received.raw.isascii()
    assert max(len(line) for line in received.raw.splitlines()) <= 998
    plain, html = received.iter_parts()
    assert plain.get_content().replace("\r\n", "\n") == written(message).text
    assert Read(html.get_content().replace("\r\n", "\n")).said == Read(written(message).html).said


@examples(50)
@given(address=ANY_TEXT)
async def test_no_address_can_make_it_raise_or_reach_another(sink: SmtpSink, address: str) -> None:
    sink.messages.clear()
    outcome = await channel_to(sink.url).send(a_page(address=address))
    assert isinstance(outcome, Sent | FailedPermanently)
    assert [m.envelope_to for m in sink.messages] == ([[check_mail_address(address)]] if isinstance(outcome, Sent) else [])


@given(ANY_TEXT | st.builds("{}@{}".format, ANY_TEXT, ANY_TEXT) | st.emails())
def test_an_accepted_address_can_stand_on_a_command_line_and_in_a_header(text: str) -> None:
    channel = EmailChannel(None, sender=SENDER, now=lambda: NOW)
    try:
        address = channel.check_address(text)
    except BadAddress:
        return
    assert address.isascii()
    assert address.isprintable()
    assert not set(address) & set(' <>"\r\n,;')
    assert channel.check_address(address) == address


async def test_without_a_server_it_says_what_to_set() -> None:
    channel = EmailChannel(None, sender=SENDER, now=lambda: NOW)
    assert channel.check_address("ana@example.com") == "ana@example.com"
    assert await channel.send(a_page()) == FailedPermanently("e-mail is not configured: set ONCALL_SMTP_URL", code="not_configured")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("busy", FailedTemporarily("421 4.3.2 too many connections")),
        ("refuse_all", FailedPermanently("554 5.3.2 no mail here", "refused")),
        ("shutting_down", FailedTemporarily("421 4.3.2 shutting down")),
        ("sender_refused", FailedPermanently("553 5.7.1 you may not send as this", "sender_refused")),
        ("greylisted", FailedTemporarily("450 4.2.0 greylisted, try later")),
        ("mailbox_full", FailedTemporarily("452 4.2.2 mailbox full")),
        ("no_such_user", FailedPermanently("550 5.1.1 no such user", "recipient_refused")),
        ("data_temporary", FailedTemporarily("451 4.3.0 try again")),
        ("data_refused", FailedPermanently("554 5.7.1 looks like spam", "refused")),
    ],
)
async def test_what_a_reply_means(sink: SmtpSink, behaviour: str, expected: Outcome) -> None:
    sink.behave(behaviour, times=1)
    assert await channel_to(sink.url).send(a_page()) == expected


async def test_a_good_log_in() -> None:
    async with SmtpSink(users={"ana@x": "p@ss"}) as sink:
        assert isinstance(await channel_to(sink.url.replace("//", "//ana%40x:p%40ss@")).send(a_page()), Sent)
        assert sink.logins == ["ana@x"]


async def test_a_bad_password_is_told_to_the_operator_and_not_repeated_to_anyone() -> None:
    async with SmtpSink(users={"ana": "right"}) as sink:
        outcome = await channel_to(sink.url.replace("//", "//ana:canary@")).send(a_page())
        assert isinstance(outcome, FailedPermanently)
        assert (outcome.code, outcome.credential) == ("not_authenticated", True)
        assert outcome.detail.startswith("535 ")
        assert "canary" not in outcome.detail
        assert sink.messages == []


async def test_a_log_in_that_is_demanded_but_not_set_up_is_told_to_the_operator() -> None:
    async with SmtpSink(users={"ana": "right"}) as sink:
        outcome = await channel_to(sink.url).send(a_page())
        assert isinstance(outcome, FailedPermanently)
        assert outcome.credential


async def test_required_encryption_that_is_not_offered_sends_nothing(sink: SmtpSink) -> None:
    sink.messages.clear()
    outcome = await channel_to(f"{sink.url}?starttls=required").send(a_page())
    assert isinstance(outcome, FailedPermanently)
    assert (outcome.code, outcome.credential) == ("not_offered", True)
    assert sink.messages == []


@pytest.mark.parametrize(
    ("what", "user", "query", "expected"),
    [
        ("auto takes any certificate: plain text would do as well", "", "", Sent),
        ("auto with a password verifies the certificate", "ana:secret@", "", FailedTemporarily),
        ("required verifies the certificate", "", "?starttls=required", FailedTemporarily),
        ("never does not ask for encryption", "", "?starttls=never", Sent),
    ],
)
async def test_starttls_with_a_certificate_nobody_vouches_for(
    tmp_path: Path, what: str, user: str, query: str, expected: type[Outcome]
) -> None:
    async with SmtpSink(starttls=server_context(tmp_path, "mail.example.com")) as sink:
        outcome = await channel_to(sink.url.replace("//", f"//{user}") + query).send(a_page())
        assert isinstance(outcome, expected), outcome
        assert len(sink.messages) == (expected is Sent)
        assert sink.logins == []


async def test_implicit_encryption_verifies_the_certificate(tmp_path: Path) -> None:
    async with SmtpSink(tls=server_context(tmp_path, "mail.example.com")) as sink:
        outcome = await channel_to(sink.url.replace("smtp://", "smtps://")).send(a_page())
        assert isinstance(outcome, FailedTemporarily), outcome
        assert "certificate" in outcome.detail.lower()


async def test_implicit_encryption_with_a_good_certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    async with SmtpSink(tls=server_context(tmp_path, "localhost")) as sink:
        monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "certificate.pem"))
        outcome = await channel_to(sink.url.replace("smtp://127.0.0.1", "smtps://localhost")).send(a_page())
        assert isinstance(outcome, Sent), outcome
