"""SQL about events and the bodies they came in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Action, Body, Decided, Decision, Event, EventSeen, Severity
from oncall.kit.db import racing
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId

LIST_EVENTS = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id,
        incident_id
    FROM events WHERE incident_id = :incident_id AND id > :after ORDER BY id LIMIT :limit
""")

# By the primary key, backwards: ids are in order of receipt.
LATEST = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id, incident_id
    FROM events
    WHERE id < :before AND (CAST(:integration_id AS uuid) IS NULL OR integration_id = CAST(:integration_id AS uuid))
        AND (CAST(:service_id AS uuid) IS NULL OR service_id = CAST(:service_id AS uuid))
        AND (CAST(:decisions AS text[]) IS NULL OR decision = ANY(CAST(:decisions AS text[])))
    ORDER BY id DESC LIMIT :limit
""")
FIND_SEEN = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id, incident_id
    FROM events WHERE id = :id
""")
FIND_EVENT = text("""
    SELECT e.id, e.received_at, e.occurred_at, e.integration_id, e.action, e.dedup_key, e.severity, e.summary, e.decision, e.reason,
        e.alert_id, e.incident_id, b.id AS kept_body_id, b.content_type, b.raw, b.headers::text AS headers
    FROM events e LEFT JOIN event_bodies b ON b.id = e.body_id AND b.received_at = e.received_at WHERE e.id = :id
""")

# One round trip for both: every request waits for it.
ADD_EVENTS = text("""
    WITH bodies AS (
        INSERT INTO event_bodies (id, received_at, content_type, raw, headers)
        SELECT b.id, :now, b.content_type, b.raw, b.headers
        FROM unnest(CAST(:distinct_body_ids AS uuid[]), CAST(:content_types AS text[]), CAST(:raws AS bytea[]), CAST(:headers AS jsonb[]))
            AS b (id, content_type, raw, headers)
    )
    INSERT INTO events (received_at, id, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, decision, reason,
        alert_id, incident_id, body_id, delivery_id)
    SELECT :now, e.* FROM unnest(CAST(:ids AS uuid[]), CAST(:occurred_ats AS timestamptz[]), CAST(:integration_ids AS uuid[]),
        CAST(:service_ids AS uuid[]), CAST(:actions AS text[]), CAST(:dedup_keys AS text[]), CAST(:severities AS text[]),
        CAST(:summaries AS text[]), CAST(:decisions AS text[]), CAST(:reasons AS text[]), CAST(:alert_ids AS uuid[]),
        CAST(:incident_ids AS uuid[]), CAST(:body_ids AS uuid[]), CAST(:delivery_ids AS text[])) AS e
""")

DECIDED = text("SELECT id, dedup_key, decision, reason, alert_id, incident_id FROM events WHERE id = ANY(:ids)")

# By the unique index `events_once_per_delivery (integration_id, delivery_id) WHERE delivery_id IS NOT NULL`.
DELIVERED = text("""
    SELECT e.integration_id, e.delivery_id
    FROM unnest(CAST(:integration_ids AS uuid[]), CAST(:delivery_ids AS text[])) AS d (integration_id, delivery_id)
    JOIN events e ON e.integration_id = d.integration_id AND e.delivery_id = d.delivery_id AND e.delivery_id IS NOT NULL
""")


async def list_events(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> list[EventSeen]:
    """In order of receipt, without their bodies."""
    return [_seen(r) for r in await tx.execute(LIST_EVENTS, {"incident_id": incident_id, "after": after, "limit": limit})]


async def list_latest(
    tx: AsyncConnection,
    *,
    before: UUID,
    integration_id: IntegrationId | None,
    service_id: ServiceId | None,
    decisions: Sequence[Decision] | None,
    limit: int,
) -> list[EventSeen]:
    """What came in, newest first, without bodies."""
    params = {"before": before, "integration_id": integration_id, "service_id": service_id, "limit": limit}
    rows = await tx.execute(LATEST, params | {"decisions": [d.value for d in decisions] if decisions else None})
    return [_seen(r) for r in rows]


async def find_seen(tx: AsyncConnection, id: EventId) -> EventSeen | None:
    """An event without its body."""
    row = (await tx.execute(FIND_SEEN, {"id": id})).first()
    return _seen(row) if row else None


async def find_event(tx: AsyncConnection, id: EventId) -> tuple[EventSeen, Body | None] | None:
    """An event with the bytes it came in, or with None once they are gone."""
    row = (await tx.execute(FIND_EVENT, {"id": id})).first()
    if row is None:
        return None
    kept = row.kept_body_id is not None
    return _seen(row), Body(row.kept_body_id, row.content_type, row.raw, msgspec.json.decode(row.headers)) if kept else None


async def add_events(
    tx: AsyncConnection, events: Sequence[Event], decided: Mapping[EventId, Decided], occurred_ats: Sequence[datetime], *, now: datetime
) -> None:
    """Store events with their decisions and the instants their monitors claim, and each body once."""
    verdicts = [decided[e.id] for e in events]
    once = [e.delivery_id or None if d.decision is not Decision.DUPLICATE_DELIVERY else None for e, d in zip(events, verdicts, strict=True)]
    bodies: dict[Any, Body] = {e.body.id: e.body for e in events}
    with racing("events_pkey", "events_once_per_delivery"):
        await tx.execute(
            ADD_EVENTS,
            {
                "now": now,
                "ids": [e.id for e in events],
                "occurred_ats": list(occurred_ats),
                "integration_ids": [e.integration_id for e in events],
                "service_ids": [e.service_id for e in events],
                "actions": [e.action.value for e in events],
                "dedup_keys": [e.dedup_key for e in events],
                "severities": [e.severity.value for e in events],
                "summaries": [e.summary for e in events],
                "decisions": [d.decision.value for d in verdicts],
                "reasons": [d.reason for d in verdicts],
                "alert_ids": [d.alert_id for d in verdicts],
                "incident_ids": [d.incident_id for d in verdicts],
                "body_ids": [e.body.id for e in events],
                "delivery_ids": once,
                "distinct_body_ids": list(bodies),
                "content_types": [b.content_type for b in bodies.values()],
                "raws": [b.raw for b in bodies.values()],
                "headers": [msgspec.json.encode(b.headers).decode() for b in bodies.values()],
            },
        )


async def delivered(tx: AsyncConnection, deliveries: Sequence[tuple[IntegrationId, str]]) -> set[tuple[IntegrationId, str]]:
    """Those deliveries that are stored already."""
    params = {"integration_ids": [id for id, _ in deliveries], "delivery_ids": [delivery for _, delivery in deliveries]}
    return {(IntegrationId(r.integration_id), r.delivery_id) for r in await tx.execute(DELIVERED, params)}


async def find_decided(tx: AsyncConnection, ids: Sequence[EventId]) -> dict[EventId, Decided]:
    """Decisions that are recorded already: what a COMMIT of unknown fate left behind."""
    return {
        EventId(r.id): Decided(
            EventId(r.id),
            r.dedup_key,
            Decision(r.decision),
            r.reason,
            AlertId(r.alert_id) if r.alert_id else None,
            IncidentId(r.incident_id) if r.incident_id else None,
        )
        for r in await tx.execute(DECIDED, {"ids": list(ids)})
    }


def _seen(r: Row[Any]) -> EventSeen:
    return EventSeen(
        EventId(r.id),
        r.received_at,
        r.occurred_at,
        IntegrationId(r.integration_id),
        Action(r.action),
        r.dedup_key,
        Severity(r.severity),
        r.summary,
        Decision(r.decision),
        r.reason,
        AlertId(r.alert_id) if r.alert_id else None,
        IncidentId(r.incident_id) if r.incident_id else None,
    )
