"""What may be told, when it is owed, and what links and words are: tables and properties."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Unknown
from oncall.channels.values import Sent as Accepted
from oncall.communications.rules import cadences
from oncall.communications.rules.feeds import check_feed, gravest
from oncall.communications.rules.subscribing import decide_fate, read, sign
from oncall.communications.rules.wording import PARAGRAPH, check_template, fill, paragraphs, plain
from oncall.communications.values.cadences import MOST_REMINDERS, Clock, Remind, Wait
from oncall.communications.values.feeds import BadFeed, FeedSettings, Group, ShownAs
from oncall.communications.values.subscribers import Fate, GiveUp, Sent, SubscriberId, SubscriberToken, TryAgain, Verb
from oncall.communications.values.updates import Audience, BadTemplate, Filling, State
from oncall.kit.ids import IncidentId, ServiceId

T = datetime(2026, 3, 2, 12, tzinfo=UTC)
MIN = timedelta(minutes=1)
ID = IncidentId(UUID(int=1))
RING = [b"first key", b"second key"]


# --- what is owed -----------------------------------------------------------------------------------------------------------


def clock(reminded: int = 0, *, every: timedelta = 30 * MIN) -> Clock:
    return Clock(ID, T, every, T + every, reminded=reminded)


@pytest.mark.parametrize(
    ("what", "given", "now", "expected"),
    [
        ("not before five minutes before", clock(), T + 24 * MIN, Wait(T + 25 * MIN, "not due before 2026-03-02T12:25:00+00:00")),
        ("then once", clock(), T + 25 * MIN, Remind(1, T + 30 * MIN, "the next status update is due at 12:30 UTC")),
        ("again when it is due", clock(1), T + 30 * MIN, Remind(2, T + 60 * MIN, "the next status update was due at 12:30 UTC")),
        ("half of a short time", clock(every=6 * MIN), T + 3 * MIN, Remind(1, T + 6 * MIN, "the next status update is due at 12:06 UTC")),
        ("the last one", clock(3), T + 90 * MIN, Remind(4, None, "the next status update was due at 12:30 UTC")),
        ("no more after that", clock(4), T + 999 * MIN, Wait(None, "all 4 reminders sent")),
        (
            "an hour late: one, then its cadence",
            clock(),
            T + 90 * MIN,
            Remind(1, T + 120 * MIN, "the next status update was due at 12:30 UTC"),
        ),
        ("nothing is owed", replace(clock(), due_at=None), T + 999 * MIN, Wait(None, "nothing is owed")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_when_somebody_is_reminded(what: str, given: Clock, now: datetime, expected: Remind | Wait) -> None:
    assert cadences.decide_reminder(given, now=now) == expected


@given(
    every=st.timedeltas(5 * MIN, timedelta(days=7)),
    reminded=st.integers(0, MOST_REMINDERS),
    late=st.timedeltas(timedelta(0), timedelta(days=400)),
)
def test_a_reminder_never_asks_to_be_looked_at_at_once(every: timedelta, reminded: int, late: timedelta) -> None:
    now = T + late
    decision = cadences.decide_reminder(clock(reminded, every=every), now=now)
    assert decision.next_at is None or decision.next_at > now
    due = cadences.next_look(clock(reminded, every=every))
    assert isinstance(decision, Remind) == (due is not None and due <= now)


@pytest.mark.parametrize(
    ("what", "state", "promised", "every", "expected"),
    [
        ("by its cadence", State.IDENTIFIED, None, 30 * MIN, Clock(ID, T, 30 * MIN, T + 30 * MIN)),
        ("a promise comes first", State.IDENTIFIED, 10 * MIN, 30 * MIN, Clock(ID, T, 10 * MIN, T + 10 * MIN, promised=True)),
        ("no priority, no promise", State.IDENTIFIED, None, None, None),
        ("resolved ends it", State.RESOLVED, None, 30 * MIN, Clock(ID, T, 30 * MIN, None)),
        ("unless something was promised", State.RESOLVED, 60 * MIN, None, Clock(ID, T, 60 * MIN, T + 60 * MIN, promised=True)),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_is_owed_after_an_update(
    what: str, state: State, promised: timedelta | None, every: timedelta | None, expected: Clock | None
) -> None:
    assert cadences.told(ID, state, promised=promised, every=every, now=T) == expected


@pytest.mark.parametrize(
    ("what", "given", "every", "expected"),
    [
        ("graver: due earlier, reminded anew", clock(2), 10 * MIN, Clock(ID, T, 10 * MIN, T + 10 * MIN)),
        ("milder: due later", clock(2), 60 * MIN, Clock(ID, T, 60 * MIN, T + 60 * MIN, reminded=2)),
        ("the same", clock(2), 30 * MIN, clock(2)),
        ("what was promised stays", replace(clock(), promised=True), 10 * MIN, replace(clock(), promised=True)),
        ("what owes nothing stays", replace(clock(), due_at=None), 10 * MIN, replace(clock(), due_at=None)),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_another_priority(what: str, given: Clock, every: timedelta, expected: Clock) -> None:
    assert cadences.followed(given, every) == expected


# --- words ------------------------------------------------------------------------------------------------------------------

FILLING = Filling("payments-api", 42, "P1", "disk full on db-7", T)


@pytest.mark.parametrize(
    ("what", "text", "expected"),
    [
        ("each of them", "{{service}} #{{ number }} {{priority}} {{next_update_at}}", "payments-api #42 P1 2026-03-02 12:00 UTC"),
        ("the title of its monitor", "{{incident_title}}", "disk full on db-7"),
        ("what stands for nothing stays", "{{other}} {x} }}", "{{other}} {x} }}"),
    ],
    ids=lambda x: x,
)
def test_placeholders(what: str, text: str, expected: str) -> None:
    assert fill(text, FILLING) == expected


def test_what_a_placeholder_stands_for_is_not_read_again() -> None:
    assert fill("{{incident_title}}", replace(FILLING, incident_title="{{service}}")) == "{{service}}"


def test_without_a_next_update_there_is_one_when_there_is_news() -> None:
    assert fill("Next: {{next_update_at}}", replace(FILLING, next_update_at=None)) == "Next: when there is news"


def test_all_wrong_placeholders_are_told_at_once() -> None:
    with pytest.raises(BadTemplate) as refused:
        check_template("{{servcie}}", "{{a}} and {{b}}", Audience.INTERNAL)
    assert [field for field, _ in refused.value.faults] == ["title", "text"]
    assert "{{a}}, {{b}}" in refused.value.faults[1][1]


def test_a_public_template_cannot_name_the_title_of_an_incident() -> None:
    check_template("", "{{incident_title}}", Audience.INTERNAL)
    with pytest.raises(BadTemplate):
        check_template("", "{{incident_title}}", Audience.PUBLIC)


@given(st.text())
def test_plain_text_holds_nothing_that_no_document_may_hold(text: str) -> None:
    made = plain(text)
    assert plain(made) == made
    assert not any(c < " " and c not in "\n\t" for c in made)
    made.encode()


@given(st.text(max_size=5_000))
def test_paragraphs_lose_no_word(text: str) -> None:
    parts = paragraphs(text)
    assert all(0 < len(part) <= PARAGRAPH for part in parts)
    assert "".join("".join(parts).split()) == "".join(text.split())


# --- links ------------------------------------------------------------------------------------------------------------------


@given(id=st.uuids(), verb=st.sampled_from(Verb), key=st.sampled_from([0, 1]))
def test_a_link_says_what_was_signed_by_any_key_of_the_ring(id: UUID, verb: Verb, key: int) -> None:
    token = SubscriberToken(SubscriberId(id), verb)
    assert read(sign(token, [RING[key]]), RING) == token


@given(id=st.uuids(), at=st.integers(0, 43), to=st.sampled_from("abcXYZ019-_"))
def test_a_link_that_was_changed_anywhere_is_none(id: UUID, at: int, to: str) -> None:
    text = sign(SubscriberToken(SubscriberId(id), Verb.CONFIRM), RING)
    changed = text[:at] + to + text[at + 1 :]
    assert (read(changed, RING) is None) == (changed != text)


@given(st.text(max_size=60))
def test_junk_is_no_link(text: str) -> None:
    assert read(text, RING) is None


def test_a_link_of_strangers_is_none() -> None:
    assert read(sign(SubscriberToken(SubscriberId(UUID(int=7)), Verb.UNSUBSCRIBE), [b"theirs"]), RING) is None


@pytest.mark.parametrize(
    ("what", "outcome", "attempt", "expected"),
    [
        ("sent", Accepted("id", "250 ok"), 1, Sent("250 ok")),
        ("refused for good", FailedPermanently("550 no such user", code="refused"), 1, GiveUp("550 no such user")),
        ("not now", FailedTemporarily("451 busy"), 1, TryAgain(T + timedelta(seconds=15), "451 busy")),
        ("later each time", FailedTemporarily("451 busy"), 4, TryAgain(T + 15 * MIN, "451 busy")),
        ("as asked", FailedTemporarily("429", timedelta(hours=2)), 1, TryAgain(T + timedelta(hours=2), "429")),
        ("perhaps", Unknown("no answer"), 2, TryAgain(T + MIN, "no answer")),
        ("too long", FailedTemporarily("429", timedelta(days=2)), 3, GiveUp("given up after 3 tries, last: 429")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_what_becomes_of_a_message(what: str, outcome: Outcome, attempt: int, expected: Fate) -> None:
    assert decide_fate(outcome, attempt=attempt, give_up_at=T + timedelta(days=1), now=T) == expected


# --- feeds ------------------------------------------------------------------------------------------------------------------


def test_everything_wrong_with_a_feed_is_told_at_once() -> None:
    a, b = ServiceId(UUID(int=1)), ServiceId(UUID(int=2))
    groups = (Group("G", (ShownAs(a, "A"), ShownAs(a, "A"))), Group("G", (ShownAs(b, "B"), ShownAs(a, "A"))))
    with pytest.raises(BadFeed) as refused:
        check_feed(FeedSettings("F", "f", "", groups, public=True))
    assert [field for field, _ in refused.value.faults] == [
        "groups.0.services.1.service_id",
        "groups.1.name",
        "groups.1.services.1.service_id",
    ]


@pytest.mark.parametrize(
    ("words", "expected"),
    [
        ([], "operational"),
        (["monitoring", "investigating"], "investigating"),
        (["maintenance", "monitoring"], "maintenance"),
        (["maintenance", "identified"], "identified"),
    ],
)
def test_the_gravest_word_counts(words: list[str], expected: str) -> None:
    assert gravest(words) == expected
