"""Our calendars for other programs (RFC 5545): one event for each entry, in UTC, with nothing to work out and no time zones to define.

Written by hand: icalendar 7.3.2 makes a line break of the letters `\\N` in a name, stops at a lone surrogate, and lets control characters
through, which the RFC forbids in a text.
"""

import re
from collections.abc import Iterable, Iterator, Sequence
from datetime import UTC, datetime

from oncall.schedules.values.calendars import Entry

LINE_LENGTH = 75
LINE_BREAK = re.compile("\r\n?|[\v\f\x85\u2028\u2029]")
NOT_TEXT = re.compile("[\x00-\x08\x0e-\x1f\x7f-\x9f\ud800-\udfff]")
ESCAPED = str.maketrans({"\\": "\\\\", ";": "\\;", ",": "\\,", "\n": "\\n"})


def write_calendar(name: str, entries: Sequence[Entry], *, stamp: datetime) -> bytes:
    """The calendar, in the order given; `stamp` says when it was made. Readers are asked to come again after an hour.

    Names and descriptions may hold anything: control characters are left out, and every kind of line break is one.
    """
    lines = [
        "BEGIN:VCALENDAR",
        "VERSION:2.0",
        "PRODID:-//oncall//schedules//EN",
        "CALSCALE:GREGORIAN",
        "METHOD:PUBLISH",
        f"X-WR-CALNAME:{_text(name)}",
        "REFRESH-INTERVAL;VALUE=DURATION:PT1H",
        "X-PUBLISHED-TTL:PT1H",
        *(line for entry in entries for line in _event(entry, stamp)),
        "END:VCALENDAR",
    ]
    return b"".join(folded + b"\r\n" for line in lines for folded in _folded(line.encode()))


def _event(entry: Entry, stamp: datetime) -> Iterable[str]:
    """What is cancelled takes nobody's time, also for readers that know no status."""
    yield "BEGIN:VEVENT"
    yield f"UID:{_text(entry.uid)}"
    yield f"DTSTAMP:{_instant(stamp)}"
    yield f"LAST-MODIFIED:{_instant(entry.changed_at)}"
    yield f"SEQUENCE:{entry.sequence}"
    yield f"DTSTART:{_instant(entry.start)}"
    yield f"DTEND:{_instant(entry.end)}"
    yield f"SUMMARY:{_text(entry.summary)}"
    if entry.description:
        yield f"DESCRIPTION:{_text(entry.description)}"
    yield f"STATUS:{'CANCELLED' if entry.cancelled else 'CONFIRMED'}"
    yield f"TRANSP:{'TRANSPARENT' if entry.cancelled else 'OPAQUE'}"
    yield "END:VEVENT"


def _text(text: str) -> str:
    return NOT_TEXT.sub("", LINE_BREAK.sub("\n", text)).translate(ESCAPED)


def _instant(at: datetime) -> str:
    return f"{at.astimezone(UTC):%Y%m%dT%H%M%SZ}"


def _folded(line: bytes) -> Iterator[bytes]:
    """Pieces of at most 75 octets, each after the first with a space before it; no character is parted."""
    start, room = 0, LINE_LENGTH
    while len(line) - start > room:
        end = start + room
        while line[end] & 0xC0 == 0x80:
            end -= 1
        yield (b" " if start else b"") + line[start:end]
        start, room = end, LINE_LENGTH - 1
    yield (b" " if start else b"") + line[start:]
