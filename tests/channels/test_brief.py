"""The few words of a message, before any channel escapes them."""

from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from tests.channels.messages import BUNDLE, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES

from oncall.channels.brief import Brief, brief, fitted, is_update, plain, rings
from oncall.channels.render import page, written
from oncall.channels.sms_text import text_of
from oncall.channels.twiml import call
from oncall.channels.values import Message


def test_a_page_says_what_where_and_how_bad_then_why_you_and_since_when() -> None:
    assert brief(a_page()) == Brief(
        line="[critical] payments-api: High error rate (#42)",
        marks=(),
        paragraphs=(
            "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary.",
            "Since 2026-03-08 02:30 UTC, high urgency, level 1.",
        ),
        facts=(("source", "web-1"), ("description", "5 % of requests fail")),
        links=(("https://runbooks.example.com/errors", "runbook"),),
        acknowledge_url="https://oncall.example.com/l/acknowledge-token",
        resolve_url="https://oncall.example.com/l/resolve-token",
        escalate_url="https://oncall.example.com/l/escalate-token",
        incident_url="https://oncall.example.com/incidents/42",
    )


def test_a_title_that_the_first_line_cuts_is_said_whole_below_it() -> None:
    long = "word " * 50
    assert brief(a_page(title=long)).paragraphs[0] == long.strip()


@pytest.mark.parametrize(
    ("message", "mark"),
    [
        (a_page(repeated=True), "This may have reached you before: an earlier attempt ended without a clear answer."),
        (a_page(nth=2), "Again, the 2nd time: nobody has acknowledged it."),
        (a_page(late_by=timedelta(minutes=5)), "Late by 5 minutes."),
        (a_notice(repeated=True), "This may have reached you before: an earlier attempt ended without a clear answer."),
    ],
)
def test_what_is_special_about_this_copy_comes_right_after_the_first_line(message: Message, mark: str) -> None:
    assert brief(message).marks == (mark,)
    assert plain(brief(message))[0] == mark


def test_a_notice_has_no_buttons() -> None:
    assert brief(a_notice()).buttons == ()
    assert plain(brief(a_notice())) == [
        "Your shift lasts until Mon 16 Mar 2026 09:00.",
        "Open now: nothing.",
        "the schedule: https://oncall.example.com/schedules/primary",
    ]


@pytest.mark.parametrize(
    ("what", "message", "loud", "silent"),
    [
        ("a page of high urgency", a_page(), True, False),
        ("a page of low urgency", a_page(urgency="low"), False, False),
        ("a test of an address", a_notice(kind="test", urgency="high"), True, False),
        ("a shift that begins", a_notice(), False, False),
        ("what has become of it", UPDATE, False, True),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_rings_and_what_makes_no_noise(what: str, message: Message, loud: bool, silent: bool) -> None:
    assert (rings(message), is_update(message)) == (loud, silent)


def test_what_does_not_fit_is_left_out_line_by_line() -> None:
    assert fitted(["one", "two", "three"], 7) == "one\ntwo"
    assert fitted(["much too long", "short"], 6) == "short"
    assert fitted(["äöü", "x"], 5, size=lambda line: len(line.encode())) == "x"


@given(PAGES | NOTICES | UPDATES)
def test_every_piece_is_one_harmless_line(message: Message) -> None:
    said = brief(message)
    for piece in [said.line, *plain(said)]:
        assert "\n" not in piece
        assert "\r" not in piece
        assert "\x00" not in piece


def test_what_no_monitor_judged_is_a_page_and_not_unknown() -> None:
    asked = a_page(severity="unknown", title="Can you look?")
    assert brief(asked).line == page(asked).subject == "[page] payments-api: Can you look? (#42)"
    assert text_of(asked).startswith("PAGE payments-api: Can you look?")
    listed = replace(BUNDLE, severity="unknown", listed=tuple(replace(one, severity="unknown") for one in BUNDLE.listed))
    for message in (asked, listed):
        said = [brief(message).line, *brief(message).paragraphs, text_of(message), call(message, keys_url=None), written(message).html]
        assert not [words for words in said if "unknown" in words.lower()]
