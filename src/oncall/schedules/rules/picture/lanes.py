"""How a row lays out its bands: below one another where they overlap, as a crowd where they are too narrow to tell apart. Pure."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby

from oncall.kit.zones import to_seconds
from oncall.schedules.rules.picture.axis import Axis
from oncall.schedules.values.picture import Band, Row

MOST_LANES = 8
# Narrower bands are crowded, in stretches of so many units: then a gap among them still shows where it is, and is wide enough to be seen.
NARROW, CROWD = 1.0, 4.0


@dataclass(frozen=True, slots=True)
class Piece:
    """What is drawn as one: a band, or a crowd of neighbours. `[start, end)` in seconds since 1970, not cut to the range."""

    start: int
    end: int
    bands: tuple[Band, ...]

    @property
    def people(self) -> tuple[str, ...]:
        """Everybody in it, each once."""
        return tuple(dict.fromkeys(name for band in self.bands for name in band.people))

    @property
    def gap(self) -> int:
        """How many of its seconds nobody has."""
        return sum(to_seconds(band.end) - to_seconds(band.start) for band in self.bands if not band.people)


def lanes_of(row: Row, axis: Axis) -> list[list[Piece]]:
    """What a row draws of the range, from top to bottom; at least one lane. Bands that overlap lie in different ones, up to eight."""
    lanes: list[list[Band]] = [[]]
    for band in sorted(row.bands, key=lambda band: (band.start, band.end)):
        # A layer without people at some time says nothing of that time.
        if to_seconds(band.start) >= axis.until or to_seconds(band.end) <= axis.since or (row.kind == "layer" and not band.people):
            continue
        free = next((lane for lane in lanes if not lane or lane[-1].end <= band.start), None)
        if free is not None:
            free.append(band)
        elif len(lanes) < MOST_LANES:
            lanes.append([band])
        else:
            lanes[-1].append(band)
    return [list(_pieces(lane, axis)) for lane in lanes]


def _pieces(bands: Sequence[Band], axis: Axis) -> Iterator[Piece]:
    crowd: list[Band] = []
    for band in bands:
        if crowd and _width(crowd[-1].end, band.start, axis) >= NARROW:
            yield from _crowds(crowd, axis)
            crowd = []
        if _width(band.start, band.end, axis) < NARROW:
            crowd.append(band)
        else:
            yield from _crowds(crowd, axis)
            crowd = []
            yield _piece([band])
    yield from _crowds(crowd, axis)


def _crowds(narrow: Sequence[Band], axis: Axis) -> Iterator[Piece]:
    """Narrow bands stretch by stretch of the axis; stretches with a gap stay apart from those without."""
    stretches = (list(stretch) for _, stretch in groupby(narrow, key=lambda band: axis.x(to_seconds(band.start)) // CROWD))
    for _, alike in groupby(stretches, key=lambda stretch: all(band.people for band in stretch)):
        yield _piece([band for stretch in alike for band in stretch])


def _piece(bands: Sequence[Band]) -> Piece:
    return Piece(to_seconds(bands[0].start), max(to_seconds(band.end) for band in bands), tuple(bands))


def _width(start: datetime, end: datetime, axis: Axis) -> float:
    return axis.x(to_seconds(end)) - axis.x(to_seconds(start))
