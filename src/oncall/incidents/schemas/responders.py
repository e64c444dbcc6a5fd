"""What people who were asked to join an incident look like over REST."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.incidents.schemas.incidents import By, Named
from oncall.incidents.values.responders import Request, RequestState
from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import TeamId, UserId

MOST_ASKED = 20

Message = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class AskIn(Strict):
    """Whom to ask: people, and the on-call of teams."""

    user_ids: Annotated[Sequence[UserId], Field(max_length=MOST_ASKED)] = ()
    team_ids: Annotated[Sequence[TeamId], Field(max_length=MOST_ASKED, description="Whoever is on call by their `schedule_id`.")] = ()
    message: Message = Field("", description="What they are needed for, in one line; their page says it.")


class ResponderOut(Shown):
    """One person who was asked. `answered_by` is who said so, or who withdrew it; `answer` is why, in their words or ours."""

    id: UUID
    user: Named
    team_id: TeamId | None = Field(description="The team for which they were on call when it was asked.")
    state: RequestState
    message: str
    requested_by: By
    requested_at: Instant
    answered_by: By | None
    answered_at: Instant | None
    answer: str | None

    @classmethod
    def of(cls, one: Request) -> Self:
        return cls(
            id=one.id,
            user=Named(id=one.user_id, name=one.user_name),
            team_id=one.team_id,
            state=one.state,
            message=one.message,
            requested_by=By(id=one.requested_by.id, name=one.requested_by.name, type=one.requested_by.kind),
            requested_at=one.requested_at,
            answered_by=By.of(one.answered_by),
            answered_at=one.answered_at,
            answer=one.answer,
        )


class AskedOut(Shown):
    """How each of those stands who were to be asked; `changed`: somebody was paged for it. `says`: what else there is to know."""

    items: Sequence[ResponderOut]
    changed: bool
    says: Sequence[str]


class AnsweredOut(ResponderOut):
    """The request as it is now, and whether this call changed it."""

    changed: bool
