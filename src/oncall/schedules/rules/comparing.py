"""Where two renderings of one range put different people on call, and who gains and loses by it."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from itertools import pairwise

from oncall.kit.ids import UserId
from oncall.schedules.values import Difference, Gain, People, Tile

Span = tuple[datetime, datetime]


def differences(before: Sequence[Tile], after: Sequence[Tile], since: datetime, until: datetime) -> list[Difference]:
    """In order; an empty rendering has nobody on call. The order of people on call together makes no difference."""
    points = sorted({since, until, *(tile.start for tile in (*before, *after))})
    found: list[Difference] = []
    b = a = 0
    for start, end in pairwise(points):
        while b < len(before) and before[b].end <= start:
            b += 1
        while a < len(after) and after[a].end <= start:
            a += 1
        was: People = before[b].on_call.users if b < len(before) else ()
        will: People = after[a].on_call.users if a < len(after) else ()
        if set(was) == set(will):
            continue
        if found and found[-1].end == start and (set(found[-1].before), set(found[-1].after)) == (set(was), set(will)):
            found[-1] = Difference(found[-1].start, end, found[-1].before, found[-1].after)
        else:
            found.append(Difference(start, end, was, will))
    return found


def gains(before: Sequence[Tile], after: Sequence[Tile], changes: Sequence[Difference]) -> list[Gain]:
    """What it means for everybody who is on call before or after, most change first."""
    people = {user for tile in (*before, *after) for user in tile.on_call.users}
    found = [
        Gain(
            user,
            _time_of(user, before),
            _time_of(user, after),
            _joined([(one.start, one.end) for one in changes if user in one.after and user not in one.before]),
            _joined([(one.start, one.end) for one in changes if user in one.before and user not in one.after]),
        )
        for user in people
    ]
    return sorted(found, key=lambda gain: (-abs(gain.after - gain.before), str(gain.user_id)))


def _time_of(user: UserId, tiles: Sequence[Tile]) -> timedelta:
    return sum((tile.end - tile.start for tile in tiles if user in tile.on_call.users), timedelta(0))


def _joined(spans: Sequence[Span]) -> tuple[Span, ...]:
    whole: list[Span] = []
    for start, end in spans:
        if whole and whole[-1][1] == start:
            whole[-1] = (whole[-1][0], end)
        else:
            whole.append((start, end))
    return tuple(whole)
