"""What postmortems, their versions, templates and settings look like over REST."""

from collections.abc import Mapping
from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.desk.values import Priority
from oncall.incidents.values import Incident
from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import IncidentId, TeamId, UserId
from oncall.postmortems.values import (
    MOST_BYTES,
    MOST_INCIDENTS,
    USUAL_DUE,
    Owed,
    Postmortem,
    PostmortemId,
    Settings,
    Status,
    Template,
    Text,
    Version,
)

Factor = Annotated[str, StringConstraints(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f\x7f]*$")]
Body = Annotated[str, StringConstraints(min_length=1, max_length=MOST_BYTES)]


class DraftIn(Strict):
    """What a draft begins with; all of it may be left out."""

    incident_ids: list[UUID] = Field(default_factory=list, max_length=MOST_INCIDENTS - 1, description="Further incidents it tells of.")
    title: Name | None = None


class PostmortemEdit(Strict):
    """All that people write; what GET shows may be sent back."""

    title: Name
    body: Body = Field(
        description="Markdown. `{{title}}`, `{{contributing_factors}}` and `{{action_items}}` are put in whenever it is exported."
    )
    contributing_factors: list[Factor] = Field(default_factory=list, max_length=20)
    id: ReadOnly = None
    status: ReadOnly = None
    team: ReadOnly = None
    incidents: ReadOnly = None
    created_by: ReadOnly = None
    created_at: ReadOnly = None
    updated_by: ReadOnly = None
    updated_at: ReadOnly = None
    published_by: ReadOnly = None
    published_at: ReadOnly = None
    version: ReadOnly = None

    def text(self) -> Text:
        return Text(self.title, self.body, tuple(dict.fromkeys(self.contributing_factors)))


class TeamOut(Shown):
    id: UUID
    name: str


class IncidentOfOut(Shown):
    id: UUID
    number: int
    title: str


class PostmortemListed(Shown):
    id: UUID
    title: str
    status: Status
    team: TeamOut | None
    incidents: list[IncidentOfOut]
    contributing_factors: tuple[str, ...]
    created_by: str
    created_at: Instant
    updated_by: str
    updated_at: Instant
    published_by: str | None
    published_at: Instant | None
    version: int

    @classmethod
    def of(cls, one: Postmortem, incidents: Mapping[IncidentId, Incident], teams: Mapping[TeamId, str]) -> Self:
        return cls.model_validate(_shown(one, incidents, teams))


class PostmortemOut(PostmortemListed):
    body: str


def _shown(one: Postmortem, incidents: Mapping[IncidentId, Incident], teams: Mapping[TeamId, str]) -> dict[str, object]:
    return {
        "id": one.id,
        "title": one.text.title,
        "body": one.text.body,
        "status": one.status,
        "team": {"id": one.team_id, "name": teams.get(one.team_id, "")} if one.team_id else None,
        "incidents": [IncidentOfOut.model_validate(incidents[id]) for id in one.incident_ids if id in incidents],
        "contributing_factors": one.text.factors,
        "created_by": one.created_by,
        "created_at": one.created_at,
        "updated_by": one.updated_by,
        "updated_at": one.updated_at,
        "published_by": one.published_by,
        "published_at": one.published_at,
        "version": one.version,
    }


class VersionListed(Shown):
    version: int
    title: str
    contributing_factors: tuple[str, ...]
    author: str
    at: Instant

    @classmethod
    def of(cls, version: Version) -> Self:
        text = version.text
        shown = {"title": text.title, "body": text.body, "contributing_factors": text.factors}
        return cls.model_validate({"version": version.number, "author": version.author, "at": version.at, **shown})


class VersionOut(VersionListed):
    body: str


class OwedOut(Shown):
    """`owed_by` is null where nobody had it: then the managers of the team are told."""

    incident: IncidentOfOut
    team_id: UUID | None
    owed_by: TeamOut | None
    since: Instant
    due_at: Instant
    is_overdue: bool
    postmortem_id: UUID | None = Field(description="Its draft, if somebody has begun one.")
    says: str

    @classmethod
    def of(cls, owed: Owed, names: Mapping[UserId, str], *, overdue: bool) -> Self:
        name = names.get(owed.user_id, "a deleted user") if owed.user_id else None
        begun = "a draft is there" if owed.postmortem_id else "nobody has begun it"
        return cls(
            incident=IncidentOfOut(id=owed.incident_id, number=owed.number, title=owed.title),
            team_id=owed.team_id,
            owed_by=TeamOut(id=owed.user_id, name=name) if owed.user_id and name else None,
            since=owed.since,
            due_at=owed.due_at,
            is_overdue=overdue,
            postmortem_id=owed.postmortem_id,
            says=f"owed by {name or 'the managers of its team'} until {owed.due_at:%Y-%m-%d %H:%M} UTC; {begun}",
        )


class OfIncidentOut(Shown):
    """`none`: nothing is written and nothing owed. `owed` may stand beside a draft."""

    status: Literal["none", "owed", "draft", "published"]
    owed: OwedOut | None
    postmortem_id: PostmortemId | None
    postmortem: PostmortemOut | None = Field(description="Null for a draft, unless the key may respond.")


class TemplateEdit(Strict):
    body: Annotated[str, StringConstraints(min_length=1, max_length=20_000)] = Field(
        description="Markdown with placeholders: {{title}}, {{date}}, {{incidents}}, {{summary}}, {{impact}}, {{durations}}, {{timeline}}, "
        "{{paged}}, {{contributing_factors}}, {{action_items}}."
    )
    is_own: ReadOnly = None


class TemplateOut(Shown):
    body: str
    is_own: bool = Field(description="False: the one that everybody begins with.")

    @classmethod
    def of(cls, template: Template) -> Self:
        return cls(body=template.body, is_own=template.version > 0)


class SettingsShape(Strict):
    """All of it; what is left out is as everybody begins with."""

    contributing_factors: list[Factor] = Field(default_factory=lambda: list(Settings().factors), max_length=100)
    due_after: dict[Priority, Annotated[Duration, Field(description="How long an action item has.")]] = Field(default_factory=dict)
    owed_within: Duration = Settings().owed_within

    def settings(self) -> Settings:
        return Settings(tuple(dict.fromkeys(self.contributing_factors)), {**USUAL_DUE, **self.due_after}, self.owed_within)

    @classmethod
    def of(cls, settings: Settings) -> Self:
        return cls(contributing_factors=list(settings.factors), due_after=dict(settings.due_after), owed_within=settings.owed_within)
