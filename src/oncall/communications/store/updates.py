"""SQL about status updates, and about incidents as the world knows them."""

from collections.abc import Collection, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.store.records import actor_in, record_of
from oncall.communications.values.updates import Audience, Published, PublishedId, State, StatusUpdate, UpdateId
from oncall.kit.actors import ENGINE, Actor
from oncall.kit.ids import IncidentId, ServiceId

ADD = text("""
    INSERT INTO status_updates (id, incident_id, published_id, audience, state, text, html, author, at, next_update_due_at)
    VALUES (:id, :incident_id, :published_id, :audience, :state, :text, :html, CAST(:author AS jsonb), :at, :next_update_due_at)
""")
# Uses status_updates_incident_idx.
LIST = text("""
    SELECT id, incident_id, published_id, audience, state, text, html, author::text AS author, at, next_update_due_at, retracted_at,
        retracted::text AS retracted
    FROM status_updates WHERE incident_id = :incident_id AND id < :before ORDER BY id DESC LIMIT :limit
""")
FIND = text("""
    SELECT id, incident_id, published_id, audience, state, text, html, author::text AS author, at, next_update_due_at, retracted_at,
        retracted::text AS retracted
    FROM status_updates WHERE incident_id = :incident_id AND id = :id FOR NO KEY UPDATE
""")
RETRACT = text("UPDATE status_updates SET retracted_at = :at, retracted = CAST(:by AS jsonb) WHERE id = :id")
# Uses status_updates_published_idx: of each incident the newest that stand.
LIST_PUBLISHED = text("""
    SELECT u.id, u.incident_id, u.published_id, u.audience, u.state, u.text, u.html, NULL AS author, u.at, u.next_update_due_at,
        u.retracted_at, NULL AS retracted
    FROM unnest(CAST(:ids AS uuid[])) AS p (id) CROSS JOIN LATERAL (
        SELECT * FROM status_updates s WHERE s.published_id = p.id AND s.retracted_at IS NULL ORDER BY s.id DESC LIMIT :limit) u
    ORDER BY u.id DESC
""")
FIND_PUBLISHED = text("""
    SELECT id, incident_id, title, state, service_ids, began_at, updated_at FROM published_incidents WHERE incident_id = :incident_id
""")
SAVE_PUBLISHED = text("""
    INSERT INTO published_incidents (id, incident_id, title, state, service_ids, began_at, updated_at)
    VALUES (:id, :incident_id, :title, :state, :service_ids, :began_at, :updated_at)
    ON CONFLICT (incident_id) DO UPDATE SET
        title = excluded.title, state = excluded.state, service_ids = excluded.service_ids, updated_at = excluded.updated_at
""")
DELETE_PUBLISHED = text("DELETE FROM published_incidents WHERE id = :id")
# Uses published_incidents_unresolved_idx.
UNRESOLVED = text("""
    SELECT id, incident_id, title, state, service_ids, began_at, updated_at FROM published_incidents
    WHERE state <> 'resolved' AND service_ids && CAST(:service_ids AS uuid[]) ORDER BY id DESC LIMIT :limit
""")
# Uses published_incidents_services_idx, or walks the primary key where much of it is wanted.
PAST = text("""
    SELECT id, incident_id, title, state, service_ids, began_at, updated_at FROM published_incidents
    WHERE state = 'resolved' AND service_ids && CAST(:service_ids AS uuid[]) AND id < :before ORDER BY id DESC LIMIT :limit
""")


async def add_update(tx: AsyncConnection, update: StatusUpdate) -> None:
    await tx.execute(
        ADD,
        {
            "id": update.id,
            "incident_id": update.incident_id,
            "published_id": update.published_id,
            "audience": update.audience.value,
            "state": update.state.value,
            "text": update.text,
            "html": update.html,
            "author": record_of(update.author),
            "at": update.at,
            "next_update_due_at": update.next_update_due_at,
        },
    )


async def list_updates(tx: AsyncConnection, incident_id: IncidentId, *, before: UUID, limit: int) -> list[StatusUpdate]:
    """Newest first, those that were retracted included."""
    return [_update(r) for r in await tx.execute(LIST, {"incident_id": incident_id, "before": before, "limit": limit})]


async def find_update(tx: AsyncConnection, incident_id: IncidentId, id: UpdateId) -> StatusUpdate | None:
    """Locked."""
    row = (await tx.execute(FIND, {"incident_id": incident_id, "id": id})).first()
    return _update(row) if row else None


async def retract(tx: AsyncConnection, id: UpdateId, *, by: Actor, at: datetime) -> None:
    await tx.execute(RETRACT, {"id": id, "by": record_of(by), "at": at})


async def list_published(tx: AsyncConnection, ids: Sequence[PublishedId], *, limit: int) -> list[StatusUpdate]:
    """What stands of each of these, the newest first; without who wrote it, which is for nobody outside."""
    return [_update(r) for r in await tx.execute(LIST_PUBLISHED, {"ids": list(ids), "limit": limit})] if ids else []


async def find_published(tx: AsyncConnection, incident_id: IncidentId) -> Published | None:
    row = (await tx.execute(FIND_PUBLISHED, {"incident_id": incident_id})).first()
    return _published(row) if row else None


async def save_published(tx: AsyncConnection, published: Published) -> None:
    await tx.execute(
        SAVE_PUBLISHED,
        {
            "id": published.id,
            "incident_id": published.incident_id,
            "title": published.title,
            "state": published.state.value,
            "service_ids": list(published.service_ids),
            "began_at": published.began_at,
            "updated_at": published.updated_at,
        },
    )


async def delete_published(tx: AsyncConnection, id: PublishedId) -> None:
    await tx.execute(DELETE_PUBLISHED, {"id": id})


async def unresolved(tx: AsyncConnection, service_ids: Collection[ServiceId], *, limit: int) -> list[Published]:
    """Newest first."""
    return [_published(r) for r in await tx.execute(UNRESOLVED, {"service_ids": list(service_ids), "limit": limit})]


async def past(tx: AsyncConnection, service_ids: Collection[ServiceId], *, before: UUID, limit: int) -> list[Published]:
    """Those that are resolved, newest first."""
    return [_published(r) for r in await tx.execute(PAST, {"service_ids": list(service_ids), "before": before, "limit": limit})]


def _published(r: Row[Any]) -> Published:
    ids = tuple(ServiceId(id) for id in r.service_ids)
    return Published(PublishedId(r.id), IncidentId(r.incident_id), r.title, State(r.state), ids, r.began_at, r.updated_at)


def _update(r: Row[Any]) -> StatusUpdate:
    return StatusUpdate(
        UpdateId(r.id),
        IncidentId(r.incident_id),
        PublishedId(r.published_id) if r.published_id else None,
        Audience(r.audience),
        State(r.state),
        r.text,
        r.html,
        actor_in(r.author) or ENGINE,
        r.at,
        r.next_update_due_at,
        r.retracted_at,
        actor_in(r.retracted),
    )


async def last_author(tx: AsyncConnection, incident_id: IncidentId) -> Actor | None:
    """Who told of it last."""
    found = await list_updates(tx, incident_id, before=UUID(int=2**128 - 1), limit=1)
    return found[0].author if found else None
