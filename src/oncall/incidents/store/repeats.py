"""SQL of repeats: in a storm nearly every event is one, so they have two statements of their own, the second of which is all or nothing."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.events import INSERT_BODIES, INSERT_EVENTS, event_columns
from oncall.incidents.values import Alert, AlertChange, Decided, Event, Key, Severity
from oncall.kit.db import ConcurrentChange, racing, sqlstate
from oncall.kit.ids import AlertId, EventId, IncidentId

# By the unique index `alerts_one_open_per_key (service_id, dedup_key) WHERE state = 'open'`; a row for each key, in order.
OPEN_AND_NOW = text("""
    SELECT clock_timestamp() AS now, a.id, a.severity, a.acknowledged, a.incident_id
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:dedup_keys AS text[])) WITH ORDINALITY AS k (service_id, dedup_key, n)
    LEFT JOIN alerts a ON a.service_id = k.service_id AND a.dedup_key = k.dedup_key AND a.state = 'open'
    ORDER BY k.n
""")

# An alert that is no longer open spoils the count, and a division by zero undoes the whole: to lock the rows first, as one does where
# incidents follow, would be half of what this costs. Two nodes that meet on the same rows in another order are told so by PostgreSQL.
DIVISION_BY_ZERO = "22012"
ADD_REPEATS = text(f"""
    WITH change AS MATERIALIZED (
        SELECT * FROM unnest(CAST(:ids AS uuid[]), CAST(:seen AS bigint[]), CAST(:severities AS text[])) AS c (id, seen, severity)
    ), changed AS (
        UPDATE alerts a SET event_count = a.event_count + c.seen, last_seen_at = :now, severity = c.severity
        FROM change c WHERE a.id = c.id AND a.state = 'open' RETURNING a.id
    ), bodies AS ({INSERT_BODIES}), added AS ({INSERT_EVENTS})
    SELECT 1 / CASE WHEN count(*) = cardinality(CAST(:ids AS uuid[])) THEN 1 ELSE 0 END FROM changed
""")  # noqa: S608 — both are constants


async def open_alerts_and_now(tx: AsyncConnection, keys: Sequence[Key]) -> tuple[dict[Key, Alert], datetime]:
    """The open alerts of these keys, one key at least, and the database's `now`."""
    asked = {"service_ids": [service for service, _ in keys], "dedup_keys": [key for _, key in keys]}
    rows = (await tx.execute(OPEN_AND_NOW, asked)).all()
    found = {
        key: Alert(AlertId(r[1]), *key, True, Severity(r[2]), r[3], IncidentId(r[4])) for key, r in zip(keys, rows, strict=True) if r[1]
    }
    return found, rows[0][0]


async def add_repeats(
    tx: AsyncConnection,
    changes: Sequence[AlertChange],
    events: Sequence[Event],
    decided: Mapping[EventId, Decided],
    occurred_ats: Sequence[datetime],
    *,
    now: datetime,
) -> None:
    """Count repeats and store their events; raises ConcurrentChange, and writes nothing, if one of the alerts is no longer open."""
    sorted_changes = sorted(changes, key=lambda change: change.alert_id)
    columns = event_columns(events, decided, occurred_ats) | {
        "now": now,
        "ids": [change.alert_id for change in sorted_changes],
        "seen": [change.seen for change in sorted_changes],
        "severities": [change.severity for change in sorted_changes],
    }
    try:
        with racing("events_pkey"):
            await tx.execute(ADD_REPEATS, columns)
    except DBAPIError as error:
        if sqlstate(error) != DIVISION_BY_ZERO:
            raise
        raise ConcurrentChange("an alert was resolved by another transaction meanwhile") from error
