"""What services and teams say of their rooms and bridges."""

from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, NotYours, Scope
from oncall.communications.rules import bridges as rules
from oncall.communications.store import bridges as store
from oncall.communications.values.bridges import RoomSettings
from oncall.kit.errors import Stale
from oncall.kit.ids import ServiceId, TeamId
from oncall.services.commands import get_service
from oncall.teams.commands import get_team, manages


async def settled(tx: AsyncConnection, service_id: ServiceId) -> RoomSettings:
    """What holds for the rooms of a service."""
    team_id = (await get_service(tx, service_id)).team_id
    return rules.settled(*await store.get_settings(tx, service_id, team_id))


async def get_settings(tx: AsyncConnection, *, service_id: ServiceId | None = None, team_id: TeamId | None = None) -> RoomSettings:
    """What a service, or a team, says by itself."""
    await _team_of(tx, service_id, team_id)
    of_service, of_team = await store.get_settings(tx, service_id, team_id)
    return of_service if service_id is not None else of_team


async def set_settings(
    tx: AsyncConnection,
    wanted: RoomSettings,
    *,
    service_id: ServiceId | None = None,
    team_id: TeamId | None = None,
    expected_version: int | None,
    caller: Caller,
) -> RoomSettings:
    """By an admin, or a manager of the team that it is about."""
    team = await _team_of(tx, service_id, team_id)
    if caller.scope is not Scope.ADMIN and not (caller.user_id and team and await manages(tx, team, caller.user_id)):
        raise NotYours("Only an admin, or a manager of the team, may say where its rooms and bridges are.")
    if wanted.bridge is not None:
        rules.checked_template(wanted.bridge)
    before = await get_settings(tx, service_id=service_id, team_id=team_id)
    saved = replace(wanted, version=before.version + 1)
    is_stale = expected_version is not None and expected_version != before.version
    if is_stale or not await store.save_settings(tx, saved, service_id, team_id):
        raise Stale(f"These settings are at version {before.version} by now: read them again, and edit those.")
    return saved


async def _team_of(tx: AsyncConnection, service_id: ServiceId | None, team_id: TeamId | None) -> TeamId | None:
    """The team whose settings, or whose service's, these are; refused if there is no such service or team."""
    if service_id is not None:
        return (await get_service(tx, service_id)).team_id
    return (await get_team(tx, team_id)).id if team_id is not None else None
