"""What notes, tasks and roles of an incident look like over REST."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.desk.values.roles import Role
from oncall.incidents.schemas.acting import Reason
from oncall.incidents.schemas.incidents import By, Named, VerbIn
from oncall.incidents.values.notes import Note
from oncall.incidents.values.roles import Holder
from oncall.incidents.values.tasks import Task, TaskState, ToDo
from oncall.kit.actors import Actor
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import UserId

Text = Annotated[str, StringConstraints(min_length=1, max_length=10_000, pattern=r"^[^\x00]*$")]
"""Markdown, of several lines if need be."""
Description = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^[^\x00]*$")]


class MajorIn(VerbIn):
    """Why it is one, or is one no more."""

    reason: Reason


def by_of(actor: Actor) -> By:
    return By(id=actor.id, name=actor.name, type=actor.kind)


class NoteIn(VerbIn):
    text: Text = Field(description="Markdown. It stays as it is written; nobody edits it.")


class NoteOut(Shown):
    id: UUID
    author: By
    written_at: Instant
    text: str

    @classmethod
    def of(cls, note: Note) -> Self:
        return cls(id=note.id, author=by_of(note.author), written_at=note.written_at, text=note.text)


class TaskIn(Strict):
    title: Name
    description: Description = ""
    owner_id: UserId | None = Field(None, description="Who is to do it; they are told.")
    due_at: Instant | None = None
    position: Annotated[int, Field(ge=1, le=100_000)] | None = Field(
        None, description="The lowest is first; behind all others unless it is said."
    )

    def to_do(self) -> ToDo:
        return ToDo(self.title, self.description, self.owner_id, self.due_at, self.position)


class TaskEdit(TaskIn):
    """All of it, as GET shows it; `done`, `drop` and `reopen` are verbs of their own."""

    id: ReadOnly = None
    owner: ReadOnly = None
    state: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None
    ended_by: ReadOnly = None
    ended_at: ReadOnly = None
    ended_reason: ReadOnly = None


class TaskOut(Shown):
    id: UUID
    title: str
    description: str
    owner_id: UUID | None
    owner: Named | None
    state: TaskState
    position: int
    due_at: Instant | None
    created_by: By
    created_at: Instant
    ended_by: By | None = Field(description="Who has done or dropped it.")
    ended_at: Instant | None
    ended_reason: str | None

    @classmethod
    def of(cls, task: Task) -> Self:
        return cls(
            id=task.id,
            title=task.title,
            description=task.description,
            owner_id=task.owner_id,
            owner=Named(id=task.owner_id, name=task.owner or "deleted user") if task.owner_id else None,
            state=task.state,
            position=task.position,
            due_at=task.due_at,
            created_by=by_of(task.created_by),
            created_at=task.created_at,
            ended_by=By.of(task.ended_by),
            ended_at=task.ended_at,
            ended_reason=task.ended_reason,
        )


class TaskDone(TaskOut):
    """The task as it is now, and whether this call changed it."""

    changed: bool


class DropIn(VerbIn):
    reason: Reason = Field(description="Why nobody needs to do it.")


class RoleIn(Strict):
    """Who is to have it: set, or handed over by whoever has it."""

    user_id: UserId
    reason: Reason | None = None


class HolderOut(Shown):
    role: Role
    user: Named
    since: Instant
    set_by: By

    @classmethod
    def of(cls, one: Holder) -> Self:
        return cls(role=one.role, user=Named(id=one.user_id, name=one.user or "deleted user"), since=one.since, set_by=by_of(one.set_by))


class RolesOut(Shown):
    items: Sequence[HolderOut]
    owed: Sequence[Role] = Field(description="Those that somebody is to take.")
