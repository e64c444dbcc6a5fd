"""SQL that reads what was recorded of incidents: how they stood at an instant, what people did, who was paged."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.escalation.values import Snapshot
from oncall.incidents.values import Severity
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import AlertId, IncidentId, IntegrationId, ServiceId
from oncall.simulate.values.replaying import IncidentNamed

# Reads all incidents: an index on when they were closed would cost each of them more than this costs once.
NOT_CLOSED_BEFORE = text("""
    SELECT id, title, service_id, urgency, severity, policy_snapshot::text AS snapshot, ack_timeout, reopen_window, group_key, triggered_at
    FROM incidents WHERE triggered_at < :since AND (closed_at IS NULL OR closed_at >= :since) ORDER BY id
""")
BORN = text("""
    SELECT id, service_id, urgency, severity, triggered_at FROM incidents
    WHERE id > :after AND id <= :last AND triggered_at >= :since AND triggered_at < :until ORDER BY id LIMIT :limit
""")
# As above of all incidents, and of those of the service each entry by timeline_entries_incident_idx.
ACTED_ON = text("""
    SELECT i.id, i.number FROM incidents i
    WHERE i.service_id = :service_id AND (i.closed_at IS NULL OR i.closed_at >= :since) AND EXISTS (
        SELECT 1 FROM timeline_entries t
        WHERE t.incident_id = i.id AND t.actor_kind IN ('user', 'api_key') AND t.at >= :since AND t.at < :until
    )
""")
# By timeline_entries_incident_idx.
ENTRIES = text("""
    SELECT t.incident_id, t.at, t.kind, t.actor_kind, t.actor_id, t.actor_name, t.via, t.detail::text AS detail
    FROM timeline_entries t
    WHERE t.incident_id = ANY(CAST(:ids AS uuid[])) AND t.kind = ANY(CAST(:kinds AS text[])) AND t.at >= :since AND t.at < :until
    ORDER BY t.at, t.seq
""")
# By alerts_incident_idx, and for each the last event that opened or ended it by events_alert_idx (alert_id, id).
ALERTS = text("""
    SELECT a.id, a.incident_id, a.service_id, a.dedup_key, a.integration_id, a.summary, a.source, a.labels::text AS labels, a.first_seen_at,
        a.expires_at, last.action, last.received_at, last.severity, opened.received_at AS reopened_at,
        acknowledged.received_at AS acknowledged_at
    FROM alerts a
    CROSS JOIN LATERAL (
        SELECT e.action, e.received_at, e.severity FROM events e
        WHERE e.alert_id = a.id AND e.action IN ('trigger', 'resolve') AND e.received_at < :since ORDER BY e.id DESC LIMIT 1
    ) last
    LEFT JOIN LATERAL (
        SELECT e.received_at FROM events e
        WHERE e.alert_id = a.id AND e.action = 'trigger' AND e.decision IN ('reopened', 'held_flapping') AND e.received_at < :since
        ORDER BY e.id DESC LIMIT 1
    ) opened ON true
    LEFT JOIN LATERAL (
        SELECT e.received_at FROM events e
        WHERE e.alert_id = a.id AND e.action = 'acknowledge' AND e.received_at < :since ORDER BY e.id DESC LIMIT 1
    ) acknowledged ON true
    WHERE a.incident_id = ANY(CAST(:ids AS uuid[])) AND a.first_seen_at < :since ORDER BY a.id
""")
LATELY = text("""
    SELECT e.alert_id, e.received_at, e.action, e.decision FROM events e
    WHERE e.alert_id = ANY(CAST(:ids AS uuid[])) AND e.id >= :first AND e.received_at >= :from AND e.received_at < :since
        AND (e.action = 'trigger' OR e.decision IN ('resolved', 'held_flapping'))
    ORDER BY e.id LIMIT 100000
""")
NUMBERS = text("SELECT id, number, title FROM incidents WHERE id = ANY(CAST(:ids AS uuid[]))")


@dataclass(frozen=True, slots=True)
class IncidentStored:
    """An incident, as far as it does not change, and as it is now."""

    id: IncidentId
    title: str
    service_id: ServiceId
    urgency: Urgency
    severity: Severity
    snapshot: Snapshot
    ack_timeout: timedelta | None
    reopen_window: timedelta
    group_key: str | None
    triggered_at: datetime


@dataclass(frozen=True, slots=True)
class IncidentBorn:
    id: IncidentId
    service_id: ServiceId
    urgency: Urgency
    severity: Severity
    triggered_at: datetime


@dataclass(frozen=True, slots=True)
class EntryStored:
    """One entry of a timeline."""

    incident_id: IncidentId
    at: datetime
    kind: str
    actor: Actor
    detail: Mapping[str, object]


@dataclass(frozen=True, slots=True)
class AlertStored:
    """An alert with the last events before an instant that opened, ended or acknowledged it."""

    id: AlertId
    incident_id: IncidentId
    service_id: ServiceId
    dedup_key: str
    integration_id: IntegrationId
    summary: str
    source: str
    labels: Mapping[str, str]
    first_seen_at: datetime
    expires_at: datetime | None
    last_action: str
    last_at: datetime
    severity: Severity
    reopened_at: datetime | None
    acknowledged_at: datetime | None


async def incidents_at(tx: AsyncConnection, since: datetime) -> list[IncidentStored]:
    """Those that had been opened by then and not been closed."""
    return [
        IncidentStored(
            IncidentId(r.id),
            r.title,
            ServiceId(r.service_id),
            Urgency(r.urgency),
            Severity(r.severity),
            _snapshot(r.snapshot),
            r.ack_timeout,
            r.reopen_window,
            r.group_key,
            r.triggered_at,
        )
        for r in await tx.execute(NOT_CLOSED_BEFORE, {"since": since})
    ]


async def incidents_born(
    tx: AsyncConnection, *, after: UUID, last: UUID, since: datetime, until: datetime, limit: int
) -> list[IncidentBorn]:
    """Those that were opened in the range, in the order of their ids."""
    rows = await tx.execute(BORN, {"after": after, "last": last, "since": since, "until": until, "limit": limit})
    return [IncidentBorn(IncidentId(r.id), ServiceId(r.service_id), Urgency(r.urgency), Severity(r.severity), r.triggered_at) for r in rows]


async def entries_of(
    tx: AsyncConnection, ids: Sequence[IncidentId], kinds: Sequence[str], *, since: datetime, until: datetime
) -> list[EntryStored]:
    """What of these kinds happened to these incidents, in order."""
    if not ids:
        return []
    rows = await tx.execute(ENTRIES, {"ids": list(ids), "kinds": list(kinds), "since": since, "until": until})
    return [
        EntryStored(
            IncidentId(r.incident_id),
            r.at,
            r.kind,
            Actor(ActorKind(r.actor_kind), r.actor_id, r.actor_name, r.via),
            msgspec.json.decode(r.detail),
        )
        for r in rows
    ]


async def alerts_at(tx: AsyncConnection, ids: Sequence[IncidentId], since: datetime) -> list[AlertStored]:
    """The alerts that these incidents had by then."""
    return [
        AlertStored(
            AlertId(r.id),
            IncidentId(r.incident_id),
            ServiceId(r.service_id),
            r.dedup_key,
            IntegrationId(r.integration_id),
            r.summary,
            r.source,
            msgspec.json.decode(r.labels, type=dict[str, str]),
            r.first_seen_at,
            r.expires_at,
            r.action,
            r.received_at,
            Severity(r.severity),
            r.reopened_at,
            r.acknowledged_at,
        )
        for r in await tx.execute(ALERTS, {"ids": list(ids), "since": since})
    ]


async def lately(
    tx: AsyncConnection, ids: Sequence[AlertId], *, first: UUID, since: datetime, until: datetime
) -> list[tuple[AlertId, datetime, str, str]]:
    """Triggers and changes of these alerts: which, when, by what action, and what was decided."""
    if not ids:
        return []
    rows = await tx.execute(LATELY, {"ids": list(ids), "first": first, "from": since, "since": until})
    return [(AlertId(r.alert_id), r.received_at, r.action, r.decision) for r in rows]


async def acted_on(tx: AsyncConnection, service_id: ServiceId, *, since: datetime, until: datetime) -> Mapping[IncidentId, int]:
    """The numbers of the service's incidents on which some person or key acted in a range."""
    rows = await tx.execute(ACTED_ON, {"service_id": service_id, "since": since, "until": until})
    return {IncidentId(r.id): r.number for r in rows}


async def names_of(tx: AsyncConnection, ids: Sequence[IncidentId]) -> Mapping[IncidentId, IncidentNamed]:
    rows = await tx.execute(NUMBERS, {"ids": list(ids)})
    return {IncidentId(r.id): IncidentNamed(IncidentId(r.id), r.number, r.title) for r in rows}


# Thousands of incidents share a handful of snapshots.
@lru_cache(maxsize=256)
def _snapshot(raw: str) -> Snapshot:
    return msgspec.json.decode(raw, type=Snapshot)
