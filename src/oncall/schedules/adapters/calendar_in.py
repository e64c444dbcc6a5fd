"""Other people's calendars: what iCal says is taken in a span of time, whoever wrote it.

icalendar takes lines and values apart. Repetitions are worked out by our own rules: dateutil, on which recurring-ical-events rests, walks
from an event's first start, for minutes if that is long ago, and for ever if the interval is 0.
"""

from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, date, datetime, timedelta

from oncall.kit.zones import FIRST, LAST, SECOND, check_zone, to_instant
from oncall.schedules.adapters.calendar_events import REFUSALS, Appointment, read_appointment, summary_of
from oncall.schedules.adapters.calendar_lines import Component, read_components
from oncall.schedules.adapters.calendar_values import Length, Moment, Unreadable
from oncall.schedules.adapters.calendar_zones import Zones, zones_of
from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import BadCalendar, Busy, Calendar

MAX_BUSY = 10_000
MAX_EFFORT = 500_000

DAY = timedelta(days=1)
MARGIN = 2 * DAY
"""More than any zone is away from UTC: what is farther off than this need not be converted."""

Key = int | date
"""What tells one occurrence of an event from the others: its start, or the day where only that is said."""


def read_calendar(content: bytes, *, zone: str, since: datetime, until: datetime) -> Calendar:
    """What touches `[since, until)`, uncut. Days and times without a zone are in the calendar's X-WR-TIMEZONE, without one in `zone`.

    Raises BadCalendar for what is no calendar, or too much: 1 MB, 5,000 events, 10,000 occurrences, a repetition more frequent than hourly.
    """
    check_zone(zone)
    try:
        return _read(content, zone, since, until)
    except BadCalendar:
        raise
    except Exception as error:
        raise BadCalendar("The calendar is broken in a way that we cannot make sense of.") from error


def _read(content: bytes, zone: str, since: datetime, until: datetime) -> Calendar:
    effort = Effort(MAX_EFFORT)
    components = read_components(content)
    reading = Reading(zones_of(components, otherwise=zone, effort=effort), effort, since, until)
    series: dict[str, list[Appointment]] = {}
    for nth, event in enumerate(one for one in components if one.name == "VEVENT"):
        with reading.skipping(event):
            appointment = read_appointment(event)
            series.setdefault(appointment.uid or f"without one, {nth}", []).append(appointment)
    for appointments in series.values():
        reading.take(appointments)
    busy = sorted(reading.busy, key=lambda one: (one.start, one.end, one.uid))
    return Calendar(tuple(busy), tuple(reading.skipped))


@dataclass(slots=True)
class Reading:
    """What is found in one calendar, each time once, and why some of it is left out."""

    zones: Zones
    effort: Effort
    since: datetime
    until: datetime
    busy: dict[Busy, None] = field(default_factory=dict)
    skipped: list[str] = field(default_factory=list)
    after: datetime = field(init=False)
    before: datetime = field(init=False)

    def __post_init__(self) -> None:
        self.after = self.since.astimezone(UTC).replace(tzinfo=None) - MARGIN
        self.before = self.until.astimezone(UTC).replace(tzinfo=None) + MARGIN

    @contextmanager
    def skipping(self, event: Component | Appointment) -> Iterator[None]:
        """An event that cannot be read costs a sentence, not the calendar."""
        try:
            yield
        except REFUSALS as error:
            summary = event.summary if isinstance(event, Appointment) else summary_of(event)
            reason = error if isinstance(error, Unreadable) else "its dates cannot be"
            self.skipped.append(f"“{summary[:60] or 'An event without a title'}”: {reason}.")

    def take(self, series: Iterable[Appointment]) -> None:
        """All events of one UID: the latest edition of the event itself, and the occurrences that were changed.

        Where several say that they are the latest, all are taken: nobody is lost to a writer that gives each event the same UID.
        """
        editions = sorted(series, key=lambda one: one.sequence)
        events = [one for one in editions if one.original is None]
        events = [one for one in events if one.sequence == events[-1].sequence]
        by_day = any(one.start.is_day for one in events)
        changed: dict[Key, Appointment] = {}
        for one in editions:
            if one.original is not None:
                with self.skipping(one):
                    changed[self._key(one.original, by_day=by_day)] = one
        gone: set[Key] = set()
        for one in events:
            with self.skipping(one):
                gone |= {self._key(moment, by_day=by_day) for moment in one.excluded}
                for start, length in self._occurrences(one):
                    if self._is_near(start, length):
                        keys = (self._key(start, by_day=by_day), start.wall.date())
                        if not any(key in gone or key in changed for key in keys):
                            self._add(one, start, length)
        for key, one in changed.items():
            with self.skipping(one):
                length = self._length(one.start, one.end)
                if key not in gone and self._is_near(one.start, length):
                    self._add(one, one.start, length)
                if one.changes_later:
                    raise Unreadable("it changes all later ones too, which is not supported; only one is changed")

    def _key(self, moment: Moment, *, by_day: bool) -> Key:
        return moment.wall.date() if moment.is_day or by_day else self.zones.instant(moment)

    def _occurrences(self, event: Appointment) -> Iterator[tuple[Moment, Length]]:
        """Each start that may touch the span, some more than once, and some that do not."""
        first, length = event.start, self._length(event.start, event.end)
        yield first, length
        reach = min(length.wall + length.passing, max(self.after - first.wall, MARGIN))
        for rule, until in event.rules:
            for wall in starts(rule, first.wall, after=self.after - reach, before=self.before, effort=self.effort):
                start = replace(first, wall=wall)
                if until is not None and self._is_past(start, until):
                    break
                yield start, length
        self.effort.spend(len(event.added))
        for start, end in event.added:
            yield start, length if end is None else self._length(start, end)

    def _is_past(self, start: Moment, until: Moment) -> bool:
        """Whether a repetition is over; one that ends on a day has that day."""
        if until.is_day:
            return start.wall.date() > until.wall.date()
        until = until if until.tzid else replace(until, tzid=start.tzid)
        return self.zones.instant(start) > self.zones.instant(until)

    def _length(self, start: Moment, end: Moment | Length | None) -> Length:
        """By the clock between times of one zone; a day without an end, or with itself as its end, is one day."""
        if isinstance(end, Moment) and end.tzid == start.tzid:
            length = Length(wall=end.wall - start.wall)
        elif isinstance(end, Moment):
            length = Length(passing=(self.zones.instant(end) - self.zones.instant(start)) * SECOND)
        else:
            length = end or Length()
        if start.is_day and length == Length():
            return Length(wall=DAY)
        if length.wall + length.passing <= timedelta(0):
            raise Unreadable("it has no end" if end is None else "it does not end after its start")
        return length

    def _is_near(self, start: Moment, length: Length) -> bool:
        return start.wall < self.before and self.after - start.wall < length.wall + length.passing

    def _add(self, event: Appointment, start: Moment, length: Length) -> None:
        """Keep one occurrence, if it is busy and touches the span."""
        if not event.is_busy:
            return
        passed = self.zones.instant(replace(start, wall=start.wall + length.wall)) + length.passing // SECOND
        begins, ends = to_instant(max(self.zones.instant(start), FIRST)), to_instant(min(passed, LAST))
        if begins < ends and begins < self.until and ends > self.since:
            self.busy[Busy(event.uid, begins, ends, event.summary, event.people, event.status)] = None
        if len(self.busy) > MAX_BUSY:
            raise BadCalendar(f"The calendar has more than {MAX_BUSY:,} occurrences from {self.since:%Y-%m-%d} to {self.until:%Y-%m-%d}.")
