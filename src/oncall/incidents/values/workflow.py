"""Workflow rules: what is done by itself when an incident is logged, gets another priority or another status."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.desk.values import CategoryId, Priority, Process
from oncall.desk.values.roles import Role
from oncall.desk.values.templates import Planned
from oncall.incidents.values import Status
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId, TeamId, UserId

RuleId = NewType("RuleId", UUID)

MOST_RULES = 100
AT_ONCE = 20
"""Incidents of one transaction that rules act on: what pages must not wait long for them."""
VIA = "workflow"
"""Through what a rule does something; what came through it triggers no rule."""


class UnknownRule(NotFound):
    """There is no workflow rule with this id."""


class RuleNameTaken(Conflict):
    """Another rule is called so."""

    code = "name_taken"
    title = "Name taken"


class TooManyRules(Conflict):
    """There are as many rules as there may be."""

    code = "too_many_rules"
    title = "Too many rules"


class NamesNothing(Invalid):
    """It names a service, a category, a person, a team or an action that does not exist."""


class Trigger(StrEnum):
    LOGGED = "logged"
    PRIORITY_CHANGED = "priority_changed"
    STATUS_CHANGED = "status_changed"


class ActType(StrEnum):
    ADD_RESPONDERS = "add_responders"
    ADD_TASKS = "add_tasks"
    SET_ROLE = "set_role"
    DECLARE_MAJOR = "declare_major"
    RUN = "run"


@dataclass(frozen=True, slots=True)
class Conditions:
    """All that are said must hold; of several values one is enough. Nothing said holds always."""

    priorities: tuple[Priority, ...] = ()
    service_ids: tuple[ServiceId, ...] = ()
    category_ids: tuple[CategoryId, ...] = ()
    processes: tuple[Process, ...] = ()
    urgencies: tuple[Urgency, ...] = ()
    statuses: tuple[Status, ...] = ()


@dataclass(frozen=True, slots=True)
class Act:
    """One thing that a rule does; which of the fields mean something its `type` says."""

    type: ActType
    user_ids: tuple[UserId, ...] = ()
    team_ids: tuple[TeamId, ...] = ()
    tasks: tuple[Planned, ...] = ()
    role: Role | None = None
    text: str = ""
    """The message to responders, the reason why it is major, or what a named action is told."""
    name: str = ""
    """Of `run`: the action of another room."""


@dataclass(frozen=True, slots=True)
class Rule:
    id: RuleId
    name: str
    position: int
    enabled: bool
    triggers: tuple[Trigger, ...]
    conditions: Conditions
    actions: tuple[Act, ...]
    created_at: datetime
    version: int = 1
