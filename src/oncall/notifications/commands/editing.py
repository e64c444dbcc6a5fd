"""Pages that were sent say how their incident stands, where a message can be changed: only the latest, and no page waits for it."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import Outcome
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, NotificationId
from oncall.notifications.rules.editing import standings, try_again_at
from oncall.notifications.store import editing as store
from oncall.notifications.store import listing
from oncall.notifications.values.editing import EDIT_LEASE, Edit, Shown
from oncall.notifications.values.updating import News


async def want_edits(tx: AsyncConnection, news: Sequence[News], triggered_again: Sequence[IncidentId], *, now: datetime) -> None:
    """In the transaction in which it happened; its caller has locked the incidents."""
    if await store.want(tx, standings(news, triggered_again), now=now):
        await notify(tx, "message_edits")


async def claim(tx: AsyncConnection, *, now: datetime, limit: int) -> tuple[list[Edit], Mapping[NotificationId, Shown], datetime | None]:
    """Messages to change now, for this node alone; as they were sent; and when the next is due."""
    await listing.gather(tx, now=now)
    edits = await store.claim(tx, now=now, lease_until=now + EDIT_LEASE, limit=limit)
    ids = [edit.notification_id for edit in edits]
    shown = await store.load_shown(tx, ids) if edits else {}
    listed = await listing.load_listed(tx, ids) if edits else {}
    shown = {id: replace(one, listed=tuple(listed.get(id, ()))) for id, one in shown.items()}
    return edits, shown, await store.next_at(tx)


async def record(tx: AsyncConnection, edit: Edit, outcome: Outcome | None, *, now: datetime) -> None:
    """Done, let be, or to be tried again."""
    at = try_again_at(edit, outcome, now=now)
    if at is None:
        await store.done(tx, edit)
    else:
        await store.put_off(tx, edit, next_at=at)


async def next_at(tx: AsyncConnection) -> datetime | None:
    """When the next is due."""
    return await store.next_at(tx)
