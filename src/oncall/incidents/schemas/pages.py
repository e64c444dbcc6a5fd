"""What a page to a person or a team looks like over REST."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.contacts.values import Urgency
from oncall.incidents.schemas.incidents import IncidentOut, Named
from oncall.kit.http import Shown, Strict
from oncall.kit.ids import ServiceId, TeamId, UserId

Title = Annotated[str, StringConstraints(min_length=1, max_length=1_024, pattern=r"^[^\x00-\x1f\x7f]*$")]


class PageIn(Strict):
    """Whom to page: a person, or the on-call of a team. About what: a `title`, which opens an incident, or one that is open."""

    user_id: UserId | None = None
    team_id: TeamId | None = Field(None, description="Whoever is on call by its `schedule_id`.")
    title: Title = Field(description="What it is about, in one line.")
    urgency: Urgency | None = Field(None, description="`high` unless it is said.")
    incident_id: UUID | None = Field(None, description="They are asked to join this one, with the title as the message; none is opened.")
    service_id: ServiceId | None = Field(None, description="Whose policy pages if nobody answers; of their team's services the oldest.")


class PageOut(Shown):
    """The incident, who is paged now, and what else there is to know, in sentences."""

    incident: IncidentOut
    paged: Sequence[Named]
    says: Sequence[str]
