"""`semantics.md` §5 and `reliability.md` F12–F18: what becomes of a page, and of one try at sending it."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Sent, Unknown
from oncall.contacts.values import ContactMethod, NotificationRule, Reach, Urgency
from oncall.kit.ids import ContactMethodId, NotificationId, UserId
from oncall.notifications.rules import decide_fate, late_by, mask, plan_messages, word_for
from oncall.notifications.values import MAX_RETRY_AFTER, RETRY_DELAYS, Done, Fate, GiveUp, TryAgain, Way

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
# The last byte of the id is the jitter: 0 is 80 %, 255 is 120 %.
LEAST, MOST = NotificationId(UUID(int=0)), NotificationId(UUID(int=255))


def fate(outcome: Outcome, *, attempt: int = 1, may_have_arrived: bool = False, id: NotificationId = LEAST) -> Fate:
    return decide_fate(outcome, id=id, attempt=attempt, may_have_arrived=may_have_arrived, now=NOW)


BUSY = FailedTemporarily("busy")


@pytest.mark.parametrize(
    ("what", "decided", "expected"),
    [
        ("accepted: done, whatever receipts say later", fate(Sent("x1", "250 ok")), Done("250 ok")),
        ("a first failure: again after 1 s, less a fifth", fate(BUSY), TryAgain(NOW + 0.8 * SECOND, False, "busy")),
        ("and plus a fifth", fate(BUSY, id=MOST), TryAgain(NOW + 1.2 * SECOND, False, "busy")),
        ("the second: 5 s", fate(BUSY, attempt=2), TryAgain(NOW + 4 * SECOND, False, "busy")),
        ("the third: 15 s", fate(BUSY, attempt=3), TryAgain(NOW + 12 * SECOND, False, "busy")),
        ("the fourth: 30 s", fate(BUSY, attempt=4), TryAgain(NOW + 24 * SECOND, False, "busy")),
        ("the fifth: 60 s", fate(BUSY, attempt=5), TryAgain(NOW + 48 * SECOND, False, "busy")),
        ("the sixth gives up, so that the escalation goes on", fate(BUSY, attempt=6), GiveUp("failed 6 times, last: busy")),
        ("a provider's own patience", fate(FailedTemporarily("429", 7 * SECOND)), TryAgain(NOW + 7 * SECOND, False, "429")),
        ("within bounds", fate(FailedTemporarily("429", timedelta(hours=1))), TryAgain(NOW + 60 * SECOND, False, "429")),
        ("none at all is not asked for", fate(FailedTemporarily("429", timedelta(0))), TryAgain(NOW + 0.8 * SECOND, False, "429")),
        ("a wrong number stays wrong", fate(FailedPermanently("no such number", "bad_address")), GiveUp("no such number")),
        (
            "no answer: once more, labelled, since it may have arrived",
            fate(Unknown("cut off")),
            TryAgain(NOW + 0.8 * SECOND, True, "may have arrived, will be repeated once: cut off"),
        ),
        (
            "no answer again: it counts as sent",
            fate(Unknown("cut off"), attempt=2, may_have_arrived=True),
            Done("sent twice without an answer, counted as sent: cut off"),
        ),
        ("what may have arrived stays labelled", fate(BUSY, attempt=2, may_have_arrived=True), TryAgain(NOW + 4 * SECOND, True, "busy")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_the_fate_of_a_message(what: str, decided: Fate, expected: Fate) -> None:
    assert decided == expected


outcomes = st.one_of(
    st.just(Sent(None, "ok")),
    st.just(Unknown("?")),
    st.just(FailedPermanently("no", "no")),
    st.builds(FailedTemporarily, st.just("busy"), st.none() | st.timedeltas(timedelta(0), timedelta(days=2))),
)


@given(st.uuids().map(NotificationId), st.lists(outcomes, min_size=10, max_size=10))
def test_whatever_a_provider_does_it_ends_after_at_most_seven_tries_and_within_minutes(id: NotificationId, course: list[Outcome]) -> None:
    now, may_have_arrived = NOW, False
    for attempt, outcome in enumerate(course, start=1):
        then = decide_fate(outcome, id=id, attempt=attempt, may_have_arrived=may_have_arrived, now=now)
        if not isinstance(then, TryAgain):
            break
        assert now < then.at <= now + max(MAX_RETRY_AFTER, RETRY_DELAYS[-1] * 1.2)
        assert then.may_have_arrived >= may_have_arrived, "what may have arrived once may have arrived for ever"
        now, may_have_arrived = then.at, then.may_have_arrived
    assert not isinstance(then, TryAgain)
    assert attempt <= len(RETRY_DELAYS) + 1


@given(st.uuids().map(NotificationId), st.integers(1, 5))
def test_the_jitter_is_at_most_a_fifth(id: NotificationId, attempt: int) -> None:
    then = decide_fate(BUSY, id=id, attempt=attempt, may_have_arrived=False, now=NOW)
    assert isinstance(then, TryAgain)
    assert 0.8 * RETRY_DELAYS[attempt - 1] <= then.at - NOW <= 1.2 * RETRY_DELAYS[attempt - 1]


def test_the_jitter_differs_between_messages() -> None:
    delays = {decide_fate(BUSY, id=NotificationId(UUID(int=n)), attempt=5, may_have_arrived=False, now=NOW) for n in range(256)}
    assert len(delays) == 256


def test_how_attempts_are_called() -> None:
    said = [word_for(outcome).value for outcome in (Sent(None, ""), BUSY, FailedPermanently("", ""), Unknown(""))]
    assert said == ["sent", "failed_temp", "failed_perm", "unknown"]


@pytest.mark.parametrize(("late", "said"), [(0, None), (59, None), (60, 60), (7200, 7200), (-5, None)])
def test_a_message_says_that_it_is_late_from_a_minute_on(late: int, said: int | None) -> None:
    assert late_by(NOW, now=NOW + late * SECOND) == (None if said is None else said * SECOND)


ANA = UserId(UUID(int=1))
SMS = ContactMethod(ContactMethodId(UUID(int=2)), ANA, "sms", "+351912345678", NOW, NOW)


def test_a_page_becomes_the_messages_of_the_persons_own_rules_each_at_its_delay_and_as_late_as_the_page() -> None:
    rules = tuple(NotificationRule(UUID(int=n), ANA, Urgency.HIGH, n * MINUTE, SMS.id, NOW) for n in (0, 5))
    planned = plan_messages(Reach(ANA, "Ana", "ana@example.com", (SMS,), rules), Urgency.HIGH, due_at=NOW - 3 * MINUTE, now=NOW)
    assert planned == (
        Way(SMS.id, "sms", SMS.address, 1, NOW - 3 * MINUTE, NOW),
        Way(SMS.id, "sms", SMS.address, 2, NOW + 2 * MINUTE, NOW + 5 * MINUTE),
    )


@pytest.mark.parametrize(
    ("address", "masked"),
    [
        ("ana@example.com", "a…@example.com"),
        ("@example.com", "…@example.com"),
        ("https://hooks.example.com/T0/secret?x=y", "https://hooks.example.com/…"),
        ("https://user:pass@hooks.example.com", "https://hooks.example.com/…"),
        ("discord://4174216298/JHMHI8qBe7bk2ZwO5U711o3dV_js", "discord://…"),
        ("+351912345678", "…5678"),
        ("", "…"),
    ],
)
def test_an_address_as_others_may_see_it(address: str, masked: str) -> None:
    assert mask(address) == masked


@given(st.text(max_size=40))
def test_no_mask_shows_more_than_four_signs_of_a_bare_address(address: str) -> None:
    assert "@" in address or "://" in address or len(mask(address)) <= 5
