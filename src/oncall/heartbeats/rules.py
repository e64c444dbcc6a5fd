"""When a heartbeat expires, and what a check-in, a pause, time and an outage of ours do to it. Pure."""

import json
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from uuid import UUID

from oncall.heartbeats.values import (
    LONGEST_PAUSE,
    UNHEARD_AFTER,
    Change,
    Heartbeat,
    HeartbeatId,
    Kind,
    Outcome,
    Pause,
    State,
    WrongPause,
)
from oncall.incidents.values import HEARTBEAT, Action, Body, Event
from oncall.kit.ids import EventId, IntegrationId

ENGINE = "oncall"
LOOK_AGAIN = timedelta(minutes=5)
"""How often we see, at least, whether the alert of one that has expired is still open: nobody tells us that a person resolved it."""

UNITS = (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1))


def is_paused(beat: Heartbeat, *, now: datetime) -> bool:
    """A pause ends by itself: at `until` exactly it is over, whether or not anybody wrote that down."""
    return beat.pause is not None and now < beat.pause.until


def state_of(beat: Heartbeat, *, now: datetime) -> State:
    if is_paused(beat, now=now):
        return State.PAUSED
    if beat.expired_at is not None:
        return State.EXPIRED
    return State.NEW if beat.last_check_in_at is None else State.HEALTHY


def expires_at(beat: Heartbeat) -> datetime | None:
    """When it expires if nothing comes; None for one that never checked in; of one that has expired, if its alert is over."""
    if beat.pause is not None:
        return beat.pause.until + beat.settings.patience if beat.last_check_in_at else None
    return beat.counts_from + beat.settings.patience if beat.counts_from else None


def next_at(beat: Heartbeat, *, now: datetime) -> datetime | None:
    """The instant at which time alone changes something, or of an expired one the next look at its alert."""
    if beat.pause:
        return beat.pause.until
    at = expires_at(beat)
    return min(at, now + LOOK_AGAIN) if at and beat.expired_at else at


def watches(beat: Heartbeat, *, now: datetime) -> bool:
    """Whether what it does when it is due depends on its alert."""
    return beat.expired_at is not None and not is_paused(beat, now=now)


def check_in(beat: Heartbeat, *, now: datetime) -> Outcome:
    """Its clock starts anew, unless it is paused; of an expired one the alert is resolved, paused or not."""
    settled = settle(beat, now=now)
    beat = settled.heartbeat
    last = beat.last_check_in_at
    at = max(now, last) if last else now  # of two at once the later one stands, whoever is written first
    after = replace(
        _counting(beat, None if beat.pause else at),
        last_check_in_at=at,
        check_in_count=beat.check_in_count + 1,
        expired_at=None,
        failures=0,
    )
    by = _name(beat)
    if beat.expired_at is not None:
        reason = f"checked in again after {words_of(now - last)}" if last else "checked in"
        change = Change(Kind.RECOVERED, now, reason, by)
        return Outcome(after, (*settled.changes, change), resolves=(f"Heartbeat {beat.settings.name} {reason}", reason))
    if last is None:
        change = Change(Kind.FIRST_CHECK_IN, now, "checked in for the first time; from now on it may expire", by)
        return Outcome(after, (*settled.changes, change))
    return Outcome(after, settled.changes)


def decide_due(beat: Heartbeat, *, now: datetime, over_since: datetime | None = None) -> Outcome:
    """End a pause that is over, and expire what was silent for too long: once, however late this is looked at.

    `over_since`: since when the alert of one that has expired is over, although it never checked in; None while that is open.
    """
    settled = settle(beat, now=now)
    if watches(settled.heartbeat, now=now):
        settled = replace(settled, heartbeat=_still_silent(settled.heartbeat, over_since, now=now))
    beat = settled.heartbeat
    at = expires_at(beat)
    if beat.pause or at is None or now < at:
        return settled
    silence = words_of(now - beat.last_check_in_at) if beat.last_check_in_at else "ever"
    waited = f"{words_of(beat.settings.interval)} and {words_of(beat.settings.grace)} of grace"
    reason = f"no check-in within {waited}{_counted(beat, over_since)}"
    change = Change(Kind.EXPIRED, now, reason, ENGINE)
    after = replace(_counting(beat, now), expired_at=now, failures=0)
    return Outcome(after, (*settled.changes, change), opens=(f"Heartbeat {beat.settings.name} did not check in for {silence}", reason))


def _still_silent(beat: Heartbeat, over_since: datetime | None, *, now: datetime) -> Heartbeat:
    """Whoever has its alert knows of it; once that is resolved, and nothing has checked in, its clock starts anew there."""
    if over_since is None:
        return replace(_counting(beat, now), failures=0)
    if beat.counts_from is None or beat.counts_from < over_since:
        return replace(_counting(beat, over_since), failures=0)
    return replace(beat, failures=0)


def _counted(beat: Heartbeat, over_since: datetime | None) -> str:
    """Why it was given more time, if it was."""
    if beat.counts_from is None or beat.counts_from == beat.last_check_in_at:
        return ""
    why = "when its alert was resolved" if beat.counts_from == over_since else "when its pause ended"
    if beat.unheard:
        why = f"since for {words_of(beat.unheard)} no check-in could be taken"
    return f", counted from {_said(beat.counts_from)}, {why}"


def settle(beat: Heartbeat, *, now: datetime) -> Outcome:
    """End a pause that is over by now; its clock starts at the end of the pause, if it ever checked in."""
    if beat.pause is None or now < beat.pause.until:
        return Outcome(beat)
    change = Change(Kind.RESUMED, beat.pause.until, f"its pause ended: {beat.pause.reason}", ENGINE)
    return Outcome(_resumed(beat, beat.pause.until), (change,))


def pause(beat: Heartbeat, *, until: datetime, reason: str, by: str, now: datetime) -> Outcome:
    """Nothing expires until then. What has expired stays so, and its alert with it; a pause of a paused one stands in its place."""
    if until <= now:
        raise WrongPause("A pause ends in the future: until must be later than now.", field="until")
    if until > now + LONGEST_PAUSE:
        raise WrongPause(f"A pause lasts {LONGEST_PAUSE.days} days at most; delete the heartbeat if it is not needed.", field="until")
    settled = settle(beat, now=now)
    change = Change(Kind.PAUSED, now, f"until {_said(until)}: {reason}", by)
    after = replace(_counting(settled.heartbeat, None), pause=Pause(now, until, reason, by), failures=0)
    return Outcome(after, (*settled.changes, change))


def resume(beat: Heartbeat, *, by: str, now: datetime) -> Outcome:
    """End its pause now: a full interval and grace from here. Of one that is not paused nothing changes."""
    settled = settle(beat, now=now)
    if settled.heartbeat.pause is None:
        return settled
    return Outcome(
        _resumed(beat, now), (Change(Kind.RESUMED, now, f"its pause was ended before {_said(settled.heartbeat.pause.until)}", by),)
    )


def excuse(beat: Heartbeat, *, down_from: datetime, up_at: datetime) -> Outcome:
    """Nobody could take a check-in from `down_from` to `up_at`: a silence that may be our fault is counted anew from `up_at`.

    What had expired before stays due. An outage in the first half of an interval after a check-in changes nothing: a monitor that came
    then comes again before the end. And we are not an excuse for ever: listening to a silence for twice the interval and grace is enough,
    or a node that is started every day would never notice that a daily job is dead.
    """
    settled = settle(beat, now=up_at)
    beat = settled.heartbeat
    at = expires_at(beat)
    if beat.counts_from is None or beat.silent_since is None or at is None or at <= down_from:
        return settled
    began = max(down_from, beat.silent_since)
    if up_at - began <= UNHEARD_AFTER:
        return settled
    if beat.counts_from == beat.last_check_in_at and up_at <= beat.counts_from + beat.settings.interval / 2:
        return settled
    unheard = beat.unheard + (up_at - began)
    counts_from = max(beat.counts_from, min(up_at, beat.silent_since + beat.settings.patience + unheard))
    after = replace(beat, unheard=unheard, counts_from=counts_from)
    if beat.expired_at is not None:
        return Outcome(after, settled.changes)  # its silence is told already; that it may be told again later is no news
    reason = f"no check-in could be taken from {_said(began)} to {_said(up_at)}: its silence is counted from {_said(counts_from)}"
    return Outcome(after, (*settled.changes, Change(Kind.EXCUSED, up_at, reason, ENGINE)))


def _resumed(beat: Heartbeat, at: datetime) -> Heartbeat:
    return replace(_counting(beat, at if beat.last_check_in_at else None), pause=None, failures=0)


def _counting(beat: Heartbeat, at: datetime | None) -> Heartbeat:
    """With its clock started anew at that instant, or stopped."""
    return replace(beat, silent_since=at, counts_from=at, unheard=timedelta(0))


def event_of(beat: Heartbeat, action: Action, said: tuple[str, str], *, id: EventId, body_id: UUID) -> Event:
    """What its alert is opened or resolved by, as if a monitor had sent it; the body is a small JSON of ours."""
    summary, reason = said
    settings = beat.settings
    last = _said(beat.last_check_in_at) if beat.last_check_in_at else None
    told = {
        "heartbeat": settings.name,
        "interval": words_of(settings.interval),
        "grace": words_of(settings.grace),
        "last_check_in_at": last,
        "description": settings.description,
    }
    body = {
        "heartbeat": {"id": f"{beat.id}", "name": settings.name},
        "action": action.value,
        "summary": summary,
        "reason": reason,
        "interval_seconds": settings.interval.total_seconds(),
        "grace_seconds": settings.grace.total_seconds(),
        "last_check_in_at": last,
    }
    return Event(
        id,
        IntegrationId(beat.id),
        _name(beat),
        beat.service_id,
        action,
        alert_key(beat.id),
        settings.severity,
        summary,
        Body(body_id, "application/json", json.dumps(body, ensure_ascii=False).encode()),
        source=settings.name,
        labels=dict(settings.labels),
        details={name: value for name, value in told.items() if value},
        reason=reason,
    )


def alert_key(id: HeartbeatId) -> str:
    """The dedup key of its alert."""
    return f"{HEARTBEAT}{id}"


def _name(beat: Heartbeat) -> str:
    return f"heartbeat {beat.settings.name}"


def words_of(length: timedelta) -> str:
    """The two largest units of a duration: "2 h 5 min"."""
    left, parts = max(round(length.total_seconds()), 0), []
    for unit, seconds in UNITS:
        count, left = divmod(left, seconds)
        if count:
            parts.append(f"{count} {unit}")
    return " ".join(parts[:2]) or "0 s"


def _said(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")
