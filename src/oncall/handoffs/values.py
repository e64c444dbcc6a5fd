"""What a swap is, what people want to be told of their shifts, and what can be wrong."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound
from oncall.kit.ids import ScheduleId, UserId

SwapId = NewType("SwapId", UUID)
Span = tuple[datetime, datetime]
LONGEST_SWAP = timedelta(days=366)


class InvalidSwap(Invalid):
    """The swap says something that cannot be."""

    code = "invalid_swap"
    title = "Invalid swap"


class UnknownSwap(NotFound):
    """There is no such swap in this schedule."""

    def __init__(self) -> None:
        super().__init__("There is no swap with this id in this schedule.")


class SwapNotOpen(Conflict):
    """Somebody was faster, or it is over; the text says what became of it."""

    code = "swap_not_open"
    title = "Not open"


class AlreadyGiven(Conflict):
    """The same hours of the same person are in another swap; the text says which."""

    code = "already_given"
    title = "Given already"


class NotYourSwap(Forbidden):
    """Only those whom it concerns, a manager of the schedule's team, or an admin."""


class WhoAreYou(Invalid):
    """The key belongs to nobody, and nobody was named."""

    code = "user_needed"
    title = "User needed"

    def __init__(self) -> None:
        super().__init__("This key belongs to no person: say for whom with user_id.", field="user_id")


class SwapKind(StrEnum):
    """OFFER: the proposer gives hours away, to somebody or to whoever takes them. ASK: the proposer asks to have somebody's hours."""

    OFFER = "offer"
    ASK = "ask"


class SwapStatus(StrEnum):
    """open → taken (→ undone), declined, withdrawn; an open one whose hours have passed is expired."""

    OPEN = "open"
    TAKEN = "taken"
    DECLINED = "declined"
    WITHDRAWN = "withdrawn"
    UNDONE = "undone"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class Swap:
    """`taker` has the hours `[start, end)` of `giver`, once it is taken; None while anybody may. In return the giver has those of the taker
    in `in_return`. `decided_by` is who took, declined, withdrew or undid it."""

    id: SwapId
    schedule_id: ScheduleId
    kind: SwapKind
    giver: UserId
    taker: UserId | None
    start: datetime
    end: datetime
    in_return: Span | None
    note: str
    author: str
    created_at: datetime
    status: SwapStatus = SwapStatus.OPEN
    decided_by: str | None = None
    decided_at: datetime | None = None
    override_ids: tuple[UUID, ...] = ()

    @property
    def proposer(self) -> UserId | None:
        return self.giver if self.kind is SwapKind.OFFER else self.taker

    def status_at(self, now: datetime) -> SwapStatus:
        """What time alone makes of an open one."""
        return SwapStatus.EXPIRED if self.status is SwapStatus.OPEN and self.end <= now else self.status


@dataclass(frozen=True, slots=True)
class Replacement:
    """For `[start, end)` `by` is on call in the place of `who`."""

    who: UserId
    by: UserId
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class Preference:
    """When somebody is told of their shifts: so long before each begins, when it begins, when it ends. `quiet_time`: how much of the day
    after a night page is offered to whoever is next (None: nothing)."""

    before: tuple[timedelta, ...] = ()
    at_start: bool = True
    at_end: bool = True
    quiet_time: timedelta | None = None


USUAL_PREFERENCE = Preference()
LONGEST_NOTICE = timedelta(days=14)


class NoticeKind(StrEnum):
    """Why somebody is told of a shift."""

    COMING = "coming"
    BEGUN = "begun"
    ENDED = "ended"


@dataclass(frozen=True, slots=True)
class ShiftNotice:
    """Somebody is to be told of their shift in a schedule now; `until` is when it is too late to."""

    kind: NoticeKind
    user_id: UserId
    schedule_id: ScheduleId
    start: datetime
    end: datetime | None
    until: datetime


@dataclass(frozen=True, slots=True)
class Morning:
    """A night, and until when the hours after it are to be quiet."""

    night_began: datetime
    night_ended: datetime
    until: datetime
