"""What a postmortem is: its words, its versions, its template; and what can be wrong with it."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.desk.values import Priority
from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound
from oncall.kit.ids import IncidentId, TeamId, UserId

PostmortemId = NewType("PostmortemId", UUID)

MOST_BYTES = 64 * 1024
"""What a body may have, in UTF-8; no string of a request may have more."""

DRAFT_BYTES = 48 * 1024
"""What a draft leaves itself: people have more to say."""

MOST_INCIDENTS = 20
"""That one postmortem tells of."""

TO_FILL_IN = "[to fill in]"
"""The mark of what only people can say; nothing is published that has one."""


class UnknownPostmortem(NotFound):
    """There is no postmortem with this id, or none that the caller may see."""

    def __init__(self) -> None:
        super().__init__("There is no postmortem with this id, or it is a draft and your key only reads: drafts are for responders.")


class UnknownVersion(NotFound):
    """It never had such a version."""

    def __init__(self) -> None:
        super().__init__("This postmortem has no such version; GET …/versions lists them.")


class InvalidPostmortem(Invalid):
    """It says something that cannot be."""

    code = "invalid_postmortem"


class AlreadyWritten(Conflict):
    """An incident is told of in one postmortem; the answer says in which."""

    code = "postmortem_exists"
    title = "There is one already"

    def __init__(self, id: PostmortemId) -> None:
        super().__init__(f"One of these incidents is told of in a postmortem already: edit that one (GET /api/v1/postmortems/{id}).")
        self.members = {"postmortem_id": f"{id}"}


class NotWritable(Conflict):
    """As it stands, this cannot be done; the text says what can."""

    code = "postmortem_status"
    title = "Not as it stands"


class NotYourTeams(Forbidden):
    """Only those who respond for the team that owns it, or an admin."""


class Status(StrEnum):
    """draft → published; a published one is still edited, version by version."""

    DRAFT = "draft"
    PUBLISHED = "published"


@dataclass(frozen=True, slots=True)
class Text:
    """What people write: one version of it."""

    title: str
    body: str
    factors: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Postmortem:
    """The document that is written afterwards, of one incident or several."""

    id: PostmortemId
    team_id: TeamId | None
    incident_ids: tuple[IncidentId, ...]
    text: Text
    created_by: str
    created_at: datetime
    updated_by: str
    updated_at: datetime
    status: Status = Status.DRAFT
    published_by: str | None = None
    published_at: datetime | None = None
    version: int = 1


@dataclass(frozen=True, slots=True)
class Version:
    """What it said at one time, and who had written it so."""

    number: int
    text: Text
    author: str
    at: datetime

    @property
    def id(self) -> UUID:
        """As pages of a list go on from it."""
        return UUID(int=self.number)


@dataclass(frozen=True, slots=True)
class Template:
    """How the postmortems of a team begin; version 0: the one that everybody begins with."""

    body: str
    version: int = 0


USUAL_FACTORS = (
    "change or deploy",
    "configuration",
    "capacity",
    "dependency or vendor",
    "monitoring gap",
    "missing or wrong runbook",
    "on-call or paging",
    "test gap",
    "security",
    "human factors",
)
USUAL_DUE = {
    Priority.P1: timedelta(days=7),
    Priority.P2: timedelta(days=14),
    Priority.P3: timedelta(days=30),
    Priority.P4: timedelta(days=60),
    Priority.P5: timedelta(days=90),
}


@dataclass(frozen=True, slots=True)
class Settings:
    """Words for contributing factors; how long an action item has by its priority; how soon after a major incident its postmortem is due.
    Version 0: nobody has said anything else."""

    factors: tuple[str, ...] = USUAL_FACTORS
    due_after: Mapping[Priority, timedelta] = field(default_factory=lambda: dict(USUAL_DUE))
    owed_within: timedelta = timedelta(days=5)
    version: int = 0


@dataclass(frozen=True, slots=True)
class Search:
    """Which postmortems are asked for; None leaves a filter out. Drafts are left out for who may only read."""

    status: Status | None = None
    team_id: TeamId | None = None
    factor: str | None = None
    incident_id: IncidentId | None = None


@dataclass(frozen=True, slots=True)
class Owed:
    """A major incident that is over and has no published postmortem yet. `user_id` is who owes it; None: the team's managers."""

    incident_id: IncidentId
    number: int
    title: str
    team_id: TeamId | None
    user_id: UserId | None
    since: datetime
    due_at: datetime
    postmortem_id: PostmortemId | None
    """Its draft, if somebody has begun one."""

    @property
    def id(self) -> IncidentId:
        """As pages of a list go on from it."""
        return self.incident_id
