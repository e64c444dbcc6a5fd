"""Every SQL statement about swaps, preferences and watches."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.handoffs.values import Preference, Swap, SwapId, SwapKind, SwapStatus
from oncall.kit.ids import ScheduleId, UserId

ADD_SWAP = text("""
    INSERT INTO swaps (id, schedule_id, kind, giver, taker, start_at, end_at, return_start_at, return_end_at, note, author, created_at,
        status, decided_by, decided_at, override_ids, topic)
    VALUES (:id, :schedule_id, :kind, :giver, :taker, :start_at, :end_at, :return_start_at, :return_end_at, :note, :author, :created_at,
        :status, :decided_by, :decided_at, :override_ids, :topic)
    ON CONFLICT (topic) DO NOTHING RETURNING id
""")
SAVE_SWAP = text("""
    UPDATE swaps SET taker = :taker, start_at = :start_at, end_at = :end_at, status = :status, decided_by = :decided_by,
        decided_at = :decided_at, override_ids = :override_ids WHERE id = :id
""")
LOCK_SWAP = text("SELECT * FROM swaps WHERE id = :id AND schedule_id = :schedule_id FOR NO KEY UPDATE")
GET_SWAP = text("SELECT * FROM swaps WHERE id = :id AND schedule_id = :schedule_id")
LIST_SWAPS = text("""
    SELECT * FROM swaps
    WHERE schedule_id = :schedule_id AND (CAST(:after AS uuid) IS NULL OR id > :after)
        AND (CAST(:status AS text) IS NULL
            OR CASE WHEN status = 'open' AND end_at <= :now THEN 'expired' ELSE status END = :status)
    ORDER BY id LIMIT :limit
""")

GIVEN = text("""
    SELECT * FROM swaps WHERE schedule_id = :schedule_id AND giver = :giver AND id <> :but AND start_at < :end_at AND end_at > :start_at
        AND (status = 'taken' OR (:open AND status = 'open' AND end_at > :now)) ORDER BY start_at LIMIT 1
""")
LOCK_GIVING = text("SELECT pg_advisory_xact_lock(hashtext('hours of ' || CAST(CAST(:schedule_id AS uuid) AS text)))")

GET_PREFERENCES = text("SELECT user_id, before, at_start, at_end, quiet_time FROM handoff_preferences WHERE user_id = ANY(:user_ids)")
SAVE_PREFERENCE = text("""
    INSERT INTO handoff_preferences (user_id, before, at_start, at_end, quiet_time)
    VALUES (:user_id, :before, :at_start, :at_end, :quiet_time)
    ON CONFLICT (user_id) DO UPDATE
    SET before = excluded.before, at_start = excluded.at_start, at_end = excluded.at_end, quiet_time = excluded.quiet_time
""")

WATCH = text("""
    INSERT INTO handoff_watches (schedule_id, told_until, next_at) SELECT id, :now, :now FROM unnest(CAST(:ids AS uuid[])) AS id
    ON CONFLICT DO NOTHING
""")
WATCHED = text("SELECT schedule_id FROM handoff_watches")
UNWATCH = text("DELETE FROM handoff_watches WHERE schedule_id = ANY(:ids)")
LOOK_AGAIN = text("""
    UPDATE handoff_watches SET next_at = :now WHERE schedule_id IN (
        SELECT schedule_id FROM handoff_watches WHERE schedule_id = ANY(:ids) AND next_at > :now
        ORDER BY schedule_id FOR NO KEY UPDATE SKIP LOCKED)
""")
# By handoff_watches_next_at_idx.
CLAIM_SKIPPING = text("""
    SELECT schedule_id, told_until FROM handoff_watches WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
CLAIM_WAITING = text("""
    SELECT schedule_id, told_until FROM handoff_watches WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE
""")
NEXT_AT = text("SELECT min(next_at) FROM handoff_watches")
DONE = text("""
    UPDATE handoff_watches w SET told_until = :now, next_at = d.next_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:next_ats AS timestamptz[])) AS d (id, next_at) WHERE w.schedule_id = d.id
""")
POSTPONE = text("UPDATE handoff_watches SET next_at = :next_at WHERE schedule_id = :id")


async def add_swap(tx: AsyncConnection, swap: Swap, *, topic: str | None = None) -> bool:
    """False if there is one with this topic already."""
    since, until = swap.in_return or (None, None)
    row = _decided(swap) | {
        "schedule_id": swap.schedule_id,
        "kind": swap.kind.value,
        "giver": swap.giver,
        "return_start_at": since,
        "return_end_at": until,
        "note": swap.note,
        "author": swap.author,
        "created_at": swap.created_at,
        "topic": topic,
    }
    return (await tx.execute(ADD_SWAP, row)).first() is not None


async def save_swap(tx: AsyncConnection, swap: Swap) -> None:
    await tx.execute(SAVE_SWAP, _decided(swap))


async def find_swap(tx: AsyncConnection, schedule_id: ScheduleId, id: SwapId, *, lock: bool = False) -> Swap | None:
    row = (await tx.execute(LOCK_SWAP if lock else GET_SWAP, {"id": id, "schedule_id": schedule_id})).one_or_none()
    return _swap(row) if row else None


async def find_given(tx: AsyncConnection, swap: Swap, *, open: bool, now: datetime) -> Swap | None:
    """Another swap in which the same person gave (with `open`: or offers) some of these hours; nobody adds one before we commit."""
    await tx.execute(LOCK_GIVING, {"schedule_id": swap.schedule_id})
    wanted = {"schedule_id": swap.schedule_id, "giver": swap.giver, "but": swap.id, "start_at": swap.start, "end_at": swap.end}
    row = (await tx.execute(GIVEN, wanted | {"open": open, "now": now})).one_or_none()
    return _swap(row) if row else None


async def list_swaps(
    tx: AsyncConnection, schedule_id: ScheduleId, *, after: UUID | None, limit: int, status: SwapStatus | None, now: datetime
) -> Sequence[Swap]:
    """In order of creation."""
    wanted = {"schedule_id": schedule_id, "after": after, "limit": limit, "status": status.value if status else None, "now": now}
    return [_swap(row) for row in await tx.execute(LIST_SWAPS, wanted)]


async def get_preferences(tx: AsyncConnection, users: Iterable[UserId]) -> Mapping[UserId, Preference]:
    """Of those who said something."""
    rows = await tx.execute(GET_PREFERENCES, {"user_ids": list(users)})
    return {UserId(r.user_id): Preference(tuple(r.before), r.at_start, r.at_end, r.quiet_time) for r in rows}


async def save_preference(tx: AsyncConnection, user_id: UserId, preference: Preference) -> None:
    row = {
        "user_id": user_id,
        "before": list(preference.before),
        "at_start": preference.at_start,
        "at_end": preference.at_end,
        "quiet_time": preference.quiet_time,
    }
    await tx.execute(SAVE_PREFERENCE, row)


async def watched(tx: AsyncConnection) -> set[ScheduleId]:
    return {ScheduleId(row.schedule_id) for row in await tx.execute(WATCHED)}


async def watch(tx: AsyncConnection, ids: Iterable[ScheduleId], *, now: datetime) -> None:
    """In order, so that two nodes which do so at once wait for each other and do not meet in a deadlock."""
    await tx.execute(WATCH, {"ids": sorted(ids), "now": now})


async def unwatch(tx: AsyncConnection, ids: Iterable[ScheduleId]) -> None:
    await tx.execute(UNWATCH, {"ids": list(ids)})


async def look_again(tx: AsyncConnection, ids: Iterable[ScheduleId], *, now: datetime) -> None:
    await tx.execute(LOOK_AGAIN, {"ids": sorted(ids), "now": now})


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[tuple[ScheduleId, datetime]]:
    """Schedules whose people may have to be told something, each with the instant up to which they were; locked."""
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM_SKIPPING, {"due_by": due_by, "limit": limit})
    return [(ScheduleId(row.schedule_id), row.told_until) for row in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def done(tx: AsyncConnection, looks: Mapping[ScheduleId, datetime], *, now: datetime) -> None:
    """They were told up to now; look again at these instants."""
    await tx.execute(DONE, {"ids": list(looks), "next_ats": list(looks.values()), "now": now})


async def postpone(tx: AsyncConnection, id: ScheduleId, *, next_at: datetime) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at})


def _decided(swap: Swap) -> dict[str, object]:
    return {
        "id": swap.id,
        "taker": swap.taker,
        "start_at": swap.start,
        "end_at": swap.end,
        "status": swap.status.value,
        "decided_by": swap.decided_by,
        "decided_at": swap.decided_at,
        "override_ids": list(swap.override_ids),
    }


def _swap(row: Row[Any]) -> Swap:
    return Swap(
        SwapId(row.id),
        ScheduleId(row.schedule_id),
        SwapKind(row.kind),
        UserId(row.giver),
        UserId(row.taker) if row.taker else None,
        row.start_at,
        row.end_at,
        (row.return_start_at, row.return_end_at) if row.return_start_at else None,
        row.note,
        row.author,
        row.created_at,
        SwapStatus(row.status),
        row.decided_by,
        row.decided_at,
        tuple(row.override_ids),
    )
