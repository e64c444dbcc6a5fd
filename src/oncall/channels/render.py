"""The words of a message, independent of the wire: one safe line, the subject, the plain text and the HTML. Pure.

What a monitor says is hostile until it went through `one_line`; what goes into HTML is escaped by the templates.
"""

import re
import unicodedata
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from typing import assert_never

from jinja2 import Environment, PackageLoader, StrictUndefined, select_autoescape

from oncall.channels.values import BundleMessage, ListedIncident, Message, NoticeMessage, PageMessage

SUBJECT_LIMIT = 140
REASON_LIMIT = 500
PARAGRAPH_LIMIT = 1_000

_TEMPLATES = Environment(
    loader=PackageLoader("oncall.channels"),
    autoescape=select_autoescape(("html",)),
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
    keep_trailing_newline=True,
)
OUTSIDE = frozenset({"reporter", "vendor"})
"""Kinds of notices to people who are never paged, and need not be told what is none; nor need whoever can unsubscribe."""

# Marks that reorder what is read (so that "gpj.exe" looks like "exe.jpg") have no business in a page.
_REORDERING = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
# Nothing to say about plain letters, digits and signs: most text takes the short way out.
_PLAIN = re.compile(r"[\x21-\x7e]+(?: [\x21-\x7e]+)*")


@dataclass(frozen=True, slots=True)
class Written:
    """One message as a person reads it."""

    subject: str
    text: str
    html: str


def one_line(text: str, limit: int = 200) -> str:
    """The text as one line of at most `limit` characters that cannot end a header, a command or a direction of reading.

    Line ends of every kind and runs of white space become one space; control characters, NUL and lone surrogates vanish.
    """
    if not _PLAIN.fullmatch(text):
        text = " ".join("".join(_harmless(character) for character in text[: 8 * limit]).split())
    return text if len(text) <= limit else text[: limit - 1].rstrip() + "…"


def ended(text: str) -> str:
    """As a sentence ends: what people wrote, a name among it, may have its full stop or question mark already."""
    return text if text.endswith((".", "!", "?", "…")) else f"{text}."


_TEMPLATES.filters["ended"] = ended


def where_in_policy(message: PageMessage) -> str:
    """Which step of the policy; whoever was asked to join is of none."""
    return f", level {message.level}" if message.level else ""


def _harmless(character: str) -> str:
    if character.isspace():  # line and paragraph separators are space as well
        return " "
    return "" if unicodedata.category(character) in {"Cc", "Cs"} or character in _REORDERING else character


def written(message: Message) -> Written:
    """The message in the words of what it is."""
    match message:
        case PageMessage():
            return page(message)
        case BundleMessage():
            return bundle(message)
        case NoticeMessage():
            return notice(message)
        case _:
            assert_never(message)


def how_bad(severity: str) -> str:
    """The first word of a message. Of what no monitor judged, such as a page from one person to another, it says that it is a page."""
    return "page" if severity == "unknown" else one_line(severity, 20)


def first_line(message: PageMessage) -> str:
    """How bad, where and what, in that order: `[critical] payments-api: High error rate (#42)`. Also the subject of the e-mail:
    it stays the same on every attempt, so that mail programs keep one conversation per incident."""
    before, after = f"[{how_bad(message.severity)}] {one_line(message.service, 50)}: ", f" (#{message.number})"
    return before + (one_line(message.title, SUBJECT_LIMIT - len(before) - len(after)) or "no title") + after


def page(message: PageMessage) -> Written:
    """The whole message in the words of a page."""
    safe = replace(
        message,
        recipient=one_line(message.recipient, 80),
        reason=one_line(message.reason, REASON_LIMIT),
        urgency=one_line(message.urgency, 20),
        acknowledge_url=link(message.acknowledge_url),
        resolve_url=link(message.resolve_url),
        escalate_url=link(message.escalate_url),
        incident_url=link(message.incident_url),
    )
    line = first_line(message)
    words = {
        "message": safe,
        "first_line": line,
        "time": ordinal(message.nth) if message.nth > 1 else None,
        "title": one_line(message.title, 1024) or "no title",
        "since": instant(message.triggered_at),
        "where": where_in_policy(message),
        "late_by": None if message.late_by is None else spoken(message.late_by),
        "source": one_line(message.source),
        "facts": [(one_line(name, 60), one_line(value, 500)) for name, value in message.facts],
        "links": shown_links(message),
    }
    return Written(line, _TEMPLATES.get_template("page.txt").render(words), _TEMPLATES.get_template("page.html").render(words))


def bundle_line(message: BundleMessage) -> str:
    """How bad the worst is, how many, where, and the numbers of the first: `[critical] 7 incidents on db-01 (#42, #43, #44, …)`."""
    numbers = ", ".join(f"#{one.number}" for one in message.listed[:3]) + ", …" * (len(message.listed) > 3)
    return one_line(f"[{how_bad(message.severity)}] {one_line(message.headline, 80)} ({numbers})", SUBJECT_LIMIT)


def listed_line(one: ListedIncident) -> str:
    """As the first line of its own page would be."""
    return f"[{how_bad(one.severity)}] {one_line(one.service, 50)}: {one_line(one.title, 200) or 'no title'} (#{one.number})"


def bundle(message: BundleMessage) -> Written:
    """The whole message in the words of several pages: its subject says how many and where, its list which."""
    line = bundle_line(message)
    words = {
        "first_line": line,
        "recipient": one_line(message.recipient, 80),
        "urgency": one_line(message.urgency, 20),
        "headline": one_line(message.headline),
        "because": one_line(message.because, REASON_LIMIT),
        "listed": [
            {
                "line": listed_line(one),
                "more": "; ".join(filter(None, (one_line(one.source), f"since {instant(one.triggered_at)}", one_line(one.reason, 200)))),
            }
            for one in message.listed
        ],
        "acknowledge_url": link(message.acknowledge_url),
        "repeated": message.repeated,
        "late_by": None if message.late_by is None else spoken(message.late_by),
    }
    return Written(line, _TEMPLATES.get_template("bundle.txt").render(words), _TEMPLATES.get_template("bundle.html").render(words))


def notice(message: NoticeMessage) -> Written:
    """The whole message in the words of a notice; its subject is its first line, the same on every attempt."""
    line = one_line(message.subject, SUBJECT_LIMIT) or "no subject"
    words = {
        "first_line": line,
        "recipient": one_line(message.recipient, 80),
        "knows_pages": message.kind not in OUTSIDE and message.unsubscribe_url is None,
        "paragraphs": [said for paragraph in message.paragraphs if (said := one_line(paragraph, PARAGRAPH_LIMIT))],
        "links": shown_links(message),
        "repeated": message.repeated,
        "late_by": None if message.late_by is None else spoken(message.late_by),
    }
    return Written(line, _TEMPLATES.get_template("notice.txt").render(words), _TEMPLATES.get_template("notice.html").render(words))


def shown_links(message: PageMessage | NoticeMessage) -> list[tuple[str, str]]:
    """The links that can be shown and followed, with their words."""
    return [(href, one_line(words) or href) for href, words in message.links if link(href)]


def link(url: str | None) -> str | None:
    """Our own links; anything that is not plainly one is left out rather than shown."""
    return url if url is not None and re.fullmatch(r"https?://[\x21-\x7e]+", url) else None


def instant(at: datetime) -> str:
    """For people: the reader's zone is not known here, so the zone is said."""
    return f"{at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"


def ordinal(number: int) -> str:
    """1st, 2nd, 3rd, 4th, 11th, 21st."""
    ending = "th" if number % 100 in {11, 12, 13} else {1: "st", 2: "nd", 3: "rd"}.get(number % 10, "th")
    return f"{number}{ending}"


def spoken(length: timedelta) -> str:
    """A length of time in at most two units: "1 day 2 hours", "5 minutes", "under a minute"."""
    minutes = max(0, int(length.total_seconds())) // 60
    amounts = ((minutes // 1440, "day"), (minutes // 60 % 24, "hour"), (minutes % 60, "minute"))
    said = [f"{amount} {unit}{'s' * (amount != 1)}" for amount, unit in amounts if amount > 0]
    return " ".join(said[:2]) or "under a minute"
