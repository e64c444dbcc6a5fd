"""What a silence may be, and what ends or extends it. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from oncall.silences.rules.scopes import check_scope
from oncall.silences.values.muting import State
from oncall.silences.values.silences import LONGEST, BadSilence, Silence, SilenceOver, SilenceSettings

OVER = "This silence has expired and stays as it was: make another one."


def state_of(silence: Silence, *, now: datetime) -> State:
    """In `[starts_at, ends_at)` it is active."""
    if silence.ends_at <= now:
        return State.EXPIRED
    return State.ACTIVE if silence.starts_at <= now else State.PENDING


def check_silence(silence: Silence, *, confirmed: bool, now: datetime) -> None:
    """Raises BadSilence for a time that cannot be, MatchesEverything for one that nobody confirmed."""
    if silence.ends_at <= silence.starts_at:
        raise BadSilence("A silence ends after it starts: ends_at must be later than starts_at.", field="ends_at")
    if silence.ends_at <= now:
        raise BadSilence("This silence would be over already: ends_at must lie ahead (to end one now, POST …/expire).", field="ends_at")
    if silence.ends_at - silence.starts_at > LONGEST:
        raise BadSilence("A silence may last a year at most (P366D): for what comes back, plan a maintenance window.", field="ends_at")
    check_scope(silence.matchers, [silence.service_id] if silence.service_id else [], confirmed=confirmed)


def edited(silence: Silence, settings: SilenceSettings, *, now: datetime) -> Silence:
    """It stays its author's; one that has expired stays what it was."""
    _check_not_over(silence, now)
    new = replace(
        silence,
        matchers=settings.matchers,
        service_id=settings.service_id,
        starts_at=settings.starts_at or silence.starts_at,
        ends_at=settings.ends_at,
        comment=settings.comment,
        version=silence.version + 1,
    )
    check_silence(new, confirmed=settings.confirmed, now=now)
    return new


def expired(silence: Silence, *, now: datetime) -> Silence:
    """Ended now; one that was still to come never was. One that is over already is left alone."""
    if state_of(silence, now=now) is State.EXPIRED:
        return silence
    return replace(silence, starts_at=min(silence.starts_at, now), ends_at=now, version=silence.version + 1)


def extended(silence: Silence, *, ends_at: datetime | None, by: timedelta | None, now: datetime) -> Silence:
    """To a later end, or by so much time."""
    _check_not_over(silence, now)
    if (ends_at is None) == (by is None):
        raise BadSilence('Say how far: either "ends_at", an instant, or "by", such as "PT1H".', field="ends_at" if by is None else "by")
    end = ends_at or silence.ends_at + (by or timedelta(0))
    if end <= silence.ends_at:
        raise BadSilence("To extend is to end later than it does now; to end it sooner, PUT another ends_at or POST …/expire.")
    new = replace(silence, ends_at=end, version=silence.version + 1)
    check_silence(new, confirmed=True, now=now)
    return new


def _check_not_over(silence: Silence, now: datetime) -> None:
    if state_of(silence, now=now) is State.EXPIRED:
        raise SilenceOver(OVER)
