"""SQL about tasks. Whoever writes one holds the lock of its incident."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.tasks import Task, TaskId, TaskState
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId

ADD = text("""
    INSERT INTO incident_tasks (id, incident_id, title, description, owner_id, state, position, due_at, created_by, created_at)
    SELECT t.id, :incident_id, t.title, t.description, t.owner_id, 'open', t.position, t.due_at, CAST(:by AS jsonb), :now
    FROM unnest(CAST(:ids AS uuid[]), CAST(:titles AS text[]), CAST(:descriptions AS text[]), CAST(:owner_ids AS uuid[]),
        CAST(:positions AS int[]), CAST(:due_ats AS timestamptz[])) AS t (id, title, description, owner_id, position, due_at)
""")
# By `incident_tasks_incident_idx (incident_id, position, id)`; there are at most `MOST_TASKS` of one incident.
LIST = text("""
    SELECT id, incident_id, title, description, owner_id, state, position, due_at, created_by::text AS created_by, created_at,
        ended_by::text AS ended_by, ended_at, ended_reason, version
    FROM incident_tasks WHERE incident_id = :incident_id ORDER BY position, id
""")
SAVE = text("""
    UPDATE incident_tasks SET title = :title, description = :description, owner_id = :owner_id, state = :state, position = :position,
        due_at = :due_at, ended_by = CAST(:ended_by AS jsonb), ended_at = :ended_at, ended_reason = :ended_reason, version = :version
    WHERE id = :id
""")


async def add_tasks(tx: AsyncConnection, tasks: Sequence[Task]) -> None:
    """All of one incident, made by one actor at one instant."""
    first = tasks[0]
    params = {
        "incident_id": first.incident_id,
        "by": msgspec.json.encode(first.created_by).decode(),
        "now": first.created_at,
        "ids": [one.id for one in tasks],
        "titles": [one.title for one in tasks],
        "descriptions": [one.description for one in tasks],
        "owner_ids": [one.owner_id for one in tasks],
        "positions": [one.position for one in tasks],
        "due_ats": [one.due_at for one in tasks],
    }
    await tx.execute(ADD, params)


async def list_tasks(tx: AsyncConnection, incident_id: IncidentId) -> list[Task]:
    """In their order, without the names of their owners."""
    return [_task(r) for r in await tx.execute(LIST, {"incident_id": incident_id})]


async def save_task(tx: AsyncConnection, task: Task) -> None:
    params = {
        "id": task.id,
        "title": task.title,
        "description": task.description,
        "owner_id": task.owner_id,
        "state": task.state.value,
        "position": task.position,
        "due_at": task.due_at,
        "ended_by": None if task.ended_by is None else msgspec.json.encode(task.ended_by).decode(),
        "ended_at": task.ended_at,
        "ended_reason": task.ended_reason,
        "version": task.version,
    }
    await tx.execute(SAVE, params)


def _actor(raw: str | None) -> Actor | None:
    return msgspec.json.decode(raw, type=Actor) if raw else None


def _task(r: Row[Any]) -> Task:
    owner: UUID | None = r.owner_id
    return Task(
        id=TaskId(r.id),
        incident_id=IncidentId(r.incident_id),
        title=r.title,
        description=r.description,
        owner_id=UserId(owner) if owner else None,
        owner=None,
        state=TaskState(r.state),
        position=r.position,
        due_at=r.due_at,
        created_by=msgspec.json.decode(r.created_by, type=Actor),
        created_at=r.created_at,
        ended_by=_actor(r.ended_by),
        ended_at=r.ended_at,
        ended_reason=r.ended_reason,
        version=r.version,
    )
