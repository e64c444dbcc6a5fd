"""What may become of an action item, and when its owner is reminded of it. Pure."""

from dataclasses import replace
from datetime import datetime, timedelta

from oncall.postmortems.values import PostmortemId, Settings
from oncall.postmortems.values.action_items import ActionItem, ActionItemId, ActionStatus, InvalidActionItem, NotOpen, Promise

BEFORE = timedelta(days=2)
AGAIN = timedelta(days=7)
LATEST = timedelta(days=3 * 366)


def promised(id: ActionItemId, postmortem_id: PostmortemId, wanted: Promise, settings: Settings, *, by: str, now: datetime) -> ActionItem:
    """An action item as it is made: due by its priority, unless somebody says when."""
    due_at = _due(wanted, settings, since=now, now=now)
    return ActionItem(
        id, postmortem_id, wanted.title, wanted.detail, wanted.owner_id, wanted.priority, due_at, by, now, next_reminder(due_at, after=now)
    )


def edited(item: ActionItem, wanted: Promise, settings: Settings, *, now: datetime) -> ActionItem:
    """All of it that people say; its reminders follow its due date. A past due date that stays as it was is no mistake."""
    due_at = wanted.due_at if wanted.due_at == item.due_at else _due(wanted, settings, since=item.created_at, now=now)
    assert due_at is not None  # noqa: S101 — `_due` always says one
    next_at = next_reminder(due_at, after=now) if item.status is ActionStatus.OPEN else None
    return replace(
        item,
        title=wanted.title,
        detail=wanted.detail,
        owner_id=wanted.owner_id,
        priority=wanted.priority,
        due_at=due_at,
        next_at=next_at,
        version=item.version + 1,
    )


def _due(wanted: Promise, settings: Settings, *, since: datetime, now: datetime) -> datetime:
    if wanted.due_at is None:
        return since + settings.due_after[wanted.priority]
    if not now < wanted.due_at <= now + LATEST:
        raise InvalidActionItem("An action item is due in the future, and within three years.", field="due_at")
    return wanted.due_at


def finish(item: ActionItem, status: ActionStatus, *, reason: str | None, by: str, now: datetime) -> ActionItem:
    """Done, or dropped with a reason: nobody is reminded any more. The same once more changes nothing."""
    if item.status is status:
        return item
    if item.status is not ActionStatus.OPEN:
        raise NotOpen(f"This action item is {item.status.value}; only an open one can be {status.value}: POST …/reopen opens it again.")
    return replace(item, status=status, reason=reason, finished_by=by, finished_at=now, next_at=None, version=item.version + 1)


def reopen(item: ActionItem, *, now: datetime) -> ActionItem:
    """It is to be done after all; its due date stays."""
    if item.status is ActionStatus.OPEN:
        return item
    return replace(
        item,
        status=ActionStatus.OPEN,
        reason=None,
        finished_by=None,
        finished_at=None,
        next_at=next_reminder(item.due_at, after=now),
        version=item.version + 1,
    )


def next_reminder(due_at: datetime, *, after: datetime) -> datetime:
    """Two days before it is due, when it is, then every week; the first of these that is later than `after`, so that a long outage is
    followed by one reminder and not by all that were missed."""
    for at in (due_at - BEFORE, due_at):
        if at > after:
            return at
    return due_at + ((after - due_at) // AGAIN + 1) * AGAIN


def headline(item: ActionItem, *, now: datetime) -> str:
    """How a reminder begins."""
    if now < item.due_at:
        return f"Action item due {item.due_at:%Y-%m-%d}: {item.title}"
    days = (now - item.due_at).days
    late = f"{days} day{'' if days == 1 else 's'} overdue" if days else "due now"
    return f"Action item {late}: {item.title}"
