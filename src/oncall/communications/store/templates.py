"""SQL about templates of status updates."""

from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.updates import Audience, State, Template, TemplateId
from oncall.kit.ids import ServiceId, TeamId

ADD = text("""
    INSERT INTO update_templates (id, name, team_id, service_id, audience, state, title, text, created_at, version)
    VALUES (:id, :name, :team_id, :service_id, :audience, :state, :title, :text, :created_at, :version)
""")
SAVE = text("""
    UPDATE update_templates SET name = :name, team_id = :team_id, service_id = :service_id, audience = :audience, state = :state,
        title = :title, text = :text, version = :version
    WHERE id = :id
""")
FIND = text("""
    SELECT id, name, team_id, service_id, audience, state, title, text, created_at, version FROM update_templates WHERE id = :id
""")
LOCK = text("""
    SELECT id, name, team_id, service_id, audience, state, title, text, created_at, version FROM update_templates WHERE id = :id
    FOR NO KEY UPDATE
""")
LIST = text("""
    SELECT id, name, team_id, service_id, audience, state, title, text, created_at, version FROM update_templates
    WHERE id > :after AND (CAST(:team_id AS uuid) IS NULL OR team_id = :team_id)
        AND (CAST(:service_id AS uuid) IS NULL OR service_id = :service_id)
    ORDER BY id LIMIT :limit
""")
DELETE = text("DELETE FROM update_templates WHERE id = :id")


async def add_template(tx: AsyncConnection, template: Template) -> None:
    await tx.execute(ADD, {**_row(template), "created_at": template.created_at})


async def save_template(tx: AsyncConnection, template: Template) -> None:
    await tx.execute(SAVE, _row(template))


async def find_template(tx: AsyncConnection, id: TemplateId, *, lock: bool = False) -> Template | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id})).first()
    return _template(row) if row else None


async def list_templates(
    tx: AsyncConnection, *, after: UUID, team_id: TeamId | None, service_id: ServiceId | None, limit: int
) -> list[Template]:
    """In order of creation."""
    params = {"after": after, "team_id": team_id, "service_id": service_id, "limit": limit}
    return [_template(r) for r in await tx.execute(LIST, params)]


async def delete_template(tx: AsyncConnection, id: TemplateId) -> None:
    await tx.execute(DELETE, {"id": id})


def _row(template: Template) -> dict[str, object]:
    return {
        "id": template.id,
        "name": template.name,
        "team_id": template.team_id,
        "service_id": template.service_id,
        "audience": template.audience.value,
        "state": template.state.value,
        "title": template.title,
        "text": template.text,
        "version": template.version,
    }


def _template(r: Row[Any]) -> Template:
    return Template(
        TemplateId(r.id),
        r.name,
        TeamId(r.team_id) if r.team_id else None,
        ServiceId(r.service_id) if r.service_id else None,
        Audience(r.audience),
        State(r.state),
        r.title,
        r.text,
        r.created_at,
        r.version,
    )
