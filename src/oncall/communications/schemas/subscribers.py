"""What subscribers look like over REST."""

from typing import Annotated, Literal, Self
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.communications.values.subscribers import Kind, Subscriber
from oncall.communications.values.updates import Audience
from oncall.incidents.schemas.incidents import By
from oncall.kit.http import Instant, Shown, Strict


class SubscriberIn(Strict):
    """Who is to be told of status updates. An e-mail address is asked first, and told nothing until it agrees."""

    kind: Kind
    address: Annotated[str, StringConstraints(min_length=1, max_length=2_048)] = Field(
        description="Of a user or team its id, of others what the channel calls one."
    )
    audience: Audience | None = Field(
        None, description="internal: told everything (colleagues unless said); public: only what is published (others unless said)."
    )


class SubscriberOut(Shown):
    id: UUID
    kind: Kind
    address: str
    audience: Audience
    status: Literal["waiting", "confirmed"]
    confirmed_at: Instant | None
    confirm_by: Instant | None = Field(description="Until when it may agree; after that it is forgotten.")
    added_by: By | None
    created_at: Instant

    @classmethod
    def of(cls, one: Subscriber) -> Self:
        return cls(
            id=one.id,
            kind=one.kind,
            address=one.address,
            audience=one.audience,
            status="confirmed" if one.confirmed_at else "waiting",
            confirmed_at=one.confirmed_at,
            confirm_by=one.confirm_by,
            added_by=By.of(one.author),
            created_at=one.created_at,
        )
