"""SQL that reads stored events again, a page at a time, and the bodies they came in."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Action, Body, Decision, Severity
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId

# Ids are in order of receipt, and the instant of receipt has no index, which each event would pay for: where a range begins and ends among
# the ids is found by halving, by the primary key.
NEAREST = text("SELECT received_at FROM events WHERE id >= :id ORDER BY id LIMIT 1")

COUNT = text("""
    SELECT count(*) FROM (
        SELECT FROM events
        WHERE id >= :first AND id <= :last AND received_at >= :since AND received_at < :until
            AND (CAST(:integration_ids AS uuid[]) IS NULL OR integration_id = ANY(CAST(:integration_ids AS uuid[]))
                OR service_id = CAST(:service_id AS uuid))
        LIMIT :most
    ) AS found
""")
PAGE = text("""
    SELECT id, received_at, integration_id, service_id, action, dedup_key, severity, summary, decision, reason, alert_id, incident_id,
        body_id, coalesce(body_at, received_at)
    FROM events
    WHERE id > :after AND id <= :last AND received_at >= :since AND received_at < :until
        AND (CAST(:integration_ids AS uuid[]) IS NULL OR integration_id = ANY(CAST(:integration_ids AS uuid[]))
            OR service_id = CAST(:service_id AS uuid))
    ORDER BY id LIMIT :limit
""")
# By the primary key (id, received_at), in the partition of each. What is long is fetched by itself.
BODIES = text("""
    SELECT b.id, b.content_type, CASE WHEN octet_length(b.raw) <= :long THEN b.raw END AS raw, b.headers::text AS headers, b.received_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:received_ats AS timestamptz[])) AS k (id, received_at)
    JOIN event_bodies b ON b.id = k.id AND b.received_at = k.received_at
    WHERE b.received_at >= :first AND b.received_at <= :last
""")
LONG_BODY = text("SELECT raw FROM event_bodies WHERE id = :id AND received_at = :received_at")
LABELS = text("SELECT id, labels::text AS labels, source FROM alerts WHERE id = ANY(CAST(:ids AS uuid[]))")
HEARTBEATS = text("SELECT id, service_id, name FROM heartbeats")


@dataclass(frozen=True, slots=True)
class Range:
    """Which events are read: those of these integrations, or recorded in this service; None: all. Ids are where the range lies in."""

    since: datetime
    until: datetime
    first: UUID
    last: UUID
    service_id: ServiceId | None = None
    integration_ids: Sequence[IntegrationId] | None = None

    def parameters(self) -> dict[str, object]:
        return {
            "since": self.since,
            "until": self.until,
            "last": self.last,
            "service_id": self.service_id,
            "integration_ids": None if self.integration_ids is None else list(self.integration_ids),
        }


@dataclass(frozen=True, slots=True)
class StoredEvent:
    """A row of the journal."""

    id: EventId
    received_at: datetime
    integration_id: IntegrationId
    service_id: ServiceId
    action: Action
    dedup_key: str
    severity: Severity
    summary: str
    decision: Decision
    reason: str
    alert_id: AlertId | None
    incident_id: IncidentId | None
    body_id: UUID
    body_at: datetime


async def received_from(tx: AsyncConnection, id: UUID) -> datetime | None:
    """When the first event with this id or a later one was received; None: there is no such event."""
    found: datetime | None = (await tx.execute(NEAREST, {"id": id})).scalar_one_or_none()
    return found


async def count_events(tx: AsyncConnection, asked: Range, *, most: int) -> int:
    """How many there are, as far as `most`."""
    count: int = (await tx.execute(COUNT, asked.parameters() | {"first": asked.first, "most": most})).scalar_one()
    return count


async def page_of_events(tx: AsyncConnection, asked: Range, *, after: UUID, limit: int) -> list[StoredEvent]:
    """In the order of their ids."""
    rows = await tx.execute(PAGE, asked.parameters() | {"after": after, "limit": limit})
    return [
        StoredEvent(
            EventId(r[0]),
            r[1],
            IntegrationId(r[2]),
            ServiceId(r[3]),
            Action(r[4]),
            r[5],
            Severity(r[6]),
            r[7],
            Decision(r[8]),
            r[9],
            AlertId(r[10]) if r[10] else None,
            IncidentId(r[11]) if r[11] else None,
            r[12],
            r[13],
        )
        for r in rows
    ]


async def bodies_of(tx: AsyncConnection, events: Sequence[StoredEvent], *, long: int) -> Mapping[UUID, tuple[Body, bool]]:
    """Those that are still kept, by their ids; true: it is longer than `long`, and its bytes are not with it."""
    wanted = {event.body_id: event.body_at for event in events}
    if not wanted:
        return {}
    instants = list(wanted.values())
    parameters = {"ids": list(wanted), "received_ats": instants, "first": min(instants), "last": max(instants), "long": long}
    rows = await tx.execute(BODIES, parameters)
    return {
        r.id: (Body(r.id, r.content_type, b"" if r.raw is None else r.raw, msgspec.json.decode(r.headers)), r.raw is None) for r in rows
    }


async def long_body(tx: AsyncConnection, event: StoredEvent) -> bytes:
    raw: Any = (await tx.execute(LONG_BODY, {"id": event.body_id, "received_at": event.body_at})).scalar_one_or_none()
    return bytes(raw or b"")


async def labels_of(tx: AsyncConnection, ids: Sequence[AlertId]) -> Mapping[AlertId, tuple[dict[str, str], str]]:
    """The labels and the source of alerts, for events whose bodies are gone."""
    rows = await tx.execute(LABELS, {"ids": list(ids)})
    return {AlertId(r.id): (msgspec.json.decode(r.labels, type=dict[str, str]), r.source) for r in rows}


async def heartbeats(tx: AsyncConnection) -> Mapping[IntegrationId, tuple[ServiceId, str]]:
    """Of every heartbeat, whose events come as through an integration, its service and its name."""
    return {IntegrationId(r.id): (ServiceId(r.service_id), r.name) for r in await tx.execute(HEARTBEATS)}
