"""Words of monitors and people as Markdown that means just these words. Pure."""

import re
import unicodedata
from collections.abc import Iterable, Sequence

SPECIAL = re.compile(r"([\\`*\[\]<>&|~{}])")
LONE_UNDERSCORE = re.compile(r"(?<![^\W_])_|_(?![^\W_])")
AT_THE_START = re.compile(r"^(\s*)([#+=-]|\d+(?=[.)]))")
CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u2028\u2029]+")


def line(words: str) -> str:
    """On one line, without control characters or spaces at its ends."""
    kept = "".join(one for one in CONTROL.sub(" ", words) if unicodedata.category(one) != "Cs")
    return re.sub(r"\s+", " ", kept).strip()


def escaped(words: str) -> str:
    """What Markdown shows as exactly these words, on one line, whatever they are: nothing in them is markup or a placeholder."""
    shown = cell(words)
    found = AT_THE_START.match(shown)
    if found is None:
        return shown
    start = found.group(2)
    return f"{start}\\{shown[len(start) :]}" if start.isdigit() else f"\\{shown}"


def cell(words: str) -> str:
    """The same within a line, where no list and no heading can begin."""
    return LONE_UNDERSCORE.sub(r"\\_", SPECIAL.sub(r"\\\1", line(words)))


def table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> str:
    """A Markdown table of plain words."""
    lines = [head, ["---"] * len(head), *([cell(words) for words in row] for row in rows)]
    return "\n".join(f"| {' | '.join(cells)} |" for cells in lines)
