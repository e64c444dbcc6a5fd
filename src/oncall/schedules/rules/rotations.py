"""Whose turn it is: boundaries are stepped in local time, always from the anchor, and the index is found without counting."""

from calendar import monthrange
from datetime import date
from typing import assert_never

from oncall.kit.zones import DAY, HOUR, WEEK, mono, resolve
from oncall.schedules.values import Arithmetic, Rotation, Unit

UNIX_EPOCH = date(1970, 1, 1).toordinal()
THURSDAY = 3


def turn_at(rotation: Rotation, zone: str, t: int) -> int:
    """The number of the turn that instant `t` falls in; turn 0 begins at the anchor, earlier ones are negative."""
    if rotation.arithmetic is Arithmetic.ELAPSED:
        return (t - resolve(rotation.anchor, zone)) // (HOUR * rotation.count)
    local = mono(t, zone)
    if rotation.active_days is not None:
        return _turn_of_active_day(rotation, local)
    if rotation.unit is Unit.MONTH:
        k = (_month(local) - _month(rotation.anchor)) // rotation.count
        # The anchor's day and time may not have come yet in this month, never the other way round.
        return k if boundary(rotation, k) <= local else k - 1
    return (local - rotation.anchor) // _length(rotation)


def boundary(rotation: Rotation, k: int) -> int:
    """The local time at which turn `k` begins. A month without the anchor's day gives its last day; the next has the anchor's again."""
    if rotation.active_days is not None:
        offsets = _active_offsets(rotation)
        weeks, nth = divmod(k * rotation.count, len(offsets))
        return rotation.anchor + weeks * WEEK + offsets[nth] * DAY
    if rotation.unit is Unit.MONTH:
        anchor_day = date.fromordinal(UNIX_EPOCH + rotation.anchor // DAY).day
        year, month = divmod(_month(rotation.anchor) + k * rotation.count, 12)
        day = date(year, month + 1, min(anchor_day, monthrange(year, month + 1)[1]))
        return (day.toordinal() - UNIX_EPOCH) * DAY + rotation.anchor % DAY
    return rotation.anchor + k * _length(rotation)


def handoff(rotation: Rotation, zone: str, k: int) -> int:
    """The instant at which turn `k` begins. Two may coincide (both ends in one gap): that turn is spent with no time."""
    if rotation.arithmetic is Arithmetic.ELAPSED:
        return resolve(rotation.anchor, zone) + HOUR * rotation.count * k
    return resolve(boundary(rotation, k), zone)


def _length(rotation: Rotation) -> int:
    match rotation.unit:
        case Unit.HOUR:
            return HOUR * rotation.count
        case Unit.DAY:
            return DAY * rotation.count
        case Unit.WEEK:
            return WEEK * rotation.count
        case Unit.MONTH:
            raise ValueError("a month has no fixed length")
        case _:
            assert_never(rotation.unit)


def _month(local: int) -> int:
    """Months since the year 0."""
    day = date.fromordinal(UNIX_EPOCH + local // DAY)
    return day.year * 12 + day.month - 1


def _turn_of_active_day(rotation: Rotation, local: int) -> int:
    """Turns of `count` active days each; a day that does not count belongs to the turn before it (Grafana OnCall's "by day")."""
    offsets = _active_offsets(rotation)
    weeks, rest = divmod((local - rotation.anchor) // DAY, 7)
    begun = weeks * len(offsets) + sum(offset <= rest for offset in offsets)
    return (begun - 1) // rotation.count


def _active_offsets(rotation: Rotation) -> list[int]:
    """Active days as days after the anchor's weekday; the anchor's own is 0."""
    anchor_day = (rotation.anchor // DAY + THURSDAY) % 7
    return sorted((day - anchor_day) % 7 for day in rotation.active_days or ())
