"""Action items: promise, edit, finish, open again; and their owners are reminded until they are done."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.contacts.values import Urgency
from oncall.desk.values import Priority
from oncall.kit.actors import Actor
from oncall.kit.ids import UserId, new_id
from oncall.kit.metrics import ACTION_ITEMS
from oncall.notifications.values import NewNotice
from oncall.postmortems.commands.settings import get_settings
from oncall.postmortems.commands.telling import tell
from oncall.postmortems.commands.writing import check_writes, get_postmortem
from oncall.postmortems.rules import promising
from oncall.postmortems.store import action_items as store
from oncall.postmortems.values import PostmortemId
from oncall.postmortems.values.action_items import (
    MOST_OF_ONE,
    ActionItem,
    ActionItemId,
    ActionSearch,
    ActionStatus,
    Count,
    InvalidActionItem,
    Promise,
    TooManyActionItems,
    UnknownActionItem,
)
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version


async def promise(
    tx: AsyncConnection, postmortem_id: PostmortemId, wanted: Promise, *, caller: Caller, by: Actor, now: datetime
) -> ActionItem:
    """One more thing that somebody will do."""
    postmortem = await get_postmortem(tx, postmortem_id, caller=caller, lock=True)
    await check_writes(tx, caller, postmortem.team_id)
    await _check_owner(tx, wanted.owner_id)
    if await store.count_of(tx, postmortem_id) >= MOST_OF_ONE:
        raise TooManyActionItems
    made = promising.promised(ActionItemId(new_id()), postmortem_id, wanted, await get_settings(tx), by=by.name, now=now)
    await store.add_action_item(tx, made)
    ACTION_ITEMS.labels("promised").inc()
    return made


async def _check_owner(tx: AsyncConnection, owner_id: UserId) -> None:
    if owner_id not in await get_users(tx, [owner_id]):
        raise InvalidActionItem("There is no user with this owner_id.", field="owner_id")


async def get_action_item(tx: AsyncConnection, id: ActionItemId, *, caller: Caller) -> ActionItem:
    found = await store.find_action_item(tx, id)
    if found is None:
        raise UnknownActionItem
    await get_postmortem(tx, found.postmortem_id, caller=caller)
    return found


async def _writable(tx: AsyncConnection, id: ActionItemId, *, caller: Caller) -> ActionItem:
    """Locked. Its owner may, and whoever may write its postmortem."""
    found = await store.find_action_item(tx, id, lock=True)
    if found is None:
        raise UnknownActionItem
    if caller.user_id is None or caller.user_id != found.owner_id:
        await check_writes(tx, caller, (await get_postmortem(tx, found.postmortem_id, caller=caller)).team_id)
    return found


async def list_action_items(
    tx: AsyncConnection, search: ActionSearch, *, after: UUID | None, limit: int, now: datetime
) -> list[ActionItem]:
    """Across all postmortems, in order of creation."""
    return await store.list_action_items(tx, search, after=after or UUID(int=0), limit=limit, now=now)


async def count_action_items(tx: AsyncConnection, search: ActionSearch, *, now: datetime) -> list[Count]:
    """How they stand, priority by priority."""
    found = await store.count_action_items(tx, search, now=now)
    return [found.get(priority, Count(priority, 0, 0, 0, 0, 0, None)) for priority in Priority]


async def edit_action_item(
    tx: AsyncConnection, id: ActionItemId, wanted: Promise, *, expected_version: int | None, caller: Caller, now: datetime
) -> ActionItem:
    current = await _writable(tx, id, caller=caller)
    check_version(current.version, expected_version)
    if wanted.owner_id != current.owner_id:
        await _check_owner(tx, wanted.owner_id)
    edited = promising.edited(current, wanted, await get_settings(tx), now=now)
    await store.save_action_item(tx, edited)
    return edited


async def finish(
    tx: AsyncConnection, id: ActionItemId, status: ActionStatus, *, reason: str | None, caller: Caller, by: Actor, now: datetime
) -> ActionItem:
    """Done, or dropped."""
    current = await _writable(tx, id, caller=caller)
    finished = promising.finish(current, status, reason=reason, by=by.name, now=now)
    return await _save(tx, current, finished, status.value)


async def reopen(tx: AsyncConnection, id: ActionItemId, *, caller: Caller, now: datetime) -> ActionItem:
    current = await _writable(tx, id, caller=caller)
    return await _save(tx, current, promising.reopen(current, now=now), "reopened")


async def _save(tx: AsyncConnection, current: ActionItem, after: ActionItem, what: str) -> ActionItem:
    if after is not current:
        await store.save_action_item(tx, after)
        ACTION_ITEMS.labels(what).inc()
    return after


# --- reminding --------------------------------------------------------------------------------------------------------------


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[ActionItem]:
    return await store.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)


async def next_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def postpone(tx: AsyncConnection, item: ActionItem, *, until: datetime, error: Exception) -> None:
    await store.postpone(tx, item.id, next_at=until, error=f"{type(error).__name__}: {error}"[:500])


async def remind_due(tx: AsyncConnection, due: Sequence[ActionItem], *, now: datetime) -> None:
    """Each owner is told once for each of these; what nobody owns any more is told to nobody, and stays in the lists."""
    await tell(tx, [_reminder(item, item.owner_id, now=now) for item in due if item.owner_id], now=now)
    await store.save_reminded(tx, {item.id: promising.next_reminder(item.due_at, after=now) for item in due})
    ACTION_ITEMS.labels("reminded").inc(len([item for item in due if item.owner_id]))


def _reminder(item: ActionItem, owner_id: UserId, *, now: datetime) -> NewNotice:
    path = f"/api/v1/action-items/{item.id}"
    return NewNotice(
        user_id=owner_id,
        kind="action_item",
        topic=f"action-item/{item.id}/{item.next_at:%Y-%m-%dT%H:%M:%S.%f}/{owner_id}",
        urgency=Urgency.LOW.value,
        subject=promising.headline(item, now=now),
        paragraphs=tuple(
            one
            for one in (
                f"Priority {item.priority.value}, due {item.due_at:%Y-%m-%d %H:%M} UTC; promised by {item.created_by}.",
                item.detail,
                f"When it is done: POST {path}/done. If it is not to be done: POST {path}/drop with a reason.",
            )
            if one
        ),
    )


async def of_postmortem(tx: AsyncConnection, id: PostmortemId, *, now: datetime) -> tuple[list[ActionItem], Mapping[UserId, str]]:
    """All that one postmortem promises, and the names of whoever promised it."""
    items = await store.list_action_items(tx, ActionSearch(postmortem_id=id), after=UUID(int=0), limit=MOST_OF_ONE, now=now)
    users = await get_users(tx, {item.owner_id for item in items if item.owner_id})
    return items, {id: user.name for id, user in users.items()}
