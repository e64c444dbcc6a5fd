"""From the bytes of a calendar to its components: unfolded, decoded, nested, and counted before anything is made of them."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field

from icalendar.parser import Contentline, Parameters

from oncall.schedules.values.calendars import BadCalendar

MAX_BYTES = 1024 * 1024
MAX_EVENTS = 5_000
MAX_DEPTH = 8

# icalendar's parsers are not all annotated; this says what one is given.
content_line: Callable[[str], Contentline] = Contentline

LINE_END = re.compile(rb"\r+\n?")
FOLD = re.compile(rb"\n[ \t]")
NAME = re.compile(r"[\w-]+(?=[;:])", re.ASCII)
NO_TEXT = dict.fromkeys([*range(9), *range(10, 32), *range(0x7F, 0xA0)])  # of the control characters, only a tab may be in a line


@dataclass(frozen=True, slots=True)
class Component:
    """What is between a BEGIN and its END: lines by their name in upper case, and the components inside."""

    name: str
    lines: dict[str, list[str]] = field(default_factory=dict)
    inner: "list[Component]" = field(default_factory=list)

    def values(self, name: str) -> Iterator[tuple[str, Parameters]]:
        """The value and the parameters of each line of this name; raises ValueError at one that is broken."""
        for line in self.lines.get(name, ()):
            _, parameters, value = content_line(line).parts()
            yield value.strip(), parameters

    def value(self, name: str) -> str:
        """The value of the first line of this name; a broken one is as none, for what can be left out."""
        try:
            return next((value for value, _ in self.values(name)), "")
        except ValueError:
            return ""


def read_components(content: bytes) -> list[Component]:
    """Everything inside the calendar, with the calendar itself as the first component; several calendars in one file are read as one.

    Raises BadCalendar for what is too large, no calendar (such as the page of a log-in), cut off, or nested too deeply.
    """
    if len(content) > MAX_BYTES:
        raise BadCalendar("The calendar is larger than 1 MB.")
    lines = list(_lines(content))
    _check_opening(lines[0] if lines else "")
    root = Component("")
    open_ = [root]
    for line in lines:
        head = line[:6].upper()
        if head == "BEGIN:":
            component = Component(_name_after(line))
            open_[-1].inner.append(component)
            open_.append(component)
            if len(open_) > MAX_DEPTH:
                raise BadCalendar(f"The calendar's components are nested more than {MAX_DEPTH - 1} deep.")
        elif head.startswith("END:"):
            if _name_after(line) != open_[-1].name:
                raise BadCalendar(f"The calendar is broken: END:{_name_after(line)[:40]} without its BEGIN.")
            open_.pop()
        elif named := NAME.match(line):
            open_[-1].lines.setdefault(named[0].upper(), []).append(line)
    if len(open_) > 1:
        raise BadCalendar(f"The calendar is cut off: END:{open_[1].name[:40]} is missing.")
    return _checked([*root.inner, *(component for calendar in root.inner for component in calendar.inner)])


def _lines(content: bytes) -> Iterator[str]:
    """Lines made whole again before they are decoded: a fold may part the bytes of one character."""
    whole = FOLD.sub(b"", LINE_END.sub(b"\n", content.removeprefix(b"\xef\xbb\xbf")))
    for line in whole.split(b"\n"):
        try:
            text = line.decode()
        except UnicodeDecodeError:
            text = line.decode("cp1252", "replace")
        if text := text.translate(NO_TEXT).rstrip():
            yield text


def _check_opening(line: str) -> None:
    if line.replace(" ", "").upper() == "BEGIN:VCALENDAR":
        return
    if line.lstrip().startswith("<"):
        page = "This is a web page and no calendar; its address may lead to a log-in."
        raise BadCalendar(f"{page} Use the calendar's private address in iCal format.")
    raise BadCalendar("This is no calendar: it does not begin with BEGIN:VCALENDAR.")


def _checked(components: list[Component]) -> list[Component]:
    events = sum(component.name == "VEVENT" for component in components)
    if events > MAX_EVENTS:
        raise BadCalendar(f"The calendar has {events:,} events; {MAX_EVENTS:,} are read at most.")
    return components


def _name_after(line: str) -> str:
    return line.partition(":")[2].strip().upper()
