"""What a status update is, and the templates it may begin from."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, ServiceId, TeamId

UpdateId = NewType("UpdateId", UUID)
PublishedId = NewType("PublishedId", UUID)
TemplateId = NewType("TemplateId", UUID)

TEXT_LIMIT = 10_000
TITLE_LIMIT = 200


class Audience(StrEnum):
    """Public is for everybody, in feeds as well; internal for subscribers who are told everything."""

    INTERNAL = "internal"
    PUBLIC = "public"


class State(StrEnum):
    """How far we are, in the words that readers of status pages know."""

    INVESTIGATING = "investigating"
    IDENTIFIED = "identified"
    MONITORING = "monitoring"
    RESOLVED = "resolved"


class UnknownUpdate(NotFound):
    """This incident has no such update."""

    def __init__(self) -> None:
        super().__init__("This incident has no status update with this id.")


class NoText(Invalid):
    """There is nothing to tell."""

    def __init__(self) -> None:
        super().__init__("Say something: give `text`, or the `template_id` of a template that has one.", field="text")


class NeedsTitle(Invalid):
    """The first public update of an incident names it for the world."""

    def __init__(self) -> None:
        super().__init__(
            "The first public update needs a `title`: that of the incident may say what nobody outside should read. Later ones keep it.",
            field="title",
        )


class OnlyPublicHas(Invalid):
    """An internal update is shown in no feed, so it has no title and no services of its own."""


class MergedElsewhere(Conflict):
    """The incident is another one now."""

    code = "merged"


class UnknownTemplate(NotFound):
    """There is no such template."""

    def __init__(self) -> None:
        super().__init__("There is no status update template with this id.")


class BadTemplate(Invalid):
    """A template names what does not exist."""


@dataclass(frozen=True, slots=True)
class Wanted:
    """What somebody wants to tell. What is None is taken from the template, the update before, or the incident."""

    audience: Audience | None = None
    state: State | None = None
    text: str | None = None
    title: str | None = None
    service_ids: tuple[ServiceId, ...] | None = None
    template_id: TemplateId | None = None
    next_update_in: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Published:
    """An incident as the world knows it."""

    id: PublishedId
    incident_id: IncidentId
    title: str
    state: State
    service_ids: tuple[ServiceId, ...]
    began_at: datetime
    updated_at: datetime


@dataclass(frozen=True, slots=True)
class StatusUpdate:
    """`html` is made of `text`, which is Markdown. What was retracted is kept for people inside, and shown to nobody else."""

    id: UpdateId
    incident_id: IncidentId
    published_id: PublishedId | None
    audience: Audience
    state: State
    text: str
    html: str
    author: Actor
    at: datetime
    next_update_due_at: datetime | None = None
    retracted_at: datetime | None = None
    retracted_by: Actor | None = None


@dataclass(frozen=True, slots=True)
class Template:
    """Words to begin from, of a service, a team, or for everybody."""

    id: TemplateId
    name: str
    team_id: TeamId | None
    service_id: ServiceId | None
    audience: Audience
    state: State
    title: str
    text: str
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class Filling:
    """What placeholders of a template stand for."""

    service: str
    number: int
    priority: str
    incident_title: str
    next_update_at: datetime | None
