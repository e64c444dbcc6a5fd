"""What can be done with integrations, and with the keys by which senders name them."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.commands import new_key
from oncall.access.rules import hash_key, public_prefix
from oncall.access.values import KeyKind
from oncall.kit.ids import IntegrationId, ServiceId, new_id
from oncall.kit.references import check_unused, refusing, used_by
from oncall.kit.sealing import Sealing
from oncall.services.commands.services import get_service
from oncall.services.ports import CheckMapping
from oncall.services.rules import check_people, check_scheme, edited_settings, with_secrets
from oncall.services.store import integrations as store
from oncall.services.values import (
    EnoughKeys,
    Integration,
    IntegrationKey,
    IntegrationRef,
    IntegrationSettings,
    LastKey,
    Resealed,
    UnknownIntegration,
    UnknownKey,
)
from oncall.teams.rules import check_version

TWO_KEYS = "This integration has two keys already: delete the one that no sender uses any more, then make another."
NO_INTEGRATION = "There is no integration with this id in this service."


async def auto_resolving(tx: AsyncConnection) -> Sequence[tuple[IntegrationId, str, timedelta]]:
    """Integrations whose alerts are over some time after their last word: id, name, and how long."""
    return await store.auto_resolving(tx)


async def create_integration(
    tx: AsyncConnection, service_id: ServiceId, wanted: IntegrationSettings, *, sealing: Sealing, check_mapping: CheckMapping, now: datetime
) -> tuple[Integration, str]:
    """The integration and its key, which is not stored and cannot be shown again."""
    await get_service(tx, service_id)
    _check(wanted, check_mapping)
    made = Integration(
        IntegrationId(new_id()),
        service_id,
        wanted.name,
        wanted.type,
        now,
        mapping=wanted.mapping,
        on_unreadable=wanted.on_unreadable,
        authentication=with_secrets(wanted.authentication, None),
        auto_resolve_after=wanted.auto_resolve_after,
        reporter_kind=wanted.reporter_kind,
    )
    await store.add_integration(tx, made, sealing)
    shown, key = await _add_key(tx, made, now=now)
    return replace(made, keys=(shown,)), key


async def get_integration(
    tx: AsyncConnection, service_id: ServiceId, id: IntegrationId, *, sealing: Sealing, lock: bool = False
) -> Integration:
    found = await store.find_integration(tx, service_id, id, sealing, lock=lock)
    if found is None:
        raise UnknownIntegration(NO_INTEGRATION)
    return found


async def get_integration_ref(tx: AsyncConnection, id: IntegrationId, *, sealing: Sealing) -> IntegrationRef:
    """An integration as intake knows it, by its id alone."""
    found = await store.find_ref(tx, id, sealing)
    if found is None:
        raise UnknownIntegration("There is no integration with this id.")
    return found


async def list_integrations(tx: AsyncConnection, service_id: ServiceId, *, sealing: Sealing) -> list[Integration]:
    await get_service(tx, service_id)
    return await store.list_integrations(tx, service_id, sealing)


async def update_integration(
    tx: AsyncConnection,
    service_id: ServiceId,
    id: IntegrationId,
    wanted: IntegrationSettings,
    *,
    sealing: Sealing,
    check_mapping: CheckMapping,
    expected_version: int | None,
) -> Integration:
    """Its keys stay, and what is left out. The rest changes with the commit, at the latest a second later on every node."""
    current = await get_integration(tx, service_id, id, sealing=sealing, lock=True)
    check_version(current.version, expected_version)
    wanted = edited_settings(current, wanted)
    _check(wanted, check_mapping)
    edited = replace(
        current,
        name=wanted.name,
        type=wanted.type,
        mapping=wanted.mapping,
        on_unreadable=wanted.on_unreadable,
        authentication=with_secrets(wanted.authentication, current.authentication),
        auto_resolve_after=wanted.auto_resolve_after,
        reporter_kind=wanted.reporter_kind,
        version=current.version + 1,
    )
    await store.save_integration(tx, edited, sealing)
    return edited


async def delete_integration(tx: AsyncConnection, service_id: ServiceId, id: IntegrationId) -> None:
    """From the commit on its keys are refused, at the latest a second later on every node. One that routing rules name stays."""
    check_unused("This integration", await used_by(tx, "integrations", id))
    if not await store.delete_integration(tx, service_id, id):
        raise UnknownIntegration(NO_INTEGRATION)


async def create_key(
    tx: AsyncConnection, service_id: ServiceId, id: IntegrationId, *, sealing: Sealing, now: datetime
) -> tuple[Integration, str]:
    """A second key, the newest, so that senders can be moved to it one by one; the first works until it is deleted."""
    integration = await get_integration(tx, service_id, id, sealing=sealing, lock=True)
    shown, key = await _add_key(tx, integration, now=now)
    return replace(integration, keys=(*integration.keys, shown)), key


async def delete_key(tx: AsyncConnection, service_id: ServiceId, id: IntegrationId, key_prefix: str, *, sealing: Sealing) -> None:
    """From the commit on nobody gets in with it, at the latest a second later on every node."""
    integration = await get_integration(tx, service_id, id, sealing=sealing, lock=True)
    if key_prefix not in {key.key_prefix for key in integration.keys}:
        raise UnknownKey("This integration has no key that begins like this.")
    if len(integration.keys) == 1:
        raise LastKey("This is the only key of the integration: make another one first, or delete the integration.")
    await store.delete_key(tx, id, key_prefix)


async def integration_keys(tx: AsyncConnection, *, sealing: Sealing) -> Mapping[bytes, IntegrationRef]:
    """Every integration by the SHA-256 of each of its keys."""
    return await store.integration_keys(tx, sealing)


async def reseal(tx: AsyncConnection, sealing: Sealing) -> Resealed:
    """Secrets of every integration, sealed anew with the first key of the ring."""
    return await store.reseal(tx, sealing)


async def _add_key(tx: AsyncConnection, integration: Integration, *, now: datetime) -> tuple[IntegrationKey, str]:
    taken = {key.key_prefix for key in integration.keys}
    key = new_key(KeyKind.INTEGRATION)
    while public_prefix(key) in taken:  # what is shown of a key must say which of two it is
        key = new_key(KeyKind.INTEGRATION)
    shown = IntegrationKey(public_prefix(key), now)
    with refusing({"integration_keys_at_most_two": lambda: EnoughKeys(TWO_KEYS)}):
        if not await store.add_key(tx, integration.id, new_id(), shown, key_hash=hash_key(key)):
            raise EnoughKeys(TWO_KEYS)
    return shown, key


def _check(wanted: IntegrationSettings, check_mapping: CheckMapping) -> None:
    if wanted.mapping is not None and "mapping" not in wanted.unsaid:
        check_mapping(wanted.mapping)
    check_scheme(wanted.type, wanted.authentication)
    check_people(wanted)
