"""Short words for the tests of calendars: files from events, events from lines, and what is read of December 2026."""

from datetime import datetime

from tests.schedules.building import at

from oncall.schedules.adapters.calendar_in import read_calendar
from oncall.schedules.values.calendars import Calendar

SINCE, UNTIL = at("2026-12-01"), at("2027-01-01")


def file(*lines: str) -> bytes:
    """A calendar of these lines."""
    return "\r\n".join(["BEGIN:VCALENDAR", "VERSION:2.0", *lines, "END:VCALENDAR", ""]).encode()


def event(*lines: str, uid: str = "1") -> list[str]:
    """An event, Ana's unless it says more."""
    summary = () if any(line.startswith("SUMMARY") for line in lines) else ("SUMMARY:Ana",)
    return ["BEGIN:VEVENT", f"UID:{uid}", *summary, *lines, "END:VEVENT"]


def read(content: bytes, zone: str = "Europe/Berlin", since: datetime = SINCE, until: datetime = UNTIL) -> Calendar:
    return read_calendar(content, zone=zone, since=since, until=until)


def zone(tzid: str, *lines: str) -> list[str]:
    return ["BEGIN:VTIMEZONE", f"TZID:{tzid}", *lines, "END:VTIMEZONE"]


def observance(kind: str, start: str, former: str, offset: str, *lines: str) -> list[str]:
    return [f"BEGIN:{kind}", f"DTSTART:{start}", f"TZOFFSETFROM:{former}", f"TZOFFSETTO:{offset}", *lines, f"END:{kind}"]


NINE = ("DTSTART;TZID=Europe/Berlin:20261207T090000", "DTEND;TZID=Europe/Berlin:20261207T100000")
WEEKLY = (*NINE, "RRULE:FREQ=WEEKLY")
LATER = ("DTSTART;TZID=Europe/Berlin:20261214T150000", "DTEND;TZID=Europe/Berlin:20261214T160000")
OUTLOOK = [
    *observance("STANDARD", "16010101T030000", "+0200", "+0100", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=10"),
    *observance("DAYLIGHT", "16010101T020000", "+0100", "+0200", "RRULE:FREQ=YEARLY;BYDAY=-1SU;BYMONTH=3"),
]
