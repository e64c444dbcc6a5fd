"""What problems look like over REST."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.desk.values import CategoryId
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.problems.values import Problem, ProblemStatus, Said, Similar

Words = Annotated[str, StringConstraints(max_length=10_000)]


class ProblemIn(Strict):
    """A known error needs `root_cause` and `workaround`, a resolved problem `root_cause` and `resolution`."""

    title: Name
    description: Words = ""
    root_cause: Words = ""
    workaround: Words = ""
    resolution: Words = ""
    status: ProblemStatus = ProblemStatus.OPEN
    category_id: UUID | None = None
    service_ids: list[UUID] = Field(default_factory=list, max_length=50)

    def said(self) -> Said:
        return Said(
            self.title,
            self.description,
            self.root_cause,
            self.workaround,
            self.resolution,
            self.status,
            CategoryId(self.category_id) if self.category_id else None,
            tuple(dict.fromkeys(ServiceId(id) for id in self.service_ids)),
        )


class ProblemEdit(ProblemIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    incident_count: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None
    updated_by: ReadOnly = None
    updated_at: ReadOnly = None
    resolved_at: ReadOnly = None
    similar: ReadOnly = None


class SimilarOut(Shown):
    score: float = Field(description="From 0 to 1: words in common, the same service, a workaround that is known.")
    why: str


class ProblemOut(Shown):
    id: UUID
    title: str
    description: str
    root_cause: str
    workaround: str
    resolution: str
    status: ProblemStatus
    category_id: UUID | None
    service_ids: tuple[UUID, ...]
    incident_count: int
    created_by: str
    created_at: Instant
    updated_by: str
    updated_at: Instant
    resolved_at: Instant | None
    similar: SimilarOut | None = Field(default=None, description="Only where `similar_to` was asked.")

    @classmethod
    def of(cls, problem: Problem, similar: Similar | None = None) -> Self:
        said = problem.said
        return cls(
            id=problem.id,
            title=said.title,
            description=said.description,
            root_cause=said.root_cause,
            workaround=said.workaround,
            resolution=said.resolution,
            status=said.status,
            category_id=said.category_id,
            service_ids=said.service_ids,
            incident_count=problem.incident_count,
            created_by=problem.created_by,
            created_at=problem.created_at,
            updated_by=problem.updated_by,
            updated_at=problem.updated_at,
            resolved_at=problem.resolved_at,
            similar=SimilarOut.model_validate(similar) if similar else None,
        )


class LinkIn(Strict):
    incident: Annotated[int, Field(ge=1, lt=10**18)] | UUID = Field(description="Number or id of the incident.")


class LinkOut(Shown):
    incident_id: UUID
    number: int
    title: str
    linked_by: str
    linked_at: Instant
