"""Every SQL statement about services and integrations."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IntegrationId, PolicyId, ServiceId, TeamId
from oncall.services.tables import services
from oncall.services.values import Integration, IntegrationRef, IntegrationType, Service, UrgencyMode

SERVICES = select(services)
INSERT = text("""
    INSERT INTO services (id, name, team_id, escalation_policy_id, ack_timeout, urgency, reopen_window, created_at)
    VALUES (:id, :name, :team_id, :escalation_policy_id, :ack_timeout, :urgency, :reopen_window, :now)
""")
UPDATE = text("""
    UPDATE services SET name = :name, team_id = :team_id, escalation_policy_id = :escalation_policy_id, ack_timeout = :ack_timeout,
        urgency = :urgency, reopen_window = :reopen_window, version = version + 1
    WHERE id = :id
""")
DELETE = text("DELETE FROM services WHERE id = :id")

ADD_INTEGRATION = text("""
    INSERT INTO integrations (id, service_id, name, type, key_hash, key_prefix, created_at)
    VALUES (:id, :service_id, :name, :type, :key_hash, :key_prefix, :created_at)
""")
LIST_INTEGRATIONS = text("""
    SELECT id, service_id, name, type, key_prefix, created_at FROM integrations WHERE service_id = :service_id ORDER BY id LIMIT 1000
""")
DELETE_INTEGRATION = text("DELETE FROM integrations WHERE id = :id AND service_id = :service_id")
KEYS = text("SELECT key_hash, id, service_id, name, type FROM integrations")


async def get_services(tx: AsyncConnection, ids: Sequence[ServiceId]) -> dict[ServiceId, Service]:
    return {s.id: s for s in map(_service, await tx.execute(SERVICES.where(services.c.id.in_(ids))))}


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


async def add_integration(tx: AsyncConnection, integration: Integration, *, key_hash: bytes) -> None:
    await tx.execute(
        ADD_INTEGRATION,
        {
            "id": integration.id,
            "service_id": integration.service_id,
            "name": integration.name,
            "type": integration.type.value,
            "key_hash": key_hash,
            "key_prefix": integration.key_prefix,
            "created_at": integration.created_at,
        },
    )


async def list_integrations(tx: AsyncConnection, service_id: ServiceId) -> list[Integration]:
    rows = await tx.execute(LIST_INTEGRATIONS, {"service_id": service_id})
    return [
        Integration(IntegrationId(r.id), ServiceId(r.service_id), r.name, IntegrationType(r.type), r.key_prefix, r.created_at) for r in rows
    ]


async def delete_integration(tx: AsyncConnection, service_id: ServiceId, id: IntegrationId) -> bool:
    return (await tx.execute(DELETE_INTEGRATION, {"id": id, "service_id": service_id})).rowcount == 1


async def integration_keys(tx: AsyncConnection) -> Mapping[bytes, IntegrationRef]:
    """Every integration by the hash of its key."""
    return {
        bytes(r.key_hash): IntegrationRef(IntegrationId(r.id), ServiceId(r.service_id), r.name, IntegrationType(r.type))
        for r in await tx.execute(KEYS)
    }


def _service(r: Row[Any]) -> Service:
    team = TeamId(r.team_id) if r.team_id else None
    policy = PolicyId(r.escalation_policy_id)
    return Service(ServiceId(r.id), r.name, team, policy, r.ack_timeout, UrgencyMode(r.urgency), r.reopen_window, r.version)


def _columns(service: Service) -> dict[str, object]:
    return {
        "id": service.id,
        "name": service.name,
        "team_id": service.team_id,
        "escalation_policy_id": service.escalation_policy_id,
        "ack_timeout": service.ack_timeout,
        "urgency": service.urgency.value,
        "reopen_window": service.reopen_window,
    }
