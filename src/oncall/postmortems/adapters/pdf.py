"""Markdown as a PDF: the same words on A4, in a font that is in the file; the same words give the same bytes."""

from collections.abc import Sequence
from functools import cache
from io import BytesIO
from pathlib import Path
from threading import Lock
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from reportlab.lib.colors import HexColor
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.lib.units import mm
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import CondPageBreak, Flowable, HRFlowable, Paragraph, SimpleDocTemplate, Spacer
from reportlab.platypus import Table as Grid

from oncall.postmortems.adapters.markdown import SCHEMES, Block, Span, Table, blocks_of

FONTS = Path(__file__).parent / "fonts"
PLAIN, BOLD, ITALIC, MONO = "DejaVuSans", "DejaVuSans-Bold", "DejaVuSans-Oblique", "DejaVuSansMono"
MARGIN = 18 * mm
WIDTH = A4[0] - 2 * MARGIN
STEP = 5 * mm
DEEPEST = 12
"""Steps that are shown; what is further in begins there."""
ROOM_BELOW = 30 * mm
"""What a heading needs of its page, so that it is not the last thing there."""
MOST_COLUMNS = 12
"""Of a table that is drawn as one; a wider one is written row by row."""
SIZES = {0: 9.5, 1: 18, 2: 13.5, 3: 11.5, 4: 10.5, 5: 9.5, 6: 9.5}
GREY, LIGHT, LINK = HexColor("#555555"), HexColor("#f1f3f5"), HexColor("#0b57d0")
RULE = HexColor("#c4c8cc")

_one_at_a_time = Lock()  # the library keeps its fonts, and what of them a document uses, for the whole process


def draw(text: str, *, title: str) -> bytes:
    """Every word of it, on as many pages as it takes."""
    with _one_at_a_time:
        _fonts()
        out = BytesIO()
        paper = SimpleDocTemplate(
            out,
            pagesize=A4,
            leftMargin=MARGIN,
            rightMargin=MARGIN,
            topMargin=MARGIN,
            bottomMargin=MARGIN,
            title=title,
            author="oncall",
            invariant=1,
        )
        shown = [flowable for block in blocks_of(text) for flowable in _flowables(block)]
        paper.build(shown or [Spacer(1, 1)], onFirstPage=_number, onLaterPages=_number)
        return out.getvalue()


@cache
def _fonts() -> dict[str, frozenset[int]]:
    """The characters that each font has."""
    known = {}
    for name in (PLAIN, BOLD, ITALIC, MONO):
        font = TTFont(name, str(FONTS / f"{name}.ttf"))
        pdfmetrics.registerFont(font)
        known[name] = frozenset(font.face.charToGlyph)
    return known


def _number(canvas: Any, paper: Any) -> None:
    canvas.setFont(PLAIN, 7.5)
    canvas.setFillColor(GREY)
    canvas.drawCentredString(A4[0] / 2, 9 * mm, f"Page {paper.page}")


def _flowables(block: Block | Table) -> list[Flowable]:
    if isinstance(block, Table):
        return _table(block)
    indent = STEP * min(block.indent, DEEPEST)
    if block.is_rule:
        return [HRFlowable(width="100%", color=RULE, spaceBefore=6, spaceAfter=6)]
    style = _style(block.level, indent, is_code=block.is_code, is_quote=block.is_quote)
    words = Paragraph(_markup(block.spans, _font_of(block)), style, bulletText=block.bullet or None)
    return [CondPageBreak(ROOM_BELOW), words] if block.level else [words]


def _font_of(block: Block) -> str:
    return BOLD if block.level else MONO if block.is_code else PLAIN


def _style(
    level: int = 0, indent: float = 0, *, is_code: bool = False, is_quote: bool = False, size: float | None = None
) -> ParagraphStyle:
    points = size or (8.5 if is_code else SIZES[level])
    return ParagraphStyle(
        "words",
        fontName=PLAIN,
        fontSize=points,
        leading=points * 1.4,
        leftIndent=indent,
        bulletIndent=max(0, indent - STEP),
        bulletFontName=PLAIN,
        bulletFontSize=points,
        textColor=GREY if is_quote else HexColor("#111111"),
        backColor=LIGHT if is_code else None,
        borderPadding=3 if is_code else 0,
        spaceBefore={0: 2, 1: 0}.get(level, 10),
        spaceAfter=8 if is_code else 4,
        splitLongWords=1,
        allowWidows=1,
        allowOrphans=1,
    )


def _markup(spans: Sequence[Span], font: str) -> str:
    return "".join(_span(span, font) for span in spans) or " "


def _span(span: Span, font: str) -> str:
    own = MONO if span.code else BOLD if span.bold else ITALIC if span.italic and font == PLAIN else font
    words = "".join(_in_font(text, own) for text in _by_font(span.text, own))
    if span.struck:
        words = f"<strike>{words}</strike>"
    if span.link and span.link.partition(":")[0].lower() in SCHEMES:
        words = f'<a href={quoteattr(span.link)} color="#{LINK.hexval()[2:]}">{words}</a>'
    return words


def _by_font(text: str, font: str) -> list[tuple[str, str]]:
    """Runs of it with the first font that has them; what no font of ours has is written as its number, so that nothing is lost."""
    runs: list[tuple[str, str]] = []
    for sign in text:
        name = font if sign == "\n" else next((one for one in (font, PLAIN, MONO) if ord(sign) in _fonts()[one]), None)
        shown = sign if name else f"[U+{ord(sign):04X}]" if sign.isprintable() else " "
        if runs and runs[-1][0] == (name or PLAIN):
            runs[-1] = (runs[-1][0], runs[-1][1] + shown)
        else:
            runs.append((name or PLAIN, shown))
    return runs


def _in_font(run: tuple[str, str], own: str) -> str:
    name, text = run
    if own == MONO:
        text = text.expandtabs(4).replace(" ", "\u00a0")  # code keeps its spaces, and breaks where the line ends
    words = escape(text).replace("\n", "<br/>")
    return words if name == PLAIN and own == PLAIN else f'<font name="{name}">{words}</font>'


# --- tables -----------------------------------------------------------------------------------------------------------------


def _table(table: Table) -> list[Flowable]:
    indent = STEP * min(table.indent, DEEPEST)
    columns = max((len(row) for row in table.rows), default=0)
    if columns > MOST_COLUMNS:
        return [Paragraph(_markup([span for cell in row for span in (*cell, Span(" "))], PLAIN), _style(0, indent)) for row in table.rows]
    if not columns:
        return []
    cell, head = _style(size=7.5), _style(size=7.5)
    rows = [
        [Paragraph(_markup(row[n] if n < len(row) else (), PLAIN if at else BOLD), cell if at else head) for n in range(columns)]
        for at, row in enumerate(table.rows)
    ]
    grid = Grid(
        rows,
        colWidths=_widths(table, columns, WIDTH - indent),
        repeatRows=1,
        splitInRow=1,
        hAlign="LEFT" if not indent else "RIGHT",
        spaceBefore=4,
        spaceAfter=8,
        style=[
            ("GRID", (0, 0), (-1, -1), 0.4, RULE),
            ("BACKGROUND", (0, 0), (-1, 0), LIGHT),
            ("VALIGN", (0, 0), (-1, -1), "TOP"),
            ("LEFTPADDING", (0, 0), (-1, -1), 3),
            ("RIGHTPADDING", (0, 0), (-1, -1), 3),
            ("TOPPADDING", (0, 0), (-1, -1), 1),
            ("BOTTOMPADDING", (0, 0), (-1, -1), 2),
        ],
    )
    return [grid]


def _widths(table: Table, columns: int, room: float) -> list[float]:
    """What each needs for its words on one line; where that is too much, the narrow ones get that and the others share the rest."""
    needs = [
        max(12.0 + 4.9 * len("".join(span.text for span in row[n])) if n < len(row) else 12.0 for row in table.rows) for n in range(columns)
    ]
    left, widths = room, [0.0] * columns
    for at, (need, n) in enumerate(sorted((need, n) for n, need in enumerate(needs))):
        widths[n] = min(need, left / (columns - at))
        left -= widths[n]
    return widths
