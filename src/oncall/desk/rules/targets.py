"""By when an SLA promises what, which marks of that are due, and whom they page. Pure.

`Clock` is the calendar in whose hours it counts; None: every hour counts.
"""

from dataclasses import replace
from datetime import datetime, timedelta

from oncall.desk.rules.business_time import add_working, working_between
from oncall.desk.values import Priority
from oncall.desk.values.calendars import Calendar
from oncall.desk.values.slas import (
    AT_RISK_AT,
    Goal,
    Mark,
    Promise,
    Promises,
    Sla,
    SlaSettings,
    Standing,
    Told,
    WrongSla,
    kept_mark,
    mark_of,
)

Clock = Calendar | None

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))
DONE = {Goal.ACKNOWLEDGE: "acknowledged", Goal.RESOLVE: "resolved", Goal.UPDATE: "updated"}


def check_settings(wanted: SlaSettings) -> None:
    """Everything that is wrong with what an SLA promises, at once."""
    faults: list[tuple[str, str]] = []
    for priority, targets in wanted.targets.items():
        if targets.acknowledge is None and targets.resolve is None and targets.update is None:
            faults.append((f"targets.{priority.value}", "Say what is promised: acknowledge, resolve or update; or leave the priority out."))
        if targets.acknowledge is not None and targets.resolve is not None and targets.acknowledge > targets.resolve:
            faults.append((f"targets.{priority.value}.acknowledge", "It is acknowledged before it is resolved: promise that no later."))
    if not wanted.targets:
        faults.append(("targets", "Say what is promised for at least one priority."))
    if faults:
        raise WrongSla(faults[0][1] if len(faults) == 1 else f"This SLA cannot be; {len(faults)} things are wrong.", faults=faults)


def clock_of(sla: Sla, priority: Priority, calendar: Calendar | None) -> Clock:
    return None if priority in sla.settings.round_the_clock else calendar


def promise(clock: Clock, since: datetime, time: timedelta, *, used: timedelta = timedelta(0)) -> Promise:
    """What is promised within `time` from an instant on; `used`: so much of it was over before."""
    left = max(time - used, timedelta(0))
    return Promise(_later(clock, since, max(time * AT_RISK_AT - used, timedelta(0))), _later(clock, since, left))


def adjusted(
    promises: Promises,
    standing: Standing,
    sla: Sla,
    calendar: Calendar | None,
    *,
    regraded: bool = False,
    reopened: bool = False,
    news: bool = False,
    now: datetime,
) -> Promises:
    """The promises as they follow from how the incident stands now, and from what has just happened.

    What is kept or over runs no more; what has been told stays told. Another priority has other times, counted from the trigger as if it
    had had them from the beginning. The clock of a resolved incident stands still: reopened, it has as long as was left, and is to be
    acknowledged and told of anew. News begin the time to the next news.
    """
    promises = _ended(promises, standing, now=now)
    if standing.acknowledged and DONE[Goal.ACKNOWLEDGE] not in promises.marks:
        promises = replace(promises, marks=(*promises.marks, DONE[Goal.ACKNOWLEDGE]))
    targets = sla.settings.targets.get(standing.priority) if standing.priority else None
    if standing.priority is None or targets is None:
        return replace(promises, running={}, resolve_left=None)
    clock = clock_of(sla, standing.priority, calendar)
    if not standing.is_open:
        running = promises.running.get(Goal.RESOLVE)
        return replace(promises, running={}, resolve_left=_left(clock, now, running.by) if running else promises.resolve_left)
    if reopened:
        marks = (mark for mark in promises.marks if mark.startswith(Goal.RESOLVE) and mark != kept_mark(Goal.RESOLVE))
        promises = replace(promises, running={}, marks=tuple(marks))
    if news:
        promises = _without(promises, Goal.UPDATE)
    kept = {} if regraded else dict(promises.running)
    found: dict[Goal, Promise] = {}
    if targets.acknowledge is not None and DONE[Goal.ACKNOWLEDGE] not in promises.marks and not standing.acknowledged:
        since = now if reopened else standing.triggered_at
        found[Goal.ACKNOWLEDGE] = kept.get(Goal.ACKNOWLEDGE) or promise(clock, since, targets.acknowledge)
    if targets.resolve is not None and reopened and promises.resolve_left is not None:
        found[Goal.RESOLVE] = promise(clock, now, targets.resolve, used=max(targets.resolve - promises.resolve_left, timedelta(0)))
    elif targets.resolve is not None:
        found[Goal.RESOLVE] = kept.get(Goal.RESOLVE) or promise(clock, standing.triggered_at, targets.resolve)
    if targets.update is not None:
        found[Goal.UPDATE] = kept.get(Goal.UPDATE) or promise(clock, now, targets.update)
    return replace(promises, running=found, resolve_left=None)


def _ended(promises: Promises, standing: Standing, *, now: datetime) -> Promises:
    """What is done by now was kept or is late: that stays known when the promise runs no more, and is what reports count."""
    for goal, is_done in ((Goal.ACKNOWLEDGE, standing.acknowledged), (Goal.RESOLVE, not standing.is_open)):
        one, late = promises.running.get(goal), mark_of(goal, Mark.BREACHED)
        if is_done and one is not None and late not in promises.marks:
            promises = replace(promises, marks=(*promises.marks, late if one.by < now else kept_mark(goal)))
    return promises


def next_at(promises: Promises) -> datetime | None:
    """When the next mark is due; None: time alone changes nothing."""
    marks = [
        one.by if mark_of(goal, Mark.AT_RISK) in promises.marks else min(one.at_risk_at, one.by)
        for goal, one in promises.running.items()
        if mark_of(goal, Mark.BREACHED) not in promises.marks
    ]
    return min(marks, default=None)


def decide_due(promises: Promises, *, steps: int, now: datetime) -> tuple[Promises, tuple[Told, ...]]:
    """The marks that are due, each once: of a promise that is broken by now, that it was at risk is no news any more.

    A warning pages the first of the manager policy's `steps`; each breach of what concerns the incident itself climbs by one, if the step
    before it was paged. Late news warn nobody who manages, and page the first step when they are overdue.
    """
    told: list[Told] = []
    for goal in Goal:
        one = promises.running.get(goal)
        if one is None or mark_of(goal, Mark.BREACHED) in promises.marks:
            continue
        warned = mark_of(goal, Mark.AT_RISK) in promises.marks
        if one.by <= now:
            fresh = [mark_of(goal, mark) for mark in Mark if not (warned and mark is Mark.AT_RISK)]
            told.append(_told(promises, goal, Mark.BREACHED, one, steps, warned=warned, now=now))
        elif one.at_risk_at <= now and not warned:
            fresh = [mark_of(goal, Mark.AT_RISK)]
            told.append(_told(promises, goal, Mark.AT_RISK, one, steps, warned=True, now=now))
        else:
            continue
        promises = replace(promises, marks=(*promises.marks, *fresh))
    return replace(promises, failures=0), tuple(told)


def _told(promises: Promises, goal: Goal, mark: Mark, one: Promise, steps: int, *, warned: bool, now: datetime) -> Told:
    late = now - one.by
    when = f"{words_of(-late)} left" if mark is Mark.AT_RISK else f"{words_of(late)} ago" if late else "which is now"
    risk = "is at risk" if mark is Mark.AT_RISK else "is broken"
    reason = f"its SLA {risk}: to be {DONE[goal]} by {one.by:%Y-%m-%d %H:%M} UTC, {when}"
    return Told(goal, mark, one.by, late, _step(promises, goal, mark, steps, warned=warned), reason)


def _step(promises: Promises, goal: Goal, mark: Mark, steps: int, *, warned: bool) -> int:
    """Which step of the manager policy; -1: none."""
    if not steps or (goal is Goal.UPDATE and mark is Mark.AT_RISK):
        return -1
    if goal is Goal.UPDATE or mark is Mark.AT_RISK:
        return 0
    broken = sum(mark_of(other, Mark.BREACHED) in promises.marks for other in (Goal.ACKNOWLEDGE, Goal.RESOLVE))
    return min(broken + warned, steps - 1)


def words_of(time: timedelta) -> str:
    """As people say it, in whole units: 2 h 5 min."""
    left, said = max(int(time.total_seconds()), 0), []
    for unit, seconds in UNITS:
        if left >= seconds:
            said.append(f"{left // seconds} {unit}")
            left %= seconds
    return " ".join(said[:2]) or "0 s"


def _without(promises: Promises, goal: Goal) -> Promises:
    running = {other: one for other, one in promises.running.items() if other is not goal}
    return replace(promises, running=running, marks=tuple(mark for mark in promises.marks if not mark.startswith(goal.value)))


def _later(clock: Clock, at: datetime, time: timedelta) -> datetime:
    return at + time if clock is None else add_working(clock, at, time)


def _left(clock: Clock, now: datetime, by: datetime) -> timedelta:
    if by <= now:
        return timedelta(0)
    return by - now if clock is None else working_between(clock, now, by)
