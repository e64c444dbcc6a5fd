"""SQL about incident templates."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import BusinessUrgency, CategoryId, Grading, Impact
from oncall.desk.values.roles import Role
from oncall.desk.values.templates import Planned, Template, TemplateId

FIND = text("""
    SELECT id, name, title, description, category_id, impact, business_urgency, tasks::text AS tasks, roles, first_update,
        created_at, version
    FROM incident_templates WHERE id = :id
""")
LOCK = text("""
    SELECT id, name, title, description, category_id, impact, business_urgency, tasks::text AS tasks, roles, first_update,
        created_at, version
    FROM incident_templates WHERE id = :id FOR NO KEY UPDATE
""")
LIST = text("""
    SELECT id, name, title, description, category_id, impact, business_urgency, tasks::text AS tasks, roles, first_update,
        created_at, version
    FROM incident_templates WHERE id > :after ORDER BY id LIMIT :limit
""")
ADD = text("""
    INSERT INTO incident_templates (id, name, title, description, category_id, impact, business_urgency, tasks, roles, first_update,
        created_at)
    VALUES (:id, :name, :title, :description, :category_id, :impact, :business_urgency, CAST(:tasks AS jsonb), :roles, :first_update,
        :created_at)
""")
SAVE = text("""
    UPDATE incident_templates SET name = :name, title = :title, description = :description, category_id = :category_id, impact = :impact,
        business_urgency = :business_urgency, tasks = CAST(:tasks AS jsonb), roles = :roles, first_update = :first_update,
        version = :version
    WHERE id = :id
""")
DELETE = text("DELETE FROM incident_templates WHERE id = :id")


async def find_template(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> Template | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id})).first()
    return _template(row) if row else None


async def list_templates(tx: AsyncConnection, *, after: UUID, limit: int) -> Sequence[Template]:
    """In order of creation."""
    return [_template(r) for r in await tx.execute(LIST, {"after": after, "limit": limit})]


async def add_template(tx: AsyncConnection, template: Template) -> None:
    await tx.execute(ADD, _columns(template) | {"created_at": template.created_at})


async def save_template(tx: AsyncConnection, template: Template) -> None:
    await tx.execute(SAVE, _columns(template) | {"version": template.version})


async def delete_template(tx: AsyncConnection, id: TemplateId) -> None:
    await tx.execute(DELETE, {"id": id})


def _columns(template: Template) -> dict[str, object]:
    grading = template.grading
    return {
        "id": template.id,
        "name": template.name,
        "title": template.title,
        "description": template.description,
        "category_id": template.category_id,
        "impact": grading.impact and grading.impact.value,
        "business_urgency": grading.business_urgency and grading.business_urgency.value,
        "tasks": msgspec.json.encode(template.tasks).decode(),
        "roles": [role.value for role in template.roles],
        "first_update": template.first_update,
    }


def _template(r: Row[Any]) -> Template:
    urgency = BusinessUrgency(r.business_urgency) if r.business_urgency else None
    return Template(
        id=TemplateId(r.id),
        name=r.name,
        title=r.title,
        description=r.description,
        category_id=CategoryId(r.category_id) if r.category_id else None,
        grading=Grading(Impact(r.impact) if r.impact else None, urgency),
        tasks=msgspec.json.decode(r.tasks, type=tuple[Planned, ...]),
        roles=tuple(Role(role) for role in r.roles),
        first_update=r.first_update,
        created_at=r.created_at,
        version=r.version,
    )
