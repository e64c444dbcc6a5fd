"""What status updates, their templates and cadence look like over REST."""

from collections.abc import Mapping
from datetime import UTC, datetime, timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field, StringConstraints

from oncall.communications.values.cadences import LONGEST, SHORTEST, Cadence, Owed
from oncall.communications.values.updates import (
    TEXT_LIMIT,
    TITLE_LIMIT,
    Audience,
    Published,
    State,
    StatusUpdate,
    Template,
    TemplateId,
    Wanted,
)
from oncall.incidents.schemas.incidents import By, Named
from oncall.kit.http import Duration, Instant, Listed, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ServiceId, TeamId


def _sensible(value: timedelta) -> timedelta:
    if not SHORTEST <= value <= LONGEST:
        raise ValueError("must be between PT5M and P7D")
    return value


Text = Annotated[str, StringConstraints(min_length=1, max_length=TEXT_LIMIT)]
Title = Annotated[str, StringConstraints(min_length=1, max_length=TITLE_LIMIT)]
Interval = Annotated[Duration, AfterValidator(_sensible)]


class StatusUpdateIn(Strict):
    """What is left out is the template's, else as in the update before. Text is Markdown without HTML, pictures and headings."""

    audience: Audience | None = Field(None, description="internal unless it, or the template, says public.")
    state: State | None = Field(None, description="investigating, unless said before.")
    text: Text | None = None
    title: Title | None = Field(None, description="What the world calls the incident; needed for its first public update.")
    service_ids: Annotated[list[ServiceId], Field(min_length=1, max_length=100)] | None = Field(
        None, description="Of a public update: on which services' pages it is shown; the incident's own unless said."
    )
    template_id: UUID | None = None
    next_update_in: Interval | None = Field(None, description="When the next one is promised; by the cadence of its priority unless said.")

    def wanted(self) -> Wanted:
        return Wanted(
            self.audience,
            self.state,
            self.text,
            self.title,
            tuple(dict.fromkeys(self.service_ids)) if self.service_ids else None,
            TemplateId(self.template_id) if self.template_id else None,
            self.next_update_in,
        )


class DeliveryCounts(Shown):
    """Messages to addresses outside; what colleagues got is in their own notifications."""

    waiting: int
    sent: int
    failed: int
    cancelled: int

    @classmethod
    def of(cls, counts: Mapping[str, int]) -> Self:
        waiting = counts.get("pending", 0) + counts.get("sending", 0)
        return cls(waiting=waiting, sent=counts.get("sent", 0), failed=counts.get("failed", 0), cancelled=counts.get("cancelled", 0))


class StatusUpdateOut(Shown):
    id: UUID
    incident_id: UUID
    audience: Audience
    state: State
    text: str
    html: str = Field(description="Made of the text; safe to be shown anywhere.")
    author: By | None
    at: Instant
    next_update_due_at: Instant | None
    retracted_at: Instant | None = Field(description="Since when no feed shows it any more.")
    retracted_by: By | None
    deliveries: DeliveryCounts

    @classmethod
    def of(cls, update: StatusUpdate, counts: Mapping[str, int]) -> Self:
        return cls(
            id=update.id,
            incident_id=update.incident_id,
            audience=update.audience,
            state=update.state,
            text=update.text,
            html=update.html,
            author=By.of(update.author),
            at=update.at,
            next_update_due_at=update.next_update_due_at,
            retracted_at=update.retracted_at,
            retracted_by=By.of(update.retracted_by),
            deliveries=DeliveryCounts.of(counts),
        )


class PublishedOut(Shown):
    """The incident as status pages show it."""

    id: UUID
    title: str
    state: State
    service_ids: list[UUID]
    began_at: Instant
    updated_at: Instant

    @classmethod
    def of(cls, published: Published | None) -> Self | None:
        return cls.model_validate(published) if published else None


class StatusUpdateMade(StatusUpdateOut):
    published: PublishedOut | None


class StatusUpdates(Listed[StatusUpdateOut]):
    """Newest first; with what the world knows, and when the next word is owed."""

    published: PublishedOut | None
    next_update_due_at: Instant | None = Field(description="By promise, or by the cadence of its priority.")
    is_overdue: bool
    owed_by: Named | None = Field(description="Who is reminded: its communications, else its owner, else whoever told of it last.")

    @classmethod
    def owing(cls, owed: Owed, *, now: datetime) -> dict[str, object]:
        return {
            "next_update_due_at": owed.due_at,
            "is_overdue": owed.due_at is not None and owed.due_at <= now,
            "owed_by": Named(id=owed.user_id, name=owed.user_name) if owed.user_id else None,
        }


class StatusUpdatePreview(Shown):
    """What would be told; nothing was."""

    audience: Audience
    state: State
    title: str | None
    text: str
    html: str
    service_ids: list[UUID]
    next_update_due_at: Instant | None


class TemplateIn(Strict):
    """Words to begin from. Placeholders: {{service}}, {{number}}, {{priority}}, {{next_update_at}}; in internal ones {{incident_title}}."""

    name: Name
    team_id: UUID | None = None
    service_id: UUID | None = None
    audience: Audience
    state: State
    title: Annotated[str, StringConstraints(max_length=TITLE_LIMIT)] = ""
    text: Text

    def template(self) -> Template:
        """As somebody wants it; its id and instants are the command's."""
        return Template(
            TemplateId(UUID(int=0)),
            self.name,
            TeamId(self.team_id) if self.team_id else None,
            ServiceId(self.service_id) if self.service_id else None,
            self.audience,
            self.state,
            self.title,
            self.text,
            datetime(1971, 1, 1, tzinfo=UTC),
        )


class TemplateEdit(TemplateIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class TemplateOut(Shown):
    id: UUID
    name: str
    team_id: UUID | None
    service_id: UUID | None
    audience: Audience
    state: State
    title: str
    text: str
    created_at: Instant


class CadenceIn(Strict):
    """How often incidents of each priority are to be told of; null: nobody is reminded."""

    P1: Interval | None
    P2: Interval | None
    P3: Interval | None
    P4: Interval | None
    P5: Interval | None

    def cadence(self) -> Cadence:
        return Cadence(self.P1, self.P2, self.P3, self.P4, self.P5)


class CadenceOut(Shown):
    P1: Duration | None
    P2: Duration | None
    P3: Duration | None
    P4: Duration | None
    P5: Duration | None

    @classmethod
    def of(cls, cadence: Cadence) -> Self:
        return cls(P1=cadence.p1, P2=cadence.p2, P3=cadence.p3, P4=cadence.p4, P5=cadence.p5)
