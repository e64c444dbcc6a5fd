"""Tasks of an incident: added, edited, done, dropped, reopened; each is a line of its timeline, and its owner is told."""

from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.affirming import still_on_it
from oncall.incidents.commands.asking import name_of, tell_person
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules import tasks as rules
from oncall.incidents.rules.major import check_not_closed
from oncall.incidents.store import tasks as store
from oncall.incidents.values import Incident
from oncall.incidents.values.tasks import MOST_TASKS, Task, TaskId, TaskState, ToDo, TooManyTasks, UnknownTask
from oncall.kit.actors import Actor
from oncall.kit.ids import new_id
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version


async def add_task(tx: AsyncConnection, ref: UUID | int, wanted: ToDo, *, by: Actor, now: datetime) -> Task:
    return (await add_tasks(tx, (await lock(tx, ref)).incident, [wanted], by=by, now=now))[0]


async def add_tasks(tx: AsyncConnection, incident: Incident, wanted: Sequence[ToDo], *, by: Actor, now: datetime) -> list[Task]:
    """To a locked incident, in this order behind those it has, unless they say where."""
    check_not_closed(incident, to="given tasks")
    there = await store.list_tasks(tx, incident.id)
    if len(there) + len(wanted) > MOST_TASKS:
        raise TooManyTasks(f"#{incident.number} has {len(there)} tasks, and {MOST_TASKS} is the most: use another incident for other work.")
    last = max((one.position for one in there), default=0)
    made = [
        Task(
            id=TaskId(new_id()),
            incident_id=incident.id,
            title=one.title,
            description=one.description,
            owner_id=one.owner_id,
            owner=await name_of(tx, one.owner_id, field="owner_id") if one.owner_id else None,
            state=TaskState.OPEN,
            position=last + n if one.position is None else one.position,
            due_at=one.due_at,
            created_by=by,
            created_at=now,
        )
        for n, one in enumerate(wanted, start=1)
    ]
    if not made:
        return []
    await store.add_tasks(tx, made)
    await still_on_it(tx, incident, by, now=now)
    await timeline.add(tx, [_entry(one, timeline.Kind.TASK_ADDED, by, rules.words_of_new(one), now=now) for one in made])
    for one in made:
        await _tell_owner(tx, incident, one, by, now=now)
    return made


async def list_tasks(tx: AsyncConnection, ref: UUID | int) -> list[Task]:
    """In their order. Of one that was merged, those of the incident that has its alerts now."""
    incident = await end_of(tx, await get_incident(tx, ref))
    return await _named(tx, await store.list_tasks(tx, incident.id))


async def get_task(tx: AsyncConnection, ref: UUID | int, id: UUID) -> Task:
    return _found(await list_tasks(tx, ref), id)


async def edit_task(
    tx: AsyncConnection, ref: UUID | int, id: UUID, wanted: ToDo, *, expected_version: int | None, by: Actor, now: datetime
) -> Task:
    """All that can be edited; a new owner is told."""
    incident = (await lock(tx, ref)).incident
    check_not_closed(incident, to="edited in its tasks")
    before = await get_task(tx, incident.id, id)
    check_version(before.version, expected_version)
    after = rules.edited(before, wanted, await name_of(tx, wanted.owner_id, field="owner_id") if wanted.owner_id else None)
    words = rules.words_of_change(before, after)
    if words is None:
        return before
    await _write(tx, incident, after, timeline.Kind.TASK_CHANGED, by, words, now=now)
    if after.owner_id != before.owner_id:
        await _tell_owner(tx, incident, after, by, now=now)
    return after


async def put_into(
    tx: AsyncConnection, ref: UUID | int, id: UUID, state: TaskState, *, by: Actor, reason: str | None, now: datetime
) -> tuple[Task, bool]:
    """Done, dropped or open again; said once more, nothing changes."""
    incident = (await lock(tx, ref)).incident
    check_not_closed(incident, to="changed in its tasks")
    before = await get_task(tx, incident.id, id)
    after = rules.put_into(before, state, by, reason=reason, now=now)
    if after is None:
        return before, False
    await _write(tx, incident, after, rules.KINDS[state], by, rules.words_of_state(after, reason), now=now)
    if state is TaskState.OPEN:
        await _tell_owner(tx, incident, after, by, now=now)
    return after, True


async def _write(tx: AsyncConnection, incident: Incident, task: Task, kind: timeline.Kind, by: Actor, words: str, *, now: datetime) -> None:
    await store.save_task(tx, task)
    await still_on_it(tx, incident, by, now=now)
    await timeline.add(tx, [_entry(task, kind, by, words, now=now)])


def _entry(task: Task, kind: timeline.Kind, by: Actor, words: str, *, now: datetime) -> timeline.Entry:
    return timeline.Entry(task.incident_id, now, kind, by, words, {"task_id": f"{task.id}"})


async def _tell_owner(tx: AsyncConnection, incident: Incident, task: Task, by: Actor, *, now: datetime) -> None:
    if task.owner_id is None:
        return
    paragraphs = tuple(one for one in (task.description, f"Due {task.due_at:%Y-%m-%d %H:%M} UTC." if task.due_at else "") if one)
    await tell_person(tx, incident, task.owner_id, by, kind="task", subject=f"Your task: {task.title}", paragraphs=paragraphs, now=now)


async def _named(tx: AsyncConnection, tasks: Iterable[Task]) -> list[Task]:
    listed = list(tasks)
    owners = {one.owner_id for one in listed if one.owner_id}
    users = await get_users(tx, owners) if owners else {}
    return [replace(one, owner=users[one.owner_id].name) if one.owner_id and one.owner_id in users else one for one in listed]


def _found(tasks: Sequence[Task], id: UUID) -> Task:
    found = next((one for one in tasks if one.id == id), None)
    if found is None:
        raise UnknownTask("There is no task with this id in this incident.")
    return found
