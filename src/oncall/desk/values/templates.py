"""How incidents that come again are logged: what is known of them beforehand, and what is to be done."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

from oncall.desk.values import CategoryId, Grading
from oncall.desk.values.roles import Role
from oncall.kit.errors import Conflict, Invalid, NotFound

TemplateId = NewType("TemplateId", UUID)


class UnknownTemplate(NotFound):
    """There is no incident template with this id."""


class NoSuchTemplate(Invalid):
    """An incident is to be logged by a template that does not exist."""


class TemplateNameTaken(Conflict):
    """Another template is called so."""

    code = "name_taken"
    title = "Name taken"


@dataclass(frozen=True, slots=True)
class Planned:
    """A task that whoever responds is given; `due_in` counts from when the incident is logged."""

    title: str
    description: str = ""
    due_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """What is said of an incident unless whoever logs it says otherwise. `title` may hold `{title}`, what they say, and `{service}`."""

    id: TemplateId
    name: str
    title: str
    description: str
    category_id: CategoryId | None
    grading: Grading
    """Impact and business urgency."""
    tasks: tuple[Planned, ...]
    roles: tuple[Role, ...]
    """Which somebody is to take."""
    first_update: str
    """What to tell everybody first."""
    created_at: datetime
    version: int = 1
