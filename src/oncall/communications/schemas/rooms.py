"""What rooms and their messages look like over REST."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from oncall.communications.values.mirrors import MirrorState
from oncall.communications.values.rooms import TEXT_LIMIT, Posted, RoomMessage
from oncall.incidents.schemas.incidents import By
from oncall.kit.http import Instant, Listed, ReadOnly, Shown, Strict
from oncall.kit.ids import UserId


def _printable(text: str) -> str:
    if any(ord(sign) < 32 and sign not in "\n\t" for sign in text.replace("\r\n", "\n")):
        raise ValueError("must hold no control characters but line ends and tabs")
    return text.replace("\r\n", "\n")


Text = Annotated[
    str,
    StringConstraints(min_length=1, max_length=TEXT_LIMIT),
    AfterValidator(_printable),
    Field(description="Markdown. @ana@example.com or @<user id> pages that person, or tells them if they were asked to join before."),
]


class MessageIn(Strict):
    """What is to be said."""

    text: Text


class MessageEdit(MessageIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    seq: ReadOnly = None
    posted_by: ReadOnly = None
    posted_at: ReadOnly = None
    edited_at: ReadOnly = None
    deleted_at: ReadOnly = None
    deleted_by: ReadOnly = None
    mentions: ReadOnly = None
    says: ReadOnly = None


class MessageOut(Shown):
    """One message as it is now. `seq` is its place in the room; of a deleted one `text` is null, and the mark stays."""

    id: UUID
    seq: int
    text: str | None
    posted_by: By
    posted_at: Instant
    edited_at: Instant | None
    deleted_at: Instant | None
    deleted_by: By | None
    mentions: Sequence[UserId]

    @classmethod
    def of(cls, message: RoomMessage) -> Self:
        by = message.posted_by
        return cls(
            id=message.id,
            seq=message.seq,
            text=None if message.deleted_at else message.text,
            posted_by=By(id=by.id, name=by.name, type=by.kind),
            posted_at=message.posted_at,
            edited_at=message.edited_at,
            deleted_at=message.deleted_at,
            deleted_by=By.of(message.deleted_by),
            mentions=message.mentions,
        )


class MessagePosted(MessageOut):
    """`says`: what became of those it names, where that is not simply a page."""

    says: Sequence[str] = ()

    @classmethod
    def after(cls, posted: Posted) -> Self:
        return cls(**MessageOut.of(posted.message).model_dump(), says=posted.says)


class MirrorOut(Shown):
    """Where the room is shown besides. `behind`: so many things that were done are not shown there yet; `last_error` says why."""

    channel: str
    behind: int
    last_error: str | None

    @classmethod
    def of(cls, state: MirrorState | None) -> Self | None:
        if state is None:
            return None
        return cls(channel=state.channel, behind=max(state.wanted_seq - state.mirrored_seq, 0), last_error=state.last_error)


class Conversation(Listed[MessageOut]):
    """`last_event_id`: a stream that begins there tells all that this answer does not."""

    last_event_id: str
    mirror: MirrorOut | None
