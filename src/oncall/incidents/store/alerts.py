"""SQL about alerts."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import (
    Alert,
    AlertChange,
    AlertCounts,
    AlertSeen,
    Event,
    Key,
    OpenAlert,
    Severity,
    Silent,
    Told,
)
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId
from oncall.kit.trouble import ConcurrentChange, racing

# By the unique index `alerts_one_open_per_key (dedup_key, service_id) WHERE state = 'open'`, key by key: LIMIT keeps the planner from
# reading all alerts for a join, as it would while nobody has told it how many there are.
OPEN = text("""
    SELECT a.id, a.service_id, a.dedup_key, true AS is_open, a.severity, a.acknowledged, a.incident_id, a.watched,
        a.labels::text AS labels
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:dedup_keys AS text[])) AS k (service_id, dedup_key)
    CROSS JOIN LATERAL (
        SELECT * FROM alerts o WHERE o.service_id = k.service_id AND o.dedup_key = k.dedup_key AND o.state = 'open' LIMIT 1
    ) a
""")

# By the same index. Rules change: an alert may be open where no rule of today would send its end.
OPEN_FOR = text("""
    SELECT k.n, found.service_id
    FROM unnest(CAST(:integration_ids AS uuid[]), CAST(:dedup_keys AS text[]), CAST(:service_ids AS uuid[]))
        WITH ORDINALITY AS k (integration_id, dedup_key, service_id, n)
    CROSS JOIN LATERAL (
        SELECT a.service_id FROM alerts a
        WHERE a.dedup_key = k.dedup_key AND a.state = 'open'
            AND (a.integration_id = k.integration_id OR a.service_id = k.service_id)
        ORDER BY a.id
    ) found
""")

# By the same index; where it has none, and a trigger may come, by `alerts_resolved_idx (service_id, dedup_key, resolved_at) WHERE
# state = 'resolved'` the latest one, if its incident is open, or may still reopen. The second is looked for only where the first is not.
MET = text("""
    SELECT a.id, a.service_id, a.dedup_key, a.state = 'open' AS is_open, a.severity, a.acknowledged, a.incident_id, a.watched,
        a.labels::text AS labels
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:dedup_keys AS text[]), CAST(:may_reopen AS boolean[]))
        AS k (service_id, dedup_key, may_reopen)
    CROSS JOIN LATERAL (
        (SELECT o.* FROM alerts o WHERE o.service_id = k.service_id AND o.dedup_key = k.dedup_key AND o.state = 'open' LIMIT 1)
        UNION ALL
        (SELECT r.* FROM (
            SELECT * FROM alerts l WHERE k.may_reopen AND l.service_id = k.service_id AND l.dedup_key = k.dedup_key AND l.state = 'resolved'
            ORDER BY l.resolved_at DESC LIMIT 1
        ) r
        JOIN incidents i ON i.id = r.incident_id AND CASE i.status
            WHEN 'resolved' THEN i.resolved_at + i.reopen_window > :now
            WHEN 'closed' THEN false
            ELSE r.resolved_at + i.reopen_window > :now OR i.flapping_since IS NOT NULL END)
        LIMIT 1
    ) a
""")

# Returns of each incident that they open what people are told about, as `TOLD` would: as it is stored, in the order of the store.
ADD = text("""
    WITH added AS (
    INSERT INTO alerts (id, service_id, incident_id, integration_id, dedup_key, state, severity, acknowledged, summary, source,
        labels, links, details, event_count, first_seen_at, last_seen_at, expires_at)
    SELECT a.id, a.service_id, a.incident_id, a.integration_id, a.dedup_key, 'open', a.severity, false, a.summary, a.source,
        a.labels, a.links, a.details, a.seen, :now, :now, a.expires_at
    FROM unnest(CAST(:ids AS uuid[]), CAST(:service_ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:integration_ids AS uuid[]),
        CAST(:dedup_keys AS text[]), CAST(:severities AS text[]), CAST(:summaries AS text[]), CAST(:sources AS text[]),
        CAST(:labels AS jsonb[]), CAST(:links AS jsonb[]), CAST(:details AS jsonb[]), CAST(:seen AS bigint[]),
        CAST(:expires_ats AS timestamptz[]))
        AS a (id, service_id, incident_id, integration_id, dedup_key, severity, summary, source, labels, links, details, seen, expires_at)
    RETURNING id, incident_id, source, labels, details, links
    )
    SELECT DISTINCT ON (incident_id) incident_id, source, labels::text AS labels, details::text AS details, links::text AS links
    FROM added WHERE incident_id = ANY(CAST(:opened AS uuid[])) ORDER BY incident_id, id
""")

# Locks in the order of ids, whatever order the join would take; `was_open` is what the decision rests on. A repeat was decided on an
# alert read unlocked: it must not take back what another transaction acknowledged meanwhile.
CHANGE = text("""
    WITH change AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:was_open AS boolean[]), CAST(:is_open AS boolean[]), CAST(:seen AS bigint[]),
            CAST(:severities_before AS text[]), CAST(:severities AS text[]), CAST(:acknowledged AS boolean[]),
            CAST(:expires_ats AS timestamptz[]), CAST(:labels AS jsonb[]))
            AS c (id, was_open, is_open, seen, severity_before, severity, acknowledged, expires_at, labels)
    ), locked AS MATERIALIZED (
        SELECT id FROM alerts WHERE id = ANY(CAST(:ids AS uuid[])) ORDER BY id FOR NO KEY UPDATE
    )
    UPDATE alerts a SET
        event_count = a.event_count + c.seen,
        last_seen_at = CASE WHEN c.seen > 0 THEN :now ELSE a.last_seen_at END,
        severity = c.severity,
        labels = coalesce(c.labels, a.labels),
        acknowledged = c.acknowledged OR (a.acknowledged AND c.was_open),
        state = CASE WHEN c.is_open THEN 'open' ELSE 'resolved' END,
        resolved_at = CASE WHEN c.is_open THEN NULL ELSE :now END,
        reopened_at = CASE WHEN c.is_open AND NOT c.was_open THEN :now ELSE a.reopened_at END,
        expires_at = CASE WHEN c.was_open OR NOT c.is_open THEN coalesce(c.expires_at, a.expires_at) ELSE c.expires_at END
    FROM change c JOIN locked l ON l.id = c.id
    WHERE a.id = c.id AND (a.state = 'open') = c.was_open AND a.severity = c.severity_before
""")

# By `alerts_correlated_idx (service_id, md5(details ->> 'resource')) WHERE state = 'open' AND details ? 'correlate'`.
AMONG = text("""
    SELECT k.n, found.dedup_key
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:amongs AS jsonb[])) WITH ORDINALITY AS k (service_id, among, n)
    CROSS JOIN LATERAL (
        SELECT a.dedup_key FROM alerts a
        WHERE a.service_id = k.service_id AND a.state = 'open' AND a.details ? 'correlate'
            AND md5(a.details ->> 'resource') = md5(k.among ->> 'resource') AND a.details @> k.among
        ORDER BY a.id LIMIT 1
    ) found
""")

LOCK_PLACES = text("SELECT pg_advisory_xact_lock(place) FROM unnest(CAST(:places AS bigint[])) WITH ORDINALITY AS p (place, n) ORDER BY n")

WATCH = text("UPDATE alerts SET watched = :watched WHERE incident_id = ANY(:incident_ids) AND state = 'open' AND watched <> :watched")

RESOLVE_OF = text("UPDATE alerts SET state = 'resolved', resolved_at = :now WHERE incident_id = ANY(:incident_ids) AND state = 'open'")

# Of each incident the alert that people are told about: its first, or the first that is still open; of those that came from another
# incident only if there is none of its own, since the title is of that one.
TOLD = text("""
    SELECT DISTINCT ON (incident_id) incident_id, source, labels::text AS labels, details::text AS details,
        links::text AS links
    FROM alerts WHERE incident_id = ANY(:incident_ids) ORDER BY incident_id, state, moved_at NULLS FIRST, id
""")
LIST = text("""
    SELECT id, dedup_key, state = 'open' AS is_open, severity, acknowledged, summary, source, labels::text AS labels, links::text AS links,
        details::text AS details, event_count, first_seen_at, last_seen_at, resolved_at, expires_at
    FROM alerts WHERE incident_id = :incident_id AND id > :after ORDER BY id LIMIT :limit
""")
COUNTS = text("""
    SELECT incident_id, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
        count(*) FILTER (WHERE state = 'open' AND acknowledged) AS acknowledged, (array_agg(dedup_key ORDER BY id))[1:100] AS dedup_keys
    FROM alerts WHERE incident_id = ANY(:incident_ids) GROUP BY incident_id
""")

# What decides whether they are muted; by `alerts_incident_idx`.
OF = text("""
    SELECT incident_id, id, service_id, labels::text AS labels, severity, summary, source, dedup_key,
        coalesce(reopened_at, first_seen_at) AS opened_at, moved_at
    FROM alerts WHERE incident_id = ANY(:incident_ids) AND state = :state
""")
# By an index of open alerts; the instant of the last word has none, which each repeat would have to keep up.
SILENT = text("""
    SELECT a.id, a.integration_id, a.service_id, a.dedup_key, a.severity, a.summary, a.last_seen_at
    FROM unnest(CAST(:integration_ids AS uuid[]), CAST(:befores AS timestamptz[])) AS i (id, before)
    JOIN alerts a ON a.integration_id = i.id AND a.state = 'open' AND a.last_seen_at <= i.before
    ORDER BY a.last_seen_at LIMIT :limit
""")
HEARD_SINCE = text("""
    SELECT EXISTS (SELECT FROM unnest(CAST(:ids AS uuid[]), CAST(:last_seen_ats AS timestamptz[])) AS s (id, last_seen_at)
        JOIN alerts a ON a.id = s.id AND a.last_seen_at > s.last_seen_at)
""")
# By `alerts_open_idx`.
OPEN_AFTER = text("""
    SELECT id, service_id, labels::text AS labels, severity, summary, source, dedup_key
    FROM alerts WHERE state = 'open' AND id > :after ORDER BY id LIMIT :limit
""")
TALLY = text("""
    SELECT incident_id, count(*) FILTER (WHERE state = 'open') AS open, count(*) FILTER (WHERE state = 'resolved') AS resolved,
        count(*) FILTER (WHERE state = 'open' AND acknowledged) AS acknowledged
    FROM alerts WHERE incident_id = ANY(:incident_ids) GROUP BY incident_id
""")


AlertOf = tuple[IncidentId, OpenAlert, datetime, datetime | None]
"""An alert with its incident, when it opened, and when it came there from another one."""


def _alert(r: Row[Any]) -> Alert:
    """A row of the columns that `OPEN` selects, in their order: by their names it would take twice as long."""
    return Alert(AlertId(r[0]), ServiceId(r[1]), r[2], r[3], Severity(r[4]), r[5], IncidentId(r[6]), r[7], _labels(r[8]))


async def open_alerts(tx: AsyncConnection, keys: Sequence[Key]) -> dict[Key, Alert]:
    rows = await tx.execute(OPEN, {"service_ids": [service for service, _ in keys], "dedup_keys": [key for _, key in keys]})
    return {(ServiceId(r[1]), r[2]): _alert(r) for r in rows}


async def open_for(tx: AsyncConnection, asked: Sequence[tuple[Event, ServiceId]]) -> dict[EventId, list[ServiceId]]:
    """For each event where an alert with its key is open: in the service given for it, and wherever its own integration has one."""
    params = {
        "integration_ids": [event.integration_id for event, _ in asked],
        "dedup_keys": [event.dedup_key for event, _ in asked],
        "service_ids": [service for _, service in asked],
    }
    found: dict[EventId, list[ServiceId]] = {}
    for r in await tx.execute(OPEN_FOR, params):
        found.setdefault(asked[r.n - 1][0].id, []).append(ServiceId(r.service_id))
    return found


async def met_alerts(tx: AsyncConnection, keys: Mapping[Key, bool], *, now: datetime) -> dict[Key, Alert]:
    """For each of these keys its open alert; where there is none, and the key may reopen one, the one that a new trigger would reopen."""
    params = {
        "service_ids": [service for service, _ in keys],
        "dedup_keys": [key for _, key in keys],
        "may_reopen": list(keys.values()),
        "now": now,
    }
    return {(ServiceId(r[1]), r[2]): _alert(r) for r in await tx.execute(MET, params)}


async def lock_places(tx: AsyncConnection, places: Sequence[int]) -> None:
    """Until the end of the transaction; in order, so that nobody waits in a circle."""
    await tx.execute(LOCK_PLACES, {"places": list(places)})


async def keys_among(tx: AsyncConnection, asked: Sequence[tuple[ServiceId, Mapping[str, object]]]) -> dict[int, str]:
    """For each of what is asked, by its place in the list, the key of the first open alert whose details hold it, a `resource` among it."""
    params = {"service_ids": [service for service, _ in asked], "amongs": [_json(among) for _, among in asked]}
    return {r.n - 1: r.dedup_key for r in await tx.execute(AMONG, params)}


async def add_alerts(
    tx: AsyncConnection, added: Sequence[tuple[Event, AlertChange, IncidentId]], opened: Sequence[IncidentId], *, now: datetime
) -> dict[IncidentId, Told]:
    """Write new alerts; returns what people are told of those incidents of theirs that they have opened."""
    with racing("alerts_one_open_per_key", "alerts_pkey"):
        rows = await tx.execute(
            ADD,
            {
                "now": now,
                "ids": [change.alert_id for _, change, _ in added],
                "service_ids": [e.service_id for e, _, _ in added],
                "incident_ids": [incident_id for _, _, incident_id in added],
                "integration_ids": [e.integration_id for e, _, _ in added],
                "dedup_keys": [e.dedup_key for e, _, _ in added],
                "severities": [change.severity.value for _, change, _ in added],
                "summaries": [e.summary for e, _, _ in added],
                "sources": [e.source for e, _, _ in added],
                "labels": [_json(e.labels) for e, _, _ in added],
                "links": [_json([{"href": href, "text": words} for href, words in e.links]) for e, _, _ in added],
                "details": [_json(e.details) for e, _, _ in added],
                "seen": [change.seen for _, change, _ in added],
                "expires_ats": [change.expires_at for _, change, _ in added],
                "opened": list(opened),
            },
        )
    return {IncidentId(r.incident_id): _told(r) for r in rows}


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
            "severities_before": [alert.severity.value for alert, _ in changes],
            "severities": [change.severity.value for _, change in changes],
            "acknowledged": [change.acknowledged for _, change in changes],
            "expires_ats": [change.expires_at for _, change in changes],
            "labels": [change.labels and _json(change.labels) for _, change in changes],
        },
    )
    if done.rowcount != len(changes):
        raise ConcurrentChange("an alert was opened or resolved by another transaction meanwhile")


async def watch(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, watched: bool) -> None:
    """Whether each further trigger of their open alerts is looked at."""
    if incident_ids:
        await tx.execute(WATCH, {"incident_ids": list(incident_ids), "watched": watched})


async def resolve_alerts_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, now: datetime) -> None:
    await tx.execute(RESOLVE_OF, {"incident_ids": list(incident_ids), "now": now})


async def told(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, Told]:
    rows = await tx.execute(TOLD, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): _told(r) for r in rows}


def _told(r: Row[Any]) -> Told:
    return Told(r.source, _labels(r.labels), msgspec.json.decode(r.details), _links(r.links))


async def list_alerts(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID, limit: int) -> list[AlertSeen]:
    """In order of their first event."""
    return [alert_seen(r) for r in await tx.execute(LIST, {"incident_id": incident_id, "after": after, "limit": limit})]


async def open_after(tx: AsyncConnection, after: AlertId | None, *, limit: int) -> list[OpenAlert]:
    """Open alerts in the order of their ids."""
    params = {"after": after or UUID(int=0), "limit": limit}
    return [open_alert(r) for r in await tx.execute(OPEN_AFTER, params)]


async def open_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> list[AlertOf]:
    """The open alerts of these incidents."""
    return await _of(tx, incident_ids, "open")


async def over_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> list[AlertOf]:
    """Those that are over, as they were."""
    return await _of(tx, incident_ids, "resolved")


async def _of(tx: AsyncConnection, incident_ids: Sequence[IncidentId], state: str) -> list[AlertOf]:
    rows = await tx.execute(OF, {"incident_ids": list(incident_ids), "state": state})
    return [(IncidentId(r.incident_id), open_alert(r), r.opened_at, r.moved_at) for r in rows]


def open_alert(r: Row[Any]) -> OpenAlert:
    severity = Severity(r.severity)
    return OpenAlert(AlertId(r.id), ServiceId(r.service_id), _labels(r.labels), severity, r.summary, r.source, r.dedup_key)


async def silent(tx: AsyncConnection, before: Mapping[IntegrationId, datetime], *, limit: int) -> list[Silent]:
    """Open alerts of these integrations of which nothing was heard since the instant given for theirs; the longest ones first."""
    params = {"integration_ids": list(before), "befores": list(before.values()), "limit": limit}
    return [
        Silent(
            AlertId(r.id),
            IntegrationId(r.integration_id),
            ServiceId(r.service_id),
            r.dedup_key,
            Severity(r.severity),
            r.summary,
            r.last_seen_at,
        )
        for r in await tx.execute(SILENT, params)
    ]


async def check_silent(tx: AsyncConnection, silent: Sequence[Silent]) -> None:
    """Raises ConcurrentChange if something was heard of one of them since it was read. What is written here stays as it is."""
    params = {"ids": [one.id for one in silent], "last_seen_ats": [one.last_seen_at for one in silent]}
    if (await tx.execute(HEARD_SINCE, params)).scalar_one():
        raise ConcurrentChange("an alert was heard of meanwhile")


async def tally(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, AlertCounts]:
    """How many there are, without their keys: an incident may have thousands."""
    rows = await tx.execute(TALLY, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): AlertCounts(r.open, r.resolved, r.acknowledged) for r in rows}


async def counts(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, AlertCounts]:
    """With the first hundred of their keys."""
    rows = await tx.execute(COUNTS, {"incident_ids": list(incident_ids)})
    return {IncidentId(r.incident_id): AlertCounts(r.open, r.resolved, r.acknowledged, tuple(r.dedup_keys)) for r in rows}


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
        r.expires_at,
    )


def _labels(raw: str) -> dict[str, str]:
    return msgspec.json.decode(raw, type=dict[str, str])


def _links(raw: str) -> tuple[tuple[str, str], ...]:
    return tuple((link["href"], link["text"]) for link in msgspec.json.decode(raw, type=list[dict[str, str]]))


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
