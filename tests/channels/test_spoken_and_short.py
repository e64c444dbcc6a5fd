"""Text messages and the words of calls: short, telling, safe whatever a monitor says."""

import unicodedata
from dataclasses import replace
from datetime import timedelta
from xml.etree import ElementTree as ET

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import BUNDLE, a_notice, a_page
from tests.channels.test_render import ANY_TEXT, NOTICES, PAGES, UPDATES

from oncall.channels import twiml
from oncall.channels.sms_text import GSM_PARTS, NOTICE_PARTS, OTHER_PARTS, parts_of, text_of
from oncall.channels.values import Message, NoticeMessage, PageMessage

LINK = f"https://oncall.example.com/l/{'x' * 75}"
KEYS_URL = "https://oncall.example.com/replies/twilio/keys/01960000-0000-7000-8000-000000000001"


def page(**changes: object) -> PageMessage:
    return a_page(acknowledge_url=LINK, reply_code="4317", **changes)


@pytest.mark.parametrize(
    ("what", "text", "parts"),
    [
        ("160 plain signs are one part", "a" * 160, 1),
        ("161 are two", "a" * 161, 2),
        ("306 are two", "a" * 306, 2),
        ("307 are three", "a" * 307, 3),
        ("some plain signs take two places", "€" * 80, 1),
        ("and are never divided", "a" * 152 + "€" + "a" * 100, 2),
        ("which may cost one more", "a" * 152 + "€" + "a" * 152, 3),
        ("another alphabet: 70", "д" * 70, 1),
        ("71 are two", "д" * 71, 2),
        ("one such sign is enough", "a" * 70 + "д", 2),
        ("an emoji takes two places", "😀" * 35, 1),
        ("and one more is two parts", "😀" * 36, 2),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_parts(what: str, text: str, parts: int) -> None:
    assert parts_of(text) == parts


@pytest.mark.parametrize(
    ("what", "message", "first_line"),
    [
        ("how bad, where and what", page(), "CRITICAL payments-api: High error rate #42"),
        ("a possible duplicate says so first", page(repeated=True), "(repeat) CRITICAL payments-api: High error rate #42"),
        ("so does a repetition", page(nth=2), "(2nd time) CRITICAL payments-api: High error rate #42"),
        ("and what is late", page(late_by=timedelta(minutes=5)), "(5 minutes late) CRITICAL payments-api: High error rate #42"),
        ("typographic signs do not halve the room", page(title="“Disk” – 91 %…"), 'CRITICAL payments-api: "Disk" - 91 %... #42'),
        ("what says nothing is said so", page(title=" "), "CRITICAL payments-api: no title #42"),
        ("another alphabet stays", page(title="Диск полон"), "CRITICAL payments-api: Диск полон #42"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_first_line(what: str, message: Message, first_line: str) -> None:
    assert text_of(message).split("\n")[0] == first_line


def test_a_page_tells_how_to_answer() -> None:
    assert text_of(page()).split("\n")[1:] == ["Reply 4317 to acknowledge.", LINK]
    assert text_of(a_page(acknowledge_url=LINK)).split("\n")[1:] == [LINK], "without a code there is the link"


@given(PAGES | NOTICES | UPDATES, st.booleans(), st.booleans())
def test_whatever_a_monitor_says_it_stays_short_and_in_its_lines(message: Message, repeated: bool, linked: bool) -> None:
    if isinstance(message, PageMessage):
        message = page(title=message.title, service=message.service, severity=message.severity, repeated=repeated)
    text = text_of(message)
    assert parts_of(text) <= max(GSM_PARTS, OTHER_PARTS) + 1
    assert not any(unicodedata.category(sign) in {"Cc", "Cs", "Zl", "Zp"} for sign in text.replace("\n", ""))
    assert len(text.split("\n")) <= 4
    if isinstance(message, PageMessage):
        assert text.split("\n")[1:] == ["Reply 4317 to acknowledge.", LINK]
        assert text.startswith("(repeat) ") == repeated


def test_a_long_title_is_cut_not_the_answer() -> None:
    text = text_of(page(title="x" * 140, service="y" * 50))
    assert parts_of(text) == GSM_PARTS
    assert "xx.. #42\nReply 4317" in text
    assert parts_of(text_of(page(title="д" * 140))) == OTHER_PARTS


def test_a_code_comes_first_and_once() -> None:
    notice = a_notice(code="123456", paragraphs=("Code: 123456", "Give it where you asked for it."), links=())
    assert text_of(notice) == "123456 is the code that proves this number to oncall.\nGive it where you asked for it."


def test_a_list_says_what_fits_and_how_many_a_reply_acknowledges() -> None:
    few = text_of(replace(BUNDLE, listed=BUNDLE.listed[:2], acknowledge_url=LINK, reply_code="4317"))
    assert few.split("\n")[0] == BUNDLE.headline
    assert few.split("\n")[-2:] == ["Reply 4317 to acknowledge all 2.", LINK]
    many = text_of(replace(BUNDLE, listed=BUNDLE.listed * 30, acknowledge_url=LINK, reply_code="4317", repeated=True))
    assert many.startswith(f"(repeat) {BUNDLE.headline}\n#")
    of = len(BUNDLE.listed) * 30
    left = of - many.count("\n#")
    assert many.split("\n")[-3:] == [f"and {left} more", f"Reply 4317 to acknowledge all {of}.", LINK]
    assert parts_of(many) <= NOTICE_PARTS
    heard = twiml.call(BUNDLE, keys_url=KEYS_URL)
    assert f"{BUNDLE.headline}. The first: " in heard
    assert "Press 4 to acknowledge all of them." in heard


# --- calls --------------------------------------------------------------------------------------------------------------------


def test_what_is_heard() -> None:
    root = ET.fromstring(twiml.call(page(), keys_url=KEYS_URL))
    assert [verb.tag for verb in root] == ["Pause", "Gather", "Say"]
    gather = root[1]
    assert gather.attrib == {"input": "dtmf", "numDigits": "1", "timeout": "10", "action": KEYS_URL, "method": "POST"}
    [say] = gather
    assert say.get("loop") == "2"
    assert say.text == (
        "This is oncall, for Ana. critical, payments-api: High error rate. Incident number 42. "
        "Press 4 to acknowledge, 6 to resolve, 5 to escalate."
    )
    assert "counts as not answered" in (root[2].text or ""), "a mailbox presses no key"
    assert "You may have been called about this before." in twiml.call(page(repeated=True), keys_url=KEYS_URL)
    assert "This call is 5 minutes late." in twiml.call(page(late_by=timedelta(minutes=5)), keys_url=KEYS_URL)


@given(PAGES | NOTICES, ANY_TEXT, st.booleans())
def test_whatever_a_monitor_says_is_only_spoken(message: PageMessage | NoticeMessage, text: str, coded: bool) -> None:
    """It can neither end a sentence early nor dial a number."""
    if isinstance(message, NoticeMessage) and coded:
        message = a_notice(code="123456", paragraphs=message.paragraphs)
    calls = [twiml.call(message, keys_url=KEYS_URL), twiml.call(message, keys_url=None)]
    for made in (*calls, twiml.said(text), twiml.asked_again(text, keys_url=KEYS_URL), twiml.answered(text)):
        root = ET.fromstring(made)
        assert {verb.tag for verb in root.iter()} <= {"Response", "Pause", "Gather", "Say", "Message"}
        assert len(made) <= twiml.LIMIT or made == twiml.answered(text)


def test_the_worst_that_is_escaped_still_fits() -> None:
    worst = "'" * 5000
    message = page(title=worst, service=worst, severity=worst, recipient=worst, repeated=True, late_by=timedelta(days=3, hours=2))
    assert len(twiml.call(message, keys_url=KEYS_URL)) <= twiml.LIMIT
    assert len(twiml.call(a_notice(subject=worst, paragraphs=(worst,) * 9), keys_url=KEYS_URL)) <= twiml.LIMIT
