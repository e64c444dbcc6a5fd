"""Every SQL statement about silences."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, false, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.silences.store.records import actor_of, matchers_of, record_of, texts_of
from oncall.silences.tables import silences
from oncall.silences.values.muting import State
from oncall.silences.values.silences import Silence, SilenceId

SILENCES = select(silences)


async def find_silence(tx: AsyncConnection, id: SilenceId, *, lock: bool = False) -> Silence | None:
    query = SILENCES.where(silences.c.id == id)
    row = (await tx.execute(query.with_for_update(key_share=True) if lock else query)).first()  # FOR NO KEY UPDATE
    return _silence(row) if row else None


async def list_silences(
    tx: AsyncConnection,
    *,
    before: UUID | None,
    limit: int,
    states: Collection[State] | None,
    service_id: ServiceId | None,
    now: datetime,
) -> Sequence[Silence]:
    """Newest first."""
    page = SILENCES.order_by(silences.c.id.desc()).limit(limit)
    if before is not None:
        page = page.where(silences.c.id < before)
    if service_id is not None:
        page = page.where(silences.c.service_id == service_id)
    if states is not None:
        page = page.where(or_(false(), *(_in_state(state, now) for state in states)))
    return [_silence(row) for row in await tx.execute(page)]


async def unexpired(tx: AsyncConnection, *, now: datetime) -> Sequence[Silence]:
    """Those that mute now or will."""
    return [_silence(row) for row in await tx.execute(SILENCES.where(silences.c.ends_at > now).order_by(silences.c.id))]


async def add_silence(tx: AsyncConnection, silence: Silence) -> None:
    await tx.execute(insert(silences).values(**_columns(silence)))


async def save_silence(tx: AsyncConnection, silence: Silence) -> None:
    await tx.execute(update(silences).where(silences.c.id == silence.id).values(**_columns(silence)))


async def delete_silence(tx: AsyncConnection, id: SilenceId) -> None:
    await tx.execute(delete(silences).where(silences.c.id == id))


def _in_state(state: State, now: datetime) -> Any:
    match state:
        case State.EXPIRED:
            return silences.c.ends_at <= now
        case State.ACTIVE:
            return (silences.c.starts_at <= now) & (silences.c.ends_at > now)
        case State.PENDING:
            return (silences.c.starts_at > now) & (silences.c.ends_at > now)


def _silence(r: Row[Any]) -> Silence:
    service = ServiceId(r.service_id) if r.service_id else None
    author = actor_of(r.author)
    return Silence(SilenceId(r.id), matchers_of(r.matchers), service, r.starts_at, r.ends_at, r.comment, author, r.created_at, r.version)


def _columns(silence: Silence) -> dict[str, object]:
    return {
        "id": silence.id,
        "matchers": texts_of(silence.matchers),
        "service_id": silence.service_id,
        "starts_at": silence.starts_at,
        "ends_at": silence.ends_at,
        "comment": silence.comment,
        "author": record_of(silence.author),
        "created_at": silence.created_at,
        "version": silence.version,
    }
