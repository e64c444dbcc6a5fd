"""SQL about templates and settings, which exist once somebody has said something else than what everybody begins with."""

from datetime import timedelta

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import Priority
from oncall.kit.ids import TeamId
from oncall.postmortems.values import Settings, Template

FIND_TEMPLATE = text("SELECT body, version FROM postmortem_templates WHERE team_id = :team_id")
SAVE_TEMPLATE = text("""
    INSERT INTO postmortem_templates (team_id, body, version) VALUES (:team_id, :body, :version)
    ON CONFLICT (team_id) DO UPDATE SET body = excluded.body, version = excluded.version
    WHERE postmortem_templates.version = excluded.version - 1
""")
DROP_TEMPLATE = text("DELETE FROM postmortem_templates WHERE team_id = :team_id")
FIND_SETTINGS = text("SELECT factors, due_after::text AS due_after, owed_within, version FROM postmortem_settings")
SAVE_SETTINGS = text("""
    INSERT INTO postmortem_settings (is_the_one, factors, due_after, owed_within, version)
    VALUES (true, :factors, CAST(:due_after AS jsonb), :owed_within, :version)
    ON CONFLICT (is_the_one) DO UPDATE
    SET factors = excluded.factors, due_after = excluded.due_after, owed_within = excluded.owed_within, version = excluded.version
    WHERE postmortem_settings.version = excluded.version - 1
""")


async def find_template(tx: AsyncConnection, team_id: TeamId) -> Template | None:
    row = (await tx.execute(FIND_TEMPLATE, {"team_id": team_id})).first()
    return Template(row.body, row.version) if row else None


async def save_template(tx: AsyncConnection, team_id: TeamId, template: Template) -> bool:
    """False if somebody was quicker."""
    saved = await tx.execute(SAVE_TEMPLATE, {"team_id": team_id, "body": template.body, "version": template.version})
    return saved.rowcount == 1


async def drop_template(tx: AsyncConnection, team_id: TeamId) -> None:
    await tx.execute(DROP_TEMPLATE, {"team_id": team_id})


async def find_settings(tx: AsyncConnection) -> Settings | None:
    row = (await tx.execute(FIND_SETTINGS)).first()
    if row is None:
        return None
    seconds: dict[str, float] = msgspec.json.decode(row.due_after, type=dict[str, float])
    due_after = {priority: timedelta(seconds=seconds[priority.value]) for priority in Priority}
    return Settings(tuple(row.factors), due_after, row.owed_within, row.version)


async def save_settings(tx: AsyncConnection, settings: Settings) -> bool:
    """False if somebody was quicker."""
    due_after = {priority.value: time.total_seconds() for priority, time in settings.due_after.items()}
    params = {"factors": list(settings.factors), "owed_within": settings.owed_within, "version": settings.version}
    saved = await tx.execute(SAVE_SETTINGS, {**params, "due_after": msgspec.json.encode(due_after).decode()})
    return saved.rowcount == 1
