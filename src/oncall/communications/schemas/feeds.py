"""What status feeds look like over REST."""

from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from oncall.communications.values.feeds import Feed, FeedSettings, Group, ShownAs
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId
from oncall.services.values.groups import ServiceGroupId


def _slug(value: str) -> str:
    if not value.isascii() or not all(part.isalnum() and part == part.lower() for part in value.split("-")):
        raise ValueError("must be lower-case letters and digits, with single hyphens between them")
    return value


class ShownServiceIn(Strict):
    """A service, or a group of services (`/service-groups`) as one: either `service_id` or `service_group_id`."""

    service_id: UUID | None = None
    service_group_id: UUID | None = Field(None, description="Its state is that of the worst of its services, whichever these are by then.")
    name: Name = Field(description="What readers call it.")

    def shown_as(self) -> ShownAs:
        return ShownAs(
            ServiceId(self.service_id) if self.service_id else None,
            self.name,
            ServiceGroupId(self.service_group_id) if self.service_group_id else None,
        )


class GroupIn(Strict):
    name: Name
    services: Annotated[list[ShownServiceIn], Field(min_length=1, max_length=200)]


class FeedIn(Strict):
    """A page, JSON and Atom for everybody at /status/{slug}; with `public: false` there is nothing at that address."""

    name: Name
    slug: Annotated[str, StringConstraints(min_length=1, max_length=63), AfterValidator(_slug)] = Field(examples=["payments"])
    description: Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")] = ""
    groups: Annotated[list[GroupIn], Field(min_length=1, max_length=50)]
    public: bool = False

    def settings(self) -> FeedSettings:
        groups = tuple(Group(group.name, tuple(one.shown_as() for one in group.services)) for group in self.groups)
        return FeedSettings(self.name, self.slug, self.description, groups, self.public)


class FeedEdit(FeedIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    url: ReadOnly = None
    created_at: ReadOnly = None


class ShownServiceOut(Shown):
    service_id: UUID | None
    service_group_id: UUID | None
    name: str


class GroupOut(Shown):
    name: str
    services: list[ShownServiceOut]


class FeedOut(Shown):
    id: UUID
    name: str
    slug: str
    description: str
    groups: list[GroupOut]
    public: bool
    url: str = Field(description="Of the page; .json and .atom behind it are the others.")
    created_at: Instant

    @classmethod
    def of(cls, feed: Feed, base_url: str) -> Self:
        said = feed.settings
        return cls(
            id=feed.id,
            name=said.name,
            slug=said.slug,
            description=said.description,
            groups=[GroupOut.model_validate(group) for group in said.groups],
            public=said.public,
            url=f"{base_url}/status/{said.slug}",
            created_at=feed.created_at,
        )
