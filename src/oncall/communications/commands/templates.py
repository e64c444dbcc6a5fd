"""What can be done with templates of status updates."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, NotYours, Scope
from oncall.communications.rules.wording import check_template
from oncall.communications.store import templates as store
from oncall.communications.values.updates import BadTemplate, Template, TemplateId, UnknownTemplate
from oncall.kit.ids import ServiceId, TeamId, new_id
from oncall.services.commands import get_services
from oncall.teams.commands import get_teams, manages
from oncall.teams.rules import check_version


async def create_template(tx: AsyncConnection, wanted: Template, *, caller: Caller, now: datetime) -> Template:
    made = replace(wanted, id=TemplateId(new_id()), created_at=now, version=1)
    await _check(tx, made, caller)
    await store.add_template(tx, made)
    return made


async def get_template(tx: AsyncConnection, id: TemplateId, *, lock: bool = False) -> Template:
    found = await store.find_template(tx, id, lock=lock)
    if found is None:
        raise UnknownTemplate
    return found


async def list_templates(
    tx: AsyncConnection, *, after: UUID | None, team_id: TeamId | None, service_id: ServiceId | None, limit: int
) -> Sequence[Template]:
    """In order of creation."""
    return await store.list_templates(tx, after=after or UUID(int=0), team_id=team_id, service_id=service_id, limit=limit)


async def update_template(
    tx: AsyncConnection, id: TemplateId, wanted: Template, *, expected_version: int | None, caller: Caller
) -> Template:
    current = await get_template(tx, id, lock=True)
    check_version(current.version, expected_version)
    await _check_may(tx, current, caller)
    edited = replace(wanted, id=id, created_at=current.created_at, version=current.version + 1)
    await _check(tx, edited, caller)
    await store.save_template(tx, edited)
    return edited


async def delete_template(tx: AsyncConnection, id: TemplateId, *, caller: Caller) -> None:
    await _check_may(tx, await get_template(tx, id, lock=True), caller)
    await store.delete_template(tx, id)


async def _check(tx: AsyncConnection, template: Template, caller: Caller) -> None:
    if template.team_id is not None and template.service_id is not None:
        raise BadTemplate("A template belongs to a team or to a service, not to both.", field="service_id")
    if template.team_id is not None and template.team_id not in await get_teams(tx, [template.team_id]):
        raise BadTemplate("There is no team with this team_id.", field="team_id")
    if template.service_id is not None and template.service_id not in await get_services(tx, [template.service_id]):
        raise BadTemplate("There is no service with this service_id.", field="service_id")
    check_template(template.title, template.text, template.audience)
    await _check_may(tx, template, caller)


async def _check_may(tx: AsyncConnection, template: Template, caller: Caller) -> None:
    """Admins, and for those of a team (or of a service that it owns) its managers."""
    if caller.scope is Scope.ADMIN:
        return
    team = template.team_id
    if template.service_id is not None:
        service = (await get_services(tx, [template.service_id])).get(template.service_id)
        team = service.team_id if service else None
    if team is None or caller.user_id is None or not await manages(tx, team, caller.user_id):
        raise NotYours("Only an admin, or a manager of the team whose template it is, may do this.")
