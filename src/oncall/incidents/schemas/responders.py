"""What people who were asked to join an incident look like over REST."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from oncall.incidents.schemas.incidents import By, Named
from oncall.incidents.values.responders import Request, RequestState
from oncall.incidents.values.vendors import Vendor, VendorState
from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import TeamId, UserId

MOST_ASKED = 20

Message = Annotated[str, StringConstraints(max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]


class VendorIn(Strict):
    """Somebody without an account, by e-mail or by text message: one of both."""

    name: Name
    email: Annotated[str, StringConstraints(min_length=3, max_length=320)] | None = None
    phone: Annotated[str, StringConstraints(min_length=3, max_length=32)] | None = Field(None, description="In E.164: +351…")

    @model_validator(mode="after")
    def _has_one_address(self) -> Self:
        if (self.email is None) == (self.phone is None):
            raise ValueError("say how to reach them: `email` or `phone`, one of both")
        return self


class AskIn(Strict):
    """Whom to ask: people, and the on-call of teams; or somebody outside."""

    user_ids: Annotated[Sequence[UserId], Field(max_length=MOST_ASKED)] = ()
    team_ids: Annotated[Sequence[TeamId], Field(max_length=MOST_ASKED, description="Whoever is on call by their `schedule_id`.")] = ()
    external: VendorIn | None = Field(None, description="Somebody of another firm, who gets one message with a link; then nobody else.")
    message: Message = Field("", description="What they are needed for, in one line; their page says it.")

    @model_validator(mode="after")
    def _one_kind(self) -> Self:
        if self.external is not None and (self.user_ids or self.team_ids):
            raise ValueError("ask somebody outside (`external`) by a request of their own")
        return self


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


class VendorOut(Shown):
    """Somebody outside who was asked; the address is masked. What they wrote is among the notes."""

    id: UUID
    name: str
    channel: str
    address: str
    message: str
    state: VendorState
    said_at: Instant | None
    asked_by: By
    asked_at: Instant
    notification_id: UUID

    @classmethod
    def of(cls, one: Vendor) -> Self:
        return cls(
            id=one.id,
            name=one.name,
            channel=one.channel,
            address=one.address,
            message=one.message,
            state=one.state,
            said_at=one.said_at,
            asked_by=By(id=one.asked_by.id, name=one.asked_by.name, type=one.asked_by.kind),
            asked_at=one.asked_at,
            notification_id=one.notification_id,
        )


class AskedOut(Shown):
    """How each of those stands who were to be asked; `changed`: somebody was paged for it. `says`: what else there is to know."""

    items: Sequence[ResponderOut]
    changed: bool
    says: Sequence[str]
    external: VendorOut | None = None


class AnsweredOut(ResponderOut):
    """The request as it is now, and whether this call changed it."""

    changed: bool
