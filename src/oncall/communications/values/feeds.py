"""What a status feed is, and what it shows."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime
from typing import NewType
from uuid import UUID

from oncall.communications.values.updates import Published, PublishedId, State, StatusUpdate
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId
from oncall.services.values.groups import ServiceGroupId

FeedId = NewType("FeedId", UUID)

ON_A_PAGE = 20
"""Incidents on one page of a feed; those that are not resolved are all on the first."""

MOST_UNRESOLVED = 50
MOST_UPDATES = 50
"""Of one incident, the newest."""


class UnknownFeed(NotFound):
    """There is no such feed, or it is not public."""

    def __init__(self) -> None:
        super().__init__("There is no status feed with this id.")


class NoSuchPage(NotFound):
    """Whoever asks may not know whether there is one."""

    def __init__(self) -> None:
        super().__init__("There is no status page at this address.")


class SlugTaken(Conflict):
    """Another feed has this address."""

    code = "slug_taken"

    def __init__(self) -> None:
        super().__init__("Another status feed has this slug: choose another one.")


class BadFeed(Invalid):
    """A feed that cannot be."""


@dataclass(frozen=True, slots=True)
class ShownAs:
    """A service, or a group of the catalogue as one, under the name that readers know. `members`: the services of that group, as they are
    when this is read.
    """

    service_id: ServiceId | None
    name: str
    service_group_id: ServiceGroupId | None = None
    members: frozenset[ServiceId] = field(default=frozenset(), compare=False)

    @property
    def service_ids(self) -> frozenset[ServiceId]:
        return self.members if self.service_id is None else frozenset({self.service_id})


@dataclass(frozen=True, slots=True)
class Group:
    name: str
    services: tuple[ShownAs, ...]


@dataclass(frozen=True, slots=True)
class FeedSettings:
    name: str
    slug: str
    description: str
    groups: tuple[Group, ...]
    public: bool


@dataclass(frozen=True, slots=True)
class Feed:
    id: FeedId
    settings: FeedSettings
    created_at: datetime
    version: int = 1

    @property
    def lines(self) -> Sequence[ShownAs]:
        return [shown for group in self.settings.groups for shown in group.services]

    @property
    def service_ids(self) -> frozenset[ServiceId]:
        return frozenset(id for line in self.lines for id in line.service_ids)


@dataclass(frozen=True, slots=True)
class Story:
    """A published incident with its updates, the newest first."""

    published: Published
    updates: tuple[StatusUpdate, ...]

    @property
    def id(self) -> PublishedId:
        return self.published.id


@dataclass(frozen=True, slots=True)
class Planned:
    """One time that a public maintenance window is."""

    id: UUID
    name: str
    description: str
    service_ids: frozenset[ServiceId]
    start: datetime
    end: datetime


@dataclass(frozen=True, slots=True)
class ShownStory:
    id: PublishedId
    title: str
    state: State
    services: tuple[str, ...]
    began_at: datetime
    updated_at: datetime
    updates: tuple[StatusUpdate, ...]


@dataclass(frozen=True, slots=True)
class ShownWindow:
    id: UUID
    name: str
    description: str
    services: tuple[str, ...]
    start: datetime
    end: datetime
    running: bool


@dataclass(frozen=True, slots=True)
class StatusPage:
    """What a feed shows: for each group its services, each with its state in a word."""

    name: str
    slug: str
    description: str
    state: str
    groups: tuple[tuple[str, tuple[tuple[str, str], ...]], ...]
    open: tuple[ShownStory, ...]
    past: tuple[ShownStory, ...]
    windows: tuple[ShownWindow, ...]
    updated_at: datetime
    next_cursor: str | None = None
    is_first: bool = True


@dataclass(frozen=True, slots=True)
class Shown:
    """A public feed with the incidents that its first page shows, as they are kept in memory."""

    feed: Feed
    open: tuple[Story, ...] = ()
    past: tuple[Story, ...] = ()
    has_more: bool = False
