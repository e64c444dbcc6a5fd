"""Who calls, what they may do, and what a link in a message stands for."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import Literal

from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound, Unauthorized
from oncall.kit.ids import ApiKeyId, BundleId, IncidentId, UserId


class NotSignedIn(Unauthorized):
    """No key, a malformed, an unknown or a revoked one: always the same sentence."""

    def __init__(self) -> None:
        super().__init__("This needs a valid API key in the header: Authorization: Bearer oc_…")


class ScopeTooSmall(Forbidden):
    """The key is valid and its scope does not reach this far."""


class NotYours(Forbidden):
    """Only the person concerned, or an admin, may do this."""


class LastAdminKey(Conflict):
    """Nobody could administer anything any more."""

    code = "last_admin_key"

    def __init__(self) -> None:
        super().__init__("This is the only admin key left: make another one first, then revoke this one with it.")


class UnknownApiKey(NotFound):
    """There is no API key with this id."""

    def __init__(self) -> None:
        super().__init__("There is no API key with this id.")


class UnknownKeyOwner(Invalid):
    """A key is to belong to a user who does not exist."""

    def __init__(self) -> None:
        super().__init__("There is no user with this user_id.")


class Scope(StrEnum):
    """What a key may do; each contains the one before."""

    READ = "read"
    RESPOND = "respond"
    ADMIN = "admin"


class KeyKind(StrEnum):
    """What a key is for; the value is written into it where its form allows."""

    API = "api"
    INTEGRATION = "int"
    HEARTBEAT = "hb"


class LinkVerb(StrEnum):
    """What a link in a message may do, and nothing else."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"
    HELP = "help"
    VERIFY = "verify"
    TEST = "test"
    """The last three are about no page. Of somebody outside: to say something of it, and nothing else, the token's user being theirs alone.
    Of a test message: that it arrived; then its ids are the contact method's and the test's.
    """


@dataclass(frozen=True, slots=True)
class Caller:
    """Whoever sent a request with a valid key: a stored one, or the one fixed in the environment."""

    kind: Literal["key", "environment"]
    key_id: ApiKeyId | None
    name: str
    scope: Scope
    user_id: UserId | None

    def may_act_for(self, person: UserId) -> bool:
        """People for themselves, admins for everybody."""
        return self.scope is Scope.ADMIN or self.user_id == person


@dataclass(frozen=True, slots=True)
class ApiKey:
    """A stored key without its secret; `prefix` is the part that may be shown."""

    id: ApiKeyId
    prefix: str
    name: str
    scope: Scope
    user_id: UserId | None
    created_at: datetime
    revoked_at: datetime | None


@dataclass(frozen=True, slots=True)
class BundleToken:
    """What the link of a list says: this user may acknowledge exactly what that message printed."""

    bundle_id: BundleId
    user_id: UserId


@dataclass(frozen=True, slots=True)
class LinkToken:
    """What a signed link says: this user may do this to this incident; the message was sent in this cycle and round."""

    incident_id: IncidentId
    user_id: UserId
    verb: LinkVerb
    cycle: int
    round: int
