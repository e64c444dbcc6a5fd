"""When a heartbeat expires, and what check-ins, pauses and our own outages do to it: the tables are the specification."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.heartbeats import rules
from oncall.heartbeats.values import Heartbeat, HeartbeatId, HeartbeatSettings, Kind, Pause, State, WrongPause
from oncall.incidents.values import Severity
from oncall.kit.ids import ServiceId

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)
MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)


def beat(interval: timedelta = 10 * MINUTE, grace: timedelta = MINUTE, **changes: object) -> Heartbeat:
    """It checked in at NOW, unless something else is said."""
    made = Heartbeat(
        HeartbeatId(UUID(int=1)),
        ServiceId(UUID(int=2)),
        HeartbeatSettings("backup", interval, grace, Severity.CRITICAL),
        "prefix",
        NOW - DAY,
        last_check_in_at=NOW,
        check_in_count=1,
        silent_since=NOW,
        counts_from=NOW,
    )
    return replace(made, **changes)  # type: ignore[arg-type]


NEW = beat(last_check_in_at=None, check_in_count=0, silent_since=None, counts_from=None)
EXPIRED = beat(silent_since=None, counts_from=None, expired_at=NOW + 11 * MINUTE)
PAUSED = beat(silent_since=None, counts_from=None, pause=Pause(NOW, NOW + HOUR, "moving", "Ana"))


@pytest.mark.parametrize(
    ("what", "given", "now", "state", "expires_at"),
    [
        ("healthy to the last moment and as long as nobody has looked", beat(), NOW + HOUR, State.HEALTHY, NOW + 11 * MINUTE),
        ("new does not expire", NEW, NOW + DAY, State.NEW, None),
        ("expired does not expire again", EXPIRED, NOW + DAY, State.EXPIRED, None),
        ("paused", PAUSED, NOW, State.PAUSED, NOW + HOUR + 11 * MINUTE),
        ("paused up to the end, exclusive", PAUSED, NOW + HOUR, State.HEALTHY, NOW + HOUR + 11 * MINUTE),
        ("paused and new", replace(NEW, pause=PAUSED.pause), NOW, State.PAUSED, None),
        ("paused and expired", replace(EXPIRED, pause=PAUSED.pause), NOW, State.PAUSED, NOW + HOUR + 11 * MINUTE),
        ("expired again once its pause is over", replace(EXPIRED, pause=PAUSED.pause), NOW + HOUR, State.EXPIRED, NOW + HOUR + 11 * MINUTE),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_state(what: str, given: Heartbeat, now: datetime, state: State, expires_at: datetime | None) -> None:
    assert (rules.state_of(given, now=now), rules.expires_at(given)) == (state, expires_at)


@pytest.mark.parametrize(
    ("what", "given", "now", "kinds", "opens"),
    [
        ("a moment before", beat(), NOW + 11 * MINUTE - timedelta(microseconds=1), [], None),
        ("the moment itself", beat(), NOW + 11 * MINUTE, [Kind.EXPIRED], "Heartbeat backup did not check in for 11 min"),
        ("a week late: once", beat(), NOW + 7 * DAY, [Kind.EXPIRED], "Heartbeat backup did not check in for 7 d"),
        ("the end of a pause", PAUSED, NOW + HOUR, [Kind.RESUMED], None),
        (
            "the end of a pause, a week late",
            PAUSED,
            NOW + 7 * DAY,
            [Kind.RESUMED, Kind.EXPIRED],
            "Heartbeat backup did not check in for 7 d",
        ),
        ("the end of a pause of a new one", replace(NEW, pause=PAUSED.pause), NOW + 7 * DAY, [Kind.RESUMED], None),
        ("expired and nothing planned", EXPIRED, NOW + 7 * DAY, [], None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_due(what: str, given: Heartbeat, now: datetime, kinds: list[Kind], opens: str | None) -> None:
    outcome = rules.decide_due(given, now=now)
    assert [change.kind for change in outcome.changes] == kinds
    assert (outcome.opens[0] if outcome.opens else None) == opens
    again = rules.decide_due(outcome.heartbeat, now=now)
    assert (again.changes, again.opens) == ((), None)


SILENT = rules.decide_due(beat(), now=NOW + HOUR).heartbeat
"""Expired an hour after its last check-in, and its clock runs on from there."""


@pytest.mark.parametrize(
    ("what", "now", "over_since", "counts_from", "next_at"),
    [
        ("its alert is open", NOW + 2 * HOUR, None, NOW + 2 * HOUR, NOW + 2 * HOUR + 5 * MINUTE),
        ("resolved a moment ago", NOW + 2 * HOUR, NOW + 2 * HOUR - MINUTE, NOW + 2 * HOUR - MINUTE, NOW + 2 * HOUR + 5 * MINUTE),
        ("resolved a while ago", NOW + 2 * HOUR, NOW + 2 * HOUR - 9 * MINUTE, NOW + 2 * HOUR - 9 * MINUTE, NOW + 2 * HOUR + 2 * MINUTE),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_an_expired_one_waits_while_its_alert_is_open_and_for_its_patience_after_that(
    what: str, now: datetime, over_since: datetime | None, counts_from: datetime, next_at: datetime
) -> None:
    outcome = rules.decide_due(SILENT, now=now, over_since=over_since)
    after = outcome.heartbeat
    assert (outcome.changes, outcome.opens, after.expired_at) == ((), None, NOW + HOUR), what
    assert (after.counts_from, rules.next_at(after, now=now)) == (counts_from, next_at), what


def test_one_whose_alert_was_resolved_a_patience_ago_expires_anew_and_says_why() -> None:
    over_since = NOW + 2 * HOUR
    outcome = rules.decide_due(SILENT, now=over_since + 11 * MINUTE, over_since=over_since)
    assert outcome.opens == (
        "Heartbeat backup did not check in for 2 h 11 min",
        "no check-in within 10 min and 1 min of grace, counted from 2026-03-02T14:00:00Z, when its alert was resolved",
    )
    assert outcome.heartbeat.expired_at == over_since + 11 * MINUTE
    assert rules.decide_due(outcome.heartbeat, now=over_since + HOUR).opens is None, "its alert is open again"


def test_an_outage_of_ours_gives_an_expired_one_more_time_and_is_no_news_of_it() -> None:
    outcome = rules.excuse(SILENT, down_from=NOW + HOUR, up_at=NOW + 2 * HOUR)
    assert (outcome.changes, outcome.heartbeat.counts_from) == ((), NOW + 2 * HOUR)


@pytest.mark.parametrize(
    ("what", "given", "kinds", "resolves", "counts_from"),
    [
        ("only the clock moves", beat(), [], None, NOW + HOUR),
        ("the first one starts the clock", NEW, [Kind.FIRST_CHECK_IN], None, NOW + HOUR),
        ("an expired one recovers", EXPIRED, [Kind.RECOVERED], "checked in again after 1 h", NOW + HOUR),
        ("in a pause the clock stands still", replace(PAUSED, pause=Pause(NOW, NOW + DAY, "x", "Ana")), [], None, None),
        ("a pause that ended just now is over", PAUSED, [Kind.RESUMED], None, NOW + HOUR),
        (
            "an expired one recovers in its pause",
            replace(EXPIRED, pause=Pause(NOW, NOW + DAY, "x", "Ana")),
            [Kind.RECOVERED],
            "checked in again after 1 h",
            None,
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_check_in(what: str, given: Heartbeat, kinds: list[Kind], resolves: str | None, counts_from: datetime | None) -> None:
    outcome = rules.check_in(given, now=NOW + HOUR)
    after = outcome.heartbeat
    assert [change.kind for change in outcome.changes] == kinds
    assert (outcome.resolves[1] if outcome.resolves else None) == resolves
    assert (after.counts_from, after.silent_since, after.expired_at, after.last_check_in_at) == (counts_from, counts_from, None, NOW + HOUR)
    assert after.check_in_count == given.check_in_count + 1


def test_a_clock_that_jumps_back_does_not_make_a_check_in_older() -> None:
    assert rules.check_in(beat(), now=NOW - HOUR).heartbeat.counts_from == NOW


@pytest.mark.parametrize("until", [NOW, NOW - HOUR, NOW + 90 * DAY + MINUTE])
def test_a_pause_ends_in_the_future_and_within_ninety_days(until: datetime) -> None:
    with pytest.raises(WrongPause) as refused:
        rules.pause(beat(), until=until, reason="x", by="Ana", now=NOW)
    assert refused.value.field == "until"


# --- when we were down ------------------------------------------------------------------------------------------------------

DAILY = beat(DAY, 10 * MINUTE)
"""Checks in at noon each day."""


@pytest.mark.parametrize(
    ("what", "given", "down_from", "up_at", "expires_at"),
    [
        ("every check-in was lost: anew", beat(), NOW + MINUTE, NOW + 2 * HOUR, NOW + 2 * HOUR + 11 * MINUTE),
        ("it had expired before we went down: as it was", beat(), NOW + 11 * MINUTE, NOW + 2 * HOUR, NOW + 11 * MINUTE),
        ("a moment is none", beat(), NOW + 9 * MINUTE, NOW + 9 * MINUTE + timedelta(seconds=10), NOW + 11 * MINUTE),
        ("down around its noon", DAILY, NOW + DAY - MINUTE, NOW + DAY + MINUTE, NOW + 2 * DAY + 11 * MINUTE),
        ("down in the first half: nothing was lost that matters", DAILY, NOW + HOUR, NOW + 12 * HOUR, NOW + DAY + 10 * MINUTE),
        ("into the second half", DAILY, NOW + HOUR, NOW + 13 * HOUR, NOW + 13 * HOUR + DAY + 10 * MINUTE),
        ("its pause ended meanwhile", PAUSED, NOW + MINUTE, NOW + 2 * HOUR, NOW + 2 * HOUR + 11 * MINUTE),
        ("its pause goes on", PAUSED, NOW + MINUTE, NOW + 30 * MINUTE, NOW + HOUR + 11 * MINUTE),
        ("expired stays expired", EXPIRED, NOW + MINUTE, NOW + 2 * HOUR, None),
        ("new stays new", NEW, NOW + MINUTE, NOW + 2 * HOUR, None),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_excuse(what: str, given: Heartbeat, down_from: datetime, up_at: datetime, expires_at: datetime | None) -> None:
    assert rules.expires_at(rules.excuse(given, down_from=down_from, up_at=up_at).heartbeat) == expires_at


def test_a_second_outage_is_an_excuse_as_well() -> None:
    once = rules.excuse(beat(), down_from=NOW + MINUTE, up_at=NOW + HOUR).heartbeat
    twice = rules.excuse(once, down_from=NOW + HOUR + timedelta(seconds=10), up_at=NOW + 2 * HOUR).heartbeat
    assert rules.expires_at(twice) == NOW + 2 * HOUR + 11 * MINUTE


def test_a_node_that_is_started_every_noon_notices_a_dead_daily_job_within_a_second_day() -> None:
    given, at = DAILY, NOW + DAY
    for _ in range(10):
        if rules.decide_due(given, now=at - MINUTE).opens:
            break
        given = rules.excuse(given, down_from=at - MINUTE, up_at=at).heartbeat
        at += DAY
    assert at - NOW == 3 * DAY
    opened = rules.decide_due(given, now=at - MINUTE)
    assert opened.opens is not None
    assert "since for 2 min no check-in could be taken" in opened.opens[1]


@given(
    interval=st.timedeltas(timedelta(seconds=10), 31 * DAY),
    grace=st.timedeltas(timedelta(0), DAY),
    outages=st.lists(st.tuples(st.timedeltas(timedelta(0), 3 * DAY), st.timedeltas(timedelta(seconds=11), 5 * DAY)), max_size=8),
)
def test_whatever_our_outages_a_silence_is_heard_for_its_patience_and_for_at_most_twice_that(
    interval: timedelta, grace: timedelta, outages: list[tuple[timedelta, timedelta]]
) -> None:
    given, at, heard = beat(interval, grace), NOW, timedelta(0)
    for up_for, down_for in outages:
        expires_at = rules.expires_at(given)
        assert expires_at is not None
        if expires_at <= at + up_for:
            break
        heard += up_for
        given = rules.excuse(given, down_from=at + up_for, up_at=at + up_for + down_for).heartbeat
        at += up_for + down_for
    expires_at = rules.expires_at(given)
    assert expires_at is not None
    heard += max(expires_at - at, timedelta(0))
    assert heard <= 2 * (interval + grace)


@given(
    interval=st.timedeltas(timedelta(minutes=1), 31 * DAY),
    period=st.floats(0.05, 1),
    down_after=st.floats(0, 3),
    down_for=st.floats(0.01, 5),
)
def test_one_outage_of_whatever_length_lets_no_monitor_expire_that_keeps_its_interval(
    interval: timedelta, period: float, down_after: float, down_for: float
) -> None:
    """It checks in every `period` of its interval; what falls into the outage is lost."""
    grace, every = MINUTE, interval * period
    down_from = NOW + interval * down_after
    up_at = down_from + max(interval * down_for, timedelta(seconds=11))
    given, at, excused = beat(interval, grace), NOW, False
    while at < up_at + 3 * interval:
        at += every
        if not excused and at >= up_at:
            given, excused = rules.excuse(given, down_from=down_from, up_at=up_at).heartbeat, True
        if not down_from <= at < up_at:
            expires_at = rules.expires_at(given)
            assert expires_at is not None
            assert at <= expires_at
            given = rules.check_in(given, now=at).heartbeat


@pytest.mark.parametrize(
    ("length", "words"),
    [(0, "0 s"), (59, "59 s"), (60, "1 min"), (3_725, "1 h 2 min"), (90_000, "1 d 1 h"), (86_460, "1 d 1 min"), (-5, "0 s"), (0.4, "0 s")],
)
def test_durations_in_words(length: float, words: str) -> None:
    assert rules.words_of(timedelta(seconds=length)) == words
