"""How a person can be reached, and what a plan to reach them is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound
from oncall.kit.ids import ContactMethodId, UserId

EMAIL = "email"


class UnknownChannel(Invalid):
    """There is no such channel; the text names those that exist."""

    code = "unknown_channel"


class UnusableAddress(Invalid):
    """The channel cannot send to this address; the text says why."""

    code = "bad_address"


class OnlyAdminsVerify(Forbidden):
    """Somebody who is no admin wants an address to count as verified."""

    def __init__(self) -> None:
        super().__init__("Only an admin may create a contact method that is already verified; leave verified out.")


class ContactMethodExists(Conflict):
    """This user has this address on this channel already."""

    code = "contact_method_exists"

    def __init__(self) -> None:
        super().__init__("This user has a contact method with this channel and address already.")


class UnknownContactMethod(NotFound):
    """This user has no such contact method."""

    def __init__(self) -> None:
        super().__init__("This user has no contact method with this id.")


class RuleWithoutMethod(Invalid):
    """A rule names a contact method that this user does not have."""

    def __init__(self) -> None:
        super().__init__("This user has no contact method with this contact_method_id.")


class UnknownNotificationRule(NotFound):
    """This user has no such notification rule."""

    def __init__(self) -> None:
        super().__init__("This user has no notification rule with this id.")


class Urgency(StrEnum):
    """Which notification rules apply."""

    HIGH = "high"
    LOW = "low"


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """One address of a user on one channel; never paged before `verified_at`."""

    id: ContactMethodId
    user_id: UserId
    channel: str
    address: str
    verified_at: datetime | None
    created_at: datetime

    @property
    def verified(self) -> bool:
        return self.verified_at is not None


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """For this urgency, after `delay`, use this contact method."""

    id: UUID
    user_id: UserId
    urgency: Urgency
    delay: timedelta
    contact_method_id: ContactMethodId
    created_at: datetime


@dataclass(frozen=True, slots=True)
class Reach:
    """All that is known about reaching one person; `email` is that of their account."""

    user_id: UserId
    name: str
    email: str
    methods: tuple[ContactMethod, ...] = ()
    rules: tuple[NotificationRule, ...] = ()
    time_zone: str = "UTC"


@dataclass(frozen=True, slots=True)
class Way:
    """Send to this address after `delay`. `nth` counts from 1 per contact method; the account e-mail has the user's own id."""

    contact_method_id: UUID
    channel: str
    address: str
    delay: timedelta
    nth: int = 1


@dataclass(frozen=True, slots=True)
class Ways:
    """How to reach a person; when not `reachable`, the ways are a last resort and the next step must not wait for them."""

    ways: tuple[Way, ...]
    reachable: bool
    reason: str
