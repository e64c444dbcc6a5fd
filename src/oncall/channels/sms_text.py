"""Messages as text messages: the most telling first, and as few parts as it takes. Pure.

A part holds 160 signs of GSM 03.38 (153 where there are several), or 70 (67) as soon as one sign is none of these; each part is paid
for, and may come late or alone.
"""

from collections.abc import Callable
from typing import assert_never

from oncall.channels.render import how_bad, one_line, ordinal, shown_links, spoken
from oncall.channels.values import BundleMessage, Message, NoticeMessage, PageMessage

BASIC = frozenset(
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
EXTENDED = frozenset("^{}\\[~]|€\f")
"""Signs that take the room of two."""

PLAIN = str.maketrans(
    {
        "‘": "'",
        "’": "'",
        "‚": "'",
        "“": '"',
        "”": '"',
        "„": '"',
        "‐": "-",
        "‑": "-",
        "–": "-",
        "—": "-",
        "−": "-",
        "…": "...",
        "•": "-",
        "`": "'",
        "\N{NO-BREAK SPACE}": " ",
    }
)
"""What typography makes of plain signs, which alone would halve what fits into a part."""

GSM_PARTS, OTHER_PARTS = 2, 3
NOTICE_PARTS = 3
SHORTEST = 20
"""So much of a title is always said."""


def parts_of(text: str) -> int:
    """In how many parts a text goes out."""
    if all(sign in BASIC or sign in EXTENDED for sign in text):
        return _packed([2 if sign in EXTENDED else 1 for sign in text], alone=160, each=153)
    return _packed([2 if ord(sign) > 0xFFFF else 1 for sign in text], alone=70, each=67)


def _packed(sizes: list[int], *, alone: int, each: int) -> int:
    """A sign that takes two places is never divided."""
    if sum(sizes) <= alone:
        return 1
    parts, free = 1, each
    for size in sizes:
        if size > free:
            parts, free = parts + 1, each
        free -= size
    return parts


def text_of(message: Message) -> str:
    """What is sent. It begins with what may be a repetition, how bad it is, where and what."""
    match message:
        case PageMessage():
            return _page(message)
        case BundleMessage():
            return _list(message)
        case NoticeMessage():
            return _notice(message)
        case _:
            assert_never(message)


def _page(message: PageMessage) -> str:
    place = f"{_line(how_bad(message.severity), 20).upper()} {_line(message.service, 40)}: "
    answer = f"\nReply {message.reply_code} to acknowledge." if message.reply_code else ""
    link = f"\n{message.acknowledge_url}" if message.acknowledge_url else ""
    title = _line(message.title, 140) or "no title"
    return _fitting(lambda said: f"{_marks(message)}{place}{said} #{message.number}{answer}{link}", title)


def _list(message: BundleMessage) -> str:
    """What they have in common, as many of them as fit, and how to acknowledge all."""
    answer = f"\nReply {message.reply_code} to acknowledge all {len(message.listed)}." if message.reply_code else ""
    link = f"\n{message.acknowledge_url}" if message.acknowledge_url else ""
    text = _marks(message) + _line(message.headline, 100)
    for left, one in zip(range(len(message.listed), 0, -1), message.listed, strict=True):
        line = f"\n#{one.number} {_line(how_bad(one.severity), 20).upper()} {_line(one.service, 30)}: {_line(one.title, 40)}"
        if parts_of(f"{text}{line}{_more(left - 1)}{answer}{link}") > NOTICE_PARTS:
            return f"{text}{_more(left)}{answer}{link}"
        text += line
    return f"{text}{answer}{link}"


def _more(left: int) -> str:
    return f"\nand {left} more" if left else ""


def _fitting(written: Callable[[str], str], title: str) -> str:
    """The whole with as much of its title as fits."""
    for length in range(len(title), SHORTEST, -1):
        text = written(title if length == len(title) else f"{title[: length - 2].rstrip()}..")
        if parts_of(text) <= (GSM_PARTS if _is_gsm(text) else OTHER_PARTS):
            return text
    return written(title if len(title) <= SHORTEST else f"{title[: SHORTEST - 2].rstrip()}..")


def _is_gsm(text: str) -> bool:
    return all(sign in BASIC or sign in EXTENDED for sign in text)


def _notice(message: NoticeMessage) -> str:
    """Its subject, and as many of its paragraphs, and of its first link, as fit."""
    if message.update:
        return _marks(message) + _line(message.subject, 140)
    said = [_line(paragraph, 300) for paragraph in message.paragraphs]
    text = _marks(message) + (_line(message.subject, 140) or "no subject")
    if message.code is not None:
        said = [paragraph for paragraph in said if message.code not in paragraph]
        text = f"{_marks(message)}{message.code} is the code that proves this number to oncall."
    if message.reply_code:
        text += f"\nDid it ring on silent? Reply {message.reply_code} YES or {message.reply_code} NO."
    links = [href for href, _ in shown_links(message)[:1]]
    for more in (*said, *links):
        if more and parts_of(f"{text}\n{more}") <= NOTICE_PARTS:
            text += f"\n{more}"
    return text


def _marks(message: Message) -> str:
    marks = ["repeat"] if message.repeated else []
    if isinstance(message, PageMessage) and message.nth > 1:
        marks.append(f"{ordinal(message.nth)} time")
    if message.late_by is not None:
        marks.append(f"{spoken(message.late_by)} late")
    return "".join(f"({mark}) " for mark in marks)


def _line(text: str, limit: int) -> str:
    """One safe line, in signs of the small alphabet where these say the same."""
    return one_line(one_line(text, limit).translate(PLAIN), limit).translate(PLAIN)
