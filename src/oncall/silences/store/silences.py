"""SQL about silences."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.actors import Actor
from oncall.kit.ids import ServiceId
from oncall.kit.matchers import parse_matchers
from oncall.silences.values import Silence, SilenceId

INSERT = text("""
    INSERT INTO silences (id, service_id, matchers, matches_everything, starts_at, ends_at, comment, author, created_at)
    VALUES (:id, :service_id, :matchers, :matches_everything, :starts_at, :ends_at, :comment, CAST(:author AS jsonb), :created_at)
""")
UPDATE = text("""
    UPDATE silences SET service_id = :service_id, matchers = :matchers, matches_everything = :matches_everything, starts_at = :starts_at,
        ends_at = :ends_at, comment = :comment, version = version + 1
    WHERE id = :id
""")
BY_ID = text("""
    SELECT id, service_id, matchers, matches_everything, starts_at, ends_at, comment, author::text AS author, created_at, version
    FROM silences WHERE id = :id
""")
LOCK = text("SELECT id FROM silences WHERE id = :id FOR NO KEY UPDATE")
# By `silences_ends_at_idx`.
NOT_OVER = text("""
    SELECT id, service_id, matchers, matches_everything, starts_at, ends_at, comment, author::text AS author, created_at, version
    FROM silences WHERE ends_at > :now ORDER BY id
""")
LIST = text("""
    SELECT id, service_id, matchers, matches_everything, starts_at, ends_at, comment, author::text AS author, created_at, version
    FROM silences
    WHERE id > :after AND (CAST(:service_id AS uuid) IS NULL OR service_id = CAST(:service_id AS uuid))
        AND (CAST(:state AS text) IS NULL
            OR CAST(:state AS text) = CASE WHEN ends_at <= :now THEN 'expired' WHEN starts_at <= :now THEN 'active' ELSE 'pending' END)
    ORDER BY id LIMIT :limit
""")
DELETE = text("DELETE FROM silences WHERE id = :id")


async def add_silence(tx: AsyncConnection, silence: Silence) -> None:
    await tx.execute(INSERT, _columns(silence) | {"author": msgspec.json.encode(silence.author).decode(), "created_at": silence.created_at})


async def save_silence(tx: AsyncConnection, silence: Silence) -> None:
    await tx.execute(UPDATE, _columns(silence))


async def find_silence(tx: AsyncConnection, id: SilenceId) -> Silence | None:
    row = (await tx.execute(BY_ID, {"id": id})).first()
    return _silence(row) if row else None


async def lock_silence(tx: AsyncConnection, id: SilenceId) -> Silence | None:
    return await find_silence(tx, id) if (await tx.execute(LOCK, {"id": id})).first() else None


async def not_over(tx: AsyncConnection, *, now: datetime) -> list[Silence]:
    """All that mute now, or will."""
    return [_silence(row) for row in await tx.execute(NOT_OVER, {"now": now})]


async def list_silences(
    tx: AsyncConnection, *, after: UUID, service_id: ServiceId | None, state: str | None, limit: int, now: datetime
) -> Sequence[Silence]:
    params = {"after": after, "service_id": service_id, "state": state, "limit": limit, "now": now}
    return [_silence(row) for row in await tx.execute(LIST, params)]


async def delete_silence(tx: AsyncConnection, id: SilenceId) -> None:
    await tx.execute(DELETE, {"id": id})


def _columns(silence: Silence) -> dict[str, object]:
    return {
        "id": silence.id,
        "service_id": silence.service_id,
        "matchers": ", ".join(map(str, silence.matchers)),
        "matches_everything": silence.matches_everything,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "comment": silence.comment,
    }


def _silence(r: Row[Any]) -> Silence:
    return Silence(
        SilenceId(r.id),
        parse_matchers(r.matchers),
        r.starts_at,
        r.ends_at,
        r.comment,
        msgspec.json.decode(r.author, type=Actor),
        r.created_at,
        ServiceId(r.service_id) if r.service_id else None,
        r.matches_everything,
        r.version,
    )
