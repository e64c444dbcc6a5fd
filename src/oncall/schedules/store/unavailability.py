"""When people are not to be on call, by hand or because a calendar of theirs says so."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import UserId
from oncall.schedules.values import AuthoredUnavailability, CalendarSourceId, UnavailabilityId

GET = text("""
    SELECT *, least(end_at, removed_at) AS until FROM unavailability WHERE id = :id AND user_id = :user_id FOR NO KEY UPDATE
""")
LIST = text("""
    SELECT *, least(end_at, removed_at) AS until FROM unavailability
    WHERE user_id = :user_id AND (CAST(:after AS uuid) IS NULL OR id > :after) AND (removed_at IS NULL OR removed_at > start_at)
        AND (CAST(:since AS timestamptz) IS NULL OR least(end_at, removed_at) > :since)
        AND (CAST(:until AS timestamptz) IS NULL OR start_at < :until)
    ORDER BY id LIMIT :limit
""")
OF_SOURCE = text("""
    SELECT *, least(end_at, removed_at) AS until FROM unavailability
    WHERE source_id = :source_id AND removed_at IS NULL AND end_at > :now ORDER BY id
""")
ADD = text("""
    INSERT INTO unavailability (id, user_id, start_at, end_at, cover_user_id, reason, source_id, uid, author, created_at)
    VALUES (:id, :user_id, :start_at, :end_at, :cover_user_id, :reason, :source_id, :uid, :author, :created_at)
""")
REMOVE = text("UPDATE unavailability SET removed_at = :now WHERE id = ANY(:ids) AND removed_at IS NULL")
REMOVE_OF_USER = text("UPDATE unavailability SET removed_at = :now WHERE user_id = :user_id AND end_at > :now AND removed_at IS NULL")
# Whoever was to cover and is gone: the unavailability stays, without a cover.
WITHOUT_COVER = text("""
    SELECT *, least(end_at, removed_at) AS until FROM unavailability WHERE cover_user_id = :user_id AND end_at > :now AND removed_at IS NULL
""")


async def find_unavailability(tx: AsyncConnection, user_id: UserId, id: UnavailabilityId) -> AuthoredUnavailability | None:
    """Locked, since whoever asks is about to end it."""
    row = (await tx.execute(GET, {"id": id, "user_id": user_id})).one_or_none()
    return _authored(row) if row else None


async def list_unavailability(
    tx: AsyncConnection, user_id: UserId, *, after: UUID | None, limit: int, since: datetime | None, until: datetime | None
) -> Sequence[AuthoredUnavailability]:
    """In order of creation; one that was taken back before it began is not among them."""
    wanted = {"user_id": user_id, "after": after, "limit": limit, "since": since, "until": until}
    return [_authored(row) for row in await tx.execute(LIST, wanted)]


async def list_of_source(tx: AsyncConnection, source_id: CalendarSourceId, *, now: datetime) -> list[AuthoredUnavailability]:
    """What a calendar said that is not over."""
    return [_authored(row) for row in await tx.execute(OF_SOURCE, {"source_id": source_id, "now": now})]


async def list_covered_by(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> list[AuthoredUnavailability]:
    """Unavailability of others that is not over, for which this user is the cover."""
    return [_authored(row) for row in await tx.execute(WITHOUT_COVER, {"user_id": user_id, "now": now})]


async def add_unavailability(tx: AsyncConnection, spans: Iterable[AuthoredUnavailability]) -> None:
    rows = [
        {
            "id": one.id,
            "user_id": one.user_id,
            "start_at": one.start,
            "end_at": one.end,
            "cover_user_id": one.cover_user_id,
            "reason": one.reason,
            "source_id": one.source_id,
            "uid": one.uid,
            "author": one.author,
            "created_at": one.created_at,
        }
        for one in spans
    ]
    if rows:
        await tx.execute(ADD, rows)


async def remove_unavailability(tx: AsyncConnection, ids: Iterable[UnavailabilityId], *, now: datetime) -> None:
    """They end now, or never begin."""
    await tx.execute(REMOVE, {"ids": list(ids), "now": now})


async def remove_all_of(tx: AsyncConnection, user_id: UserId, *, now: datetime) -> None:
    await tx.execute(REMOVE_OF_USER, {"user_id": user_id, "now": now})


def _authored(row: Row[Any]) -> AuthoredUnavailability:
    return AuthoredUnavailability(
        UnavailabilityId(row.id),
        UserId(row.user_id),
        row.start_at,
        row.until,
        UserId(row.cover_user_id) if row.cover_user_id else None,
        row.reason,
        row.author,
        row.created_at,
        CalendarSourceId(row.source_id) if row.source_id else None,
        row.uid,
    )
