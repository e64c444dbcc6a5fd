"""A room: an incident's conversation, message by message, and what can be wrong with one."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound
from oncall.kit.ids import IncidentId, UserId

MessageId = NewType("MessageId", UUID)

TEXT_LIMIT = 4_000
MOST_MENTIONED = 10


class RoomKind(StrEnum):
    """What is done in a room."""

    POSTED = "posted"
    EDITED = "edited"
    DELETED = "deleted"


@dataclass(frozen=True, slots=True)
class RoomMessage:
    """One message as it is now; `seq` is its place in the room. Of a deleted one the text is gone, and who deleted it stays."""

    id: MessageId
    incident_id: IncidentId
    seq: int
    text: str
    posted_by: Actor
    posted_at: datetime
    edited_at: datetime | None = None
    deleted_at: datetime | None = None
    deleted_by: Actor | None = None
    mentions: tuple[UserId, ...] = ()
    version: int = 1


@dataclass(frozen=True, slots=True)
class RoomEntry:
    """One thing that was done in a room: `message` is as it is now, `text` what was said then (nothing, once it was deleted)."""

    incident_id: IncidentId
    seq: int
    kind: RoomKind
    message_id: MessageId
    message_seq: int
    text: str
    is_deleted: bool
    by: Actor
    at: datetime


@dataclass(frozen=True, slots=True)
class Mentioned:
    """Whom a text names: addresses in lower case, and ids."""

    emails: tuple[str, ...]
    user_ids: tuple[UserId, ...]


@dataclass(frozen=True, slots=True)
class Posted:
    """The message, and what whoever wrote it should know of those it names."""

    message: RoomMessage
    says: Sequence[str]


class UnknownMessage(NotFound):
    """There is no such message in the room of this incident."""

    def __init__(self) -> None:
        super().__init__("There is no message with this id in the room of this incident.")


class NotYourMessage(Forbidden):
    """Only whoever wrote a message may edit it; they and admins may delete it."""


class MessageDeleted(Conflict):
    """A deleted message stays as the mark that it is."""

    code = "message_deleted"
    title = "Message deleted"

    def __init__(self) -> None:
        super().__init__("This message was deleted: it cannot be edited any more; post another.")


class RoomMoved(Conflict):
    """The conversation goes on elsewhere."""

    code = "room_moved"
    title = "Room moved"


class TooManyMentioned(Invalid):
    """More people are named than may be called at once."""

    def __init__(self) -> None:
        super().__init__(f"A message may mention {MOST_MENTIONED} people at most: page a team instead.", field="text")
