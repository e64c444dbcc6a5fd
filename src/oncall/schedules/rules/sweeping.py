"""Every stretch of a range throughout which nothing changes: who is on call is found once per point at which anything may."""

from collections.abc import Iterator

from oncall.schedules.rules.resolving import edges, resolve_at
from oncall.schedules.values import OnCall, Override, People, Schedule

Span = tuple[int, int, OnCall]
"""`[start, end)` in seconds and who is on call throughout."""


def sweep(schedule: Schedule, start: int, end: int) -> Iterator[Span]:
    """The elementary intervals of `[start, end)`, in order."""
    if start >= end:
        return
    waiting = sorted((o for o in schedule.overrides if o.end > start and o.start < end), key=lambda o: o.start, reverse=True)
    points = sorted(edge for edge in edges(schedule, start, end) if start < edge < end)
    active: list[Override] = []
    for point, following in zip([start, *points], [*points, end], strict=True):
        if active or (waiting and waiting[-1].start <= point):
            while waiting and waiting[-1].start <= point:
                active.append(waiting.pop())
            active = sorted((o for o in active if o.end > point), key=lambda o: o.seq)
        yield point, following, resolve_at(schedule, point, active)


def merged(spans: Iterator[Span]) -> Iterator[Span]:
    """Neighbours with the same people for the same reasons become one."""
    current: Span | None = None
    for span in spans:
        if current is not None and current[2] == span[2]:
            current = (current[0], span[1], current[2])
            continue
        if current is not None:
            yield current
        current = span
    if current is not None:
        yield current


def users_between(schedule: Schedule, start: int, end: int) -> list[tuple[int, People]]:
    """Who is on call throughout `[start, end)`, whatever put them there: since when, until the next of them begins."""
    found: list[tuple[int, People]] = []
    for begins, _, on_call in sweep(schedule, start, end):
        if not found or found[-1][1] != on_call.users:
            found.append((begins, on_call.users))
    return found
