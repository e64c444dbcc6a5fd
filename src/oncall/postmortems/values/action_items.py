"""What an action item is, and what can become of it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.desk.values import Priority
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import TeamId, UserId
from oncall.postmortems.values import PostmortemId

ActionItemId = NewType("ActionItemId", UUID)
MOST_OF_ONE = 100
"""Action items of one postmortem, finished ones too; all of them are in what is exported."""


class UnknownActionItem(NotFound):
    """There is no action item with this id."""

    def __init__(self) -> None:
        super().__init__("There is no action item with this id.")


class InvalidActionItem(Invalid):
    """It says something that cannot be."""

    code = "invalid_action_item"


class NotOpen(Conflict):
    """It is finished, or is not; the answer says how it stands and what can be done."""

    code = "action_item_status"
    title = "Not as it stands"


class TooManyActionItems(Conflict):
    """What is promised so often is a plan, and has a place of its own."""

    code = "too_many_action_items"
    title = "Too many action items"

    def __init__(self) -> None:
        super().__init__(f"This postmortem promises {MOST_OF_ONE} things, which is the most: plan what follows from them elsewhere.")


class ActionStatus(StrEnum):
    """open → done, or dropped with a reason; either may be opened again."""

    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


@dataclass(frozen=True, slots=True)
class Promise:
    """What people say of an action item; without `due_at` it follows from the priority."""

    title: str
    owner_id: UserId
    priority: Priority
    detail: str = ""
    due_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class ActionItem:
    """A promise in a postmortem. `owner_id` is empty once their account is gone; `reason` says why it was dropped."""

    id: ActionItemId
    postmortem_id: PostmortemId
    title: str
    detail: str
    owner_id: UserId | None
    priority: Priority
    due_at: datetime
    created_by: str
    created_at: datetime
    next_at: datetime | None
    status: ActionStatus = ActionStatus.OPEN
    reason: str | None = None
    finished_by: str | None = None
    finished_at: datetime | None = None
    version: int = 1

    def is_overdue(self, now: datetime) -> bool:
        return self.status is ActionStatus.OPEN and self.due_at <= now


@dataclass(frozen=True, slots=True)
class ActionSearch:
    """Which action items are asked for; None leaves a filter out."""

    owner_id: UserId | None = None
    overdue: bool | None = None
    status: ActionStatus | None = None
    team_id: TeamId | None = None
    postmortem_id: PostmortemId | None = None


@dataclass(frozen=True, slots=True)
class Count:
    """How the action items of one priority stand."""

    priority: Priority
    open: int
    overdue: int
    done: int
    done_late: int
    dropped: int
    oldest_due_at: datetime | None
    """Of the open ones."""
