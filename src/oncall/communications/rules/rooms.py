"""Whom a message names, who may change it, and in which words others hear of it. Pure."""

import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from oncall.communications.values.rooms import (
    MOST_MENTIONED,
    Mentioned,
    MessageDeleted,
    NotYourMessage,
    RoomKind,
    RoomMessage,
    TooManyMentioned,
)
from oncall.kit.actors import Actor
from oncall.kit.ids import UserId
from oncall.timeline.values import Kind

# At the beginning of a word, so that an address by itself names nobody; what code says is not meant.
ID = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
EMAIL = r"[A-Za-z0-9._%+\-]{1,64}@[A-Za-z0-9\-]{1,63}(?:\.[A-Za-z0-9\-]{1,63}){1,5}"
MENTION = re.compile(rf"(?<![\w@.+\-])@(?:(?P<id>{ID})(?![\w\-])|(?P<email>{EMAIL}))")
CODE = re.compile(r"```.*?(?:```|\Z)|`[^`\n]*`", re.DOTALL)

LINE_LIMIT = 200
KINDS = {
    RoomKind.POSTED: Kind.MESSAGE_POSTED,
    RoomKind.EDITED: Kind.MESSAGE_EDITED,
    RoomKind.DELETED: Kind.MESSAGE_DELETED,
}


def mentioned(text: str) -> Mentioned:
    """The people a text names as @ana@example.com or @<user id>, each once, in order; refused beyond ten."""
    found = list(MENTION.finditer(CODE.sub(" ", text)))
    emails = tuple(dict.fromkeys(one["email"].rstrip(".-").lower() for one in found if one["email"]))
    ids = tuple(dict.fromkeys(UserId(UUID(one["id"])) for one in found if one["id"]))
    if len(emails) + len(ids) > MOST_MENTIONED:
        raise TooManyMentioned
    return Mentioned(emails, ids)


def one_line(text: str, *, limit: int = LINE_LIMIT) -> str:
    """The beginning of a text for where there is one line, without what would break it."""
    words = " ".join("".join(sign if sign.isprintable() else " " for sign in text).split())
    return words if len(words) <= limit else f"{words[: limit - 1]}…"


def edited(message: RoomMessage, text: str, by: Actor, mentions: Sequence[UserId], *, now: datetime) -> RoomMessage | None:
    """By whoever wrote it, unless it is gone; None: it says that already."""
    if message.deleted_at is not None:
        raise MessageDeleted
    if not is_same(message.posted_by, by):
        raise NotYourMessage(f"Only {message.posted_by.name}, who wrote it, may edit this message.")
    if message.text == text:
        return None
    known = tuple(dict.fromkeys([*message.mentions, *mentions]))
    return replace(message, text=text, edited_at=now, mentions=known, version=message.version + 1)


def deleted(message: RoomMessage, by: Actor, *, is_admin: bool, now: datetime) -> RoomMessage | None:
    """By whoever wrote it, or an admin; None: it is gone already."""
    if not is_admin and not is_same(message.posted_by, by):
        raise NotYourMessage(f"Only {message.posted_by.name}, who wrote it, or an admin may delete this message.")
    if message.deleted_at is not None:
        return None
    return replace(message, text="", deleted_at=now, deleted_by=by, version=message.version + 1)


def is_same(one: Actor, other: Actor) -> bool:
    """Whether both are the same person, or the same key; through what they act does not count."""
    return (one.kind, one.id) == (other.kind, other.id)


def words_of(kind: RoomKind, message: RoomMessage, by: Actor) -> str:
    """For the timeline."""
    match kind:
        case RoomKind.POSTED:
            return f"{by.name} wrote: {one_line(message.text)}"
        case RoomKind.EDITED:
            return f"{by.name} edited message {message.seq}: {one_line(message.text)}"
        case RoomKind.DELETED:
            return f"{by.name} deleted message {message.seq}"


def told_and_paged(
    people: Sequence[UserId], *, by: Actor, asked_before: Collection[UserId], is_open: bool, already: Collection[UserId] = ()
) -> tuple[list[UserId], list[UserId]]:
    """Of those a message names, whom it pages and whom it tells: it pages who was not asked to join yet, while the incident is open; all
    others are told. Nobody twice for one message, and nobody for their own.
    """
    new = [user for user in people if user not in already and user != by.id]
    paged = [user for user in new if is_open and user not in asked_before]
    return paged, [user for user in new if user not in paged]


def unknown(named: Mentioned, by_email: Mapping[str, UserId], known: Collection[UserId]) -> list[str]:
    """What is to be said of names that are nobody's."""
    return [f"there is no user {email}: nobody was told" for email in named.emails if email not in by_email] + [
        f"there is no user {id}: nobody was told" for id in named.user_ids if id not in known
    ]
