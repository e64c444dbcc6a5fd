"""Whether a mail of a person is taken now, what becomes of its words, and to whom we write what."""

from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.building import NOW, incident

from oncall.desk.values import Record, Reporter, ReporterKind, Verdict, Verification
from oncall.incidents.rules.mails import (
    answered_late,
    is_by_reporter,
    is_over,
    logged_from,
    note_from,
    trusts,
    why_not_taken,
    why_not_written,
    writer_of,
)
from oncall.incidents.values import Status
from oncall.incidents.values.mails import HeardLately, MailBox, PersonsMail, SentLately
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId, ServiceId

KIM = Reporter("Kim", ReporterKind.VENDOR, " Kim@Customer.example ")
MAIL = PersonsMail("Kim Ng", "kim@customer.example", "Slow", "Re: Slow", "words\n> quoted", "words", (), "<1@x>", (), True)
WEB = ServiceId(UUID(int=7))
BOX = MailBox(UUID(int=8), WEB, ReporterKind.EMPLOYEE)
FORM, DESK = Actor(ActorKind.EXTERNAL, None, "Kim", "form"), Actor(ActorKind.USER, UUID(int=9), "Dora", "api")


@pytest.mark.parametrize(
    ("what", "heard", "logs", "taken"),
    [
        ("the first", HeardLately(1, 0, 0), True, True),
        ("the fifth incident of a sender", HeardLately(5, 4, 4), True, True),
        ("the sixth", HeardLately(6, 5, 5), True, False),
        ("an answer of a sender who may log no more", HeardLately(6, 5, 5), False, True),
        ("the thirtieth mail of a sender", HeardLately(30, 0, 0), False, True),
        ("one more", HeardLately(31, 0, 0), False, False),
        ("the thirtieth incident at an address", HeardLately(1, 0, 29), True, True),
        ("one more there", HeardLately(1, 0, 30), True, False),
        ("the thirtieth answer about an incident, whoever writes", HeardLately(1, 0, 0, 29), False, True),
        ("one more about it", HeardLately(1, 0, 0, 30), False, False),
        ("an answer there", HeardLately(1, 0, 30), False, True),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_taken_in_ten_minutes(what: str, heard: HeardLately, logs: bool, taken: bool) -> None:
    assert (why_not_taken(heard, logs=logs) == "") is taken


@pytest.mark.parametrize(
    ("what", "sent", "trusted", "written"),
    [
        ("the fifth of a day to whoever it may be", SentLately(1, 4, is_proven=False), False, True),
        ("the sixth", SentLately(1, 5, is_proven=False), False, False),
        ("the sixth to whom we know", SentLately(6, 6, is_proven=True), True, True),
        ("the twentieth of an hour", SentLately(19, 400, is_proven=True), True, True),
        ("one more", SentLately(20, 20, is_proven=True), True, False),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_how_much_is_written_to_one_address(what: str, sent: SentLately, trusted: bool, written: bool) -> None:
    assert (why_not_written(sent, trusted=trusted) == "") is written


@pytest.mark.parametrize(
    ("opened_by", "is_proven", "trusted"),
    [(FORM, False, False), (FORM, True, True), (DESK, False, True), (None, False, True)],
    ids=["typed into a form", "and answered since", "logged by one of ours", "opened by a monitor, and its reporter added by one of ours"],
)
def test_whose_address_it_is(opened_by: Actor | None, is_proven: bool, trusted: bool) -> None:
    assert trusts(incident().but(opened_by=opened_by), SentLately(0, 0, is_proven)) is trusted


@pytest.mark.parametrize(
    ("mail", "name"),
    [
        (MAIL, "Kim"),
        (replace(MAIL, address="lee@other.example", name="Kim"), "lee@other.example"),
        (replace(MAIL, address="", name="Kim"), "somebody without an address"),
    ],
)
def test_in_whose_name_a_note_is(mail: PersonsMail, name: str) -> None:
    assert writer_of(mail, KIM) == Actor(ActorKind.EXTERNAL, None, name, "email")
    assert is_by_reporter(mail, KIM) is (name == "Kim")


def test_nobody_is_the_reporter_of_what_has_none() -> None:
    assert not is_by_reporter(replace(MAIL, address=""), Reporter("Kim", ReporterKind.CUSTOMER))
    assert not is_by_reporter(MAIL, None)


@pytest.mark.parametrize(
    ("mail", "title"),
    [
        (MAIL, "Slow"),
        (replace(MAIL, subject="", text="\n  \nthe shop is slow\nsince noon"), "the shop is slow"),
        (replace(MAIL, subject="", text=""), "a mail without words"),
        (replace(MAIL, subject="x" * 2_000), "x" * 1_023 + "…"),
    ],
)
def test_what_an_incident_is_called(mail: PersonsMail, title: str) -> None:
    logged = logged_from(mail, WEB, BOX)
    assert (logged.title, logged.reporter) == (title, Reporter("Kim Ng", ReporterKind.EMPLOYEE, "kim@customer.example"))


@given(st.text(max_size=30_000), st.lists(st.text(min_size=1, max_size=255), max_size=20))
def test_words_and_names_of_attachments_are_never_too_long(text: str, names: list[str]) -> None:
    mail = replace(MAIL, text=text, own_words=text, attachments=tuple(names))
    assert len(logged_from(mail, WEB, BOX).description) <= 20_000
    assert len(note_from(mail)) <= 10_000
    assert note_from(mail)
    assert not names or "Attached to the mail, and not kept: " in note_from(mail)


def test_who_answers_late_reports_what_follows() -> None:
    record = Record(IncidentId(UUID(int=1)), reporter=KIM)
    assert answered_late(MAIL, incident(), record, BOX).reporter == KIM
    stranger = answered_late(replace(MAIL, name="", address="lee@other.example"), incident(), record, BOX)
    assert stranger.reporter == Reporter("lee@other.example", ReporterKind.EMPLOYEE, "lee@other.example")
    assert stranger.follows_id == incident().id


@pytest.mark.parametrize(
    ("status", "verdict", "over"),
    [
        (Status.TRIGGERED, None, False),
        (Status.RESOLVED, None, False),
        (Status.RESOLVED, Verdict.SATISFIED, False),
        (Status.RESOLVED, Verdict.NOT_SATISFIED, True),
        (Status.CLOSED, None, True),
    ],
)
def test_when_what_is_said_belongs_to_what_follows(status: Status, verdict: Verdict | None, over: bool) -> None:
    said = Verification(verdict, FORM, NOW + timedelta(minutes=1)) if verdict else None
    record = Record(IncidentId(UUID(int=1)), verification=said)
    assert is_over(incident().but(status=status, resolved_at=NOW), record) is over
