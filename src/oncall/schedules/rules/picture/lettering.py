"""Text in a picture: made safe for XML, measured without a font, shortened to fit. Pure."""

import re
from collections.abc import Sequence
from html import escape
from unicodedata import category, east_asian_width

from oncall.kit.zones import DAY, HOUR, MINUTE, clock_changes, mono, to_wall

ELLIPSIS = "…"

# What XML refuses, C1 controls, and the signs that turn the direction of all that follows: a name must not rearrange its neighbours.
UNDRAWABLE = re.compile("[\x00-\x1f\x7f-\x9f\ud800-\udfff\ufffe\uffff\u202a-\u202e\u2066-\u2069]")


def cleaned(text: str) -> str:
    """The same on one line, with each undrawable character replaced by "�"."""
    return UNDRAWABLE.sub("\ufffd", " ".join(text.split()))


def width_of(text: str) -> float:
    """About how wide it is, in font sizes; rather too wide, so that what is said to fit does."""
    return sum(map(_width, text))


def shortened(text: str, room: float) -> str:
    """As much of it as fits into `room` font sizes, with an ellipsis where something is missing; nothing if not even two letters fit."""
    if width_of(text) <= room:
        return text
    kept, left = "", room - width_of(ELLIPSIS)
    for character in text:
        left -= _width(character)
        if left < 0:
            break
        kept += character
    kept = kept.rstrip()
    return kept + ELLIPSIS if len(kept) > 1 else ""


def listed(names: Sequence[str], most: int, *, each: int = 80) -> str:
    """ "Ana", "Ana and Bob", "Ana, Bob and 3 more": at most `most` names of at most `each` characters."""
    told = [name if len(name) <= each else name[: each - 1] + ELLIPSIS for name in names[:most]]
    if len(names) > most:
        told.append(f"{len(names) - most} more")
    return f"{', '.join(told[:-1])} and {told[-1]}" if len(told) > 1 else "".join(told)


def element(name: str, content: str = "", /, **attributes: str | float) -> str:
    """One XML element. `content` is markup already; attributes are escaped, `text_anchor` means text-anchor, an empty one is left out."""
    written = "".join(
        f' {key.rstrip("_").replace("_", "-")}="{escape(value) if isinstance(value, str) else number(value)}"'
        for key, value in attributes.items()
        if value != ""
    )
    return f"<{name}{written}>{content}</{name}>" if content else f"<{name}{written}/>"


def number(value: float) -> str:
    """To a hundredth: far below a pixel."""
    return f"{value:.2f}".rstrip("0").rstrip(".")


def local_range(start: int, end: int, zone: str) -> str:
    """ "Mon 2 Mar 2026 09:00 – Mon 9 Mar 2026 09:00 (UTC−5)", with both offsets if they differ."""
    (begins, before), (ends, after) = local_time(start, zone), local_time(end, zone)
    if before == after:
        return f"{begins} – {ends} ({after})"
    return f"{begins} ({before}) – {ends} ({after})"


def local_time(t: int, zone: str) -> tuple[str, str]:
    """ "Mon 2 Mar 2026 09:00", with seconds where there are any, and "UTC−5"."""
    offset = _offset(t, zone)
    wall = to_wall(t + offset)
    seconds = f":{wall.second:02}" if wall.second else ""
    hours, minutes = abs(offset) // HOUR, abs(offset) % HOUR // MINUTE
    ahead = f"{'+' if offset > 0 else '−'}{hours}{f':{minutes:02}' if minutes else ''}" if offset else ""
    return f"{wall:%a} {wall.day} {wall:%b %Y %H:%M}{seconds}", f"UTC{ahead}"


def duration(seconds: int) -> str:
    """ "1 h", "30 min", "1 h 30 min"; under a minute in seconds."""
    hours, minutes = seconds // HOUR, seconds % HOUR // MINUTE
    told = [f"{hours:,} h" if hours else "", f"{minutes} min" if minutes else ""]
    return " ".join(filter(None, told)) or f"{seconds} s"


def clock_change(by: int) -> str:
    return f"clocks {'+' if by > 0 else '−'}{duration(abs(by))}"


def _offset(t: int, zone: str) -> int:
    """Seconds to add to UTC at `t`, also while the local clock repeats itself and `mono` stands still; no repeat is longer than a day."""
    for at, by in clock_changes(zone, t - DAY, t + 1):
        if t < at - by:
            return mono(at - 1, zone) - (at - 1) + by
    return mono(t, zone) - t


def _width(character: str) -> float:
    if category(character) in {"Mn", "Me", "Cf"}:
        return 0.0
    if east_asian_width(character) in {"W", "F"}:
        return 1.05
    if character in "fijlrtI|.,:;'!()[] -":
        return 0.42
    if character in "mwMW@%…—":
        return 1.0
    return 0.74 if character.isupper() else 0.62
