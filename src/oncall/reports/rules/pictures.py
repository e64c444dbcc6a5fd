"""A report as a picture: one bar for each group, readable in black and white, as plain SVG without scripts. Pure."""

from html import escape

from oncall.reports.values.measures import Group, Measured, Spread

WIDTH, LEFT, RIGHT, TOP, LINE, BAR = 800, 220, 260, 64, 26, 16
MOST_BARS = 60
LONGEST_NAME = 30
STYLE = "font-family:sans-serif;font-size:12px;fill:#000"
HATCH = (
    '<defs><pattern id="hatch" width="6" height="6" patternUnits="userSpaceOnUse" patternTransform="rotate(45)">'
    '<rect width="6" height="6" fill="#fff"/><rect width="2" height="6" fill="#000"/></pattern></defs>'
)
UNITS = ((86_400, "d"), (3_600, "h"), (60, "min"), (1, "s"))


def picture_of(report: Measured) -> str:
    """Bars as long as there are incidents; the hatched part of each needed no action. At most 60 groups, those with the latest keys by
    week and the greatest otherwise."""
    shown = _shown(report)
    most = max((group.incidents for group in shown), default=0)
    height = TOP + LINE * max(len(shown), 1) + 24
    hidden = len(report.groups) - len(shown)
    title = f"Incidents by {report.by.value}, {report.since:%Y-%m-%d} to {report.until:%Y-%m-%d}"
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {WIDTH} {height}" width="{WIDTH}" height="{height}" role="img">',
        f"<title>{escape(title)}</title>",
        HATCH,
        f'<rect width="{WIDTH}" height="{height}" fill="#fff"/>',
        f'<g style="{STYLE}">',
        f'<text x="12" y="22" font-size="15" font-weight="bold">{escape(title)}</text>',
        '<rect x="12" y="34" width="12" height="12" fill="#888" stroke="#000"/><text x="30" y="44">somebody acted</text>',
        '<rect x="132" y="34" width="12" height="12" fill="url(#hatch)" stroke="#000"/><text x="150" y="44">no action was needed</text>',
        f'<text x="{WIDTH - RIGHT + 12}" y="44">incidents · half acknowledged, resolved within</text>',
        *(line for n, group in enumerate(shown) for line in _bar(group, TOP + n * LINE, most)),
    ]
    if not shown:
        parts.append(f'<text x="12" y="{TOP + 12}">No incident opened in this time.</text>')
    if hidden:
        parts.append(f'<text x="12" y="{height - 8}">and {hidden} more</text>')
    return "\n".join([*parts, "</g>", "</svg>", ""])


def _shown(report: Measured) -> list[Group]:
    groups = list(report.groups)
    if report.by.value == "week":
        return groups[-MOST_BARS:]
    return sorted(groups, key=lambda group: (-group.incidents, group.name))[:MOST_BARS]


def _bar(group: Group, y: int, most: int) -> list[str]:
    room = WIDTH - LEFT - RIGHT
    whole = max(round(room * group.incidents / most), 1) if most else 0
    idle = round(whole * group.no_action / group.incidents) if group.incidents else 0
    name = group.name if len(group.name) <= LONGEST_NAME else f"{group.name[: LONGEST_NAME - 1]}…"
    said = f"{group.incidents} · {_time(group.acknowledge)}, {_time(group.resolve)}"
    return [
        f'<text x="{LEFT - 10}" y="{y + 12}" text-anchor="end">{escape(_printable(name))}</text>',
        f'<rect x="{LEFT}" y="{y}" width="{whole - idle}" height="{BAR}" fill="#888" stroke="#000"/>',
        f'<rect x="{LEFT + whole - idle}" y="{y}" width="{idle}" height="{BAR}" fill="url(#hatch)" stroke="#000"/>' if idle else "",
        f'<text x="{WIDTH - RIGHT + 12}" y="{y + 12}">{said}</text>',
    ]


def _time(spread: Spread | None) -> str:
    if spread is None:
        return "—"
    size, unit = next(((size, unit) for size, unit in UNITS if spread.median >= size), (1, "s"))
    return f"{spread.median / size:.0f} {unit}" if spread.median % size == 0 else f"{spread.median / size:.1f} {unit}"


def _printable(words: str) -> str:
    """XML has no way to write control characters."""
    return "".join(sign if sign.isprintable() else "\N{REPLACEMENT CHARACTER}" for sign in words)
