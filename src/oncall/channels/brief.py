"""A message in few words, for the screens of phones and for chats. Pure; each channel escapes and lays it out for itself."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import assert_never

from oncall.channels.render import (
    PARAGRAPH_LIMIT,
    REASON_LIMIT,
    SUBJECT_LIMIT,
    bundle_line,
    ended,
    first_line,
    instant,
    link,
    listed_line,
    one_line,
    ordinal,
    shown_links,
    spoken,
    where_in_policy,
)
from oncall.channels.values import BundleMessage, ListedIncident, Message, NoticeMessage, PageMessage, Standing

FACTS = 6
FACT_LIMIT = 300
LINKS = 5


@dataclass(frozen=True, slots=True)
class Brief:
    """What is said, each piece as one safe line without any markup."""

    line: str
    """What, where and how bad."""
    marks: tuple[str, ...]
    """What is special about this copy: that it may have come before, that it is late, which time it is."""
    paragraphs: tuple[str, ...]
    facts: tuple[tuple[str, str], ...] = ()
    links: tuple[tuple[str, str], ...] = ()
    """(address, words)."""
    acknowledge_url: str | None = None
    acknowledges: str = "Acknowledge"
    """What its button says."""
    resolve_url: str | None = None
    escalate_url: str | None = None
    incident_url: str | None = None

    @property
    def buttons(self) -> tuple[tuple[str, str, str], ...]:
        """(word for machines, label, address) of our own links, the most wanted first."""
        ours = (
            ("acknowledge", self.acknowledges, self.acknowledge_url),
            ("resolve", "Resolve", self.resolve_url),
            ("escalate", "Escalate", self.escalate_url),
            ("incident", "Incident", self.incident_url),
        )
        return tuple((verb, label, url) for verb, label, url in ours if url)


def brief(message: Message) -> Brief:
    """The message in few words."""
    match message:
        case PageMessage():
            return _page(message)
        case BundleMessage():
            why = f"{one_line(message.recipient, 80)}, these come as one message: {ended(one_line(message.because, REASON_LIMIT))}"
            return Brief(
                line=bundle_line(message),
                marks=_marks(message),
                paragraphs=(*map(_listed, message.listed), why),
                acknowledge_url=link(message.acknowledge_url),
                acknowledges="Acknowledge these",
            )
        case NoticeMessage():
            said = (one_line(paragraph, PARAGRAPH_LIMIT) for paragraph in message.paragraphs)
            return Brief(
                line=one_line(message.subject, SUBJECT_LIMIT) or "no subject",
                marks=_marks(message),
                paragraphs=tuple(filter(None, said)),
                links=tuple(shown_links(message)[:LINKS]),
            )
        case _:
            assert_never(message)


def _listed(one: ListedIncident) -> str:
    return f"{listed_line(one)}: {one_line(one.stands, REASON_LIMIT)}" if one.stands else listed_line(one)


def standing_brief(message: PageMessage | BundleMessage, standing: Standing) -> Brief:
    """The page, or the list, as it was, with how it stands now right below its first line, and without the buttons that are of no use."""
    said, words = brief(message), one_line(standing.said, REASON_LIMIT)
    return replace(
        said,
        marks=(f"{words[:1].upper()}{words[1:]}, {instant(standing.at)}.", *said.marks),
        acknowledge_url=said.acknowledge_url if "acknowledge" in standing.verbs else None,
        resolve_url=said.resolve_url if "resolve" in standing.verbs else None,
        escalate_url=said.escalate_url if "escalate" in standing.verbs else None,
    )


def _page(message: PageMessage) -> Brief:
    line, title = first_line(message), one_line(message.title, PARAGRAPH_LIMIT)
    recipient, reason = one_line(message.recipient, 80), one_line(message.reason, REASON_LIMIT)
    whole = () if title in line else (title,)
    urgency = one_line(message.urgency, 20)
    facts = [("source", message.source)] if message.source else []
    return Brief(
        line=line,
        marks=_marks(message),
        paragraphs=(
            *whole,
            f"{recipient}, you are paged: {ended(reason)}",
            f"Since {instant(message.triggered_at)}, {urgency} urgency{where_in_policy(message)}.",
        ),
        facts=tuple((one_line(name, 60), one_line(value, FACT_LIMIT)) for name, value in [*facts, *message.facts][:FACTS]),
        links=tuple(shown_links(message)[:LINKS]),
        acknowledge_url=link(message.acknowledge_url),
        resolve_url=link(message.resolve_url),
        escalate_url=link(message.escalate_url),
        incident_url=link(message.incident_url),
    )


def _marks(message: Message) -> tuple[str, ...]:
    marks = []
    if isinstance(message, PageMessage) and message.nth > 1:
        marks.append(f"Again, the {ordinal(message.nth)} time: nobody has acknowledged it.")
    if message.repeated:
        marks.append("This may have reached you before: an earlier attempt ended without a clear answer.")
    if message.late_by is not None:
        marks.append(f"Late by {spoken(message.late_by)}.")
    return tuple(marks)


def plain(said: Brief) -> list[str]:
    """Everything below the first line but our own links, which are buttons."""
    links = [f"{words}: {href}" for href, words in said.links]
    return [*said.marks, *said.paragraphs, *(f"{name}: {value}" for name, value in said.facts), *links]


def fitted(lines: Iterable[str], limit: int, *, size: Callable[[str], int] = len) -> str:
    """As many whole lines as fit, in their order; a line that is too long is left out, and what follows it may still fit."""
    kept: list[str] = []
    room = limit
    for line in lines:
        if size(line) <= room:
            kept.append(line)
            room -= size(line) + 1
    return "\n".join(kept)


def rings(message: Message) -> bool:
    """Whether it should wake somebody: a page of high urgency does, and what shows whether such a page would."""
    return message.urgency == "high"


def is_update(message: Message) -> bool:
    """News for whoever was paged: it makes no noise."""
    return isinstance(message, NoticeMessage) and message.update is not None
