"""One value of a calendar's line, as we mean it: a time on a wall, a length, a repetition. Raises ValueError for what is none."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, time, timedelta

from icalendar.parser import Parameters
from icalendar.prop import vDDDTypes, vDuration, vRecur, vUTCOffset

from oncall.schedules.values.calendars import BadCalendar, Frequency, Recurrence

# icalendar's parsers are not all annotated; this says what one is given and gives. None is told a time zone: those are kept in a register
# that all calendars of the process share, and that any of them may write to.
parse_time: Callable[[str], object] = vDDDTypes.from_ical
parse_duration: Callable[[str], timedelta] = vDuration.from_ical
parse_rule: Callable[[str], Mapping[str, Sequence[object]]] = vRecur.from_ical
parse_offset: Callable[[str], timedelta] = vUTCOffset.from_ical

NO_TIME = timedelta(0)
UTC_NAME = "UTC"
WEEKDAYS = ("MO", "TU", "WE", "TH", "FR", "SA", "SU")
NUMBERS = {
    "BYMONTH": frozenset(range(1, 13)),
    "BYMONTHDAY": frozenset(range(-31, 32)) - {0},
    "BYYEARDAY": frozenset(range(-366, 367)) - {0},
    "BYHOUR": frozenset(range(24)),
    "BYMINUTE": frozenset(range(60)),
    "BYSECOND": frozenset(range(60)),
    "BYSETPOS": frozenset(range(-366, 367)) - {0},
}
PARTS = NUMBERS.keys() | {"FREQ", "INTERVAL", "COUNT", "UNTIL", "BYDAY", "WKST"}


class Unreadable(ValueError):
    """Why one event is left out: the rest of a sentence about it."""


@dataclass(frozen=True, slots=True)
class Moment:
    """A naive time on the clocks of a zone, which is named as the calendar names it; None is the calendar's own. A day is its midnight."""

    wall: datetime
    tzid: str | None
    is_day: bool


@dataclass(frozen=True, slots=True)
class Length:
    """How long something lasts: so much on the clock (a day may have 23 hours), then so much time that passes."""

    wall: timedelta = NO_TIME
    passing: timedelta = NO_TIME


def read_moment(value: str, parameters: Parameters) -> Moment:
    """A date or a time; with a Z it is UTC, whatever zone the parameters name."""
    return _moment(parse_time(value), tzid_of(parameters))


def tzid_of(parameters: Parameters) -> str | None:
    """The zone that a line names. A name with a comma that is not quoted comes as a list."""
    tzid = parameters.get("TZID")
    return ",".join(tzid) if isinstance(tzid, list) else tzid


def read_period(value: str, parameters: Parameters) -> tuple[Moment, Moment | Length | None]:
    """One date of an RDATE or EXDATE; a period has an end, or a length, of its own."""
    start, slash, end = value.partition("/")
    if not slash:
        return read_moment(start, parameters), None
    return read_moment(start, parameters), read_length(end) if "P" in end else read_moment(end, parameters)


def read_length(value: str) -> Length:
    """Days and weeks of a duration are on the clock, hours and less pass: P1D may be 23 hours, PT24H never is."""
    days, _, hours = value.partition("T")
    sign = "-" if value.startswith("-") else ""
    return Length(
        NO_TIME if days.endswith("P") else parse_duration(days),
        parse_duration(f"{sign}PT{hours}") if hours else NO_TIME,
    )


def read_recurrence(value: str) -> tuple[Recurrence, Moment | None]:
    """A repetition, and when its last start may be. Raises BadCalendar if it is more frequent than hourly."""
    rule = {name.upper(): values for name, values in parse_rule(value).items()}
    numbers = {name: _numbers(rule, name) for name in NUMBERS}
    frequency = str(rule.get("FREQ", [""])[0]).lower()
    if frequency in {"minutely", "secondly"} or len(numbers["BYMINUTE"]) > 1 or len(numbers["BYSECOND"]) > 1:
        raise BadCalendar("The calendar has an event that repeats more often than hourly.")
    if unknown := rule.keys() - PARTS:
        raise Unreadable(f"it repeats by {min(unknown)[:20]}, which is not supported")
    interval, count = _number(rule, "INTERVAL", 1), _number(rule, "COUNT", 0)
    if interval < 1:
        raise Unreadable(f"it repeats with the interval {interval}")
    recurrence = Recurrence(
        Frequency(frequency),
        interval,
        count if count > 0 else None,  # some write -1 for no end
        numbers["BYMONTH"],
        numbers["BYMONTHDAY"],
        numbers["BYYEARDAY"],
        frozenset(_weekday(day) for day in rule.get("BYDAY", ())),
        numbers["BYHOUR"],
        next(iter(numbers["BYMINUTE"]), None),
        next(iter(numbers["BYSECOND"]), None),
        numbers["BYSETPOS"],
        _weekday(rule["WKST"][0])[1] if "WKST" in rule else 0,
    )
    return recurrence, _moment(rule["UNTIL"][0], None) if "UNTIL" in rule else None


def _moment(parsed: object, tzid: str | None) -> Moment:
    match parsed:
        case datetime(tzinfo=None):
            return Moment(parsed, tzid, is_day=False)
        case datetime():
            return Moment(parsed.replace(tzinfo=None), UTC_NAME, is_day=False)
        case date():
            return Moment(datetime.combine(parsed, time()), tzid, is_day=True)
        case _:
            raise Unreadable("it is neither a date nor a time")


def _numbers(rule: Mapping[str, Sequence[object]], name: str) -> frozenset[int]:
    found = frozenset(number for number in rule.get(name, ()) if isinstance(number, int))
    if not found <= NUMBERS[name]:
        raise Unreadable(f"it repeats by a {name} that cannot be")
    return found


def _number(rule: Mapping[str, Sequence[object]], name: str, otherwise: int) -> int:
    number = rule[name][0] if name in rule else otherwise
    return number if isinstance(number, int) else otherwise


def _weekday(day: object) -> tuple[int, int]:
    """From -1SU, or SU: which one, and the day."""
    text = str(day)
    return int(text[:-2] or 0), WEEKDAYS.index(text[-2:])
