"""What is to be done in an incident, and by whom."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, UserId

TaskId = NewType("TaskId", UUID)

MOST_TASKS = 200
"""Of one incident; who has more to do has more than one incident."""


class TaskState(StrEnum):
    OPEN = "open"
    DONE = "done"
    DROPPED = "dropped"


class UnknownTask(NotFound):
    """There is no task with this id in this incident."""


class UnknownPerson(Invalid):
    """There is no user with this id to give a task or a role to."""


class TooManyTasks(Conflict):
    """An incident holds no more of them."""

    code = "too_many_tasks"
    title = "Too many tasks"


class TaskOver(Conflict):
    """It is done or dropped; `allowed` are the verbs that can be said of it now."""

    code = "task_over"
    title = "Task over"

    def __init__(self, sentence: str, *, state: TaskState, allowed: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.members = {"state": state.value, "allowed": list(allowed)}


@dataclass(frozen=True, slots=True)
class ToDo:
    """What somebody says of a task: all that can be edited. `position`: the lowest first; None: behind all others."""

    title: str
    description: str = ""
    owner_id: UserId | None = None
    due_at: datetime | None = None
    position: int | None = None


@dataclass(frozen=True, slots=True)
class Task:
    id: TaskId
    incident_id: IncidentId
    title: str
    description: str
    owner_id: UserId | None
    owner: str | None
    """The name of its owner."""
    state: TaskState
    position: int
    due_at: datetime | None
    created_by: Actor
    created_at: datetime
    ended_by: Actor | None = None
    ended_at: datetime | None = None
    ended_reason: str | None = None
    version: int = 1
