"""Every SQL statement about services."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, TypeVar
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import BusinessUrgency, CalendarId, CategoryId, Filing, Impact, Process, SlaId
from oncall.kit.ids import PolicyId, ServiceId, TeamId
from oncall.kit.relying import Lookup
from oncall.services.tables import services
from oncall.services.values import Service, UrgencyMode
from oncall.services.values.judging import Delay, Flapping, Grouping, Threshold

T = TypeVar("T")

# Whoever decides about pages does not read what people want to know of a service (`store/profiles.py`).
PROFILE = {"description", "tier", "links", "runbook_url", "owner_contact"}
SERVICES = select(*(column for column in services.c if column.name not in PROFILE))
INSERT = text("""
    INSERT INTO services (id, name, team_id, escalation_policy_id, ack_timeout, urgency, reopen_window, grouping, group_max_age,
        flapping, threshold, delay, process, default_category_id, default_impact, default_business_urgency, auto_close_days, sla_id,
        support_hours_id, created_at)
    VALUES (:id, :name, :team_id, :escalation_policy_id, :ack_timeout, :urgency, :reopen_window, CAST(:grouping AS jsonb), :group_max_age,
        CAST(:flapping AS jsonb), CAST(:threshold AS jsonb), CAST(:delay AS jsonb), :process, :default_category_id, :default_impact,
        :default_business_urgency, :auto_close_days, :sla_id, :support_hours_id, :now)
""")
UPDATE = text("""
    UPDATE services SET name = :name, team_id = :team_id, escalation_policy_id = :escalation_policy_id, ack_timeout = :ack_timeout,
        urgency = :urgency, reopen_window = :reopen_window, grouping = CAST(:grouping AS jsonb), group_max_age = :group_max_age,
        flapping = CAST(:flapping AS jsonb), threshold = CAST(:threshold AS jsonb), delay = CAST(:delay AS jsonb),
        process = :process, default_category_id = :default_category_id, default_impact = :default_impact,
        default_business_urgency = :default_business_urgency, auto_close_days = :auto_close_days,
        sla_id = :sla_id, support_hours_id = :support_hours_id, version = version + 1
    WHERE id = :id
""")
BY_IDS = Lookup(
    """
    SELECT id, name, team_id, escalation_policy_id, ack_timeout, urgency, reopen_window, grouping, group_max_age, flapping,
        threshold, delay, version, process, default_category_id, default_impact, default_business_urgency, auto_close_days,
        sla_id, support_hours_id
    FROM services WHERE id = ANY(CAST(:ids AS uuid[]))
""",
    ids="ids",
    column="id",
)
OF_TEAMS = text("""
    SELECT id, name, team_id, escalation_policy_id, ack_timeout, urgency, reopen_window, grouping, group_max_age, flapping,
        threshold, delay, version, process, default_category_id, default_impact, default_business_urgency, auto_close_days,
        sla_id, support_hours_id
    FROM services WHERE team_id = ANY(CAST(:team_ids AS uuid[])) ORDER BY id LIMIT :limit
""")
DELETE = text("DELETE FROM services WHERE id = :id")


async def get_services(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, Service]:
    return {s.id: s for s in map(_service, await tx.execute(BY_IDS, {"ids": list(ids)}))}


async def services_of(tx: AsyncConnection, team_ids: Sequence[TeamId], *, limit: int) -> list[Service]:
    return [_service(row) for row in await tx.execute(OF_TEAMS, {"team_ids": list(team_ids), "limit": limit})]


async def lock_service(tx: AsyncConnection, id: ServiceId) -> Service | None:
    row = (await tx.execute(SERVICES.where(services.c.id == id).with_for_update(key_share=True))).first()  # FOR NO KEY UPDATE
    return _service(row) if row else None


async def list_services(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Service]:
    page = SERVICES.where(services.c.id > after).order_by(services.c.id).limit(limit)
    return [_service(row) for row in await tx.execute(page)]


async def all_services(tx: AsyncConnection) -> list[Service]:
    return [_service(row) for row in await tx.execute(SERVICES.order_by(services.c.id))]


async def add_service(tx: AsyncConnection, service: Service, *, now: datetime) -> None:
    await tx.execute(INSERT, {**_columns(service), "now": now})


async def save_service(tx: AsyncConnection, service: Service) -> None:
    await tx.execute(UPDATE, _columns(service))


async def delete_service(tx: AsyncConnection, id: ServiceId) -> None:
    await tx.execute(DELETE, {"id": id})


def _service(r: Row[Any]) -> Service:
    team = TeamId(r.team_id) if r.team_id else None
    return Service(
        ServiceId(r.id),
        r.name,
        team,
        PolicyId(r.escalation_policy_id),
        r.ack_timeout,
        UrgencyMode(r.urgency),
        r.reopen_window,
        r.version,
        _read(r.grouping, Grouping),
        r.group_max_age,
        _read(r.flapping, Flapping),
        _read(r.threshold, Threshold),
        _read(r.delay, Delay),
        Filing(
            Process(r.process),
            CategoryId(r.default_category_id) if r.default_category_id else None,
            Impact(r.default_impact) if r.default_impact else None,
            BusinessUrgency(r.default_business_urgency) if r.default_business_urgency else None,
            r.auto_close_days,
            SlaId(r.sla_id) if r.sla_id else None,
        ),
        CalendarId(r.support_hours_id) if r.support_hours_id else None,
    )


def _columns(service: Service) -> dict[str, object]:
    return {
        "id": service.id,
        "name": service.name,
        "team_id": service.team_id,
        "escalation_policy_id": service.escalation_policy_id,
        "ack_timeout": service.ack_timeout,
        "urgency": service.urgency.value,
        "reopen_window": service.reopen_window,
        "grouping": _written(service.grouping),
        "group_max_age": service.group_max_age,
        "flapping": _written(service.flapping),
        "threshold": _written(service.threshold),
        "delay": _written(service.delay),
        "process": service.filing.process.value,
        "default_category_id": service.filing.category_id,
        "default_impact": service.filing.impact,
        "default_business_urgency": service.filing.business_urgency,
        "auto_close_days": service.filing.auto_close_days,
        "sla_id": service.filing.sla_id,
        "support_hours_id": service.support_hours_id,
    }


def _read(stored: object, type: type[T]) -> T | None:
    return None if stored is None else msgspec.convert(stored, type)


def _written(setting: object) -> str | None:
    return None if setting is None else msgspec.json.encode(setting).decode()
