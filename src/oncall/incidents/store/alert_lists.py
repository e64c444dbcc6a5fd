"""SQL that lists alerts by whatever people know of them, newest first."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Row, Select, Text, cast, literal_column, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.alerts import alert_seen
from oncall.incidents.tables import alerts, incidents
from oncall.incidents.values import Status
from oncall.incidents.values.alerts import AlertAround, AlertFilter
from oncall.kit.ids import AlertId, IncidentId, IntegrationId, ServiceId

AROUND = select(
    alerts.c.id,
    alerts.c.service_id,
    alerts.c.incident_id,
    alerts.c.integration_id,
    alerts.c.dedup_key,
    (alerts.c.state == "open").label("is_open"),
    alerts.c.severity,
    alerts.c.acknowledged,
    alerts.c.summary,
    alerts.c.source,
    cast(alerts.c.labels, Text).label("labels"),
    cast(alerts.c.links, Text).label("links"),
    cast(alerts.c.details, Text).label("details"),
    alerts.c.event_count,
    alerts.c.first_seen_at,
    alerts.c.last_seen_at,
    alerts.c.resolved_at,
    alerts.c.expires_at,
    incidents.c.number,
    incidents.c.status,
).join_from(alerts, incidents, incidents.c.id == alerts.c.incident_id)


def newest(asked: AlertFilter, *, before: UUID, limit: int) -> Select[Any]:
    """Each filter has an index that ends with the id: `alerts_service_idx`, `alerts_incident_idx`, `alerts_dedup_key_idx`,
    `alerts_integration_idx`, `alerts_severity_idx`, and `alerts_open_idx` for those that are open, of which there are few (those of a
    service are in `alerts_one_open_per_key` as well). What is resolved is most of what there is.
    """
    return AROUND.where(alerts.c.id < before, *_conditions(asked)).order_by(alerts.c.id.desc()).limit(limit)


def _conditions(asked: AlertFilter) -> Iterator[ColumnElement[bool]]:
    for column, wanted in (
        (alerts.c.service_id, asked.service_id),
        (alerts.c.incident_id, asked.incident_id),
        (alerts.c.integration_id, asked.integration_id),
        (alerts.c.dedup_key, asked.dedup_key),
        (alerts.c.severity, asked.severity and asked.severity.value),
    ):
        if wanted is not None:
            yield column == wanted
    if asked.is_open is not None:
        # Said as the index says it, and not as a parameter, which the planner would know nothing of.
        yield alerts.c.state == literal_column("'open'" if asked.is_open else "'resolved'")


async def list_newest(tx: AsyncConnection, asked: AlertFilter, *, before: UUID, limit: int) -> list[AlertAround]:
    return [_around(r) for r in await tx.execute(newest(asked, before=before, limit=limit))]


async def find_alert(tx: AsyncConnection, id: AlertId) -> AlertAround | None:
    row = (await tx.execute(AROUND.where(alerts.c.id == id))).first()
    return _around(row) if row else None


def _around(r: Row[Any]) -> AlertAround:
    return AlertAround(
        alert_seen(r), ServiceId(r.service_id), IntegrationId(r.integration_id), IncidentId(r.incident_id), r.number, Status(r.status)
    )


# For each incident the last of its open alerts to be over by themselves; none if one of them never is.
OVER = text("""
    SELECT a.incident_id, max(a.last_seen_at + asked.after) AS at
    FROM alerts a LEFT JOIN unnest(CAST(:integration_ids AS uuid[]), CAST(:afters AS interval[])) AS asked (integration_id, after)
        ON asked.integration_id = a.integration_id
    WHERE a.incident_id = ANY(CAST(:incident_ids AS uuid[])) AND a.state = 'open'
    GROUP BY a.incident_id HAVING bool_and(asked.after IS NOT NULL)
""")


async def over_at(
    tx: AsyncConnection, incident_ids: Sequence[IncidentId], after: Mapping[IntegrationId, timedelta]
) -> dict[IncidentId, datetime]:
    """When the open alerts of an incident are over if nothing is heard of them; `after`: how long after its last word, by integration."""
    given = {"incident_ids": list(incident_ids), "integration_ids": list(after), "afters": list(after.values())}
    return {IncidentId(r.incident_id): r.at for r in await tx.execute(OVER, given)}


# By `alerts_dedup_key_idx`; whatever rules have made of the service meanwhile.
ENDED = text("""
    SELECT dedup_key, max(resolved_at) AS at FROM alerts WHERE dedup_key = ANY(CAST(:dedup_keys AS text[]))
    GROUP BY dedup_key HAVING bool_and(state = 'resolved')
""")


async def ended_at(tx: AsyncConnection, dedup_keys: Sequence[str]) -> dict[str, datetime]:
    """When the last alert with a key was resolved, wherever it was; none of a key that is open, or was never there."""
    return {r.dedup_key: r.at for r in await tx.execute(ENDED, {"dedup_keys": list(dedup_keys)})}
