"""E-mails that come back: to a return path that only we can make, and read as RFC 3464 has it."""

from email.message import EmailMessage
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import NOW, a_page
from tests.providers.smtp import SmtpSink

from oncall.channels.bounces import ReturnPath, read_failure, return_path
from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.channels.values import Sent

ID = a_page().notification_id
PATH = return_path("oncall.test", ["a-new-key", "an-old-key"])


NO_SUCH_USER = "smtp; 550 5.1.1 no such user"


def report(action: str = "failed", status: str = "5.1.1", diagnostic: str = NO_SUCH_USER, kind: str = "delivery-status") -> bytes:
    """As Postfix writes it."""
    return f"""\
From: MAILER-DAEMON@mx.example.com
To: somebody
Subject: Undelivered Mail Returned to Sender
Auto-Submitted: auto-replied
MIME-Version: 1.0
Content-Type: multipart/report; report-type={kind}; boundary="b"

--b
Content-Type: text/plain

I'm sorry.

--b
Content-Type: message/{kind}

Reporting-MTA: dns; mx.example.com
Original-Envelope-Id: {ID}

Final-Recipient: rfc822; ana@example.com
Action: {action}
Status: {status}
Diagnostic-Code: {diagnostic}

--b
Content-Type: text/rfc822-headers

Subject: [critical] payments-api: Action: failed

--b--
""".replace("\n", "\r\n").encode()


def test_a_return_path_is_read_back_also_in_capitals_and_with_the_older_key() -> None:
    address = PATH.address(ID)
    assert len(address.partition("@")[0]) <= 64, "RFC 5321 §4.5.3.1.1"
    assert (PATH.read(address), PATH.read(address.upper())) == (ID, ID)
    assert PATH.read(return_path("oncall.test", ["an-old-key"]).address(ID)) == ID


@pytest.mark.parametrize(
    "address",
    [
        "",
        "bounce-@oncall.test",
        PATH.address(ID).replace("oncall.test", "example.com"),
        ReturnPath("oncall.test", (b"somebody else's",)).address(ID),
        PATH.address(ID).replace(ID.hex, UUID(int=7).hex),
    ],
)
def test_what_we_did_not_make_is_no_return_path(address: str) -> None:
    assert PATH.read(address) is None


@given(st.text())
def test_no_address_is_too_odd_to_be_read(text: str) -> None:
    assert PATH.read(text) is None


@pytest.mark.parametrize(
    ("what", "content", "why"),
    [
        ("no such person", report(), "it came back: 5.1.1 550 5.1.1 no such user"),
        ("in other letters", report(action="Failed"), "it came back: 5.1.1 550 5.1.1 no such user"),
        ("without a word", report(status="", diagnostic=""), "it came back: without a reason"),
        ("only late", report(action="delayed", status="4.4.1"), None),
        ("delivered", report(action="delivered", status="2.0.0"), None),
        ("that it was read", report(kind="disposition-notification"), None),
        ("a holiday reply", b"Auto-Submitted: auto-replied\r\nSubject: Away\r\n\r\nAction: failed\r\n", None),
        ("nothing", b"", None),
    ],
)
def test_only_a_report_of_a_failure_is_one(what: str, content: bytes, why: str | None) -> None:
    assert read_failure(content) == why


@given(st.binary(max_size=2_000))
def test_whatever_comes_is_read_without_stumbling(noise: bytes) -> None:
    assert read_failure(noise) is None
    read_failure(report()[:300] + noise + report()[300:])


def test_the_diagnostic_of_a_stranger_is_one_short_line() -> None:
    said = read_failure(report(diagnostic="smtp; " + "x" * 5_000))
    assert said is not None
    assert len(said) <= 300


@pytest.mark.parametrize("reports", [True, False])
async def test_the_envelope_has_the_return_path_and_asks_for_a_report_where_that_is_offered(reports: bool) -> None:
    async with SmtpSink() as sink:
        sink.reports = reports
        sender = parse_mail_from("On-call <oncall@example.com>")
        channel = EmailChannel(parse_smtp_url(sink.url), sender=sender, now=lambda: NOW, returns=PATH)
        assert isinstance(await channel.send(a_page()), Sent)
    assert sink.messages[0].envelope_from == PATH.address(ID)
    assert sink.messages[0]["From"] == "On-call <oncall@example.com>"
    assert sink.asked == (["RET=HDRS", f"ENVID={ID}", "NOTIFY=FAILURE"] if reports else [])


def test_a_mail_that_merely_holds_a_report_is_none() -> None:
    mail = EmailMessage()
    mail.set_content("look at this")
    mail.add_attachment(report(), maintype="application", subtype="octet-stream")
    assert read_failure(mail.as_bytes()) is None
