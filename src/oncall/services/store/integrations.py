"""Every SQL statement about integrations and their keys."""

import json
from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import ReporterKind
from oncall.kit.ids import IntegrationId, ServiceId
from oncall.kit.sealing import CannotOpen, Sealing
from oncall.services.tables import integration_keys as keys
from oncall.services.tables import integrations
from oncall.services.values import Integration, IntegrationKey, IntegrationRef, IntegrationType, OnUnreadable, Resealed
from oncall.services.values.senders import Authentication, Scheme

INTEGRATIONS = select(integrations)
KEYS = select(keys.c.integration_id, keys.c.key_prefix, keys.c.created_at).order_by(keys.c.created_at, keys.c.id)
REFS = INTEGRATIONS.join(keys, keys.c.integration_id == integrations.c.id).add_columns(keys.c.key_hash)

INSERT = text("""
    INSERT INTO integrations (id, service_id, name, type, mapping, on_unreadable, authentication, auto_resolve_after, reporter_kind,
        created_at)
    VALUES (:id, :service_id, :name, :type, CAST(:mapping AS jsonb), :on_unreadable, :authentication, :auto_resolve_after, :reporter_kind,
        :created_at)
""")
UPDATE = text("""
    UPDATE integrations SET name = :name, type = :type, mapping = CAST(:mapping AS jsonb), on_unreadable = :on_unreadable,
        authentication = CASE WHEN :is_lost THEN authentication ELSE :authentication END, auto_resolve_after = :auto_resolve_after,
        reporter_kind = :reporter_kind, version = version + 1
    WHERE id = :id
""")
DELETE = text("DELETE FROM integrations WHERE id = :id AND service_id = :service_id")

AUTO_RESOLVING = text("SELECT id, name, auto_resolve_after FROM integrations WHERE auto_resolve_after IS NOT NULL")

SEALED = text("SELECT id, name, authentication FROM integrations WHERE authentication IS NOT NULL ORDER BY id FOR NO KEY UPDATE")
RESEAL = text("UPDATE integrations SET authentication = :authentication WHERE id = :id")

# Into the first slot that is free; of two at once the second meets the unique (integration_id, slot).
ADD_KEY = text("""
    INSERT INTO integration_keys (id, integration_id, slot, key_hash, key_prefix, created_at)
    SELECT :id, :integration_id, free.slot, :key_hash, :key_prefix, :now
    FROM generate_series(1, 2) AS free (slot)
    WHERE NOT EXISTS (SELECT FROM integration_keys AS k WHERE k.integration_id = :integration_id AND k.slot = free.slot)
    ORDER BY free.slot LIMIT 1
""")
DELETE_KEY = text("DELETE FROM integration_keys WHERE integration_id = :integration_id AND key_prefix = :key_prefix")


async def find_integration(
    tx: AsyncConnection, service_id: ServiceId, id: IntegrationId, sealing: Sealing, *, lock: bool = False
) -> Integration | None:
    """With `lock` nobody else changes it, or its keys, until the transaction ends."""
    wanted = INTEGRATIONS.where(integrations.c.id == id, integrations.c.service_id == service_id)
    found = await _with_keys(tx, wanted.with_for_update(key_share=True) if lock else wanted, sealing)  # FOR NO KEY UPDATE
    return found[0] if found else None


async def find_ref(tx: AsyncConnection, id: IntegrationId, sealing: Sealing) -> IntegrationRef | None:
    """Whatever its service."""
    row = (await tx.execute(INTEGRATIONS.where(integrations.c.id == id))).first()
    return _ref(row, sealing) if row else None


async def list_integrations(tx: AsyncConnection, service_id: ServiceId, sealing: Sealing) -> list[Integration]:
    its = INTEGRATIONS.where(integrations.c.service_id == service_id).order_by(integrations.c.id).limit(1000)
    return await _with_keys(tx, its, sealing)


async def ids_of(tx: AsyncConnection, service_id: ServiceId) -> list[IntegrationId]:
    its = await tx.execute(select(integrations.c.id).where(integrations.c.service_id == service_id))
    return [IntegrationId(r.id) for r in its]


async def auto_resolving(tx: AsyncConnection) -> list[tuple[IntegrationId, str, timedelta]]:
    """Those whose monitors never resolve, with their names, and how long after its last word an alert of theirs is over."""
    return [(IntegrationId(r.id), r.name, r.auto_resolve_after) for r in await tx.execute(AUTO_RESOLVING)]


async def add_integration(tx: AsyncConnection, integration: Integration, sealing: Sealing) -> None:
    row = _columns(integration, sealing) | {"service_id": integration.service_id, "created_at": integration.created_at}
    await tx.execute(INSERT, row)


async def save_integration(tx: AsyncConnection, integration: Integration, sealing: Sealing) -> None:
    """What was sealed with a key that we do not have stays as it is: with the key it can be opened again."""
    is_lost = integration.authentication is not None and integration.authentication.scheme is Scheme.LOST
    await tx.execute(UPDATE, _columns(integration, sealing) | {"is_lost": is_lost})


async def delete_integration(tx: AsyncConnection, service_id: ServiceId, id: IntegrationId) -> bool:
    return (await tx.execute(DELETE, {"id": id, "service_id": service_id})).rowcount == 1


async def add_key(tx: AsyncConnection, integration_id: IntegrationId, id: UUID, key: IntegrationKey, *, key_hash: bytes) -> bool:
    """False if the integration has two."""
    row = {
        "id": id,
        "integration_id": integration_id,
        "key_hash": key_hash,
        "key_prefix": key.key_prefix,
        "now": key.created_at,
    }
    return (await tx.execute(ADD_KEY, row)).rowcount == 1


async def delete_key(tx: AsyncConnection, integration_id: IntegrationId, key_prefix: str) -> None:
    await tx.execute(DELETE_KEY, {"integration_id": integration_id, "key_prefix": key_prefix})


async def integration_keys(tx: AsyncConnection, sealing: Sealing) -> Mapping[bytes, IntegrationRef]:
    """Every integration by the hash of each of its keys."""
    return {bytes(r.key_hash): _ref(r, sealing) for r in await tx.execute(REFS)}


async def reseal(tx: AsyncConnection, sealing: Sealing) -> Resealed:
    """Seal what is sealed with the first key of the ring; what cannot be opened stays. Nothing is edited, so no version is raised."""
    sealed, lost = 0, []
    for r in (await tx.execute(SEALED)).all():
        authentication = _opened(r.authentication, sealing)
        if authentication is None or authentication.scheme is Scheme.LOST:
            lost.append(r.name)
            continue
        await tx.execute(RESEAL, {"id": r.id, "authentication": _sealed(authentication, sealing)})
        sealed += 1
    return Resealed(sealed, tuple(lost))


async def _with_keys(tx: AsyncConnection, wanted: Select[Any], sealing: Sealing) -> list[Integration]:
    rows: Sequence[Row[Any]] = (await tx.execute(wanted)).all()
    found: dict[UUID, list[IntegrationKey]] = {r.id: [] for r in rows}
    for k in await tx.execute(KEYS.where(keys.c.integration_id.in_(found))):
        found[k.integration_id].append(IntegrationKey(k.key_prefix, k.created_at))
    return [_integration(r, tuple(found[r.id]), sealing) for r in rows]


def _integration(r: Row[Any], its: tuple[IntegrationKey, ...], sealing: Sealing) -> Integration:
    return Integration(
        IntegrationId(r.id),
        ServiceId(r.service_id),
        r.name,
        IntegrationType(r.type),
        r.created_at,
        its,
        r.mapping,
        OnUnreadable(r.on_unreadable),
        _opened(r.authentication, sealing),
        r.auto_resolve_after,
        r.version,
        ReporterKind(r.reporter_kind),
    )


def _ref(r: Row[Any], sealing: Sealing) -> IntegrationRef:
    return IntegrationRef(
        IntegrationId(r.id),
        ServiceId(r.service_id),
        r.name,
        IntegrationType(r.type),
        r.mapping,
        OnUnreadable(r.on_unreadable),
        _opened(r.authentication, sealing),
        r.auto_resolve_after,
        ReporterKind(r.reporter_kind),
    )


def _columns(integration: Integration, sealing: Sealing) -> dict[str, object]:
    return {
        "id": integration.id,
        "name": integration.name,
        "type": integration.type.value,
        "mapping": None if integration.mapping is None else json.dumps(integration.mapping),
        "on_unreadable": integration.on_unreadable.value,
        "authentication": _sealed(integration.authentication, sealing),
        "auto_resolve_after": integration.auto_resolve_after,
        "reporter_kind": integration.reporter_kind.value,
    }


def _sealed(authentication: Authentication | None, sealing: Sealing) -> bytes | None:
    return None if authentication is None else sealing.seal(msgspec.json.encode(authentication))


def _opened(sealed: bytes | None, sealing: Sealing) -> Authentication | None:
    """One that cannot be opened is there all the same, and lets nobody in."""
    if sealed is None:
        return None
    try:
        return msgspec.json.decode(sealing.open(bytes(sealed)), type=Authentication)
    except (CannotOpen, msgspec.MsgspecError):
        return Authentication(Scheme.LOST)
