"""What can be done with incident templates."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.store import templates as store
from oncall.desk.values.records import UnknownCategory
from oncall.desk.values.templates import NoSuchTemplate, Template, TemplateId, TemplateNameTaken, UnknownTemplate
from oncall.kit.errors import Refusal
from oncall.kit.references import refusing
from oncall.teams.rules import check_version


async def create_template(tx: AsyncConnection, template: Template) -> Template:
    with refusing(_refusals(template)):
        await store.add_template(tx, template)
    return template


async def get_template(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> Template:
    found = await store.find_template(tx, id, lock=lock)
    if found is None:
        raise UnknownTemplate("There is no incident template with this id.")
    return found


async def template_of(tx: AsyncConnection, id: TemplateId) -> Template:
    """The one that a body names in `template_id`."""
    found = await store.find_template(tx, id)
    if found is None:
        raise NoSuchTemplate("There is no incident template with this id.", field="template_id")
    return found


async def list_templates(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[Template]:
    return await store.list_templates(tx, after=after or UUID(int=0), limit=limit)


async def update_template(tx: AsyncConnection, wanted: Template, *, expected_version: int | None) -> Template:
    current = await get_template(tx, wanted.id, lock=True)
    check_version(current.version, expected_version)
    edited = replace(wanted, created_at=current.created_at, version=current.version + 1)
    with refusing(_refusals(wanted)):
        await store.save_template(tx, edited)
    return edited


async def delete_template(tx: AsyncConnection, id: TemplateId) -> None:
    """Incidents that were logged by it stay what they are."""
    await get_template(tx, id, lock=True)
    await store.delete_template(tx, id)


def _refusals(template: Template) -> Mapping[str, Callable[[], Refusal]]:
    taken = f"There is an incident template with the name {template.name} already: choose another name, or edit that one."
    return {
        "incident_templates_name_idx": lambda: TemplateNameTaken(taken),
        "incident_templates_category_id_fkey": lambda: UnknownCategory("There is no category with this id.", field="category_id"),
    }
