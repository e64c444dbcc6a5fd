"""What the catalogue looks like over REST: profiles, dependencies, groups of services."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.kit.http import Listed, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.services.values.dependencies import MAX_DEPENDENCIES, Dependencies, Known
from oncall.services.values.groups import MAX_MEMBERS, Group, ServiceGroupId
from oncall.services.values.profile import Link

Url = Annotated[str, StringConstraints(max_length=2_000, pattern=r"^https?://[^\s\x00-\x1f\x7f]+$")]
"""For people to click: we never call it."""

Line = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
LongText = Annotated[str, StringConstraints(max_length=10_000, pattern=r"^[^\x00]*$")]
Tier = Annotated[int, Field(ge=1, le=4, strict=True)]


class LinkShape(Strict):
    name: Name
    url: Url

    def to_link(self) -> Link:
        return Link(self.name, self.url)


class TeamNamed(Shown):
    id: UUID
    name: str | None


class ServiceNamed(Shown):
    id: UUID
    name: str


class ServiceKnown(ServiceNamed):
    """A service and who owns it; `tier` 1 matters most."""

    tier: int | None
    team: TeamNamed | None
    owner_contact: str
    runbook_url: str | None

    @classmethod
    def of(cls, known: Known) -> Self:
        team = TeamNamed(id=known.team_id, name=known.team) if known.team_id else None
        return cls(
            id=known.id,
            name=known.name,
            tier=known.tier,
            team=team,
            owner_contact=known.owner_contact,
            runbook_url=known.runbook_url,
        )


class DependenciesIn(Strict):
    """All that the service depends on directly."""

    depends_on: Annotated[list[ServiceId], Field(max_length=MAX_DEPENDENCIES)]


class DependencyIn(Strict):
    id: ServiceId = Field(description="Of the service it depends on.")


def shown_dependencies(found: Dependencies) -> Listed[ServiceKnown]:
    return Listed(items=[ServiceKnown.of(one) for one in found.on])


class GroupIn(Strict):
    """Services that people outside think of as one."""

    name: Name
    description: LongText = ""
    service_ids: Annotated[Sequence[ServiceId], Field(max_length=MAX_MEMBERS)] = ()

    def to_group(self, id: ServiceGroupId) -> Group:
        return Group(id, self.name, self.description, tuple(dict.fromkeys(self.service_ids)))


class GroupEdit(GroupIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None


class GroupShown(Shown):
    id: UUID
    name: str
    description: str
    service_ids: list[UUID]
