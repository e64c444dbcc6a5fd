"""What windows there are in a span of time. Pure."""

from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from oncall.silences.rules.windows import occurrences
from oncall.silences.values.windows import BadWindow, Occurrence, Timetable, Window

LONGEST = timedelta(days=366)
MOST = 5_000


def check_span(since: datetime, until: datetime) -> None:
    """Raises BadWindow for a span that is none, or too long to be worked out while somebody waits."""
    if until <= since:
        raise BadWindow("until must be later than since.", field="until")
    if until - since > LONGEST:
        raise BadWindow("A calendar spans a year at most (P366D).", field="until")


def in_order(timetables: Iterable[Timetable], *, since: datetime, until: datetime) -> Sequence[tuple[Window, Occurrence]]:
    """Every occurrence that touches `[since, until)`, by start; raises BadWindow for more than anybody can read."""
    found: list[tuple[Window, Occurrence]] = []
    for timetable in timetables:
        found += [(timetable.window, one) for one in occurrences(timetable, since=since, until=until)]
        if len(found) > MOST:
            raise BadWindow(f"There are more than {MOST:,} occurrences in this span: ask for a shorter one, or for one service.")
    return sorted(found, key=lambda one: (one[1].start, one[1].end, one[0].id))
