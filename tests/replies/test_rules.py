"""What a text means, and what a provider's word about a message is."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.channels.messages import NOW

from oncall.channels.twilio_errors import meaning
from oncall.contacts.values import RangOnSilent
from oncall.notifications.values.receipts import Receipt, ReceiptState
from oncall.replies.rules import is_told, read_status, read_text
from oncall.replies.values import MOST_TOLD, Coded, ForTheCarrier, Rang, Said, Tries, Unclear, Verb

ACKNOWLEDGE, RESOLVE, ESCALATE = Verb.ACKNOWLEDGE, Verb.RESOLVE, Verb.ESCALATE


@pytest.mark.parametrize(
    ("what", "text", "said"),
    [
        ("the code alone acknowledges", "4317", Coded("4317", ACKNOWLEDGE)),
        ("however it is written", "  4317.\n", Coded("4317", ACKNOWLEDGE)),
        ("in the digits of other keyboards", "４３１７", Coded("4317", ACKNOWLEDGE)),
        ("a word before or behind it", "ACK 4317", Coded("4317", ACKNOWLEDGE)),
        ("resolves", "4317 r", Coded("4317", RESOLVE)),
        ("resolves", "Resolved: 4317", Coded("4317", RESOLVE)),
        ("escalates", "4317 e", Coded("4317", ESCALATE)),
        ("the keys of a call mean the same", "4317 6", Coded("4317", RESOLVE)),
        ("the keys of a call mean the same", "4317, 5", Coded("4317", ESCALATE)),
        ("whether a test rang", "4317 YES", Rang("4317", RangOnSilent.YES)),
        ("that it did not", "n 4317.", Rang("4317", RangOnSilent.NO)),
        ("yes and no is neither", "4317 yes no", Unclear()),
        ("yes to nothing is nothing", "yes", Unclear()),
        ("yes and something else is not guessed at", "4317 yes r", Unclear()),
        ("the same code twice is one", "4317 4317", Coded("4317", ACKNOWLEDGE)),
        ("two codes are none", "4317 4318", Unclear()),
        ("two verbs are none", "4317 ack resolve", Unclear()),
        ("other words are not guessed at", "4317 not me", Unclear()),
        ("other words are not guessed at", "4317 please do not resolve", Unclear()),
        ("a longer number is no code", "43171", Unclear()),
        ("nor is a shorter one", "431", Unclear()),
        ("no code", "on it", Unclear()),
        ("nothing", "", Unclear()),
        ("what Twilio answers itself", "STOP", ForTheCarrier()),
        ("what Twilio answers itself", " start ", ForTheCarrier()),
        ("but not within other words", "stop paging me", Unclear()),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_read_text(what: str, text: str, said: Said) -> None:
    assert read_text(text) == said


@given(st.text(st.characters(exclude_categories=()), max_size=400))
def test_any_text_means_something(text: str) -> None:
    said = read_text(text)
    if isinstance(said, Coded):
        assert said.code.isascii()
        assert len(said.code) == 4


@pytest.mark.parametrize(("told", "answered"), [(0, True), (MOST_TOLD - 1, True), (MOST_TOLD, False), (99, False)])
def test_what_says_nothing_is_answered_five_times(told: int, answered: bool) -> None:
    assert is_told(Tries(told=told)) == answered


@pytest.mark.parametrize(
    ("what", "fields", "receipt"),
    [
        ("under way", {"MessageStatus": "queued"}, None),
        ("under way", {"MessageStatus": "sending"}, None),
        ("with the carrier", {"MessageStatus": "sent"}, Receipt(ReceiptState.SENT, NOW, "Twilio says sent")),
        ("on the telephone", {"MessageStatus": "delivered"}, Receipt(ReceiptState.DELIVERED, NOW, "Twilio says delivered")),
        ("read", {"MessageStatus": "read"}, Receipt(ReceiptState.READ, NOW, "Twilio says read")),
        (
            "lost, and why",
            {"MessageStatus": "undelivered", "ErrorCode": "30003"},
            Receipt(ReceiptState.FAILED, NOW, "Twilio says undelivered, Twilio error 30003: the telephone is off, or out of reach"),
        ),
        ("it rings", {"CallStatus": "ringing"}, None),
        ("it was picked up", {"CallStatus": "in-progress"}, Receipt(ReceiptState.DELIVERED, NOW, "the call was picked up")),
        ("nobody picked up", {"CallStatus": "no-answer"}, Receipt(ReceiptState.FAILED, NOW, "nobody picked up")),
        ("busy", {"CallStatus": "busy"}, Receipt(ReceiptState.FAILED, NOW, "the line was busy")),
        ("a word nobody knows yet", {"MessageStatus": "pondered"}, None),
        ("nothing", {}, None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_read_status(what: str, fields: dict[str, str], receipt: Receipt | None) -> None:
    code = fields.get("ErrorCode")
    assert read_status(fields, meaning=meaning(int(code)) if code else None, now=NOW) == receipt
