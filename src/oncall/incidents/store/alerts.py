"""SQL about bodies, events and alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import (
    Action,
    Alert,
    AlertChange,
    AlertCounts,
    AlertSeen,
    Body,
    Decided,
    Decision,
    Event,
    EventSeen,
    Key,
    Severity,
    Told,
)
from oncall.kit.db import ConcurrentChange, racing
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId

# By the unique index `alerts_one_open_per_key (service_id, dedup_key) WHERE state = 'open'`.
OPEN = text("""
    SELECT a.id, a.service_id, a.dedup_key, a.state = 'open' AS is_open, a.severity, a.acknowledged, a.incident_id
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:dedup_keys AS text[])) AS k (service_id, dedup_key)
    JOIN alerts a ON a.service_id = k.service_id AND a.dedup_key = k.dedup_key AND a.state = 'open'
""")

# By `alerts_resolved_idx (service_id, dedup_key, resolved_at) WHERE state = 'resolved'`: the latest one whose incident may still reopen.
REOPENABLE = text("""
    SELECT a.id, a.service_id, a.dedup_key, a.state = 'open' AS is_open, a.severity, a.acknowledged, a.incident_id
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:dedup_keys AS text[])) AS k (service_id, dedup_key)
    CROSS JOIN LATERAL (
        SELECT * FROM alerts r WHERE r.service_id = k.service_id AND r.dedup_key = k.dedup_key AND r.state = 'resolved'
        ORDER BY r.resolved_at DESC LIMIT 1
    ) a
    JOIN incidents i ON i.id = a.incident_id AND i.status = 'resolved' AND i.resolved_at + i.reopen_window > :now
""")

ADD = text("""
    INSERT INTO alerts (id, service_id, incident_id, integration_id, dedup_key, state, severity, acknowledged, summary, source,
        labels, links, details, event_count, first_seen_at, last_seen_at)
    SELECT a.id, a.service_id, a.incident_id, a.integration_id, a.dedup_key, 'open', a.severity, false, a.summary, a.source,
        a.labels, a.links, a.details, a.seen, :now, :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:service_ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:integration_ids AS uuid[]),
        CAST(:dedup_keys AS text[]), CAST(:severities AS text[]), CAST(:summaries AS text[]), CAST(:sources AS text[]),
        CAST(:labels AS jsonb[]), CAST(:links AS jsonb[]), CAST(:details AS jsonb[]), CAST(:seen AS bigint[]))
        AS a (id, service_id, incident_id, integration_id, dedup_key, severity, summary, source, labels, links, details, seen)
""")

# Locks in the order of ids, whatever order the join would take; `was_open` is what the decision rests on. A repeat was decided on an
# alert read unlocked: it must not take back what another transaction acknowledged meanwhile.
CHANGE = text("""
    WITH change AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:was_open AS boolean[]), CAST(:is_open AS boolean[]), CAST(:seen AS bigint[]),
            CAST(:severities AS text[]), CAST(:acknowledged AS boolean[])) AS c (id, was_open, is_open, seen, severity, acknowledged)
    ), locked AS MATERIALIZED (
        SELECT id FROM alerts WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE alerts a SET
        event_count = a.event_count + c.seen,
        last_seen_at = CASE WHEN c.seen > 0 THEN :now ELSE a.last_seen_at END,
        severity = c.severity,
        acknowledged = c.acknowledged OR (a.acknowledged AND c.was_open),
        state = CASE WHEN c.is_open THEN 'open' ELSE 'resolved' END,
        resolved_at = CASE WHEN c.is_open THEN NULL ELSE :now END
    FROM change c JOIN locked l ON l.id = c.id
    WHERE a.id = c.id AND (a.state = 'open') = c.was_open
""")

RESOLVE_OF = text("UPDATE alerts SET state = 'resolved', resolved_at = :now WHERE incident_id = ANY(:incident_ids) AND state = 'open'")

# Of each incident the alert that people are told about: its first, or the first that is still open.
TOLD = text("""
    SELECT DISTINCT ON (incident_id) incident_id, source, labels::text AS labels, details::text AS details,
        links::text AS links
    FROM alerts WHERE incident_id = ANY(:incident_ids) ORDER BY incident_id, state, id
""")
LIST = text("""
    SELECT id, dedup_key, state = 'open' AS is_open, severity, acknowledged, summary, source, labels::text AS labels, links::text AS links,
        details::text AS details, event_count, first_seen_at, last_seen_at, resolved_at
    FROM alerts WHERE incident_id = :incident_id AND id > :after ORDER BY id LIMIT :limit
""")
LIST_EVENTS = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id,
        incident_id
    FROM events WHERE incident_id = :incident_id AND id > :after ORDER BY id LIMIT :limit
""")
FIND_EVENT = text("""
    SELECT e.id, e.received_at, e.occurred_at, e.integration_id, e.action, e.dedup_key, e.severity, e.summary, e.decision, e.reason,
        e.alert_id, e.incident_id, b.content_type, b.raw
    FROM events e LEFT JOIN event_bodies b ON b.id = e.body_id AND b.received_at = e.received_at WHERE e.id = :id
""")

COUNTS = text("""
    SELECT incident_id, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
        count(*) FILTER (WHERE state = 'open' AND acknowledged) AS acknowledged, array_agg(dedup_key ORDER BY id) AS dedup_keys
    FROM alerts WHERE incident_id = ANY(:incident_ids) GROUP BY incident_id
""")

# One round trip for both: every request waits for it.
ADD_EVENTS = text("""
    WITH bodies AS (
        INSERT INTO event_bodies (id, received_at, content_type, raw)
        SELECT b.id, :now, b.content_type, b.raw
        FROM unnest(CAST(:distinct_body_ids AS uuid[]), CAST(:content_types AS text[]), CAST(:raws AS bytea[])) AS b (id, content_type, raw)
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


def _alert(r: Row[Any]) -> Alert:
    return Alert(
        AlertId(r.id), ServiceId(r.service_id), r.dedup_key, r.is_open, Severity(r.severity), r.acknowledged, IncidentId(r.incident_id)
    )


async def open_alerts(tx: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Alert]:
    rows = await tx.execute(OPEN, {"service_ids": [service for service, _ in keys], "dedup_keys": [key for _, key in keys]})
    return {(ServiceId(r.service_id), r.dedup_key): _alert(r) for r in rows}


async def reopenable_alerts(tx: AsyncConnection, keys: Sequence[Key], *, now: datetime) -> dict[Key, Alert]:
    """For keys without an open alert: the one that a new trigger would reopen."""
    params = {"service_ids": [service for service, _ in keys], "dedup_keys": [key for _, key in keys], "now": now}
    return {(ServiceId(r.service_id), r.dedup_key): _alert(r) for r in await tx.execute(REOPENABLE, params)}


async def add_alerts(tx: AsyncConnection, opened: Sequence[tuple[Event, AlertChange]], *, now: datetime) -> None:
    with racing("alerts_one_open_per_key", "alerts_pkey"):
        await tx.execute(
            ADD,
            {
                "now": now,
                "ids": [change.alert_id for _, change in opened],
                "service_ids": [e.service_id for e, _ in opened],
                "incident_ids": [e.id for e, _ in opened],
                "integration_ids": [e.integration_id for e, _ in opened],
                "dedup_keys": [e.dedup_key for e, _ in opened],
                "severities": [change.severity.value for _, change in opened],
                "summaries": [e.summary for e, _ in opened],
                "sources": [e.source for e, _ in opened],
                "labels": [_json(e.labels) for e, _ in opened],
                "links": [_json([{"href": href, "text": words} for href, words in e.links]) for e, _ in opened],
                "details": [_json(e.details) for e, _ in opened],
                "seen": [change.seen for _, change in opened],
            },
        )


async def change_alerts(tx: AsyncConnection, changes: Sequence[tuple[Alert, AlertChange]], *, now: datetime) -> None:
    """Write changes to existing alerts; raises ConcurrentChange if one is no longer what the decision rests on."""
    done = await tx.execute(
        CHANGE,
        {
            "now": now,
            "ids": [change.alert_id for _, change in changes],
            "was_open": [alert.is_open for alert, _ in changes],
            "is_open": [change.is_open for _, change in changes],
            "seen": [change.seen for _, change in changes],
            "severities": [change.severity.value for _, change in changes],
            "acknowledged": [change.acknowledged for _, change in changes],
        },
    )
    if done.rowcount != len(changes):
        raise ConcurrentChange("an alert was opened or resolved by another transaction meanwhile")


async def resolve_alerts_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, now: datetime) -> None:
    await tx.execute(RESOLVE_OF, {"incident_ids": list(incident_ids), "now": now})


async def told(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, Told]:
    rows = await tx.execute(TOLD, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): Told(r.source, _labels(r.labels), msgspec.json.decode(r.details), _links(r.links)) for r in rows}


async def list_alerts(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> list[AlertSeen]:
    """In order of their first event."""
    return [alert_seen(r) for r in await tx.execute(LIST, {"incident_id": incident_id, "after": after, "limit": limit})]


async def list_events(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> list[EventSeen]:
    """In order of receipt, without their bodies."""
    return [_seen(r) for r in await tx.execute(LIST_EVENTS, {"incident_id": incident_id, "after": after, "limit": limit})]


async def find_event(tx: AsyncConnection, id: EventId) -> tuple[EventSeen, Body] | None:
    """An event with the bytes it came in."""
    row = (await tx.execute(FIND_EVENT, {"id": id})).first()
    return (_seen(row), Body(row.id, row.content_type or "", row.raw or b"")) if row else None


async def counts(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, AlertCounts]:
    rows = await tx.execute(COUNTS, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): AlertCounts(r.open, r.resolved, r.acknowledged, tuple(r.dedup_keys)) for r in rows}


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


def alert_seen(r: Row[Any]) -> AlertSeen:
    """A row of the columns that `LIST` selects."""
    return AlertSeen(
        AlertId(r.id),
        r.dedup_key,
        r.is_open,
        Severity(r.severity),
        r.acknowledged,
        r.summary,
        Told(r.source, _labels(r.labels), msgspec.json.decode(r.details), _links(r.links)),
        r.event_count,
        r.first_seen_at,
        r.last_seen_at,
        r.resolved_at,
    )


def _labels(raw: str) -> dict[str, str]:
    return msgspec.json.decode(raw, type=dict[str, str])


def _links(raw: str) -> tuple[tuple[str, str], ...]:
    return tuple((link["href"], link["text"]) for link in msgspec.json.decode(raw, type=list[dict[str, str]]))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
