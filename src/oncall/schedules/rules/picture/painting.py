"""How one piece of a row looks: its colours, its name where it fits, what is told about it, and the style of all pictures. Pure."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape

from oncall.schedules.rules.picture.colours import Fill
from oncall.schedules.rules.picture.lanes import Piece
from oncall.schedules.rules.picture.lettering import duration, element, listed, local_range, shortened, width_of
from oncall.schedules.values.picture import Row

# Sizes of letters in units of the picture. Where there is room (the style's last rule) they shrink, so what fits here fits there.
TITLE, FONT, SMALL = 24.0, 20.0, 18.0

MOST_NAMES, MOST_STRIPES = 8, 8
PADDING = 4.0

# Every rule begins with the picture's own class, and the ids with its name: the SVG may stand inside a page.
STYLE = """<style>
.schedule-picture:root { color-scheme: light dark; }
.schedule-picture { max-width: 64rem; height: auto; font-family: system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif; }
.schedule-picture text { fill: #16181d; font-size: 1em; }
.schedule-picture .title { font-size: 1.2em; font-weight: 700; }
.schedule-picture .small { font-size: .9em; }
.schedule-picture .soft { fill: #5b6472; }
.schedule-picture .row { stroke: #ffffff; stroke-width: 6; stroke-linejoin: round; paint-order: stroke; }
.schedule-picture .paper { fill: #ffffff; }
.schedule-picture .track { fill: #eceff3; }
.schedule-picture .weekend { fill: #16181d; fill-opacity: .07; }
.schedule-picture .midnight { stroke: #c3cad3; stroke-width: 1; }
.schedule-picture .tick { stroke: #8a93a0; stroke-width: 1.5; }
.schedule-picture .many { fill: #5b6472; }
.schedule-picture text.on { fill: #ffffff; }
.schedule-picture .nobody { fill: none; stroke: #5b6472; stroke-dasharray: 5 4; }
.schedule-picture .gap-paper { fill: #ffe3df; }
.schedule-picture .gap-ink { fill: #b3261e; }
.schedule-picture text.gap-ink { font-size: .9em; font-weight: 700; }
.schedule-picture .clocks { stroke: #16181d; stroke-width: 2; stroke-dasharray: 7 5; }
.schedule-picture .now { stroke: #16181d; stroke-width: 2.5; }
.schedule-picture .now-edge { stroke: #ffffff; stroke-width: 5; }
.schedule-picture .now-ink { fill: #16181d; }
.schedule-picture text.now-paper { fill: #ffffff; font-weight: 700; }
@media (prefers-color-scheme: dark) {
.schedule-picture text { fill: #eceff4; }
.schedule-picture .soft { fill: #a3adba; }
.schedule-picture .row { stroke: #14161a; }
.schedule-picture .paper { fill: #14161a; }
.schedule-picture .track { fill: #242932; }
.schedule-picture .weekend { fill: #ffffff; }
.schedule-picture .midnight { stroke: #3d4550; }
.schedule-picture .tick { stroke: #6b7582; }
.schedule-picture .nobody { stroke: #a3adba; }
.schedule-picture .gap-paper { fill: #3a1512; }
.schedule-picture .gap-ink { fill: #ff6b6b; }
.schedule-picture .clocks { stroke: #eceff4; }
.schedule-picture .now { stroke: #eceff4; }
.schedule-picture .now-edge { stroke: #14161a; }
.schedule-picture .now-ink { fill: #eceff4; }
.schedule-picture text.now-paper { fill: #14161a; }
}
@media (min-width: 700px) { .schedule-picture { font-size: 16px; } }
</style>"""

GAP_FILL = "url(#schedule-picture-gap)"
GAP_PATTERN = (
    '<pattern id="schedule-picture-gap" width="12" height="12" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="12" height="12" class="gap-paper"/><rect width="6" height="12" class="gap-ink"/></pattern>'
)


@dataclass(frozen=True, slots=True)
class Box:
    x: float
    y: float
    width: float
    height: float


def text(x: float, baseline: float, words: str, class_: str = "", *, anchor: str = "") -> str:
    return element("text", escape(words), x=x, y=baseline, class_=class_, text_anchor=anchor)


def paint(piece: Piece, row: Row, box: Box, fills: Mapping[str, Fill], zone: str) -> str:
    """One group: what is told on pointing at it, its fill, and a label if there is room."""
    told = element("title", escape(_told(piece, row, zone)))
    return element("g", told + "".join(_painted(piece, row, box, fills)))


def _painted(piece: Piece, row: Row, box: Box, fills: Mapping[str, Fill]) -> Iterator[str]:
    people = piece.people
    if row.kind == "final" and piece.gap:
        yield _rect(box, fill=GAP_FILL)
        yield from _gap_label(box)
    elif not people:
        yield _rect(box, class_="nobody")
        yield _label("nobody", box, "soft")
    elif len(piece.bands) > 1 and len(people) > 1:
        yield _rect(box, class_="many")
        yield _label("many", box, "on")
    else:
        stripes = list(_stripes(box, min(len(people), MOST_STRIPES)))
        yield from (_rect(stripe, fill=fills[name].paint) for stripe, name in zip(stripes, people, strict=False))
        if stripes[0].height >= FONT:
            yield from (_label(name, stripe, "on") for stripe, name in zip(stripes, people, strict=False))
        else:
            yield _label(", ".join(people), box, "on")


def _stripes(box: Box, count: int) -> Iterator[Box]:
    height = box.height / count
    return (Box(box.x, box.y + nth * height, box.width, height) for nth in range(count))


def _rect(box: Box, **attributes: str | float) -> str:
    return element("rect", x=box.x, y=box.y, width=box.width, height=box.height, **attributes)


def _label(words: str, box: Box, class_: str) -> str:
    """In a frame of its own, which cuts off what a broader font than the one reckoned with would let stick out."""
    told = shortened(words, (box.width - 2 * PADDING) / FONT)
    baseline = box.height / 2 + 0.35 * FONT
    inner = text(PADDING, baseline, told, class_)
    return element("svg", inner, x=box.x, y=box.y, width=box.width, height=box.height) if told else ""


def _gap_label(box: Box) -> Iterator[str]:
    """On a plain ground, since nobody can read on stripes."""
    width = width_of("gap") * FONT + 2 * PADDING
    if width <= box.width - 4:
        ground = Box(box.x + (box.width - width) / 2, box.y + box.height / 2 - 14, width, 28)
        yield _rect(ground, class_="gap-paper", rx=4)
        yield text(box.x + box.width / 2, box.y + box.height / 2 + 0.35 * FONT, "gap", "gap-ink", anchor="middle")


def _told(piece: Piece, row: Row, zone: str) -> str:
    """Who, why if it is not what the row would do anyway, and when exactly."""
    who = listed(piece.people, MOST_NAMES) or ("Gap: nobody is on call" if row.kind == "final" else "Nobody")
    if len(piece.bands) > 1:
        who += f" in {len(piece.bands):,} stretches"
        who += f", nobody for {duration(piece.gap)}" if piece.gap and piece.people else ""
    elif piece.bands[0].kind not in {"layer", "gap", row.kind}:
        who += f" ({piece.bands[0].kind})"
    return f"{who}\n{local_range(piece.start, piece.end, zone)}"
