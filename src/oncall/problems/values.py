"""What a problem is, and what can be wrong with it."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.desk.values import CategoryId
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, ServiceId

ProblemId = NewType("ProblemId", UUID)
MOST_LINKED = 1_000
"""Incidents of one problem."""


class UnknownProblem(NotFound):
    """There is no problem with this id."""

    def __init__(self) -> None:
        super().__init__("There is no problem with this id.")


class InvalidProblem(Invalid):
    """It says something that cannot be, or not enough."""

    code = "invalid_problem"


class TooManyLinked(Conflict):
    """More incidents of one problem say nothing new."""

    code = "too_many_linked"

    def __init__(self) -> None:
        super().__init__(f"This problem is linked to {MOST_LINKED:,} incidents, which is the most: unlink some, or make another problem.")


class ProblemStatus(StrEnum):
    """open: being looked into; known_error: the cause and a workaround are known; resolved: repaired for good."""

    OPEN = "open"
    KNOWN_ERROR = "known_error"
    RESOLVED = "resolved"


@dataclass(frozen=True, slots=True)
class Said:
    """What people say of a problem."""

    title: str
    description: str = ""
    root_cause: str = ""
    workaround: str = ""
    resolution: str = ""
    status: ProblemStatus = ProblemStatus.OPEN
    category_id: CategoryId | None = None
    service_ids: tuple[ServiceId, ...] = ()


@dataclass(frozen=True, slots=True)
class Problem:
    """What lies behind incidents. `incident_count` is how many are linked to it."""

    id: ProblemId
    said: Said
    created_by: str
    created_at: datetime
    updated_by: str
    updated_at: datetime
    resolved_at: datetime | None = None
    version: int = 1
    incident_count: int = 0


@dataclass(frozen=True, slots=True)
class Link:
    """An incident that came of a problem; who said so, and when."""

    incident_id: IncidentId
    number: int
    title: str
    linked_by: str
    linked_at: datetime

    @property
    def id(self) -> IncidentId:
        """As pages of a list go on from it."""
        return self.incident_id


@dataclass(frozen=True, slots=True)
class Search:
    """Which problems are asked for; None leaves a filter out."""

    status: ProblemStatus | None = None
    service_id: ServiceId | None = None
    category_id: CategoryId | None = None
    incident_id: IncidentId | None = None
    words: str | None = None


@dataclass(frozen=True, slots=True)
class Found:
    """How much of what was asked a problem has in its words, from 0 to 1, and whether it is of the same service."""

    problem: Problem
    rank: float
    same_service: bool


@dataclass(frozen=True, slots=True)
class Similar:
    """A problem that may be behind what is being logged; `score` is from 0 to 1, and `why` says what it follows from."""

    problem: Problem
    score: float
    why: str
    same_service: bool = False
