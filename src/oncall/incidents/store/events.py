"""SQL about events and the bodies they came in."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import (
    HEARTBEAT,
    STANDS_IN,
    Action,
    Alert,
    AlertChange,
    Body,
    Decided,
    Decision,
    Event,
    EventSeen,
    Severity,
    Triggers,
)
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId
from oncall.kit.quick import dataclass
from oncall.kit.relying import relied_of
from oncall.kit.trouble import ConcurrentChange, racing, sqlstate

# By `alerts_incident_idx` and `events_alert_idx (alert_id, id)`: an incident's events are those of its alerts.
LIST_EVENTS = text("""
    SELECT e.* FROM alerts a CROSS JOIN LATERAL (
        SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id,
            incident_id, service_id
        FROM events WHERE alert_id = a.id AND id > :after ORDER BY id LIMIT :limit
    ) e
    WHERE a.incident_id = :incident_id ORDER BY e.id LIMIT :limit
""")
LATEST_OF = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id, incident_id,
        service_id
    FROM events WHERE alert_id = :alert_id AND id < :before ORDER BY id DESC LIMIT :limit
""")
FIND_SEEN = text("""
    SELECT id, received_at, occurred_at, integration_id, action, dedup_key, severity, summary, decision, reason, alert_id, incident_id,
        service_id
    FROM events WHERE id = :id
""")
FIND_EVENT = text("""
    SELECT e.id, e.received_at, e.occurred_at, e.integration_id, e.action, e.dedup_key, e.severity, e.summary, e.decision, e.reason,
        e.alert_id, e.incident_id, e.service_id, b.id AS kept_body_id, b.content_type, b.raw, b.headers::text AS headers
    FROM events e LEFT JOIN event_bodies b ON b.id = e.body_id AND b.received_at = coalesce(e.body_at, e.received_at) WHERE e.id = :id
""")

# By `events_alert_idx`; nobody needs to know of more than `most`.
TRIGGERS_UNTIL = text("""
    SELECT count(*) FROM (SELECT FROM events WHERE alert_id = :alert_id AND id <= :id AND action = 'trigger' LIMIT :most) AS triggers
""")

# One round trip for all: every request waits for it. An alert that is no longer as its repeats were decided by (open, as grave, with these
# labels, in this incident, and watched by nobody) spoils their count, other routing rules by now spoil all of them, and a division by zero
# undoes the whole: to lock their rows first, as where incidents follow, would be half of what this costs. The state is no literal, by which
# a plan that was made while little was open would read the index of all that is.
DIVISION_BY_ZERO = "22012"
ADD_EVENTS = text("""
    WITH this AS MATERIALIZED (
        SELECT coalesce(CAST(:now AS timestamptz), clock_timestamp()) AS moment
    ), repeats AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:repeated AS uuid[]), CAST(:seen AS bigint[]), CAST(:severities_before AS text[]),
            CAST(:labels_before AS jsonb[]), CAST(:incidents_before AS uuid[]), CAST(:severities_now AS text[]),
            CAST(:expires_ats AS timestamptz[]))
            AS r (id, seen, severity_before, labels_before, incident_before, severity, expires_at)
    ), counted AS (
        UPDATE alerts a SET event_count = a.event_count + r.seen, last_seen_at = (SELECT moment FROM this), severity = r.severity,
            expires_at = coalesce(r.expires_at, a.expires_at)
        FROM repeats r
        WHERE a.id = ANY(CAST(:repeated AS uuid[])) AND a.id = r.id AND a.state = CAST(:state AS text) AND NOT a.watched
            AND a.severity = r.severity_before AND a.labels = r.labels_before AND a.incident_id = r.incident_before
        RETURNING a.id
    ), bodies AS (
        INSERT INTO event_bodies (id, received_at, content_type, raw, headers)
        SELECT b.id, this.moment, b.content_type, b.raw, b.headers
        FROM this, unnest(
            CAST(:distinct_body_ids AS uuid[]), CAST(:content_types AS text[]), CAST(:raws AS bytea[]), CAST(:headers AS jsonb[])
        )
            AS b (id, content_type, raw, headers)
        ON CONFLICT DO NOTHING  -- what one body held may be stored in two steps
    ), added AS (
        INSERT INTO events (received_at, id, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, decision,
            reason, alert_id, incident_id, body_id, body_at, delivery_id)
        SELECT this.moment, e.id, coalesce(e.occurred_at, this.moment), e.integration_id, e.service_id, e.action, e.dedup_key, e.severity,
            e.summary, e.decision, e.reason, e.alert_id, e.incident_id, e.body_id, e.body_at, e.delivery_id
        FROM this, unnest(CAST(:ids AS uuid[]), CAST(:occurred_ats AS timestamptz[]), CAST(:integration_ids AS uuid[]),
            CAST(:service_ids AS uuid[]), CAST(:actions AS text[]), CAST(:dedup_keys AS text[]), CAST(:severities AS text[]),
            CAST(:summaries AS text[]), CAST(:decisions AS text[]), CAST(:reasons AS text[]), CAST(:alert_ids AS uuid[]),
            CAST(:incident_ids AS uuid[]), CAST(:body_ids AS uuid[]), CAST(:body_ats AS timestamptz[]), CAST(:delivery_ids AS text[]))
            AS e (id, occurred_at, integration_id, service_id, action, dedup_key, severity, summary, decision, reason, alert_id,
                incident_id, body_id, body_at, delivery_id)
    )
    SELECT (SELECT moment FROM this), 1 / CASE WHEN count(*) = cardinality(CAST(:repeated AS uuid[])) AND NOT EXISTS (
        SELECT FROM unnest(CAST(:topics AS text[]), CAST(:revisions AS bigint[])) AS o (topic, revision)
        WHERE o.revision <> coalesce((SELECT r.revision FROM revisions r WHERE r.topic = o.topic), 0)
    ) THEN 1 ELSE 0 END FROM counted
""")

DECIDED = text("SELECT id, dedup_key, decision, reason, alert_id, incident_id FROM events WHERE id = ANY(:ids)")

# By the unique index `events_once_per_delivery (integration_id, delivery_id) WHERE delivery_id IS NOT NULL`.
DELIVERED = text("""
    SELECT d.integration_id, d.delivery_id
    FROM unnest(CAST(:integration_ids AS uuid[]), CAST(:delivery_ids AS text[])) AS d (integration_id, delivery_id)
    CROSS JOIN LATERAL (
        SELECT FROM events e
        WHERE e.integration_id = d.integration_id AND e.delivery_id = d.delivery_id AND e.delivery_id IS NOT NULL LIMIT 1
    ) seen
""")

# By `alerts_incident_idx` and `events_alert_idx (alert_id, id)`.
TRIGGERS_SINCE = text("""
    SELECT i.id, (
        SELECT count(*) FROM alerts a JOIN events e ON e.alert_id = a.id
        WHERE a.incident_id = i.id AND e.action = 'trigger' AND e.received_at > i.since
    ) AS triggers, EXISTS (
        SELECT FROM alerts a
        WHERE a.incident_id = i.id AND a.state = 'open'
            AND (a.dedup_key = CAST(:heartbeat AS text) || a.integration_id OR starts_with(a.dedup_key, CAST(:stands_in AS text)))
    ) AS said_once
    FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[])) AS i (id, since)
""")
# By `events_alert_idx (alert_id, id)`.
CHANGES = text("""
    SELECT c.id, (
        SELECT count(*) FROM events e
        WHERE e.alert_id = c.id AND e.received_at > c.since AND e.decision IN ('reopened', 'resolved', 'held_flapping')
    ) AS changes
    FROM unnest(CAST(:ids AS uuid[]), CAST(:since AS timestamptz[])) AS c (id, since)
""")


async def count_changes(tx: AsyncConnection, since: Mapping[AlertId, datetime]) -> dict[AlertId, int]:
    """How often each alert ended or came back after its instant."""
    rows = await tx.execute(CHANGES, {"ids": list(since), "since": list(since.values())})
    return {AlertId(r.id): r.changes for r in rows}


async def count_triggers_since(tx: AsyncConnection, since: Mapping[IncidentId, datetime]) -> dict[IncidentId, Triggers]:
    """How many triggers of each incident came after its instant, and whether an alert is open that is said only once."""
    row = {"ids": list(since), "since": list(since.values()), "heartbeat": HEARTBEAT, "stands_in": STANDS_IN}
    return {IncidentId(r.id): Triggers(r.triggers, r.said_once) for r in await tx.execute(TRIGGERS_SINCE, row)}


async def list_events(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> list[EventSeen]:
    """In order of receipt, without their bodies."""
    return [event_seen(r) for r in await tx.execute(LIST_EVENTS, {"incident_id": incident_id, "after": after, "limit": limit})]


async def list_latest_of(tx: AsyncConnection, alert_id: AlertId, *, before: UUID, limit: int) -> list[EventSeen]:
    """Those of an alert, newest first, without their bodies."""
    return [event_seen(r) for r in await tx.execute(LATEST_OF, {"alert_id": alert_id, "before": before, "limit": limit})]


async def count_triggers(tx: AsyncConnection, alert_id: AlertId, *, until: EventId, most: int) -> int:
    """How many triggers an alert had had by this event, it included; not more than `most`."""
    count: int = (await tx.execute(TRIGGERS_UNTIL, {"alert_id": alert_id, "id": until, "most": most})).scalar_one()
    return count


async def find_seen(tx: AsyncConnection, id: EventId) -> EventSeen | None:
    """An event without its body."""
    row = (await tx.execute(FIND_SEEN, {"id": id})).first()
    return event_seen(row) if row else None


async def find_event(tx: AsyncConnection, id: EventId) -> tuple[EventSeen, Body | None] | None:
    """An event with the bytes it came in, or with None once they are gone."""
    row = (await tx.execute(FIND_EVENT, {"id": id})).first()
    if row is None:
        return None
    kept = row.kept_body_id is not None
    return event_seen(row), Body(row.kept_body_id, row.content_type, row.raw, msgspec.json.decode(row.headers)) if kept else None


@dataclass(frozen=True, slots=True)
class Repeats:
    """Open alerts and what repeats change in them, decided by what has these revisions, by their topics."""

    changes: Sequence[tuple[Alert, AlertChange]]
    rests_on: Mapping[str, int]


async def add_events(
    tx: AsyncConnection,
    events: Sequence[Event],
    decided: Mapping[EventId, Decided],
    occurred_ats: Sequence[datetime | None],
    *,
    repeats: Repeats | None = None,
    now: datetime | None,
) -> datetime:
    """Store events with their decisions and the instants their monitors claim (None: when we received them), and each body once; and count
    repeats of open alerts; when they were received. Without `now` the database's clock is read by the very statement.

    All or nothing; raises ConcurrentChange if one of these alerts, or anything that `repeats`, or this transaction, rests on, is no longer
    what it was.
    """
    relied = relied_of(tx)
    rests_on = repeats.rests_on if repeats else relied.on if relied else {}
    verdicts = [decided[e.id] for e in events]
    bodies: dict[Any, Body] = {e.body.id: e.body for e in events if e.body.stored_at is None}
    # Two nodes that meet on the same rows meet in the same order, nearly always; where not, PostgreSQL tells one of them.
    changes = sorted(repeats.changes, key=lambda repeat: repeat[0].id) if repeats else []
    row = {
        "now": now,
        "ids": [e.id for e in events],
        "occurred_ats": occurred_ats,
        "integration_ids": [e.integration_id for e in events],
        "service_ids": [e.service_id for e in events],
        "actions": [e.action for e in events],
        "dedup_keys": [e.dedup_key for e in events],
        "severities": [e.severity for e in events],
        "summaries": [e.summary for e in events],
        "decisions": [d.decision for d in verdicts],
        "reasons": [d.reason for d in verdicts],
        "alert_ids": [d.alert_id for d in verdicts],
        "incident_ids": [d.incident_id for d in verdicts],
        "body_ids": [e.body.id for e in events],
        "body_ats": [e.body.stored_at for e in events],
        "delivery_ids": [_once(e, d) for e, d in zip(events, verdicts, strict=True)],
        "distinct_body_ids": list(bodies),
        "content_types": [b.content_type for b in bodies.values()],
        "raws": [b.raw for b in bodies.values()],
        "headers": [msgspec.json.encode(b.headers).decode() for b in bodies.values()],
        "state": "open",
        "repeated": [alert.id for alert, _ in changes],
        "seen": [change.seen for _, change in changes],
        "severities_before": [alert.severity for alert, _ in changes],
        "labels_before": [msgspec.json.encode(alert.labels).decode() for alert, _ in changes],
        "incidents_before": [alert.incident_id for alert, _ in changes],
        "severities_now": [change.severity for _, change in changes],
        "expires_ats": [change.expires_at for _, change in changes],
        "topics": list(rests_on),
        "revisions": list(rests_on.values()),
    }
    try:
        with racing("events_pkey", "events_once_per_delivery"):
            received_at: datetime = (await tx.execute(ADD_EVENTS, row)).one()[0]
    except DBAPIError as error:
        if sqlstate(error) != DIVISION_BY_ZERO:
            raise
        raise ConcurrentChange("an alert, or what was decided by, was changed by another transaction meanwhile") from error
    if relied:
        relied.confirm(rests_on)
    return received_at


def _once(event: Event, decided: Decided) -> str | None:
    """The id of a delivery, the first time it came."""
    return event.delivery_id if event.delivery_id and decided.decision is not Decision.DUPLICATE_DELIVERY else None


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


def event_seen(r: Row[Any]) -> EventSeen:
    """A row of the columns that `FIND_SEEN` selects."""
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
        ServiceId(r.service_id),
    )
