"""What comes after an instant and what came before it: handoffs, everybody's own shift, the next one."""

from collections.abc import Callable, Sequence
from datetime import datetime

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, to_instant, to_seconds
from oncall.schedules.rules.resolving import edges, resolve_at
from oncall.schedules.rules.sweeping import merged, sweep
from oncall.schedules.values import LOOK_AHEAD_DAYS, OnCall, Outlook, Schedule, Shift

View = Callable[[OnCall], object]
"""What of the people on call is being watched for a change."""

# How far to look for a handoff: near ones are found cheaply, and a person who is always on call costs one year of looking.
REACHES = (2 * DAY, 8 * DAY, 64 * DAY, LOOK_AHEAD_DAYS * DAY)


def on_call_at(schedule: Schedule, *, at: datetime) -> OnCall:
    """Who is on call at one instant, and why. At a handoff it is the incoming person."""
    return resolve_at(schedule, to_seconds(at))


def next_shift(schedule: Schedule, user: UserId, *, after: datetime) -> Shift | None:
    """The user's first shift that begins after an instant, within the look-ahead of a year; an end beyond that is None."""
    t = to_seconds(after)
    present = _presence_of(user)
    was_on, began, since = present(resolve_at(schedule, t)), None, t
    for reach in REACHES:
        for start, _, on_call in merged(sweep(schedule, since, t + reach)):
            is_on = present(on_call)
            if is_on and not was_on:
                began = start
            if began is not None and not is_on:
                return Shift(user, to_instant(began), to_instant(start))
            was_on = is_on
        since = t + reach
    return None if began is None else Shift(user, to_instant(began), None)


def next_handoff(schedule: Schedule, *, at: datetime) -> datetime | None:
    """The first instant after `at` at which the set of people on call changes; None if it does not within the look-ahead of a year."""
    return _instant(_ends(schedule, to_seconds(at), [_set_of])[0])


def outlook_at(schedule: Schedule, *, at: datetime) -> Outlook:
    """Who is on call at `at`, since when, until when, and who is next; looks a year back and a year ahead."""
    t = to_seconds(at)
    on_call = on_call_at(schedule, at=at)
    views = [_all_of, _set_of, *(_presence_of(user) for user in on_call.users)]
    starts = [_instant(start) for start in _starts(schedule, t, views)]
    ends = [_instant(end) for end in _ends(schedule, t, views)]
    shifts = tuple(Shift(*of) for of in zip(on_call.users, starts[2:], ends[2:], strict=True))
    following = None if ends[1] is None else on_call_at(schedule, at=ends[1])
    return Outlook(on_call, shifts, starts[1], ends[1], following, starts[0], ends[0])


def tile_around(schedule: Schedule, t: int) -> tuple[int | None, int | None]:
    """Since when and until when the same people are on call for the same reasons as at `t`; None beyond a year."""
    return _starts(schedule, t, [_all_of])[0], _ends(schedule, t, [_all_of])[0]


def shifts_between(schedule: Schedule, since: datetime, until: datetime) -> list[Shift]:
    """Everybody's unbroken shifts that touch `[since, until)`, each whole, by start; an end that is None lies beyond a year."""
    start, end = to_seconds(since), to_seconds(until)
    running: dict[UserId, int | None] = {}
    found: list[Shift] = []
    for begins, _, on_call in merged(sweep(schedule, start, end)):
        gone = [user for user in running if user not in on_call.users]
        found += (Shift(user, _instant(running.pop(user)), to_instant(begins)) for user in gone)
        for user in on_call.users:
            if user not in running:
                running[user] = _starts(schedule, start, [_presence_of(user)])[0] if begins == start else begins
    views = [_presence_of(user) for user in running]
    lasts = _ends(schedule, end - 1, views) if running else []
    found += [Shift(user, _instant(begins), _instant(ends)) for (user, begins), ends in zip(running.items(), lasts, strict=True)]
    return sorted(found, key=lambda shift: (shift.start is not None, shift.start or since, str(shift.user)))


def _all_of(on_call: OnCall) -> object:
    return on_call


def _set_of(on_call: OnCall) -> object:
    return frozenset(on_call.users)


def _presence_of(user: UserId) -> View:
    return lambda on_call: user in on_call.users


def _ends(schedule: Schedule, t: int, views: Sequence[View]) -> list[int | None]:
    """For each view, when what it sees at `t` ends; one walk forward for all."""
    ends: dict[int, int] = {}
    now: list[object] = []
    since = t
    for reach in REACHES:
        for start, _, on_call in sweep(schedule, since, t + reach):
            seen = [view(on_call) for view in views]
            now = now or seen
            ends.update((i, start) for i in range(len(views)) if i not in ends and seen[i] != now[i])
            if len(ends) == len(views):
                return [ends[i] for i in range(len(views))]
        since = t + reach
    return [ends.get(i) for i in range(len(views))]


def _starts(schedule: Schedule, t: int, views: Sequence[View]) -> list[int | None]:
    """For each view, when what it sees at `t` began; one walk backward for all, no farther than needed."""
    on_call = resolve_at(schedule, t)
    now = [view(on_call) for view in views]
    starts: dict[int, int] = {}
    begins, until, since = t + 1, t + 1, t
    for reach in REACHES:
        since = t - reach
        for point in sorted((edge for edge in edges(schedule, since, until) if since < edge < until), reverse=True):
            if point < begins:
                _note(starts, views, now, resolve_at(schedule, point), begins)
                begins = point
            if len(starts) == len(views):
                return [starts[i] for i in range(len(views))]
        until = since + 1
    _note(starts, views, now, resolve_at(schedule, since), begins)
    return [starts.get(i) for i in range(len(views))]


def _note(starts: dict[int, int], views: Sequence[View], now: Sequence[object], before: OnCall, begins: int) -> None:
    """What was seen before `begins` tells which of the views began there."""
    for i, view in enumerate(views):
        if i not in starts and view(before) != now[i]:
            starts[i] = begins


def _instant(t: int | None) -> datetime | None:
    return None if t is None else to_instant(t)
