"""Where everything in a picture lies: heading, axis, rows from top to bottom, marks of instants, and who has which colour. Pure."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from html import escape
from math import floor

from oncall.kit.zones import DAY, clock_changes, to_seconds
from oncall.schedules.rules.picture.axis import Axis, Scale, midnights, scales_for, stretches, weekends
from oncall.schedules.rules.picture.colours import Fill, fills_of
from oncall.schedules.rules.picture.lanes import Piece, lanes_of
from oncall.schedules.rules.picture.lettering import (
    cleaned,
    clock_change,
    element,
    listed,
    local_range,
    local_time,
    number,
    shortened,
    width_of,
)
from oncall.schedules.rules.picture.painting import FONT, GAP_PATTERN, SMALL, STYLE, TITLE, Box, paint, text
from oncall.schedules.values.picture import Row

# In units of the picture. All of its width is 800, so that on a telephone of 390 pixels a unit is half a pixel.
WIDTH, LEFT, RIGHT = 800.0, 8.0, 792.0
AXIS, TOP, LANE, FINAL_LANE, STRIP, ROW_GAP = 72.0, 130.0, 32.0, 60.0, 28.0, 12.0
# Narrower days have no line each; narrower gaps have a mark below them.
NARROW_DAY, NARROW_GAP = 5.0, 12.0
SHADED_DAYS = 100

MOST_NAMES, MOST_ENTRIES, MOST_IN_LEGEND = 8, 20, 32


@dataclass(frozen=True, slots=True)
class Track:
    """Where a row lies: from `top` down, as many lanes as bands that overlap need."""

    row: Row
    lanes: Sequence[Sequence[Piece]]
    top: float
    lane: float

    @property
    def bottom(self) -> float:
        return self.top + self.lane * len(self.lanes)


def draw(title: str, rows: Sequence[Row], *, since: datetime, until: datetime, now: datetime | None, zone: str, covered: float) -> str:
    """The SVG document of `[since, until)`, which must not be empty, on the wall of `zone`; `covered` is between 0 and 1.

    Rows come in the order given. Names may hold any text. Bands may reach beyond the range: the picture cuts them, its words do not. Bands
    narrower than a unit are drawn together. `now` is marked where it lies in the range.
    """
    axis = Axis(to_seconds(since), to_seconds(until), zone, LEFT, RIGHT)
    tracks = _tracks([_cleaned(row) for row in rows], axis)
    fills = fills_of(name for track in tracks for lane in track.lanes for piece in lane for name in piece.people)
    named = cleaned(title)
    below = tracks[-1].bottom if tracks else TOP
    changes, after_changes = _changes(axis, below + ROW_GAP)
    present, after_now = _present(axis, now, below, after_changes)
    legend, bottom = _legend(fills, after_now)
    content = [
        element("title", escape(named)),
        element("desc", escape(_in_words(tracks, axis))),
        STYLE,
        element("defs", GAP_PATTERN + "".join(sorted({fill.pattern for fill in fills.values()}))),
        element("rect", width=WIDTH, height=bottom, class_="paper"),
        *_heading(named, axis, covered),
        *(element("rect", x=LEFT, y=track.top, width=RIGHT - LEFT, height=track.bottom - track.top, class_="track") for track in tracks),
        *_grid(axis, tracks, below),
        *(drawn for track in tracks for drawn in _row(track, axis, fills)),
        *changes,
        *present,
        *legend,
    ]
    return element(
        "svg",
        "\n".join(content),
        xmlns="http://www.w3.org/2000/svg",
        viewBox=f"0 0 {number(WIDTH)} {number(bottom)}",
        width="100%",
        role="img",
        class_="schedule-picture",
        font_size=FONT,
    )


def _cleaned(row: Row) -> Row:
    bands = (replace(band, people=tuple(map(cleaned, band.people)), kind=cleaned(band.kind)) for band in row.bands)
    return replace(row, name=cleaned(row.name), bands=tuple(bands))


def _tracks(rows: Sequence[Row], axis: Axis) -> list[Track]:
    tracks: list[Track] = []
    top = TOP
    for row in rows:
        track = Track(row, lanes_of(row, axis), top + STRIP, FINAL_LANE if row.kind == "final" else LANE)
        tracks.append(track)
        top = track.bottom + ROW_GAP
    return tracks


def _heading(title: str, axis: Axis, covered: float) -> Iterator[str]:
    # Rounded down: what has a gap is never called wholly covered.
    told = f"{floor(covered * 1000) / 10:g} % covered"
    room = RIGHT - LEFT - width_of(told) * FONT - FONT
    yield text(LEFT, 28, shortened(title, room / TITLE), "title")
    yield text(RIGHT, 28, told, anchor="end")
    (begins, _), (ends, _) = local_time(axis.since, axis.zone), local_time(axis.until, axis.zone)
    yield text(LEFT, 56, shortened(f"{axis.zone} · {begins} – {ends}", (RIGHT - LEFT) / SMALL), "small soft")


def _grid(axis: Axis, tracks: Sequence[Track], bottom: float) -> Iterator[str]:
    """Weekends, midnights, and the two lines of the axis with their ticks."""
    if axis.until - axis.since <= SHADED_DAYS * DAY:
        yield from (
            element(
                "rect", x=axis.x(start), y=track.top, width=axis.x(end) - axis.x(start), height=track.bottom - track.top, class_="weekend"
            )
            for start, end in weekends(axis)
            for track in tracks
        )
    if axis.second * DAY >= NARROW_DAY:
        yield _lines(axis, midnights(axis), TOP, bottom, "midnight")
    lower, upper = scales_for(axis)
    for scale, top in ((upper, AXIS), (lower, AXIS + 24)):
        yield _lines(axis, (one.start for one in stretches(scale, axis) if one.start >= axis.since), top, bottom, "tick")
        yield from _names(axis, scale, top + 18)


def _lines(axis: Axis, instants: Iterable[int], top: float, bottom: float, class_: str) -> str:
    drawn = "".join(f"M{number(axis.x(t))} {number(top)}V{number(bottom)}" for t in instants)
    return element("path", d=drawn, class_=class_) if drawn else ""


def _names(axis: Axis, scale: Scale, baseline: float) -> Iterator[str]:
    for one in stretches(scale, axis):
        if one.whole or one.start >= axis.since:
            left, right = axis.x(one.start), axis.x(one.end)
            if width_of(one.name) * SMALL <= right - left - 6:
                yield text(left + 5, baseline, one.name, "small soft")


def _row(track: Track, axis: Axis, fills: Mapping[str, Fill]) -> Iterator[str]:
    yield text(LEFT + 5, track.top - 8, shortened(track.row.name, (RIGHT - LEFT) / SMALL), "small row")
    marked = LEFT - NARROW_GAP
    for nth, lane in enumerate(track.lanes):
        for piece in lane:
            left, right = axis.x(piece.start), axis.x(piece.end)
            # A hair of the track is left between neighbours, where it costs nothing.
            hair = 1 if right - left > NARROW_DAY else 0
            box = Box(left, track.top + nth * track.lane + 1, max(right - left - hair, 0.5), track.lane - 2)
            yield paint(piece, track.row, box, fills, axis.zone)
            if track.row.kind == "final" and piece.gap and right - left < NARROW_GAP <= left - marked:
                marked = left
                yield element("path", d=f"M{number((left + right) / 2)} {number(track.bottom + 1)}l6 9h-12z", class_="gap-ink")


def _changes(axis: Axis, top: float) -> tuple[list[str], float]:
    """A line where the clocks change, and by how much where that has room: before the line, or else behind it."""
    drawn: list[str] = []
    free = LEFT
    for at, by in clock_changes(axis.zone, axis.since, axis.until):
        x, told = axis.x(at), clock_change(by)
        width = width_of(told) * SMALL + 5
        line = element("line", x1=x, y1=TOP, x2=x, y2=top + 22, class_="clocks")
        drawn.append(element("g", element("title", escape(told)) + line))
        if x - width >= free:
            drawn.append(text(x - 5, top + 18, told, "small", anchor="end"))
            free = x
        elif x + width <= RIGHT:
            drawn.append(text(x + 5, top + 18, told, "small"))
            free = x + width
    return drawn, top + (STRIP if drawn else 0)


def _present(axis: Axis, now: datetime | None, below: float, top: float) -> tuple[list[str], float]:
    """The line of now, with an edge that sets it off from any band, and its sign below."""
    if now is None or not axis.since <= to_seconds(now) < axis.until:
        return [], top
    x = axis.x(to_seconds(now))
    half = width_of("now") * SMALL / 2 + 6
    middle = min(max(x, LEFT + half), RIGHT - half)
    drawn = [
        element("line", x1=x, y1=TOP, x2=x, y2=below, class_="now-edge"),
        element("line", x1=x, y1=TOP, x2=x, y2=top + 4, class_="now"),
        element("rect", x=middle - half, y=top + 2, width=2 * half, height=24, rx=5, class_="now-ink"),
        text(middle, top + 20, "now", "small now-paper", anchor="middle"),
    ]
    return drawn, top + STRIP + 4


def _legend(fills: Mapping[str, Fill], top: float) -> tuple[list[str], float]:
    """Who has which colour, for those whose bands are too narrow for a name; line by line."""
    drawn: list[str] = []
    x, line = LEFT, top + 8
    for name in sorted(fills, key=str.casefold)[:MOST_IN_LEGEND]:
        told = shortened(name, 14)
        width = 24 + width_of(told) * SMALL + 16
        if x + width > RIGHT and x > LEFT:
            x, line = LEFT, line + STRIP
        drawn.append(element("rect", x=x, y=line, width=18, height=18, rx=4, fill=fills[name].paint))
        drawn.append(text(x + 24, line + 15, told, "small"))
        x += width
    return drawn, line + STRIP if drawn else top


def _in_words(tracks: Sequence[Track], axis: Axis) -> str:
    """The final schedule for those who do not see it."""
    bands = [band for track in tracks if track.row.kind == "final" for band in sorted(track.row.bands, key=lambda band: band.start)]
    shown = [band for band in bands if to_seconds(band.end) > axis.since and to_seconds(band.start) < axis.until]
    sentences = [
        f"{local_range(to_seconds(band.start), to_seconds(band.end), axis.zone)}: {listed(band.people, MOST_NAMES) or 'nobody'}."
        for band in shown[:MOST_ENTRIES]
    ]
    if len(shown) > MOST_ENTRIES:
        sentences.append(f"And {len(shown) - MOST_ENTRIES:,} more.")
    return " ".join(sentences) or "Nothing is planned."
