"""How long people are on call, from what the schedules say. Pure."""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from oncall.kit.ids import UserId
from oncall.kit.zones import WEEK, to_instant, to_seconds
from oncall.reports.values.duties import Duty
from oncall.schedules.rules.fairness import Stretch, burden_of, merged, total_of
from oncall.schedules.values import Tile
from oncall.schedules.values.fairness import Person

MONDAY = 4 * 86_400
"""The first Monday after 1970 began, which was a Thursday."""


def stretches_of(rendered: Iterable[Sequence[Tile]]) -> Mapping[UserId, list[Stretch]]:
    """When each person is on call in any of these schedules."""
    found: defaultdict[UserId, list[Stretch]] = defaultdict(list)
    for tiles in rendered:
        for tile in tiles:
            for user in tile.on_call.users:
                found[user].append((to_seconds(tile.start), to_seconds(tile.end)))
    return {user: merged(its) for user, its in found.items()}


def duties_of(stretches: Mapping[UserId, Sequence[Stretch]], people: Mapping[UserId, Person], *, by_week: bool) -> list[Duty]:
    """Whoever is on call longest first; by week, one week after the other."""
    lines = []
    for user, its in stretches.items():
        weeks: defaultdict[str | None, list[Stretch]] = defaultdict(list)
        for start, end in its:
            for week, stretch in _cut(start, end) if by_week else [(None, (start, end))]:
                weeks[week].append(stretch)
        for week, parts in weeks.items():
            burden = total_of(burden_of(*part, people[user]) for part in parts)
            lines.append(Duty(user, people[user].name, burden.seconds, burden.nights, burden.weekends, week))
    return sorted(lines, key=lambda line: (line.week or "", -line.seconds, line.name, line.user_id))


def _cut(start: int, end: int) -> Iterator[tuple[str, Stretch]]:
    """Where weeks begin, in UTC as in all reports."""
    while start < end:
        monday = start - (start - MONDAY) % WEEK
        until = min(end, monday + WEEK)
        yield to_instant(monday).date().isoformat(), (start, until)
        start = until


def days_of(range: timedelta, schedules: int) -> int:
    """How many days of schedules there are to resolve."""
    return schedules * -(-range // timedelta(days=1))
