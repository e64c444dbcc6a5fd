"""When the next update is owed, and when whoever owes it is reminded. Pure: values and `now` in, a decision with its reason out."""

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from oncall.communications.values.cadences import MOST_REMINDERS, NOTICE_BEFORE, Clock, Remind, Wait
from oncall.communications.values.updates import State
from oncall.kit.ids import IncidentId

LONG = timedelta(days=1)
"""Of a clock that owes nothing: what it would be counted by."""


def told(id: IncidentId, state: State, *, promised: timedelta | None, every: timedelta | None, now: datetime) -> Clock | None:
    """After an update: the next is owed as promised, else by the cadence; nothing is once it is resolved. None: nobody counts."""
    if promised is not None:
        return Clock(id, now, promised, now + promised, promised=True)
    if state is State.RESOLVED:
        return Clock(id, now, every or LONG, None)
    return begun(id, every, since=now) if every else None


def begun(id: IncidentId, every: timedelta, *, since: datetime) -> Clock:
    return Clock(id, since, every, since + every)


def followed(clock: Clock, every: timedelta) -> Clock:
    """Its priority is another one: counted from the same update, unless something was promised or nothing is owed. What is due earlier
    now is reminded of anew.
    """
    if clock.promised or clock.due_at is None or clock.every == every:
        return clock
    due_at = clock.since + every
    return replace(clock, every=every, due_at=due_at, reminded=0 if due_at < clock.due_at else clock.reminded)


def next_look(clock: Clock) -> datetime | None:
    """The first reminder comes a little before it is due, but not before half of the time has passed; then one each time `every` passes."""
    if clock.due_at is None or clock.reminded >= MOST_REMINDERS:
        return None
    if clock.reminded == 0:
        return clock.due_at - min(NOTICE_BEFORE, clock.every / 2)
    return clock.due_at + (clock.reminded - 1) * clock.every


def decide_reminder(clock: Clock, *, now: datetime) -> Remind | Wait:
    """One reminder a look, however late the look is: after an outage nobody gets a pile of them."""
    at = next_look(clock)
    if at is None or clock.due_at is None:
        return Wait(None, "nothing is owed" if clock.due_at is None else f"all {MOST_REMINDERS} reminders sent")
    if now < at:
        return Wait(at, f"not due before {at.isoformat()}")
    nth = clock.reminded + 1
    following = next_look(replace(clock, reminded=nth))
    if following is not None and following <= now:
        following = now + clock.every
    verb = "was" if now >= clock.due_at else "is"
    return Remind(nth, following, f"the next status update {verb} due at {clock.due_at.astimezone(UTC):%H:%M} UTC")
