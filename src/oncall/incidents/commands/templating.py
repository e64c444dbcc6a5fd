"""An incident is logged by a template: what is not said it says, and it brings tasks, and roles that somebody is to take."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.commands.templates import template_of
from oncall.desk.values.templates import Template, TemplateId
from oncall.incidents.commands.logging import log
from oncall.incidents.commands.tasks import add_tasks
from oncall.incidents.rules.templating import filled, to_do
from oncall.incidents.store import roles as role_store
from oncall.incidents.values import Incident
from oncall.incidents.values.filing import Logged
from oncall.kit.actors import Actor
from oncall.services.commands import get_services


async def log_by(tx: AsyncConnection, wanted: Logged, template_id: TemplateId | None, *, by: Actor, now: datetime) -> Incident:
    """By this template, or by none."""
    if template_id is None:
        return await log(tx, wanted, by=by, now=now)
    template = await template_of(tx, template_id)
    service = (await get_services(tx, [wanted.service_id])).get(wanted.service_id)
    wanted = filled(template, wanted, service=service.name if service else "")
    incident = await log(tx, wanted, by=by, now=now)
    await apply_template(tx, incident, template, by, now=now)
    return incident


async def apply_template(tx: AsyncConnection, incident: Incident, template: Template, by: Actor, *, now: datetime) -> None:
    """To a locked incident: its tasks are added, its roles are to be taken."""
    await add_tasks(tx, incident, to_do(template, now=now), by=by, now=now)
    if template.roles:
        await role_store.ask_for(tx, incident.id, template.roles, by, now=now)
