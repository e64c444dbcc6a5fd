"""By when an SLA promises what, which marks of that are due and whom they page: a table, and what must hold for all."""

from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.desk.building import EPOCH, at, calendar

from oncall.desk.rules.business_time import working_between
from oncall.desk.rules.targets import adjusted, check_settings, decide_due, next_at, promise, words_of
from oncall.desk.values import Priority, SlaId
from oncall.desk.values.calendars import Calendar
from oncall.desk.values.slas import Goal, Mark, Promise, Promises, Sla, SlaSettings, Standing, Targets, WrongSla, marked
from oncall.kit.ids import IncidentId

MINUTE, HOUR, DAY = timedelta(minutes=1), timedelta(hours=1), timedelta(days=1)
NOON = at("2026-01-05 12:00")  # a Monday
OFFICE = calendar()
ID, SLA_ID = IncidentId(UUID(int=7)), SlaId(UUID(int=8))
ACKNOWLEDGE, RESOLVE, UPDATE = Goal
P1 = Targets(15 * MINUTE, 4 * HOUR, 30 * MINUTE)
P3 = Targets(HOUR, 16 * HOUR)
GOLD = Sla(SLA_ID, SlaSettings("Gold", {Priority.P1: P1, Priority.P3: P3}, round_the_clock=(Priority.P1,)), EPOCH)
NOTHING = Promises(ID, SLA_ID)


def standing(priority: Priority | None = Priority.P1, *, is_open: bool = True, acknowledged: bool = False) -> Standing:
    return Standing(priority, NOON, is_open, acknowledged)


def begun(priority: Priority = Priority.P1, calendar: Calendar | None = OFFICE) -> Promises:
    return adjusted(NOTHING, standing(priority), GOLD, calendar, now=NOON)


def by(promises: Promises) -> dict[str, str]:
    return {goal.value: f"{one.by:%a %H:%M}" for goal, one in promises.running.items()}


@pytest.mark.parametrize(
    ("what", "priority", "calendar", "expected"),
    [
        ("P1 counts round the clock", Priority.P1, OFFICE, {"acknowledge": "Mon 12:15", "resolve": "Mon 16:00", "update": "Mon 12:30"}),
        ("others in working hours", Priority.P3, OFFICE, {"acknowledge": "Mon 13:00", "resolve": "Wed 12:00"}),
        ("without a calendar all of it is round the clock", Priority.P3, None, {"acknowledge": "Mon 13:00", "resolve": "Tue 04:00"}),
        ("nothing is promised for another priority", Priority.P2, OFFICE, {}),
        ("nor as long as it has none", None, OFFICE, {}),
    ],
)
def test_what_is_promised(what: str, priority: Priority | None, calendar: Calendar | None, expected: dict[str, str]) -> None:
    assert by(adjusted(NOTHING, standing(priority), GOLD, calendar, now=NOON)) == expected, what


def test_it_is_at_risk_after_three_quarters_of_its_working_time() -> None:
    assert promise(OFFICE, at("2026-01-05 15:00"), 4 * HOUR) == Promise(at("2026-01-06 10:00"), at("2026-01-06 11:00"))


def test_another_priority_counts_from_the_trigger_and_what_was_told_stays_told() -> None:
    told, _ = decide_due(begun(Priority.P3), steps=2, now=NOON + 50 * MINUTE)
    assert told.marks == ("acknowledge_at_risk",)
    regraded = adjusted(told, standing(Priority.P1), GOLD, OFFICE, regraded=True, now=NOON + 50 * MINUTE)
    assert by(regraded) == {"acknowledge": "Mon 12:15", "resolve": "Mon 16:00", "update": "Mon 13:20"}
    after, marks = decide_due(regraded, steps=2, now=NOON + 50 * MINUTE)
    assert [(one.goal, one.mark, one.late) for one in marks] == [(ACKNOWLEDGE, Mark.BREACHED, 35 * MINUTE)]
    assert after.marks == ("acknowledge_at_risk", "acknowledge_breached")
    assert adjusted(after, standing(Priority.P2), GOLD, OFFICE, regraded=True, now=NOON + HOUR).running == {}


def test_an_edited_sla_changes_no_promise_that_was_made() -> None:
    stricter = replace(GOLD, settings=replace(GOLD.settings, targets={Priority.P1: Targets(MINUTE, HOUR, MINUTE)}))
    assert adjusted(begun(), standing(), stricter, OFFICE, now=NOON + MINUTE) == begun()


def test_an_acknowledgement_keeps_its_promise_for_good() -> None:
    had = adjusted(begun(), standing(acknowledged=True), GOLD, OFFICE, now=NOON + MINUTE)
    assert by(had) == {"resolve": "Mon 16:00", "update": "Mon 12:30"}
    assert by(adjusted(had, standing(), GOLD, OFFICE, now=NOON + HOUR)) == by(had), "also if it is triggered again"


def test_news_begin_the_time_to_the_next_news_and_forget_that_the_last_were_late() -> None:
    late, _ = decide_due(begun(), steps=0, now=NOON + 40 * MINUTE)
    assert "update_breached" in late.marks
    told = adjusted(late, standing(), GOLD, OFFICE, news=True, now=NOON + 40 * MINUTE)
    assert by(told)["update"] == "Mon 13:10"
    assert not [mark for mark in told.marks if mark.startswith("update")]


def test_while_it_is_resolved_the_clock_stands_still() -> None:
    over = adjusted(begun(), standing(is_open=False, acknowledged=True), GOLD, OFFICE, now=NOON + HOUR)
    assert (over.running, over.resolve_left, next_at(over)) == ({}, 3 * HOUR, None)
    assert adjusted(over, standing(is_open=False, acknowledged=True), GOLD, OFFICE, now=NOON + 2 * HOUR) == over, "closed later"
    again = adjusted(over, standing(), GOLD, OFFICE, reopened=True, now=NOON + DAY)
    assert by(again) == {"acknowledge": "Tue 12:15", "resolve": "Tue 15:00", "update": "Tue 12:30"}
    assert again.running[RESOLVE].at_risk_at == at("2026-01-06 14:00"), "three of its four hours are over then"


def test_what_was_broken_before_it_was_resolved_is_not_told_again_when_it_is_reopened() -> None:
    late, _ = decide_due(begun(), steps=0, now=NOON + 5 * HOUR)
    over = adjusted(late, standing(is_open=False), GOLD, OFFICE, now=NOON + 5 * HOUR)
    again = adjusted(over, standing(), GOLD, OFFICE, reopened=True, now=NOON + DAY)
    assert marked(again) == ((), (RESOLVE,)), "to be acknowledged and told of anew"
    assert [one.goal for one in decide_due(again, steps=0, now=NOON + DAY)[1]] == []


@pytest.mark.parametrize(
    ("what", "goal", "marks", "now", "expected"),
    [
        ("before three quarters nothing", ACKNOWLEDGE, (), 11 * MINUTE, None),
        ("a warning pages the first step", ACKNOWLEDGE, (), 12 * MINUTE, ("at_risk", 0, "3 min left")),
        ("once", ACKNOWLEDGE, ("acknowledge_at_risk",), 12 * MINUTE, None),
        ("a breach the second", ACKNOWLEDGE, ("acknowledge_at_risk",), 15 * MINUTE, ("breached", 1, "which is now")),
        ("the next breach the third", RESOLVE, ("acknowledge_breached", "resolve_at_risk"), 4 * HOUR, ("breached", 2, "which is now")),
        ("where the first was never paged it is", ACKNOWLEDGE, (), 20 * MINUTE, ("breached", 0, "5 min ago")),
        ("a warning after a breach is the first one's again", RESOLVE, ("acknowledge_breached",), 3 * HOUR, ("at_risk", 0, "1 h left")),
        ("late news warn nobody who manages", UPDATE, (), 25 * MINUTE, ("at_risk", -1, "5 min left")),
        ("overdue news page the first step", UPDATE, ("update_at_risk",), 30 * MINUTE, ("breached", 0, "which is now")),
        ("what was told is never told again", RESOLVE, ("resolve_at_risk", "resolve_breached"), 9 * HOUR, None),
    ],
)  # fmt: skip
def test_whom_a_mark_pages(what: str, goal: Goal, marks: tuple[str, ...], now: timedelta, expected: tuple[str, int, str] | None) -> None:
    its = replace(begun(), running={goal: begun().running[goal]}, marks=marks)
    _, told = decide_due(its, steps=3, now=NOON + now)
    assert [(one.mark.value, one.step, one.reason.rpartition(", ")[2]) for one in told] == ([expected] if expected else []), what


def test_the_last_step_is_as_far_as_it_climbs_and_without_a_policy_nobody_is_paged() -> None:
    late = replace(begun(), marks=("acknowledge_at_risk", "resolve_at_risk", "acknowledge_breached"))
    assert [one.step for one in decide_due(late, steps=1, now=NOON + 4 * HOUR)[1] if one.goal is RESOLVE] == [0]
    assert {one.step for one in decide_due(begun(), steps=0, now=NOON + 4 * HOUR)[1]} == {-1}


def test_after_an_outage_a_broken_promise_is_told_once_and_not_that_it_was_at_risk() -> None:
    after, told = decide_due(begun(), steps=2, now=NOON + 2 * DAY)
    assert [(one.goal, one.mark) for one in told] == [(goal, Mark.BREACHED) for goal in Goal]
    assert (next_at(after), decide_due(after, steps=2, now=NOON + 3 * DAY)[1]) == (None, ())


def test_everything_that_is_wrong_is_said_at_once() -> None:
    with pytest.raises(WrongSla) as refused:
        check_settings(SlaSettings("Gold", {Priority.P1: Targets(), Priority.P2: Targets(2 * HOUR, HOUR)}))
    assert [field for field, _ in refused.value.faults] == ["targets.P1", "targets.P2.acknowledge"]
    with pytest.raises(WrongSla, match="at least one priority"):
        check_settings(SlaSettings("Gold", {}))


@pytest.mark.parametrize(("time", "words"), [(0 * MINUTE, "0 s"), (61 * MINUTE, "1 h 1 min"), (2 * DAY + 3 * HOUR + MINUTE, "2 d 3 h")])
def test_words_of(time: timedelta, words: str) -> None:
    assert words_of(time) == words


minutes = st.integers(1, 3 * 24 * 60).map(lambda n: n * MINUTE)
instants = st.integers(0, 10 * 24 * 60).map(lambda n: NOON + n * MINUTE)


@given(instants, minutes, st.sampled_from([None, OFFICE, calendar(zone="America/New_York", closed="2026-01-07")]))
def test_a_promise_is_as_long_as_it_says_and_at_risk_before_it_ends(since: datetime, time: timedelta, clock: Calendar | None) -> None:
    made = promise(clock, since, time)
    lasts = made.by - since if clock is None else working_between(clock, since, made.by)
    assert (lasts, since <= made.at_risk_at <= made.by) == (time, True)


@given(st.lists(minutes, max_size=12), st.sampled_from([None, OFFICE]))
def test_each_mark_is_told_once_however_often_and_late_it_is_looked_at(looks: list[timedelta], clock: Calendar | None) -> None:
    its, told = begun(calendar=clock), []
    for look in sorted(looks):
        due = next_at(its)
        its, marks = decide_due(its, steps=2, now=NOON + look)
        assert bool(marks) == (due is not None and due <= NOON + look), "something is told exactly when next_at has come"
        told += [(one.goal, one.mark) for one in marks]
    assert len(told) == len(set(told))
    for goal in Goal:
        marks_of = [mark for its_goal, mark in told if its_goal is goal]
        assert marks_of in ([], [Mark.AT_RISK], [Mark.BREACHED], [Mark.AT_RISK, Mark.BREACHED])


@given(minutes, minutes)
def test_pausing_takes_nothing_from_the_time_to_resolve(worked: timedelta, pause: timedelta) -> None:
    over = adjusted(begun(), standing(is_open=False), GOLD, None, now=NOON + worked)
    again = adjusted(over, standing(), GOLD, None, reopened=True, now=NOON + worked + pause)
    left = max(4 * HOUR - worked, timedelta(0))
    assert again.running[RESOLVE].by == NOON + worked + pause + left


@pytest.mark.parametrize(
    ("what", "after", "became", "marks"),
    [
        ("acknowledged in time", 15 * MINUTE, standing(acknowledged=True), {"acknowledge_kept", "acknowledged"}),
        ("acknowledged late", 16 * MINUTE, standing(acknowledged=True), {"acknowledge_breached", "acknowledged"}),
        ("resolved in time, and never acknowledged", 4 * HOUR, standing(is_open=False), {"resolve_kept"}),
        ("resolved late", 4 * HOUR + MINUTE, standing(is_open=False), {"resolve_breached"}),
    ],
)
def test_what_became_of_a_promise_stays_known(what: str, after: timedelta, became: Standing, marks: set[str]) -> None:
    ended = adjusted(begun(), became, GOLD, OFFICE, now=NOON + after)
    assert set(ended.marks) == marks, what
    assert set(adjusted(ended, became, GOLD, OFFICE, now=NOON + 9 * HOUR).marks) == marks, "it ends once"


def test_what_is_reopened_has_kept_nothing_yet() -> None:
    resolved = adjusted(begun(), standing(is_open=False, acknowledged=True), GOLD, OFFICE, now=NOON + MINUTE)
    assert {"acknowledge_kept", "resolve_kept"} <= set(resolved.marks)
    assert adjusted(resolved, standing(), GOLD, OFFICE, reopened=True, now=NOON + HOUR).marks == ()
