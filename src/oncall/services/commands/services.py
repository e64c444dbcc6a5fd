"""What can be done with services."""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.commands import all_policies, get_policies
from oncall.escalation.rules import schedules_in
from oncall.kit.compiled import changed
from oncall.kit.ids import ScheduleId, ServiceId, TeamId
from oncall.kit.references import InUse, check_unused, refusing, used_by
from oncall.services.ports import OnServiceChanged
from oncall.services.store import integrations as integration_store
from oncall.services.store import services as store
from oncall.services.values import Service, UnknownDefault, UnknownOwner, UnknownService
from oncall.teams.commands import get_teams, schedules_of_teams
from oncall.teams.rules import check_version

MISSING = {
    "services_default_category_id_fkey": lambda: UnknownDefault("There is no category with this id.", field="default_category_id"),
    "services_sla_id_fkey": lambda: UnknownDefault("There is no SLA with this id.", field="sla_id"),
}
ROUTING = "routing"
"""The topic of what is compiled of routing rules."""


async def create_service(tx: AsyncConnection, service: Service, *, now: datetime) -> Service:
    await check_owner(tx, service)
    with refusing(MISSING):
        await store.add_service(tx, service, now=now)
    return service


async def get_service(tx: AsyncConnection, id: ServiceId) -> Service:
    found = (await store.get_services(tx, [id])).get(id)
    if found is None:
        raise UnknownService("There is no service with this id.")
    return found


async def get_services(tx: AsyncConnection, ids: Sequence[ServiceId]) -> Mapping[ServiceId, Service]:
    """Those of the services that exist; one statement for any number."""
    return await store.get_services(tx, ids) if ids else {}


async def list_services(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Service]:
    return await store.list_services(tx, after=after or UUID(int=0), limit=limit)


async def services_of(tx: AsyncConnection, team_ids: Sequence[TeamId], *, limit: int = 100) -> list[Service]:
    """Those that these teams own, the oldest first."""
    return await store.services_of(tx, team_ids, limit=limit) if team_ids else []


async def all_services(tx: AsyncConnection) -> list[Service]:
    """Every service, for what is kept in memory."""
    return await store.all_services(tx)


async def services_that_page(tx: AsyncConnection, schedules: Collection[ScheduleId]) -> Mapping[ScheduleId, list[ServiceId]]:
    """Whose policies point at each of these schedules: what happens there is the concern of those on call."""
    policies = await all_policies(tx)
    on_call_of = await schedules_of_teams(tx)
    pointed = {id: schedules_in((t for step in policy.steps for t in step.targets), on_call_of) for id, policy in policies.items()}
    found: dict[ScheduleId, list[ServiceId]] = {id: [] for id in schedules}
    for service in await store.all_services(tx):
        for schedule in pointed.get(service.escalation_policy_id, set()) & found.keys():
            found[schedule].append(service.id)
    return found


async def update_service(
    tx: AsyncConnection, service: Service, *, expected_version: int | None, on_changed: OnServiceChanged, now: datetime
) -> Service:
    """Edit a service; what its name, delay or threshold held is looked at again."""
    current = await _lock(tx, service.id, expected_version)
    await check_owner(tx, service)
    with refusing(MISSING):
        await store.save_service(tx, service)
    if service.name != current.name:
        await changed(tx, ROUTING)  # its rules tell where they send events by that name
    if (service.name, service.delay, service.threshold) != (current.name, current.delay, current.threshold):
        await on_changed(tx, now=now)
    return replace(service, version=current.version + 1)


async def delete_service(tx: AsyncConnection, id: ServiceId) -> None:
    """Delete a service and its integrations; one that has had incidents stays, or their history would go with it."""
    current = await _lock(tx, id, None)
    uses = await used_by(tx, "services", id)
    if any(use.table == "incidents" for use in uses):
        sentence = f"Service {current.name} has had incidents and stays for their sake; to retire it, delete its integrations."
        raise InUse(sentence)
    check_unused(f"Service {current.name}", uses)
    integrations = await integration_store.ids_of(tx, id)
    check_unused(f"An integration of service {current.name}", await used_by(tx, "integrations", *integrations))
    sentence = f"An integration of service {current.name} is still used by routing rules: change or delete those first."
    with refusing({"routing_rules_integration_id_fkey": lambda: InUse(sentence)}):
        await store.delete_service(tx, id)


async def _lock(tx: AsyncConnection, id: ServiceId, expected_version: int | None) -> Service:
    current = await store.lock_service(tx, id)
    if current is None:
        raise UnknownService("There is no service with this id.")
    check_version(current.version, expected_version)
    return current


async def check_owner(tx: AsyncConnection, service: Service) -> None:
    """Raises UnknownOwner unless its policy and its team exist."""
    if service.escalation_policy_id not in await get_policies(tx, [service.escalation_policy_id]):
        raise UnknownOwner("There is no escalation policy with this escalation_policy_id.")
    if service.team_id is not None and service.team_id not in await get_teams(tx, [service.team_id]):
        raise UnknownOwner("There is no team with this team_id.")
