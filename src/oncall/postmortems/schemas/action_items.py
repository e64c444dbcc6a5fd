"""What action items look like over REST."""

from collections.abc import Mapping
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.desk.values import Priority
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import UserId
from oncall.postmortems.values.action_items import ActionItem, ActionStatus, Count, Promise


class ActionItemIn(Strict):
    """What somebody promises to do."""

    title: Name
    owner_id: UUID
    priority: Priority = Priority.P3
    detail: Annotated[str, StringConstraints(max_length=4_000)] = ""
    due_at: Instant | None = Field(default=None, description="Left out: by its priority, see /postmortem-settings.")

    def promise(self) -> Promise:
        return Promise(self.title, UserId(self.owner_id), self.priority, self.detail, self.due_at)


class ActionItemEdit(ActionItemIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    postmortem_id: ReadOnly = None
    owner: ReadOnly = None
    status: ReadOnly = None
    is_overdue: ReadOnly = None
    reason: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None
    finished_by: ReadOnly = None
    finished_at: ReadOnly = None
    next_reminder_at: ReadOnly = None


class DropIn(Strict):
    reason: Annotated[str, StringConstraints(min_length=1, max_length=1_000)]


class ActionItemOut(Shown):
    id: UUID
    postmortem_id: UUID
    title: str
    detail: str
    owner_id: UUID | None = Field(description="Null once their account is gone: nobody is reminded then.")
    owner: str | None
    priority: Priority
    due_at: Instant
    is_overdue: bool
    status: ActionStatus
    reason: str | None = Field(description="Why it was dropped.")
    created_by: str
    created_at: Instant
    finished_by: str | None
    finished_at: Instant | None
    next_reminder_at: Instant | None

    @classmethod
    def of(cls, item: ActionItem, names: Mapping[UserId, str], *, now: datetime) -> Self:
        return cls(
            id=item.id,
            postmortem_id=item.postmortem_id,
            title=item.title,
            detail=item.detail,
            owner_id=item.owner_id,
            owner=names.get(item.owner_id) if item.owner_id else None,
            priority=item.priority,
            due_at=item.due_at,
            is_overdue=item.is_overdue(now),
            status=item.status,
            reason=item.reason,
            created_by=item.created_by,
            created_at=item.created_at,
            finished_by=item.finished_by,
            finished_at=item.finished_at,
            next_reminder_at=item.next_at,
        )


class CountOut(Shown):
    priority: Priority
    open: int
    overdue: int
    done: int
    done_late: int
    dropped: int
    oldest_due_at: Instant | None = Field(description="Of the open ones.")


class CountsOut(Shown):
    """How action items stand; `by_priority` has each priority once."""

    open: int
    overdue: int
    done: int
    done_late: int
    dropped: int
    by_priority: list[CountOut]

    @classmethod
    def of(cls, counts: list[Count]) -> Self:
        return cls(
            open=sum(one.open for one in counts),
            overdue=sum(one.overdue for one in counts),
            done=sum(one.done for one in counts),
            done_late=sum(one.done_late for one in counts),
            dropped=sum(one.dropped for one in counts),
            by_priority=[CountOut.model_validate(one) for one in counts],
        )
