"""What a window may be: the plan behind what people say of it, and what is wrong with one. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta
from itertools import pairwise

from oncall.kit.zones import check_zone
from oncall.silences.rules.scopes import check_scope, shown
from oncall.silences.rules.windows import FAR, occurrence_at, running_or_next, wall_starts
from oncall.silences.values.windows import (
    LONGEST,
    BadWindow,
    NotRunning,
    Occurrence,
    Once,
    Plan,
    Recurring,
    Timetable,
    Window,
    WindowKind,
    WindowSettings,
)

LOOKED_AT = 400
"""Occurrences of a new rule that are compared with the next: a year of days, more than a year of anything rarer. More, up to a year of
hours, only while there was no gap between any two."""


def plan_of(settings: WindowSettings) -> Plan:
    """Once, or recurring; raises BadWindow for what is neither, and UnknownZone."""
    if settings.rrule is None:
        return _once(settings)
    return _recurring(settings, settings.rrule)


def edited(window: Window, settings: WindowSettings, *, running: Occurrence | None, now: datetime) -> Window:
    """It stays its author's. What was ended early stays so, unless it is planned once, for other times that are now: then it runs again.

    `running` is what ran before the edit. An edit holds nothing that opened before it and was not held: a start in the past becomes now.
    """
    plan, ended_early = plan_of(settings), window.ended_early
    if isinstance(plan, Once) and plan != window.plan and plan.starts_at <= now < plan.ends_at:
        ended_early = tuple(at for at in ended_early if not plan.starts_at <= at < plan.ends_at)
        if settings.kind is WindowKind.MAINTENANCE:
            plan = replace(plan, starts_at=max(plan.starts_at, running.start if running else now))
    return replace(
        window,
        kind=settings.kind,
        name=settings.name,
        description=settings.description,
        service_ids=settings.service_ids,
        matchers=settings.matchers,
        plan=plan,
        ended_early=ended_early,
        version=window.version + 1,
        public=settings.public,
    )


def check_window(timetable: Timetable, *, confirmed: bool, now: datetime) -> None:
    """Raises BadWindow for one that concerns nothing, never is, or overlaps itself; MatchesEverything for what nobody confirmed."""
    window = timetable.window
    if not window.service_ids and not window.matchers:
        raise BadWindow("Say what this window is for: service_ids, matchers, or both (then both must hold).", field="service_ids")
    if window.public and not window.service_ids:
        raise BadWindow("A public window is shown on the status pages of its services: name them.", field="service_ids")
    if window.kind is WindowKind.MAINTENANCE:
        check_scope(window.matchers, window.service_ids, confirmed=confirmed)
    if isinstance(window.plan, Once):
        if window.plan.ends_at <= now:
            raise BadWindow("This window would be over already: ends_at must lie ahead.", field="ends_at")
        return
    if next(wall_starts(timetable, after=window.plan.starts_at, before=window.plan.starts_at + FAR), None) is None:
        raise BadWindow("This rrule has no occurrence at all from starts_at on: there is no such day, or it ends before.", field="rrule")
    _check_apart(timetable, window.plan)
    if running_or_next(replace(timetable, window=replace(window, ended_early=())), now=now) is None:
        raise BadWindow("All occurrences of this window are over: its COUNT, UNTIL or until ends it before now.", field="rrule")


def ended(timetable: Timetable, *, now: datetime) -> Window:
    """What runs ends now, and nothing else; a second time changes nothing. Raises NotRunning."""
    window = timetable.window
    if occurrence_at(timetable, now) is not None:
        return replace(window, ended_early=(*window.ended_early, now))
    whole = replace(timetable, window=replace(window, ended_early=()))
    if occurrence_at(whole, now) is not None:
        return window
    following = running_or_next(timetable, now=now)
    when = f"the next one begins at {shown(following.start)}" if following else "none is to come"
    raise NotRunning(f"No occurrence of this window is running: {when}.")


def _once(settings: WindowSettings) -> Once:
    for field in ("time_zone", "duration", "until"):
        if getattr(settings, field) is not None:
            raise BadWindow(f"{field} is for a window that recurs: give an rrule as well, or leave it out.", field=field)
    if settings.starts_at.tzinfo is None:
        raise BadWindow('starts_at must have an offset, such as "2026-03-08T09:00:00Z", unless there is an rrule.', field="starts_at")
    if settings.ends_at is None:
        raise BadWindow("A window has an end: give ends_at, or an rrule with time_zone and duration.", field="ends_at")
    if settings.ends_at <= settings.starts_at:
        raise BadWindow("A window ends after it starts: ends_at must be later than starts_at.", field="ends_at")
    if settings.ends_at - settings.starts_at > LONGEST:
        raise BadWindow("A window may last a year at most (P366D).", field="ends_at")
    return Once(settings.starts_at, settings.ends_at)


def _recurring(settings: WindowSettings, rrule: str) -> Recurring:
    if settings.ends_at is not None:
        raise BadWindow("A window that recurs has a duration in the place of ends_at, and until for its last start.", field="ends_at")
    if settings.starts_at.tzinfo is not None:
        raise BadWindow(
            'starts_at of a window that recurs is a time on the clocks of its time_zone, without an offset: "2026-03-08T02:00:00".',
            field="starts_at",
        )
    if settings.time_zone is None:
        raise BadWindow("A window that recurs needs a time_zone, such as Europe/Lisbon.", field="time_zone")
    if settings.duration is None:
        raise BadWindow('A window that recurs needs a duration, such as "PT2H".', field="duration")
    if settings.duration < timedelta(seconds=1) or settings.duration.microseconds:
        raise BadWindow("A window lasts a whole number of seconds, at least PT1S.", field="duration")
    return Recurring(rrule, check_zone(settings.time_zone), settings.starts_at, settings.duration, settings.until)


def _check_apart(timetable: Timetable, plan: Recurring) -> None:
    """On the wall, where no clock is ever put forward. Those that follow one another without a gap are one window, however it is said."""
    walls = wall_starts(timetable, after=plan.starts_at, before=plan.starts_at + FAR)
    begun, has_gap = None, False
    for n, (one, following) in enumerate(pairwise(walls), start=2):
        if one + plan.duration > following:
            raise BadWindow(
                f"Its occurrences overlap: the one of {one:%Y-%m-%d %H:%M} is not over when the next begins, "
                f"at {following:%Y-%m-%d %H:%M}. Make the duration shorter, or the recurrence rarer.",
                field="duration",
            )
        begun, has_gap = (begun or one, has_gap) if one + plan.duration == following else (None, True)
        if begun is not None and following + plan.duration - begun > LONGEST:
            raise BadWindow(
                "Its occurrences follow one another without a gap for more than a year, and a window may last a year at most (P366D). "
                "Make the duration shorter, the recurrence rarer, or give an until.",
                field="duration",
            )
        if n >= LOOKED_AT and has_gap:
            return
