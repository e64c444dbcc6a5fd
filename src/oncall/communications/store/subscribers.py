"""SQL about who follows what."""

from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.store.records import actor_in, record_of
from oncall.communications.values.subscribers import Followed, Kind, Subscriber, SubscriberId
from oncall.communications.values.updates import Audience
from oncall.kit.actors import ENGINE
from oncall.kit.ids import IncidentId, ServiceId, TeamId

ADD = text("""
    INSERT INTO subscribers (id, incident_id, service_id, team_id, kind, address, audience, confirmed_at, confirm_by, author, created_at)
    VALUES (:id, :incident_id, :service_id, :team_id, :kind, :address, :audience, :confirmed_at, :confirm_by, CAST(:author AS jsonb),
        :created_at)
    ON CONFLICT DO NOTHING RETURNING id
""")
# Each by the index of what is followed (subscribers_incident_idx, subscribers_service_idx, subscribers_team_idx).
LIST = text("""
    SELECT id, incident_id, service_id, team_id, kind, address, audience, confirmed_at, confirm_by, author::text AS author, created_at
    FROM subscribers
    WHERE id > :after AND (incident_id = :incident_id OR service_id = :service_id OR team_id = :team_id) ORDER BY id LIMIT :limit
""")
COUNT = text("SELECT count(*) AS n FROM subscribers WHERE incident_id = :incident_id OR service_id = :service_id OR team_id = :team_id")
DELETE = text("""
    DELETE FROM subscribers WHERE id = :id AND (incident_id = :incident_id OR service_id = :service_id OR team_id = :team_id) RETURNING id
""")
FIND = text("""
    SELECT id, incident_id, service_id, team_id, kind, address, audience, confirmed_at, confirm_by, author::text AS author, created_at
    FROM subscribers WHERE id = :id
""")
CONFIRM = text("""
    UPDATE subscribers SET confirmed_at = :now, confirm_by = NULL WHERE id = :id AND confirm_by > :now RETURNING id
""")
UNSUBSCRIBE = text("DELETE FROM subscribers WHERE id = :id RETURNING id")
# Who is told of an update: whatever follows its incident, its services or the team of its service.
CONCERNED = text("""
    SELECT id, incident_id, service_id, team_id, kind, address, audience, confirmed_at, confirm_by, author::text AS author, created_at
    FROM subscribers
    WHERE confirmed_at IS NOT NULL AND (audience = 'internal' OR CAST(:is_public AS boolean))
        AND (incident_id = :incident_id OR service_id = ANY(CAST(:service_ids AS uuid[])) OR team_id = ANY(CAST(:team_ids AS uuid[])))
    ORDER BY id
""")
# Uses subscribers_confirm_by_idx.
FORGET = text("""
    DELETE FROM subscribers WHERE id IN (SELECT id FROM subscribers WHERE confirm_by <= :now LIMIT :limit FOR UPDATE SKIP LOCKED)
""")


async def add_subscriber(tx: AsyncConnection, one: Subscriber) -> bool:
    """False if they follow it already."""
    row = {
        "id": one.id,
        **_followed(one.followed),
        "kind": one.kind.value,
        "address": one.address,
        "audience": one.audience.value,
        "confirmed_at": one.confirmed_at,
        "confirm_by": one.confirm_by,
        "author": record_of(one.author),
        "created_at": one.created_at,
    }
    return (await tx.execute(ADD, row)).first() is not None


async def list_subscribers(tx: AsyncConnection, followed: Followed, *, after: UUID, limit: int) -> list[Subscriber]:
    """In order of creation."""
    return [_subscriber(r) for r in await tx.execute(LIST, {**_followed(followed), "after": after, "limit": limit})]


async def count_subscribers(tx: AsyncConnection, followed: Followed) -> int:
    return int((await tx.execute(COUNT, _followed(followed))).scalar_one())


async def delete_subscriber(tx: AsyncConnection, followed: Followed, id: SubscriberId) -> bool:
    return (await tx.execute(DELETE, {**_followed(followed), "id": id})).first() is not None


async def find_subscriber(tx: AsyncConnection, id: SubscriberId) -> Subscriber | None:
    row = (await tx.execute(FIND, {"id": id})).first()
    return _subscriber(row) if row else None


async def confirm(tx: AsyncConnection, id: SubscriberId, *, now: datetime) -> bool:
    """False if it was not waiting for that, or not any more."""
    return (await tx.execute(CONFIRM, {"id": id, "now": now})).first() is not None


async def unsubscribe(tx: AsyncConnection, id: SubscriberId) -> bool:
    return (await tx.execute(UNSUBSCRIBE, {"id": id})).first() is not None


async def concerned(
    tx: AsyncConnection, *, incident_id: IncidentId, service_ids: list[ServiceId], team_ids: list[TeamId], is_public: bool
) -> list[Subscriber]:
    """Those who agreed, of this audience."""
    params = {"incident_id": incident_id, "service_ids": service_ids, "team_ids": team_ids, "is_public": is_public}
    return [_subscriber(r) for r in await tx.execute(CONCERNED, params)]


async def forget_unconfirmed(tx: AsyncConnection, *, limit: int, now: datetime) -> int:
    return (await tx.execute(FORGET, {"limit": limit, "now": now})).rowcount


def _followed(followed: Followed) -> dict[str, UUID | None]:
    return {"incident_id": followed.incident_id, "service_id": followed.service_id, "team_id": followed.team_id}


def _subscriber(r: Row[Any]) -> Subscriber:
    return Subscriber(
        SubscriberId(r.id),
        Followed(
            IncidentId(r.incident_id) if r.incident_id else None,
            ServiceId(r.service_id) if r.service_id else None,
            TeamId(r.team_id) if r.team_id else None,
        ),
        Kind(r.kind),
        r.address,
        Audience(r.audience),
        r.confirmed_at,
        r.confirm_by,
        actor_in(r.author) or ENGINE,
        r.created_at,
    )
