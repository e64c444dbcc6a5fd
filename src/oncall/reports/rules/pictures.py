"""A report as a picture: one bar for each group, readable in black and white, as plain SVG without scripts. Pure."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from html import escape

from oncall.kit.ids import UserId
from oncall.reports.values.duties import Duties
from oncall.reports.values.measures import Apart, Group, Loads, Measured, Spread

WIDTH, LEFT, RIGHT, TOP, LINE, BAR = 800, 220, 260, 64, 26, 16
MOST_BARS = 60
LONGEST_NAME = 30
STYLE = "font-family:sans-serif;font-size:12px;fill:#000"
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><rect width="2" height="6" fill="#000"/></pattern></defs>'
)
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))
HOUR = 3_600


@dataclass(frozen=True, slots=True)
class Bar:
    """As long as its amount, the last `hatched` of it hatched, with something said behind it."""

    name: str
    amount: int
    hatched: int
    said: str


@dataclass(frozen=True, slots=True)
class Words:
    title: str
    plain: str
    """What the plain part of a bar is."""
    hatched: str
    head: str
    """What is said behind the bars."""
    empty: str


def picture_of(report: Measured) -> str:
    """Bars as long as there are incidents; the hatched part of each needed no action. At most 60 groups, those with the latest keys by
    week and the greatest otherwise."""
    words = Words(
        f"Incidents by {report.by.value}, {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}",
        "somebody acted",
        "no action was needed",
        "incidents · half acknowledged, resolved within",
        "No incident opened in this time.",
    )
    return _drawn(words, [_bar_of(group) for group in report.groups], is_in_time=report.by.value == "week")


def picture_of_people(report: Loads) -> str:
    """Bars as long as there are pages, of each person or of each week; those at night are hatched."""
    words = _by_night("Pages", report, "pages · of them at night", "Nobody was paged in this time.")
    amounts = [(one.week, one.user_id, one.name, one.pages, one.nights) for one in report.lines]
    return _drawn(words, _summed(amounts, "{} · {}", unit=1), is_in_time=report.apart is Apart.WEEK)


def picture_of_duties(report: Duties) -> str:
    """Bars as long as people are on call, of each person or of each week; nights are hatched."""
    words = _by_night("Hours on call", report, "hours · of them at night", "Nobody is on call in this time.")
    amounts = [(one.week, one.user_id, one.name, one.seconds, one.nights) for one in report.lines]
    return _drawn(words, _summed(amounts, "{} h · {} h", unit=HOUR), is_in_time=report.apart is Apart.WEEK)


def _by_night(what: str, report: Loads | Duties, head: str, empty: str) -> Words:
    title = f"{what} by {report.apart.value}, {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}"
    return Words(title, "by day", "at night (22:00 to 06:00)", head, empty)


def _summed(amounts: Sequence[tuple[str | None, UserId, str, int, int]], said: str, *, unit: int) -> list[Bar]:
    """One for each week (of all people) or, where none are told apart, for each person."""
    sums: dict[str | UserId, Bar] = {}
    for week, user, name, amount, nights in amounts:
        before = sums.get(week or user, Bar(week or name, 0, 0, ""))
        sums[week or user] = replace(before, amount=before.amount + amount, hatched=before.hatched + nights)
    return [replace(bar, said=said.format(round(bar.amount / unit), round(bar.hatched / unit))) for bar in sums.values()]


def _bar_of(group: Group) -> Bar:
    said = f"{group.incidents} · {_time(group.acknowledge)}, {_time(group.resolve)}"
    return Bar(group.name, group.incidents, group.no_action, said)


def _drawn(words: Words, bars: Sequence[Bar], *, is_in_time: bool) -> str:
    """At most 60 bars: the latest in time, the greatest otherwise."""
    shown = list(bars[-MOST_BARS:]) if is_in_time else sorted(bars, key=lambda bar: (-bar.amount, bar.name))[:MOST_BARS]
    most = max((bar.amount for bar in shown), default=0)
    height = TOP + LINE * max(len(shown), 1) + 24
    hidden = len(bars) - len(shown)
    title = escape(words.title)
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{title}</title>",
        HATCH,
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<g style="{STYLE}">',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{title}</text>',
        f'<rect x="12" y="34" width="12" height="12" fill="#888" stroke="#000"/><text x="30" y="44">{words.plain}</text>',
        f'<rect x="132" y="34" width="12" height="12" fill="url(#hatch)" stroke="#000"/><text x="150" y="44">{words.hatched}</text>',
        f'<text x="{WIDTH - RIGHT + 12}" y="44">{words.head}</text>',
        *(line for n, bar in enumerate(shown) for line in _lines(bar, TOP + n * LINE, most)),
    ]
    if not shown:
        parts.append(f'<text x="12" y="{TOP + 12}">{words.empty}</text>')
    if hidden:
        parts.append(f'<text x="12" y="{height - 8}">and {hidden} more</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _lines(bar: Bar, y: int, most: int) -> list[str]:
    room = WIDTH - LEFT - RIGHT
    whole = max(round(room * bar.amount / most), 1) if most else 0
    hatched = round(whole * bar.hatched / bar.amount) if bar.amount else 0
    name = bar.name if len(bar.name) <= LONGEST_NAME else f"{bar.name[: LONGEST_NAME - 1]}…"
    begins = LEFT + whole - hatched
    return [
        f'<text x="{LEFT - 10}" y="{y + 12}" text-anchor="end">{escape(_printable(name))}</text>',
        f'<rect x="{LEFT}" y="{y}" width="{whole - hatched}" height="{BAR}" fill="#888" stroke="#000"/>',
        f'<rect x="{begins}" y="{y}" width="{hatched}" height="{BAR}" fill="url(#hatch)" stroke="#000"/>' if hatched else "",
        f'<text x="{WIDTH - RIGHT + 12}" y="{y + 12}">{bar.said}</text>',
    ]


def _time(spread: Spread | None) -> str:
    if spread is None:
        return "—"
    size, unit = next(((size, unit) for size, unit in UNITS if spread.median >= size), (1, "s"))
    return f"{spread.median / size:.0f} {unit}" if spread.median % size == 0 else f"{spread.median / size:.1f} {unit}"


def _printable(words: str) -> str:
    """XML has no way to write control characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)
