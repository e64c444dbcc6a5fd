"""One event of a calendar (VEVENT) as it is written: when, who, how it repeats. Nothing is expanded here."""

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from oncall.schedules.adapters.calendar_lines import Component
from oncall.schedules.adapters.calendar_values import (
    Length,
    Moment,
    Unreadable,
    read_length,
    read_moment,
    read_period,
    read_recurrence,
)
from oncall.schedules.values.calendars import BusyStatus, Recurrence

MAX_PEOPLE = 100
MAX_SUMMARY = 1_000

# What icalendar, and Python's own dates, raise at values that cannot be.
REFUSALS = (ArithmeticError, AttributeError, LookupError, TypeError, ValueError)

WORD = re.compile(r"[^\s,;:/|&()<>\[\]\"“”]+")
NO_PEOPLE = {"ROOM", "RESOURCE"}


@dataclass(frozen=True, slots=True)
class Appointment:
    """`original` is the start of the one occurrence that this event changes; None is the event itself, `sequence` the edition of either."""

    uid: str
    sequence: int
    start: Moment
    end: Moment | Length | None
    summary: str
    people: tuple[str, ...]
    status: BusyStatus
    is_busy: bool
    original: Moment | None = None
    changes_later: bool = False
    rules: tuple[tuple[Recurrence, Moment | None], ...] = ()
    added: tuple[tuple[Moment, Moment | Length | None], ...] = ()
    excluded: tuple[Moment, ...] = ()


def read_appointment(event: Component) -> Appointment:
    """Raises Unreadable, and BadCalendar for a repetition that is more frequent than hourly."""
    with _reading("start"):
        start = next((read_moment(*line) for line in event.values("DTSTART")), None)
    if start is None:
        raise Unreadable("it has no start")
    with _reading("end"):
        lengths = (read_length(value) for value, _ in event.values("DURATION"))
        end = next((read_moment(*line) for line in event.values("DTEND")), None) or next(lengths, None)
    with _reading("place among its repetitions"):
        originals = [(read_moment(*line), line[1].get("RANGE") == "THISANDFUTURE") for line in event.values("RECURRENCE-ID")]
        original, changes_later = originals[0] if originals else (None, False)
    with _reading("repetition"):
        rules = tuple(read_recurrence(value) for value, _ in event.values("RRULE"))
        added, excluded = (
            [read_period(date, parameters) for value, parameters in event.values(name) for date in value.split(",") if date]
            for name in ("RDATE", "EXDATE")
        )
    with _reading("text"):
        status, sequence = event.value("STATUS").upper(), event.value("SEQUENCE")
        summary = summary_of(event)
        return Appointment(
            event.value("UID"),
            int(sequence) if sequence.isascii() and sequence.isdigit() else 0,
            start,
            end,
            summary,
            tuple(dict.fromkeys(_invited(event)))[:MAX_PEOPLE] or tuple(WORD.findall(summary)[:MAX_PEOPLE]),
            BusyStatus.TENTATIVE if status == "TENTATIVE" else BusyStatus.CONFIRMED,
            status != "CANCELLED" and event.value("TRANSP").upper() != "TRANSPARENT",
            original,
            changes_later,
            rules,
            tuple(added),
            tuple(moment for moment, _ in excluded),
        )


def summary_of(event: Component) -> str:
    return event.value("SUMMARY")[:MAX_SUMMARY]


def _invited(event: Component) -> Iterator[str]:
    """Each person by address, or by name where there is none; rooms and the like are nobody."""
    for value, parameters in event.values("ATTENDEE"):
        if str(parameters.get("CUTYPE", "")).upper() in NO_PEOPLE:
            continue
        address = re.sub("(?i)^mailto:", "", value).strip()
        person = next((one for one in (address, parameters.get("EMAIL", "")) if "@" in one), parameters.get("CN", ""))
        if isinstance(person, str) and person.strip():
            yield person.strip()


@contextmanager
def _reading(what: str) -> Iterator[None]:
    try:
        yield
    except Unreadable:
        raise
    except REFUSALS as error:
        raise Unreadable(f"its {what} cannot be read") from error
