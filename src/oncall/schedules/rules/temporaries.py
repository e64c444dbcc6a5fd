"""Temporary schedules never overlap: to set one replaces what is there, to delete a range splits what reaches over it."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from itertools import pairwise

from oncall.kit.zones import to_instant, to_seconds
from oncall.schedules.rules.definitions import check_shifts
from oncall.schedules.values import AuthoredTemporary, InvalidTemporary, ShiftDefinition, TemporaryId


@dataclass(frozen=True, slots=True)
class Cut:
    """What a range leaves of the temporary schedules that reach into it: these end now, and these parts go on."""

    ended: tuple[AuthoredTemporary, ...]
    parts: tuple[AuthoredTemporary, ...]


def decide_temporary(
    id: TemporaryId, *, start: datetime, end: datetime, shifts: Sequence[ShiftDefinition], author: str, now: datetime
) -> AuthoredTemporary:
    """The temporary schedule as it is kept; it cannot begin in the past. Raises `InvalidTemporary` with what cannot be."""
    begin = to_instant(to_seconds(now))
    if end <= start:
        raise InvalidTemporary("end must be later than start.", field="end")
    if end <= begin:
        raise InvalidTemporary("This is over already; who was on call in the past cannot be changed.", field="end")
    for field, sentence in check_shifts(shifts):
        raise InvalidTemporary(sentence, field=field)
    for n, shift in enumerate(shifts):
        if shift.start < start or shift.end > end:
            raise InvalidTemporary(
                "A shift reaches outside start and end: shorten it, or make the temporary schedule longer.", field=f"shifts.{n}"
            )
    return AuthoredTemporary(id, max(start, begin), end, _within(shifts, max(start, begin), end), author, now)


def check_free(existing: Sequence[AuthoredTemporary], start: datetime, end: datetime) -> None:
    """Raises `InvalidTemporary` where something is there already."""
    for one in existing:
        if one.start < end and one.end > start:
            raise InvalidTemporary(
                f"This overlaps the temporary schedule from {one.start:%Y-%m-%d %H:%M} to {one.end:%Y-%m-%d %H:%M} UTC: "
                "delete that range first, or set this one with PUT, which replaces what is there.",
                field="start",
            )


def cut_out(
    existing: Sequence[AuthoredTemporary], start: datetime, end: datetime, *, fresh: Callable[[], TemporaryId], author: str, now: datetime
) -> Cut:
    """Take `[start, end)` out of them; what is past stays as it was."""
    begin = to_instant(to_seconds(now))
    touched = [one for one in existing if one.start < end and one.end > max(start, begin)]
    parts = [
        replace(one, id=fresh(), start=since, end=until, shifts=_within(one.shifts, since, until), author=author, created_at=now)
        for one in touched
        for since, until in ((max(one.start, begin), min(one.end, start)), (max(one.start, end, begin), one.end))
        if since < until
    ]
    return Cut(tuple(touched), tuple(parts))


def without_user(
    one: AuthoredTemporary, user_id: object, *, fresh: Callable[[], TemporaryId], now: datetime
) -> tuple[AuthoredTemporary, ...]:
    """What is left of it from now on when somebody is gone. Where only they had a shift the layers count again."""
    begin = max(one.start, to_instant(to_seconds(now)))
    shifts = _within(one.shifts, begin, one.end)
    left = tuple(s for s in (replace(s, user_ids=tuple(u for u in s.user_ids if u != user_id)) for s in shifts) if s.user_ids)
    edges = sorted({begin, one.end, *(edge for shift in shifts for edge in (shift.start, shift.end))})
    kept: list[tuple[datetime, datetime]] = []
    for since, until in pairwise(edges):
        was, stays = (any(s.start <= since and s.end >= until for s in of) for of in (shifts, left))
        if was and not stays:
            continue
        if kept and kept[-1][1] == since:
            kept[-1] = (kept[-1][0], until)
        else:
            kept.append((since, until))
    return tuple(
        replace(one, id=fresh(), start=since, end=until, shifts=_within(left, since, until), created_at=now) for since, until in kept
    )


def _within(shifts: Sequence[ShiftDefinition], start: datetime, end: datetime) -> tuple[ShiftDefinition, ...]:
    cut = (replace(shift, start=max(shift.start, start), end=min(shift.end, end)) for shift in shifts)
    return tuple(sorted((shift for shift in cut if shift.start < shift.end), key=lambda shift: shift.start))
