"""The time axis of a picture: where instants lie, and how days, weeks and months are ticked and named on the local wall. Pure."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import date, datetime

from oncall.kit.zones import DAY, HOUR, WEEK, mono, resolve, to_wall

UNIX_EPOCH = date(1970, 1, 1).toordinal()
MONDAY = 4 * DAY  # 1970-01-05, in local seconds
SATURDAY = 2 * DAY  # 1970-01-03


@dataclass(frozen=True, slots=True)
class Axis:
    """`[since, until)` in seconds since 1970, drawn from `left` to `right`; every second has the same width, whatever the clocks do."""

    since: int
    until: int
    zone: str
    left: float
    right: float

    def x(self, t: int) -> float:
        """Where an instant lies; what is out of range lies on the edge."""
        within = min(max(t, self.since), self.until)
        return self.left + (within - self.since) * self.second

    @property
    def second(self) -> float:
        """How wide one is."""
        return (self.right - self.left) / (self.until - self.since)


@dataclass(frozen=True, slots=True)
class Stretch:
    """What lies between two ticks, and its name. `whole` says whether the name is true of a part of it as well: "March" is, "09:00" not."""

    start: int
    end: int
    name: str
    whole: bool


@dataclass(frozen=True, slots=True)
class Scale:
    """One way to divide time: every `step` local seconds from `origin` on, or every `months`; a stretch needs `room` units for its name."""

    step: int
    room: float
    name: Callable[[datetime], str]
    origin: int = 0
    months: int = 0
    whole: bool = False


def _clock(wall: datetime) -> str:
    return f"{wall:%H:%M}"


def _weekday(wall: datetime) -> str:
    return f"{wall:%a} {wall.day}"


def _day(wall: datetime) -> str:
    return str(wall.day)


DAYS = Scale(DAY, 84, _weekday, whole=True)
FULL_DAYS = Scale(DAY, 0, lambda wall: f"{wall:%a} {wall.day} {wall:%b %Y}", whole=True)
MONTHS = Scale(30 * DAY, 0, lambda wall: f"{wall:%B %Y}", months=1, whole=True)
YEARS = Scale(365 * DAY, 0, lambda wall: f"{wall:%Y}", months=12, whole=True)

# From fine to coarse: what the lower line of the axis may tick, and what its upper line says of it.
CHOICES = (
    *((Scale(hours * HOUR, 84, _clock), FULL_DAYS) for hours in (1, 2, 3, 6, 12)),
    (DAYS, MONTHS),
    (Scale(DAY, 40, _day, whole=True), MONTHS),
    (Scale(WEEK, 84, _weekday, origin=MONDAY), MONTHS),
    (Scale(WEEK, 40, _day, origin=MONDAY), MONTHS),
    *((Scale(months * 30 * DAY, 58, lambda wall: f"{wall:%b}", months=months, whole=months == 1), YEARS) for months in (1, 3)),
)


def scales_for(axis: Axis) -> tuple[Scale, Scale]:
    """The finest lower line whose names have room, with its upper line; beyond all of them, years alone."""
    for lower, upper in CHOICES:
        if lower.step * axis.second >= lower.room:
            return lower, upper
    return YEARS, YEARS


def stretches(scale: Scale, axis: Axis) -> Iterator[Stretch]:
    """Those that lie in the range at least in part; one that the clocks skip, like a whole day in Samoa, is not there."""
    first, last = mono(axis.since, axis.zone), mono(axis.until, axis.zone)
    for local, following in _pairs(scale, first, last):
        start, end = resolve(local, axis.zone), resolve(following, axis.zone)
        if start < end and start < axis.until and end > axis.since:
            yield Stretch(start, end, scale.name(to_wall(local)), scale.whole)


def midnights(axis: Axis) -> Iterator[int]:
    """The instants at which a day of the zone begins, inside the range."""
    for stretch in stretches(DAYS, axis):
        if stretch.start >= axis.since:
            yield stretch.start


def weekends(axis: Axis) -> Iterator[tuple[int, int]]:
    """From Saturday's midnight to Monday's, as far as they lie in the range."""
    first, last = mono(axis.since, axis.zone), mono(axis.until, axis.zone)
    for local in range(first - (first - SATURDAY) % WEEK, last + 1, WEEK):
        start, end = resolve(local, axis.zone), resolve(local + 2 * DAY, axis.zone)
        if start < axis.until and end > axis.since:
            yield start, end


def _pairs(scale: Scale, first: int, last: int) -> Iterator[tuple[int, int]]:
    """The local beginnings and ends of all stretches that may touch `[first, last]`."""
    if not scale.months:
        start = first - (first - scale.origin) % scale.step
        yield from ((local, local + scale.step) for local in range(start, last + 1, scale.step))
        return
    month, end = _month_of(first) // scale.months * scale.months, _month_of(last)
    for number in range(month, end + 1, scale.months):
        yield _first_of(number), _first_of(number + scale.months)


def _month_of(local: int) -> int:
    wall = to_wall(local)
    return 12 * wall.year + wall.month - 1


def _first_of(month: int) -> int:
    return (date(month // 12, month % 12 + 1, 1).toordinal() - UNIX_EPOCH) * DAY
