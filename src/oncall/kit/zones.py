"""Local time and instants: `mono` and `resolve` are the only two conversions, in whole seconds, by the pinned IANA rules."""

import difflib
from bisect import bisect_left, bisect_right
from datetime import UTC, datetime, timedelta
from functools import cache, lru_cache
from importlib.metadata import version
from importlib.resources import files
from itertools import accumulate
from zoneinfo import ZoneInfo

from oncall.kit.errors import Invalid

MINUTE = 60
HOUR = 3600
DAY = 86_400
WEEK = 7 * DAY

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
LOCAL_EPOCH = EPOCH.replace(tzinfo=None)
SECOND = timedelta(seconds=1)

# Offsets are looked up once per zone and block of 2^25 s (388 days), with a margin wider than any offset or repeated time (at most a day).
BLOCK_BITS = 25
MARGIN = 3 * DAY
LOOK = 2 * DAY
FIRST = (datetime(1, 1, 3, tzinfo=UTC) - EPOCH) // SECOND
LAST = (datetime(9999, 12, 29, tzinfo=UTC) - EPOCH) // SECOND


class UnknownZone(Invalid, ValueError):
    """Not a name of the IANA time zone database."""

    code = "unknown_time_zone"
    title = "Unknown time zone"


def mono(t: int, zone: str) -> int:
    """The local clock at instant `t`, never going back: it stands still while an hour is repeated and jumps over a gap.

    `t` is in seconds since 1970 UTC, the result in local seconds since 1970-01-01T00:00 on the wall. It is the largest local second reached
    up to `t`: in the second pass of a repeated hour, that hour's last second.
    """
    starts, offsets, reached = _stretches(zone, t >> BLOCK_BITS)
    i = bisect_right(starts, t) - 1
    local = t + offsets[i]
    return max(local, reached[i - 1]) if i else local


def resolve(local: int, zone: str) -> int:
    """The first instant at which the local clock shows `local` or later.

    A time that is skipped gives the first instant after the gap, a repeated one its first pass. It holds that `resolve(x) <= t` exactly
    when `x <= mono(t)`.
    """
    starts, offsets, reached = _stretches(zone, local >> BLOCK_BITS)
    i = bisect_left(reached, local)
    t = local - offsets[i]
    return max(t, starts[i]) if i else t


def clock_changes(zone: str, start: int, end: int) -> list[tuple[int, int]]:
    """Every instant in `[start, end)` at which the zone's offset changes, with by how many seconds the clocks are put forward (or back)."""
    found: dict[int, int] = {}
    for block in range(start >> BLOCK_BITS, (end >> BLOCK_BITS) + 1):
        starts, offsets, _ = _stretches(zone, block)
        found |= {at: after - before for at, before, after in zip(starts[1:], offsets, offsets[1:], strict=False)}
    return [(at, by) for at, by in sorted(found.items()) if start <= at < end]


def to_seconds(at: datetime) -> int:
    """Whole seconds since 1970 of an aware datetime; a fraction is cut off."""
    return (at - EPOCH) // SECOND


def to_instant(t: int) -> datetime:
    """The aware UTC datetime of `t` seconds since 1970."""
    return EPOCH + timedelta(seconds=t)


def to_local_seconds(wall: datetime) -> int:
    """Whole local seconds since 1970-01-01T00:00 of a naive datetime."""
    return (wall - LOCAL_EPOCH) // SECOND


def to_wall(local: int) -> datetime:
    """The naive datetime of `local` seconds since 1970-01-01T00:00 on the wall."""
    return LOCAL_EPOCH + timedelta(seconds=local)


def check_zone(name: str) -> str:
    """The name itself, if the time zone database has it; raises `UnknownZone` with the nearest names otherwise."""
    if name in zone_names():
        return name
    near = difflib.get_close_matches(name[:64], zone_names(), n=2)
    hint = f"did you mean {' or '.join(near)}?" if near else "names look like Europe/Lisbon."
    raise UnknownZone(f"This is not a time zone of the IANA database (tzdata {tzdata_version()}): {hint}")


@cache
def zone_names() -> frozenset[str]:
    """Every name a schedule may use."""
    return frozenset((files("tzdata") / "zones").read_text(encoding="utf-8").split())


@cache
def tzdata_version() -> str:
    """Which release of the IANA database decides; 2026.1 is its 2026a."""
    return version("tzdata")


@cache
def _zone(name: str) -> ZoneInfo:
    """From the pinned package, never from the machine's own files: nodes must agree."""
    check_zone(name)
    with files("tzdata").joinpath("zoneinfo", *name.split("/")).open("rb") as rules:
        return ZoneInfo.from_file(rules, key=name)


@lru_cache(maxsize=4096)
def _stretches(zone: str, block: int) -> tuple[list[int], list[int], list[int]]:
    """A block's stretches of constant offset: first instants, offsets, and the largest local second reached by each stretch's end.

    The last stretch has no end here, so `reached` is one shorter. A look every second day finds every transition: since 1970 no two of a
    zone lie within six days of each other.
    """
    rules = _zone(zone)
    low, high = (block << BLOCK_BITS) - MARGIN, (block + 1 << BLOCK_BITS) + MARGIN
    starts, offsets = [low], [_offset(rules, low)]
    for look in range(low + LOOK, high + LOOK, LOOK):
        offset = _offset(rules, look)
        if offset != offsets[-1]:
            starts.append(_transition(rules, look - LOOK, look))
            offsets.append(offset)
    ends = (start + offset - 1 for start, offset in zip(starts[1:], offsets, strict=False))
    return starts, offsets, list(accumulate(ends, max))


def _transition(rules: ZoneInfo, before: int, after: int) -> int:
    """The first second in `(before, after]` with the offset of `after`, by bisection."""
    new = _offset(rules, after)
    while after - before > 1:
        middle = (before + after) // 2
        before, after = (before, middle) if _offset(rules, middle) == new else (middle, after)
    return after


def _offset(rules: ZoneInfo, t: int) -> int:
    """Seconds to add to UTC at `t`; beyond the years a datetime knows, as at their edge."""
    utc = LOCAL_EPOCH.replace(tzinfo=rules) + timedelta(seconds=min(max(t, FIRST), LAST))
    offset = rules.fromutc(utc).utcoffset()
    return offset // SECOND if offset is not None else 0
