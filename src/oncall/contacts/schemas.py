"""What the routes about contact methods and notification rules take and show."""

from typing import Annotated
from uuid import UUID

from pydantic import Field, StringConstraints

from oncall.contacts.values import Urgency
from oncall.kit.http import Duration, Instant, Shown, Strict
from oncall.kit.ids import ContactMethodId, UserId


class ContactMethodIn(Strict):
    """An address on a channel; only an admin may say that it is verified."""

    channel: Annotated[str, StringConstraints(min_length=1, max_length=50)]
    address: Annotated[str, StringConstraints(min_length=1, max_length=2048)]
    verified: bool = False


class ContactMethodShown(Shown):
    id: ContactMethodId
    user_id: UserId
    channel: str
    address: str
    verified: bool
    verified_at: Instant | None
    created_at: Instant
    last_proven_at: Instant | None = Field(description="When a page, a test or a code last left us for it")
    last_failed_at: Instant | None = Field(description="When one last did not, or without a clear answer")
    last_error: str | None = Field(description="Why it did not")


class ContactMethodMade(ContactMethodShown):
    """`signing_secret` is what a webhook's receiver verifies our signature with; this answer is the only one that shows it."""

    signing_secret: str | None


class NotificationRuleIn(Strict):
    """For this urgency, after `delay`, use this contact method."""

    urgency: Urgency
    delay: Duration
    contact_method_id: ContactMethodId


class NotificationRuleShown(Shown):
    id: UUID
    user_id: UserId
    urgency: Urgency
    delay: Duration
    contact_method_id: ContactMethodId
    created_at: Instant


class NotificationRuleMade(NotificationRuleShown):
    """`warning` says why the rule does nothing yet, if that is so."""

    warning: str | None
