"""What incident templates look like over REST."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from oncall.desk.values import BusinessUrgency, CategoryId, Grading, Impact
from oncall.desk.values.roles import Role
from oncall.desk.values.templates import Planned, Template, TemplateId
from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict

MOST_PLANNED = 50

Pattern = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
Words = Annotated[str, StringConstraints(max_length=20_000)]


class PlannedIn(Strict):
    title: Name
    description: Annotated[str, StringConstraints(max_length=2_000)] = ""
    due_in: Duration | None = Field(None, description="After the incident is logged.")

    def to_planned(self) -> Planned:
        return Planned(self.title, self.description, self.due_in)


class TemplateIn(Strict):
    """What is said of an incident that is logged by it, unless whoever logs it says otherwise, and what is to be done then."""

    name: Name
    title: Pattern = Field("", description="May hold `{title}`, which is what whoever logs it says, and `{service}`.")
    description: Words = ""
    category_id: CategoryId | None = None
    impact: Impact | None = None
    business_urgency: BusinessUrgency | None = None
    tasks: Annotated[Sequence[PlannedIn], Field(max_length=MOST_PLANNED)] = ()
    roles: Annotated[tuple[Role, ...], Field(max_length=3), AfterValidator(lambda roles: tuple(dict.fromkeys(roles)))] = ()
    first_update: Annotated[str, StringConstraints(max_length=5_000)] = Field(
        "", description="What to tell everybody first; whoever responds finds it as a task."
    )

    def to_template(self, id: TemplateId, *, now: datetime) -> Template:
        return Template(
            id=id,
            name=self.name,
            title=self.title,
            description=self.description,
            category_id=self.category_id,
            grading=Grading(self.impact, self.business_urgency),
            tasks=tuple(one.to_planned() for one in self.tasks),
            roles=self.roles,
            first_update=self.first_update,
            created_at=now,
        )


class TemplateEdit(TemplateIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class PlannedOut(Shown):
    title: str
    description: str
    due_in: Duration | None


class TemplateOut(Shown):
    id: UUID
    name: str
    title: str
    description: str
    category_id: UUID | None
    impact: Impact | None
    business_urgency: BusinessUrgency | None
    tasks: Sequence[PlannedOut]
    roles: Sequence[Role]
    first_update: str
    created_at: Instant

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(
            id=template.id,
            name=template.name,
            title=template.title,
            description=template.description,
            category_id=template.category_id,
            impact=template.grading.impact,
            business_urgency=template.grading.business_urgency,
            tasks=[PlannedOut.model_validate(one) for one in template.tasks],
            roles=template.roles,
            first_update=template.first_update,
            created_at=template.created_at,
        )
