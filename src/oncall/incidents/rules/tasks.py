"""What becomes of a task when somebody says something of it, and in which words. Pure."""

from dataclasses import replace
from datetime import datetime

from oncall.incidents.values.tasks import Task, TaskOver, TaskState, ToDo
from oncall.kit.actors import Actor
from oncall.timeline.values import Kind

KINDS = {TaskState.DONE: Kind.TASK_DONE, TaskState.OPEN: Kind.TASK_REOPENED, TaskState.DROPPED: Kind.TASK_DROPPED}
ALLOWED = {TaskState.OPEN: ("done", "drop"), TaskState.DONE: ("reopen",), TaskState.DROPPED: ("reopen",)}
WORDS = {TaskState.DONE: "done", TaskState.OPEN: "open again", TaskState.DROPPED: "dropped"}


def put_into(task: Task, state: TaskState, by: Actor, *, reason: str | None, now: datetime) -> Task | None:
    """Done, dropped or open again; None: it is that already. From done to dropped, and back, the way is over open."""
    if task.state is state:
        return None
    if TaskState.OPEN not in {task.state, state}:
        raise TaskOver(
            f"Task {task.title!r} is {task.state.value} already: reopen it first.", state=task.state, allowed=ALLOWED[task.state]
        )
    if state is TaskState.OPEN:
        return replace(task, state=state, ended_by=None, ended_at=None, ended_reason=None, version=task.version + 1)
    return replace(task, state=state, ended_by=by, ended_at=now, ended_reason=reason, version=task.version + 1)


def edited(task: Task, wanted: ToDo, owner: str | None) -> Task:
    """With what can be edited as it is wanted; what is over is not edited."""
    if task.state is not TaskState.OPEN:
        raise TaskOver(
            f"Task {task.title!r} is {task.state.value}: reopen it before you edit it.", state=task.state, allowed=ALLOWED[task.state]
        )
    return replace(
        task,
        title=wanted.title,
        description=wanted.description,
        owner_id=wanted.owner_id,
        owner=owner,
        due_at=wanted.due_at,
        position=task.position if wanted.position is None else wanted.position,
        version=task.version + 1,
    )


def words_of_change(before: Task, after: Task) -> str | None:
    """What an edit changed, for the timeline; None if it changed nothing."""
    said = []
    if before.title != after.title:
        said.append(f"is called {after.title!r}")
    if before.description != after.description:
        said.append("has another description")
    if before.owner_id != after.owner_id:
        said.append(f"is {after.owner}'s" if after.owner_id else "is nobody's")
    if before.due_at != after.due_at:
        said.append(f"is due {after.due_at:%Y-%m-%d %H:%M}Z" if after.due_at else "has no date any more")
    if before.position != after.position:
        said.append(f"is number {after.position} in order")
    return f"task {before.title!r} {', '.join(said)}" if said else None


def words_of_new(task: Task) -> str:
    whose = f" for {task.owner}" if task.owner else ""
    due = f", due {task.due_at:%Y-%m-%d %H:%M}Z" if task.due_at else ""
    return f"task {task.title!r}{whose}{due}"


def words_of_state(task: Task, reason: str | None) -> str:
    return f"task {task.title!r} is {WORDS[task.state]}" + (f": {reason}" if reason else "")
