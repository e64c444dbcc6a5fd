"""Every SQL statement about inhibitions."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, insert, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.silences.store.records import matchers_of, texts_of
from oncall.silences.tables import inhibitions
from oncall.silences.values.inhibitions import Inhibition, InhibitionId

INHIBITIONS = select(inhibitions)


async def find_inhibition(tx: AsyncConnection, id: InhibitionId, *, lock: bool = False) -> Inhibition | None:
    query = INHIBITIONS.where(inhibitions.c.id == id)
    row = (await tx.execute(query.with_for_update(key_share=True) if lock else query)).first()  # FOR NO KEY UPDATE
    return _inhibition(row) if row else None


async def list_inhibitions(tx: AsyncConnection, *, after: UUID, limit: int) -> Sequence[Inhibition]:
    """In order of creation."""
    page = INHIBITIONS.where(inhibitions.c.id > after).order_by(inhibitions.c.id).limit(limit)
    return [_inhibition(row) for row in await tx.execute(page)]


async def all_inhibitions(tx: AsyncConnection) -> Sequence[Inhibition]:
    return [_inhibition(row) for row in await tx.execute(INHIBITIONS.order_by(inhibitions.c.id))]


async def add_inhibition(tx: AsyncConnection, inhibition: Inhibition) -> None:
    await tx.execute(insert(inhibitions).values(**_columns(inhibition)))


async def save_inhibition(tx: AsyncConnection, inhibition: Inhibition) -> None:
    await tx.execute(update(inhibitions).where(inhibitions.c.id == inhibition.id).values(**_columns(inhibition)))


async def delete_inhibition(tx: AsyncConnection, id: InhibitionId) -> None:
    await tx.execute(delete(inhibitions).where(inhibitions.c.id == id))


def _inhibition(r: Row[Any]) -> Inhibition:
    source, target = matchers_of(r.source_matchers), matchers_of(r.target_matchers)
    return Inhibition(InhibitionId(r.id), r.name, source, target, tuple(r.equal), r.created_at, r.version)


def _columns(inhibition: Inhibition) -> dict[str, object]:
    return {
        "id": inhibition.id,
        "name": inhibition.name,
        "source_matchers": texts_of(inhibition.source),
        "target_matchers": texts_of(inhibition.target),
        "equal": list(inhibition.equal),
        "created_at": inhibition.created_at,
        "version": inhibition.version,
    }
