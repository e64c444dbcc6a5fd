"""SQL about the records of incidents. Whoever writes one holds the lock of its incident."""

from collections.abc import Iterable, Sequence
from typing import Any, TypeVar

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import (
    BusinessUrgency,
    CategoryId,
    Closure,
    Grading,
    Impact,
    Promised,
    Record,
    Reporter,
    Risk,
    SlaId,
    Verification,
)
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

T = TypeVar("T")

# What is JSON is read as text: `msgspec` makes values of it.
RECORDS = text("""
    SELECT incident_id, version, description, reporter::text AS reporter, reported_at, noticed_at, category_id, logged_category_id, impact,
        business_urgency, affected_users, risks, priority_reason, priority_by::text AS priority_by, sla_id, acknowledge_by, resolve_by,
        update_by, marks, next_at, resolution_code, resolution_text, monitoring_until, closure, closure_since,
        verification::text AS verification
    FROM incident_records WHERE incident_id = ANY(CAST(:ids AS uuid[]))
""")
LOCK = text("SELECT FROM incident_records WHERE incident_id = :id FOR NO KEY UPDATE")
ADD = text("""
    INSERT INTO incident_records (incident_id, description, category_id, impact, business_urgency, risks, priority_reason, marks,
        resolution_text)
    SELECT id, '', category_id, impact, business_urgency, '{}', reason, '{}', ''
    FROM unnest(CAST(:ids AS uuid[]), CAST(:category_ids AS uuid[]), CAST(:impacts AS text[]), CAST(:business_urgencies AS text[]),
        CAST(:reasons AS text[])) AS n (id, category_id, impact, business_urgency, reason)
""")
SAVE = text("""
    INSERT INTO incident_records (incident_id, version, description, reporter, reported_at, noticed_at, category_id, logged_category_id,
        impact, business_urgency, affected_users, risks, priority_reason, priority_by, sla_id, acknowledge_by, resolve_by, update_by, marks,
        next_at, resolution_code, resolution_text, monitoring_until, closure, closure_since, verification)
    VALUES (:incident_id, :version, :description, CAST(:reporter AS jsonb), :reported_at, :noticed_at, :category_id, :logged_category_id,
        :impact, :business_urgency, :affected_users, CAST(:risks AS text[]), :priority_reason, CAST(:priority_by AS jsonb), :sla_id,
        :acknowledge_by, :resolve_by, :update_by, CAST(:marks AS text[]), :next_at, :resolution_code, :resolution_text, :monitoring_until,
        :closure, :closure_since, CAST(:verification AS jsonb))
    ON CONFLICT (incident_id) DO UPDATE SET version = excluded.version, description = excluded.description, reporter = excluded.reporter,
        reported_at = excluded.reported_at, noticed_at = excluded.noticed_at, category_id = excluded.category_id,
        logged_category_id = excluded.logged_category_id, impact = excluded.impact, business_urgency = excluded.business_urgency,
        affected_users = excluded.affected_users, risks = excluded.risks, priority_reason = excluded.priority_reason,
        priority_by = excluded.priority_by, sla_id = excluded.sla_id, acknowledge_by = excluded.acknowledge_by,
        resolve_by = excluded.resolve_by, update_by = excluded.update_by, marks = excluded.marks, next_at = excluded.next_at,
        failures = 0, last_error = NULL, resolution_code = excluded.resolution_code, resolution_text = excluded.resolution_text,
        monitoring_until = excluded.monitoring_until, closure = excluded.closure, closure_since = excluded.closure_since,
        verification = excluded.verification
""")


async def get_records(tx: AsyncConnection, ids: Iterable[IncidentId]) -> dict[IncidentId, Record]:
    return {IncidentId(r.incident_id): _record(r) for r in await tx.execute(RECORDS, {"ids": list(set(ids))})}


async def lock_record(tx: AsyncConnection, id: IncidentId) -> Record | None:
    await tx.execute(LOCK, {"id": id})
    return (await get_records(tx, [id])).get(id)


async def add_records(tx: AsyncConnection, records: Sequence[Record]) -> None:
    """Records of incidents that were opened just now: what their services say of them."""
    params = {
        "ids": [one.incident_id for one in records],
        "category_ids": [one.category_id for one in records],
        "impacts": [one.grading.impact and one.grading.impact.value for one in records],
        "business_urgencies": [one.grading.business_urgency and one.grading.business_urgency.value for one in records],
        "reasons": [one.priority_reason for one in records],
    }
    await tx.execute(ADD, params)


async def save_record(tx: AsyncConnection, record: Record) -> None:
    """Write it, whether or not it is there already."""
    grading, promised = record.grading, record.promised
    params = {
        "incident_id": record.incident_id,
        "version": record.version,
        "description": record.description,
        "reporter": _written(record.reporter),
        "reported_at": record.reported_at,
        "noticed_at": record.noticed_at,
        "category_id": record.category_id,
        "logged_category_id": record.logged_category_id,
        "impact": grading.impact and grading.impact.value,
        "business_urgency": grading.business_urgency and grading.business_urgency.value,
        "affected_users": grading.affected_users,
        "risks": [risk.value for risk in grading.risks],
        "priority_reason": record.priority_reason,
        "priority_by": _written(record.priority_by),
        "sla_id": record.sla_id,
        "acknowledge_by": promised.acknowledge_by,
        "resolve_by": promised.resolve_by,
        "update_by": promised.update_by,
        "marks": list(record.marks),
        "next_at": record.next_at,
        "resolution_code": record.resolution_code,
        "resolution_text": record.resolution_text,
        "monitoring_until": record.monitoring_until,
        "closure": record.closure and record.closure.value,
        "closure_since": record.closure_since,
        "verification": _written(record.verification),
    }
    await tx.execute(SAVE, params)


def _record(r: Row[Any]) -> Record:
    return Record(
        incident_id=IncidentId(r.incident_id),
        version=r.version,
        description=r.description,
        reporter=_read(r.reporter, Reporter),
        reported_at=r.reported_at,
        noticed_at=r.noticed_at,
        category_id=CategoryId(r.category_id) if r.category_id else None,
        logged_category_id=CategoryId(r.logged_category_id) if r.logged_category_id else None,
        grading=Grading(
            Impact(r.impact) if r.impact else None,
            BusinessUrgency(r.business_urgency) if r.business_urgency else None,
            r.affected_users,
            tuple(Risk(risk) for risk in r.risks),
        ),
        priority_reason=r.priority_reason,
        priority_by=_read(r.priority_by, Actor),
        sla_id=SlaId(r.sla_id) if r.sla_id else None,
        promised=Promised(r.acknowledge_by, r.resolve_by, r.update_by),
        marks=tuple(r.marks),
        next_at=r.next_at,
        resolution_code=r.resolution_code,
        resolution_text=r.resolution_text,
        monitoring_until=r.monitoring_until,
        closure=Closure(r.closure) if r.closure else None,
        closure_since=r.closure_since,
        verification=_read(r.verification, Verification),
    )


def _read(stored: str | None, type: type[T]) -> T | None:
    return None if stored is None else msgspec.json.decode(stored, type=type)


def _written(value: object) -> str | None:
    return None if value is None else msgspec.json.encode(value).decode()
