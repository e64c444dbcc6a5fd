"""SQL about action items: what was promised, how it stands, whose owner is to be reminded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import Priority
from oncall.kit.ids import UserId
from oncall.postmortems.values import PostmortemId
from oncall.postmortems.values.action_items import ActionItem, ActionItemId, ActionSearch, ActionStatus, Count

ADD = text("""
    INSERT INTO action_items (id, postmortem_id, title, detail, owner_id, priority, due_at, status, reason, created_by, created_at,
        finished_by, finished_at, next_at, version)
    VALUES (:id, :postmortem_id, :title, :detail, :owner_id, :priority, :due_at, :status, :reason, :created_by, :created_at,
        :finished_by, :finished_at, :next_at, :version)
""")
SAVE = text("""
    UPDATE action_items SET title = :title, detail = :detail, owner_id = :owner_id, priority = :priority, due_at = :due_at,
        status = :status, reason = :reason, finished_by = :finished_by, finished_at = :finished_at, next_at = :next_at, version = :version
    WHERE id = :id
""")
FIND = text("SELECT * FROM action_items WHERE id = :id")
# By `action_items_postmortem_idx`.
COUNT_OF = text("SELECT count(*) FROM action_items WHERE postmortem_id = :postmortem_id")
LOCK = text("SELECT * FROM action_items WHERE id = :id FOR NO KEY UPDATE")
# In order of creation: by `action_items_postmortem_idx`, `action_items_owner_idx`, or the primary key.
LIST = text("""
    SELECT a.* FROM action_items a
    WHERE a.id > :after AND (CAST(:owner_id AS uuid) IS NULL OR a.owner_id = :owner_id)
        AND (CAST(:postmortem_id AS uuid) IS NULL OR a.postmortem_id = :postmortem_id)
        AND (CAST(:status AS text) IS NULL OR a.status = :status)
        AND (CAST(:overdue AS boolean) IS NULL OR (a.status = 'open' AND a.due_at <= :now) = :overdue)
        AND (CAST(:team_id AS uuid) IS NULL OR EXISTS (SELECT FROM postmortems p WHERE p.id = a.postmortem_id AND p.team_id = :team_id))
    ORDER BY a.id LIMIT :limit
""")
COUNTS = text("""
    SELECT a.priority, count(*) FILTER (WHERE a.status = 'open') AS open,
        count(*) FILTER (WHERE a.status = 'open' AND a.due_at <= :now) AS overdue,
        count(*) FILTER (WHERE a.status = 'done') AS done,
        count(*) FILTER (WHERE a.status = 'done' AND a.finished_at > a.due_at) AS done_late,
        count(*) FILTER (WHERE a.status = 'dropped') AS dropped,
        min(a.due_at) FILTER (WHERE a.status = 'open') AS oldest_due_at
    FROM action_items a
    WHERE (CAST(:owner_id AS uuid) IS NULL OR a.owner_id = :owner_id)
        AND (CAST(:team_id AS uuid) IS NULL OR EXISTS (SELECT FROM postmortems p WHERE p.id = a.postmortem_id AND p.team_id = :team_id))
    GROUP BY a.priority
""")
# By `action_items_next_at_idx (next_at) WHERE next_at IS NOT NULL`.
CLAIM_SKIPPING = text("""
    SELECT * FROM action_items WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
CLAIM_WAITING = text("""
    SELECT * FROM action_items WHERE next_at <= :due_by ORDER BY next_at, id LIMIT :limit FOR NO KEY UPDATE
""")
NEXT_AT = text("SELECT min(next_at) AS at FROM action_items WHERE next_at IS NOT NULL")
REMINDED = text("""
    UPDATE action_items SET next_at = new.next_at, last_error = NULL
    FROM unnest(CAST(:ids AS uuid[]), CAST(:next_ats AS timestamptz[])) AS new (id, next_at)
    WHERE action_items.id = new.id
""")
POSTPONE = text("UPDATE action_items SET next_at = :next_at, last_error = :error WHERE id = :id")


async def count_of(tx: AsyncConnection, postmortem_id: PostmortemId) -> int:
    """How many a postmortem has, however they stand."""
    return int((await tx.execute(COUNT_OF, {"postmortem_id": postmortem_id})).scalar_one())


async def add_action_item(tx: AsyncConnection, item: ActionItem) -> None:
    await tx.execute(ADD, _columns(item))


async def save_action_item(tx: AsyncConnection, item: ActionItem) -> None:
    await tx.execute(SAVE, _columns(item))


async def find_action_item(tx: AsyncConnection, id: ActionItemId, *, lock: bool = False) -> ActionItem | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id})).first()
    return _action_item(row) if row else None


async def list_action_items(tx: AsyncConnection, search: ActionSearch, *, after: UUID, limit: int, now: datetime) -> list[ActionItem]:
    """In order of creation."""
    asked = {
        "owner_id": search.owner_id,
        "postmortem_id": search.postmortem_id,
        "status": search.status,
        "overdue": search.overdue,
        "team_id": search.team_id,
    }
    return [_action_item(r) for r in await tx.execute(LIST, {**asked, "after": after, "limit": limit, "now": now})]


async def count_action_items(tx: AsyncConnection, search: ActionSearch, *, now: datetime) -> dict[Priority, Count]:
    """By priority; those of which there are none are left out."""
    rows = await tx.execute(COUNTS, {"owner_id": search.owner_id, "team_id": search.team_id, "now": now})
    counts = [Count(Priority(r.priority), r.open, r.overdue, r.done, r.done_late, r.dropped, r.oldest_due_at) for r in rows]
    return {count.priority: count for count in counts}


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[ActionItem]:
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM_SKIPPING, {"due_by": due_by, "limit": limit})
    return [_action_item(r) for r in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def save_reminded(tx: AsyncConnection, next_ats: Mapping[ActionItemId, datetime]) -> None:
    """When each of these is reminded of again; no edit, so its version stays."""
    await tx.execute(REMINDED, {"ids": list(next_ats), "next_ats": list(next_ats.values())})


async def postpone(tx: AsyncConnection, id: ActionItemId, *, next_at: datetime, error: str) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at, "error": error})


def _columns(item: ActionItem) -> dict[str, object]:
    return {
        "id": item.id,
        "postmortem_id": item.postmortem_id,
        "title": item.title,
        "detail": item.detail,
        "owner_id": item.owner_id,
        "priority": item.priority.value,
        "due_at": item.due_at,
        "status": item.status.value,
        "reason": item.reason,
        "created_by": item.created_by,
        "created_at": item.created_at,
        "finished_by": item.finished_by,
        "finished_at": item.finished_at,
        "next_at": item.next_at,
        "version": item.version,
    }


def _action_item(r: Row[Any]) -> ActionItem:
    return ActionItem(
        ActionItemId(r.id),
        PostmortemId(r.postmortem_id),
        r.title,
        r.detail,
        UserId(r.owner_id) if r.owner_id else None,
        Priority(r.priority),
        r.due_at,
        r.created_by,
        r.created_at,
        r.next_at,
        ActionStatus(r.status),
        r.reason,
        r.finished_by,
        r.finished_at,
        r.version,
    )
