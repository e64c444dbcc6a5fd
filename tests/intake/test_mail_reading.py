"""What is read of a mail as it comes from the network: its parts, its charsets, and what is wrong with them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.intake.payloads import events

from oncall.intake.commands import read, received_as
from oncall.intake.rules import decode, is_mail, mail_in
from oncall.intake.rules.mail import HEAD_ONLY
from oncall.intake.rules.markup import text_in
from oncall.intake.values import Received
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.services.values import IntegrationRef, IntegrationType


def mail(*head: str, body: str | bytes = "full\r\n") -> bytes:
    lines = "\r\n".join(["From: Monitor <m@example.com>", *head, "", ""])
    return lines.encode("utf-8", "surrogateescape") + (body.encode() if isinstance(body, str) else body)


def parts(kind: str, *bodies: tuple[str, str | bytes]) -> bytes:
    """A multipart mail of these (head, body)."""
    inner = b"".join(
        f"--b\r\n{head}\r\n\r\n".encode() + (body.encode() if isinstance(body, str) else body) + b"\r\n" for head, body in bodies
    )
    return mail("Subject: Disk", f"Content-Type: multipart/{kind}; boundary=b", body=inner + b"--b--\r\n")


def test_a_mail_is_an_object_whose_members_have_names_to_be_asked_for() -> None:
    raw = mail(
        "To: oncall@example.com",
        "Subject: =?utf-8?q?Disk_f=C3=BCr?=\r\n =?utf-8?q?_alle?=",
        "Message-ID: <1@m>",
        "Date: Sun, 01 Mar 2026 03:12:00 +0100",
        "X-Severity: high",
        "X-Severity: low",
    )
    assert decode(received_as(raw, headers={"content-type": "message/rfc822"})) == {
        "subject": "Disk für alle",
        "from": "Monitor <m@example.com>",
        "to": "oncall@example.com",
        "cc": "",
        "reply_to": "",
        "date": "2026-03-01T03:12:00+01:00",
        "message_id": "<1@m>",
        "text": "full",
        "attachments": [],
        "headers": {
            "from": "Monitor <m@example.com>",
            "to": "oncall@example.com",
            "subject": "=?utf-8?q?Disk_f=C3=BCr?= =?utf-8?q?_alle?=",
            "message-id": "<1@m>",
            "date": "Sun, 01 Mar 2026 03:12:00 +0100",
            "x-severity": "high",
        },
    }


@pytest.mark.parametrize(
    ("content_type", "raw", "expected"),
    [
        ("message/rfc822", b"Subject: x\r\n\r\n", True),
        ("message/rfc822", b"Return-Path: <>\r\n\r\nfull", True),
        ("text/plain", b"\xef\xbb\xbfSubject: x\nFrom: y\n\nfull", True),
        ("", b"Received: a\nFrom: y\nSubject: x\n\nfull", True),
        ("message/rfc822", b"the disk is full", False),
        ("message/rfc822", b'{"summary": "Disk"}', False),
        ("", b"Subject: x\n\nfull", False),
        ("application/json", b'{"subject": "x", "from": "y"}', False),
    ],
)
def test_what_is_a_mail(content_type: str, raw: bytes, *, expected: bool) -> None:
    assert is_mail(decode(received_as(raw, headers={"content-type": content_type}))) is expected


@pytest.mark.parametrize(
    ("what", "raw", "subject"),
    [
        ("quoted", mail("Subject: =?iso-8859-1?Q?Platte_f=FCr?="), "Platte für"),
        ("base64", mail("Subject: =?UTF-8?B?8J+UpSBEaXNr?="), "🔥 Disk"),
        ("one character in two words", mail("Subject: =?utf-8?B?RMO=?=\r\n =?utf-8?B?vHM=?="), "Düs"),
        ("a charset nobody has", mail("Subject: =?no-such?B?RGlzaw==?="), "=?no-such?B?RGlzaw==?="),
        ("base64 that is none", mail("Subject: =?utf-8?B?x?="), "=?utf-8?B?x?="),
        ("not encoded at all, UTF-8", mail("Subject: Platte für"), "Platte für"),
        ("not encoded at all, Latin-1", mail("Subject: Platte f\udcfcr"), "Platte für"),
        ("folded", mail("Subject: Disk of\r\n\tdb-1"), "Disk of db-1"),
        ("NUL", mail("Subject: Di\x00sk"), "Di\N{REPLACEMENT CHARACTER}sk"),
        ("none", mail("X: y"), ""),
        ("twice", mail("Subject: a", "Subject: b"), "a"),
        ("very long", mail("Subject: " + "x" * 100_000), "x" * 4_095 + "…"),
    ],
)
def test_subjects(what: str, raw: bytes, subject: str) -> None:
    assert (mail_in(raw) or {})["subject"] == subject, what


HTML = "<html><head><title>t</title><style>p {x: y}</style></head><body><p>Disk &lt;sda&gt; is<br>full</p><script>alert(1)</script></body>"


@pytest.mark.parametrize(
    ("what", "raw", "text"),
    [
        ("plain", mail("Subject: x", body="full"), "full"),
        ("UTF-8 that says so", mail("Subject: x", "Content-Type: text/plain; charset=utf-8", body="für"), "für"),
        ("Latin-1 that says so", mail("Subject: x", "Content-Type: text/plain; charset=iso-8859-1", body=b"f\xfcr"), "für"),
        ("Latin-1 that says UTF-8", mail("Subject: x", "Content-Type: text/plain; charset=utf-8", body=b"f\xfcr"), "für"),
        ("UTF-8 that says ASCII", mail("Subject: x", "Content-Type: text/plain; charset=us-ascii", body="für"), "für"),
        ("a charset nobody has", mail("Subject: x", "Content-Type: text/plain; charset=x-unknown", body="für"), "für"),
        ("a charset that is none", mail("Subject: x", "Content-Type: text/plain; charset=hex", body="6162"), "6162"),
        ("Japanese", mail("Subject: x", "Content-Type: text/plain; charset=iso-2022-jp", body="障害".encode("iso-2022-jp")), "障害"),
        ("quoted-printable", mail("Subject: x", "Content-Transfer-Encoding: quoted-printable", body="f=C3=BCr=\r\n alle"), "für alle"),
        ("base64", mail("Subject: x", "Content-Transfer-Encoding: base64", body="ZnVsbA=="), "full"),
        ("base64 that is none", mail("Subject: x", "Content-Transfer-Encoding: base64", body="f"), "f"),
        ("an encoding nobody has", mail("Subject: x", "Content-Transfer-Encoding: x-yenc", body="full"), "full"),
        ("both", parts("alternative", ("Content-Type: text/plain", "plain"), ("Content-Type: text/html", HTML)), "plain"),
        ("HTML first", parts("alternative", ("Content-Type: text/html", HTML), ("Content-Type: text/plain", "plain")), "plain"),
        ("plain that says nothing", parts("alternative", ("Content-Type: text/plain", " \r\n"), ("Content-Type: text/html", "<p>h")), "h"),
        ("HTML only", mail("Subject: x", "Content-Type: text/html", body=HTML), "Disk <sda> is\nfull"),
        ("a log as an attachment", parts("mixed", ("Content-Type: text/plain\r\nContent-Disposition: attachment", "log")), ""),
        ("parts that never end", mail("Subject: x", "Content-Type: multipart/mixed; boundary=b", body="--b\r\n\r\nfull"), "full"),
        ("parts without a boundary", mail("Subject: x", "Content-Type: multipart/mixed", body="full"), ""),
        ("a mail inside", parts("mixed", ("Content-Type: message/rfc822", "Subject: y\r\n\r\ninside")), "inside"),
        ("blank lines at its end", mail("Subject: x", body="\r\n  full\r\n\r\nagain \r\n \t\r\n\r\n"), "\r\n  full\r\n\r\nagain"),
        ("a picture", mail("Subject: x", "Content-Type: image/png", body=b"\x89PNG"), ""),
        ("cut in the middle of a character", mail("Subject: x", body="ü" * 200_000), "ü" * 16_383 + "…"),
    ],
)  # fmt: skip
def test_texts(what: str, raw: bytes, text: str) -> None:
    assert (mail_in(raw) or {})["text"] == text, what


def test_attachments_are_named_and_not_kept() -> None:
    raw = parts(
        "mixed",
        ("Content-Type: text/plain", "full"),
        ("Content-Type: application/ms-tnef; name=winmail.dat\r\nContent-Transfer-Encoding: base64", "AAAA"),
        ("Content-Type: image/png\r\nContent-Disposition: inline; filename*=utf-8''gr%C3%BCn.png", b"\x89"),
        ("Content-Type: text/csv\r\nContent-Disposition: attachment", "a,b"),
        ('Content-Type: text/plain\r\nContent-Disposition: attachment; filename="=?utf-8?q?l=C3=B6g?="', "x"),
    )
    (event,) = events("email", raw)
    assert event.details == {"text": "full", "attachments": ["winmail.dat", "grün.png", "text/csv", "lög"]}


@pytest.mark.parametrize(
    ("raw", "title"),
    [
        (mail("Subject: ", body="\r\n  \r\nThe disk\tis full.\r\nRead on"), "The disk is full."),
        (mail("X: y", body=""), "mail without a subject"),
        (mail("Subject: [RESOLVED]", body="The disk"), "The disk"),
    ],
)
def test_a_mail_without_a_subject_is_called_by_its_first_line(raw: bytes, title: str) -> None:
    assert [event.summary for event in events("email", raw)] == [title]


@pytest.mark.parametrize(
    ("markup", "text"),
    [
        ("a<b>b</b>c", "abc"),
        ("a <b>b</b> c", "a b c"),
        ("<table><tr><td>Host</td><td>db-1</td></tr><tr><td>State</td><td>DOWN</td></tr></table>", "Host db-1\n\nState DOWN"),
        ("a<!-- <script> -->b", "ab"),
        ("a < b &amp; c &#x3c; d", "a < b & c < d"),
        ("<SCRIPT>x</SCRIPT >a", "a"),
        ("a<script>x", "a"),
        ("a<!-- x", "a"),
        ("a<b", "a"),
        ("<!DOCTYPE html><?xml?>a", "a"),
        ("no markup\n at all", "no markup at all"),
        ("", ""),
    ],
)
def test_text_in_html(markup: str, text: str) -> None:
    assert text_in(markup) == text


SLOW = ["<", "<!--", "<a ", "</", "<script>", "<style>x</style", "&", "&#", "<a b='", " <p> ", "\n<br>\n"]


@pytest.mark.parametrize("pattern", SLOW)
def test_html_made_to_be_slow_is_not(pattern: str) -> None:
    started = time.monotonic()
    text_in((pattern * 65_536)[:65_536])
    assert time.monotonic() - started < 2


def nested(depth: int, *, said: str = "Content-Type: ") -> bytes:
    """As many multiparts in each other; the innermost part begins behind it."""
    return "".join(f"{said}multipart/mixed; boundary=b{n}\n\n--b{n}\n" for n in range(depth)).encode() + b"\n"


HOSTILE = {
    "deep": b"Content-Type: multipart/mixed; boundary=0\r\n"
    + b"".join(b"\r\n--%d\r\nContent-Type: multipart/mixed; boundary=%d\r\n" % (n, n + 1) for n in range(3_000)),
    "deep, and lines": nested(200) + b"\r\n" * 100_000,
    "not so deep, and lines": nested(20) + b"\n" * 200_000,
    "wide": b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\nx\r\n" * 20_000,
    "many headers": b"X: y\r\n" * 40_000,
    "one long header": b"X: " + b"y" * 250_000,
    "no line ends": b"x" * 250_000,
    "punycode": b"Content-Type: text/plain; charset=punycode\r\n\r\na-" + b"9" * 200_000,
    "encoded words": b"To: " + b"=?utf-8?q?a?= " * 15_000,
    "parameters": b"Content-Type: text/plain; " + b"a*0=b; " * 30_000,
    "brackets": b"References: " + b"<" * 200_000,
    "mails in mails": b"Content-Type: message/rfc822\r\n\r\n" * 7_000,
}


@pytest.mark.parametrize("what", HOSTILE)
def test_mails_made_to_be_slow_or_to_break_are_read_in_time_and_keep_their_subject(what: str) -> None:
    started = time.monotonic()
    (event,) = events("email", b"Subject: Disk\r\nFrom: m@example.com\r\n" + HOSTILE[what])
    assert (event.summary, event.unreadable) == ("Disk", False)
    assert time.monotonic() - started < 3


@pytest.mark.parametrize(
    ("what", "raw", "text"),
    [
        ("as deep as anybody goes", nested(20) + b"full", "full"),
        ("deeper", nested(21) + b"full", HEAD_ONLY),
        ("folded", nested(21, said="CONTENT-TYPE:\r\n\t") + b"full", HEAD_ONLY),
        ("said in its text", b"\n" + b"Content-Type of multipart/mixed\n" * 30, ("Content-Type of multipart/mixed\n" * 30).rstrip()),
        ("mails in mails", b"Content-Type: message/rfc822\r\n\r\n" * 3_000, HEAD_ONLY),
    ],
)
def test_of_a_mail_with_too_many_parts_in_parts_the_head_is_read_and_it_says_so(what: str, raw: bytes, text: str) -> None:
    said = mail_in(b"Subject: Disk\nFrom: m@example.com\n" + raw) or {}
    assert (said["subject"], said["text"]) == ("Disk", text), what


INTEGRATION = IntegrationRef(IntegrationId(new_id()), ServiceId(new_id()), "prod", IntegrationType.EMAIL)
HEADS = st.sampled_from(
    ["Subject", "From", "Content-Type", "Content-Transfer-Encoding", "Content-Disposition", "Date", "References", "X-Severity"]
)
VALUES = st.text(max_size=60) | st.sampled_from(
    ["multipart/mixed; boundary=b", "message/rfc822", "base64", "=?utf-8?b?", "text/html; charset=utf-16", "<>"]
)


@given(st.lists(st.tuples(HEADS, VALUES), max_size=8), st.binary(max_size=300) | st.just(b"--b\r\n\r\n--b--"))
def test_any_mail_is_one_event_and_never_an_error(head: list[tuple[str, str]], body: bytes) -> None:
    raw = b"Return-Path: <>\r\n" + "".join(f"{name}: {said}\r\n" for name, said in head).encode("utf-8", "replace") + b"\r\n" + body
    (reading,) = read(Received("message/rfc822", raw), INTEGRATION)
    assert reading.summary
    assert not reading.unreadable
