"""What can be done with services."""

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.commands import all_policies, get_policies
from oncall.escalation.rules import schedules_in
from oncall.kit.compiled import changed
from oncall.kit.errors import Refusal
from oncall.kit.ids import ScheduleId, ServiceId, TeamId
from oncall.kit.references import InUse, check_unused, refusing, used_by
from oncall.services.ports import OnServiceChanged
from oncall.services.store import integrations as integration_store
from oncall.services.store import profiles as profile_store
from oncall.services.store import services as store
from oncall.services.values import NoSupportHours, Service, UnknownDefault, UnknownOwner, UnknownService, UrgencyMode
from oncall.services.values.profile import Profile
from oncall.teams.commands import get_teams, schedules_of_teams
from oncall.teams.rules import check_version

MISSING = {
    "services_default_category_id_fkey": lambda: UnknownDefault("There is no category with this id.", field="default_category_id"),
    "services_sla_id_fkey": lambda: UnknownDefault("There is no SLA with this id.", field="sla_id"),
    "services_support_hours_id_fkey": lambda: UnknownDefault("There is no calendar with this id.", field="support_hours"),
}
ROUTING = "routing"
"""The topic of what is compiled of routing rules."""


async def create_service(tx: AsyncConnection, service: Service, profile: Profile | None = None, *, now: datetime) -> Service:
    await check_owner(tx, service)
    with refusing(MISSING):
        await store.add_service(tx, service, now=now)
    if profile is not None:
        await profile_store.save_profile(tx, service.id, profile)
    return service


async def get_service(tx: AsyncConnection, id: ServiceId) -> Service:
    found = (await store.get_services(tx, [id])).get(id)
    if found is None:
        raise UnknownService("There is no service with this id.")
    return found


async def get_services(tx: AsyncConnection, ids: Sequence[ServiceId]) -> Mapping[ServiceId, Service]:
    """Those of the services that exist; one statement for any number."""
    return await store.get_services(tx, ids) if ids else {}


async def get_profiles(tx: AsyncConnection, ids: Sequence[ServiceId]) -> Mapping[ServiceId, Profile]:
    """What people want to know of those of the services that exist."""
    return await profile_store.get_profiles(tx, ids) if ids else {}


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
    tx: AsyncConnection, service: Service, profile: Profile, *, expected_version: int | None, on_changed: OnServiceChanged, now: datetime
) -> Service:
    """Edit a service; what its name, delay, threshold or support hours held is looked at again."""
    current = await _lock(tx, service.id, expected_version)
    await check_owner(tx, service)
    with refusing(MISSING):
        await store.save_service(tx, service)
    await profile_store.save_profile(tx, service.id, profile)
    if service.name != current.name:
        await changed(tx, ROUTING)  # its rules tell where they send events by that name
    if _holding(service) != _holding(current):
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
    with refusing(_just_used(current)):
        await store.delete_service(tx, id)


def _holding(service: Service) -> tuple[object, ...]:
    """What may hold its incidents, or say when they rise."""
    return service.name, service.delay, service.threshold, service.support_hours_id


def _just_used(service: Service) -> Mapping[str, Callable[[], Refusal]]:
    """By what somebody else made since it was looked for."""
    said = {
        "routing_rules_integration_id_fkey": f"An integration of service {service.name} is still used by routing rules",
        "service_dependencies_depends_on_id_fkey": f"Service {service.name} is something that other services depend on",
        "service_group_members_service_id_fkey": f"Service {service.name} is in a group of services",
    }
    return {key: partial(InUse, f"{sentence}: change or delete those first.") for key, sentence in said.items()}


async def _lock(tx: AsyncConnection, id: ServiceId, expected_version: int | None) -> Service:
    current = await store.lock_service(tx, id)
    if current is None:
        raise UnknownService("There is no service with this id.")
    check_version(current.version, expected_version)
    return current


async def check_owner(tx: AsyncConnection, service: Service) -> None:
    """Raises UnknownOwner unless its policy and its team exist; NoSupportHours if it is to go by support hours and has none."""
    if service.urgency is UrgencyMode.BY_SUPPORT_HOURS and service.support_hours_id is None:
        raise NoSupportHours(
            "To go by support hours a service needs some: name a calendar in support_hours, or choose another urgency.",
            field="support_hours",
        )
    if service.escalation_policy_id not in await get_policies(tx, [service.escalation_policy_id]):
        raise UnknownOwner("There is no escalation policy with this escalation_policy_id.")
    if service.team_id is not None and service.team_id not in await get_teams(tx, [service.team_id]):
        raise UnknownOwner("There is no team with this team_id.")
