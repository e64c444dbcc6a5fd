"""What a calendar's local times mean: zones by the names that IANA, Windows and vendors give them, else as the calendar defines them."""

from bisect import bisect_right
from collections.abc import Iterable, Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from icalendar.timezone.windows_to_olson import WINDOWS_TO_OLSON

from oncall.kit.zones import BLOCK_BITS, resolve, to_local_seconds, zone_names
from oncall.schedules.adapters.calendar_lines import Component
from oncall.schedules.adapters.calendar_values import UTC_NAME, Moment, Unreadable, parse_offset, read_moment, read_recurrence
from oncall.schedules.rules.recurrences import Effort, starts
from oncall.schedules.values.calendars import Frequency, Recurrence

EFFORT_OF_A_YEAR = 100
"""A zone's changes of about a year are found by looking at every second day, if nobody asked for them before."""


@dataclass(frozen=True, slots=True)
class Observance:
    """From each of `starts`, and by the rule, UTC plus `offset` holds, `former` before. Times are naive, on the clock that then changes."""

    starts: tuple[datetime, ...]
    former: timedelta
    offset: timedelta
    rule: Recurrence | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Zones:
    """The zones of one calendar, `own` for whatever names none. What a calendar defines counts in it alone: nothing is kept or shared."""

    own: str
    definitions: dict[str, Component]
    effort: Effort
    _observances: dict[str, list[Observance]] = field(default_factory=dict)
    _changes: dict[tuple[str, int], list[tuple[datetime, Observance]]] = field(default_factory=dict)
    _met: set[tuple[str, int]] = field(default_factory=set)

    def instant(self, moment: Moment) -> int:
        """Seconds since 1970 when the clocks first show that time, or a later one; raises Unreadable for an unknown zone."""
        zone = self._zone_of(moment.tzid)
        local = to_local_seconds(moment.wall)
        if zone == UTC_NAME:
            return local
        if zone not in self._observances:
            if (zone, local >> BLOCK_BITS) not in self._met:
                self._met.add((zone, local >> BLOCK_BITS))
                self.effort.spend(EFFORT_OF_A_YEAR)
            return resolve(local, zone)
        changes = self._changes_around(zone, moment.wall.year)
        i = bisect_right(changes, moment.wall, key=lambda change: change[0])
        if i == 0:
            return to_local_seconds(moment.wall - changes[0][1].former)
        start, observance = changes[i - 1]
        return to_local_seconds(max(moment.wall - observance.offset, start - observance.former))

    def _zone_of(self, tzid: str | None) -> str:
        """A name of the time zone database, or that of an own definition, read by now."""
        if tzid is None:
            return self.own
        if tzid in self._observances or tzid == UTC_NAME:
            return tzid
        definition = self.definitions.get(tzid, Component(""))
        known = known_zone(tzid) or known_zone(definition.value("X-LIC-LOCATION"))
        if known is not None:
            return known
        self._observances[tzid] = []
        with suppress(ValueError, OverflowError):  # one that is broken is as unknown as one that is not there
            self._observances[tzid] = [_observance(one) for one in definition.inner if one.name in {"STANDARD", "DAYLIGHT"}]
        return tzid

    def _changes_around(self, zone: str, year: int) -> list[tuple[datetime, Observance]]:
        """The changes that decide about a year, by time: all that are written out, and those by rule of two years."""
        if not self._observances[zone]:
            raise Unreadable(f"its time zone “{zone[:60]}” is not known")
        if (zone, year) not in self._changes:
            found = [(start, one) for one in self._observances[zone] for start in self._starts(one, year)]
            self.effort.spend(len(found))
            self._changes[zone, year] = sorted(found, key=lambda change: change[0])
        return self._changes[zone, year]

    def _starts(self, one: Observance, year: int) -> Iterator[datetime]:
        yield from one.starts
        if one.rule is not None:
            new_year = one.starts[0].replace(year=year, month=1, day=1, hour=0)
            after, before = new_year.replace(year=max(year - 1, 1)), new_year.replace(month=12, day=31, hour=23)
            ruled = starts(one.rule, one.starts[0], after=after, before=before, effort=self.effort)
            yield from (start for start in ruled if one.until is None or start <= one.until)


def zones_of(components: Iterable[Component], *, otherwise: str, effort: Effort) -> Zones:
    """The zones of a calendar. Its X-WR-TIMEZONE is its own zone where we know it: its author's midnight counts; else it is `otherwise`."""
    there = list(components)
    said = (known_zone(one.value("X-WR-TIMEZONE")) for one in there if one.name == "VCALENDAR")
    definitions = {one.value("TZID"): one for one in there if one.name == "VTIMEZONE"}
    return Zones(next(filter(None, said), otherwise), definitions, effort)


def known_zone(tzid: str) -> str | None:
    """The name in the time zone database of what others call `tzid`: a Windows name, or one behind a vendor's prefix."""
    name = tzid.strip(' "/')
    parts = name.split("/")[-4:]
    tails = ("/".join(parts[i:]) for i in range(1, len(parts)))
    return next((one for one in (name, WINDOWS_TO_OLSON.get(name, ""), *tails) if one in zone_names()), None)


def _observance(component: Component) -> Observance:
    former, offset = (parse_offset(component.value(name)) for name in ("TZOFFSETFROM", "TZOFFSETTO"))
    dates = [(date, parameters) for value, parameters in component.values("RDATE") for date in value.split(",") if date]
    begins = tuple(read_moment(*date).wall for date in (*component.values("DTSTART"), *dates))
    written = next((value for value, _ in component.values("RRULE")), "")
    if not begins or not written:
        return Observance(begins, former, offset)
    rule, until = read_recurrence(written)
    if rule.frequency is not Frequency.YEARLY:
        raise Unreadable("its time zone changes more than yearly")
    if until is None:
        return Observance(begins, former, offset, rule)
    return Observance(begins, former, offset, rule, until.wall + former if until.tzid == UTC_NAME else until.wall)
