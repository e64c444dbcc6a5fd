"""How a person can be reached, and what a plan to reach them is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall.kit.errors import Conflict, Forbidden, Invalid, NotFound
from oncall.kit.ids import ContactMethodId, TeamId, UserId
from oncall.teams.values import QuietHours

EMAIL = "email"

Owner = UserId | TeamId
"""Whose address it is."""

SECRET_ADDRESSES = frozenset({"apprise"})
"""Channels whose addresses are secrets: whoever has one can write there in anybody's name, so no answer shows it again."""


SEALED_FROM = "://…"
"""What is shown of a secret address stands before what is sealed of it; no address that anybody may type has this in it."""


def shown_address(channel: str, address: str) -> str:
    """The address as it is shown to whoever may see a person's contact methods: of a secret one only what kind of thing it is."""
    return f"{address.partition('://')[0]}://…" if channel in SECRET_ADDRESSES else address


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
    """They have this address on this channel already."""

    code = "contact_method_exists"

    def __init__(self) -> None:
        super().__init__("There is a contact method with this channel and address here already.")


class UnknownContactMethod(NotFound):
    """This user, or this team, has no such contact method."""

    def __init__(self) -> None:
        super().__init__("There is no contact method with this id here.")


class RuleWithoutMethod(Invalid):
    """A rule names a contact method that this user does not have."""

    def __init__(self) -> None:
        super().__init__("This user has no contact method with this contact_method_id.")


class StandsInForItself(Invalid):
    """A rule that is used only after a failure would be the first, or repeats by itself."""

    def __init__(self) -> None:
        super().__init__("A rule with only_after_failure repeats as the rule before it does: leave repeat out.")


class UnknownNotificationRule(NotFound):
    """This user has no such notification rule."""

    def __init__(self) -> None:
        super().__init__("This user has no notification rule with this id.")


class NoQuietHours(NotFound):
    """This person is paged at low urgency whenever there is something."""

    def __init__(self) -> None:
        super().__init__("This user has no quiet hours: PUT sets them.")


class AlreadyVerified(Conflict):
    """There is nothing to prove any more."""

    code = "already_verified"

    def __init__(self) -> None:
        super().__init__("This contact method is verified already: POST …/test sends a test message there.")


class NotVerified(Conflict):
    """Nothing but a code is sent to an address that nobody has proven."""

    code = "not_verified"

    def __init__(self) -> None:
        super().__init__("This contact method is not verified: POST …/verify sends a code there, and takes it.")


class NoCode(Conflict):
    """A code is given for an address to which none was sent."""

    code = "no_code"


class WrongCode(Invalid):
    """This is not the code; the text says how many more tries there are."""

    code = "wrong_code"


class CodeExpired(Invalid):
    """It may be the right code, but it comes too late."""

    code = "code_expired"


class Urgency(StrEnum):
    """Which notification rules apply."""

    HIGH = "high"
    LOW = "low"


class RangOnSilent(StrEnum):
    """What whoever got a test message says of it."""

    YES = "yes"
    NO = "no"
    NOT_TRIED = "not_tried"


@dataclass(frozen=True, slots=True)
class ContactTest:
    """The last test of a contact method: when it was asked for, when its provider took it, when somebody answered, and what they said."""

    id: UUID
    sent_at: datetime
    accepted_at: datetime | None = None
    answered_at: datetime | None = None
    rang_on_silent: RangOnSilent | None = None
    may_ring: bool = True
    """Whether a phone may ring for it; if none may, all there is to say is that it arrived."""

    @property
    def round_trip(self) -> timedelta | None:
        return self.answered_at - self.sent_at if self.answered_at else None


@dataclass(frozen=True, slots=True)
class ContactMethod:
    """One address of a user, or of a team, on one channel; never paged before `verified_at`. `user_id` is whose it is, the team if it
    is a team's.

    `last_proven_at` is when a message last left us for it, `last_failed_at` when one last did not, and `last_error` why.
    """

    id: ContactMethodId
    user_id: UserId
    channel: str
    address: str
    verified_at: datetime | None
    created_at: datetime
    last_proven_at: datetime | None = None
    last_failed_at: datetime | None = None
    last_error: str | None = None
    team_id: TeamId | None = None
    address_mark: bytes | None = None
    """Of a secret address, which is sealed: the same for the same address."""
    last_test: ContactTest | None = None
    rings_on_silent: bool = False
    """Somebody said so of a test, and nobody has said otherwise since."""

    @property
    def may_ring(self) -> bool:
        """Whether a phone may ring for it; a channel of a team is nobody's phone."""
        return self.team_id is None and self.channel in ON_A_PHONE

    @property
    def verified(self) -> bool:
        return self.verified_at is not None


@dataclass(frozen=True, slots=True)
class Repeat:
    """The same message again `every` so often until somebody acknowledges, `at_most` so many times after the first."""

    every: timedelta
    at_most: int


@dataclass(frozen=True, slots=True)
class NotificationRule:
    """For this urgency, after `delay`, use this contact method; one that is `only_after_failure` when the message of the rule before it
    failed, and not by itself. Then `delay` says after which rule it stands.
    """

    id: UUID
    user_id: UserId
    urgency: Urgency
    delay: timedelta
    contact_method_id: ContactMethodId
    created_at: datetime
    repeat: Repeat | None = None
    only_after_failure: bool = False


@dataclass(frozen=True, slots=True)
class Limit:
    """At most so many within this time."""

    most: int
    per: timedelta


CODES = Limit(3, timedelta(hours=1))
"""To one address, whoever asks (`reliability.md` S31)."""

CODES_OF_ONE = Limit(10, timedelta(hours=1))
"""To all addresses of one person, or whoever has a key could write to as many strangers as they like."""

TESTS = Limit(5, timedelta(minutes=1))
"""To one person (`reliability.md` S17)."""

ON_A_PHONE = frozenset({"sms", "voice", "ntfy", "pushover", "telegram", "slack", "apprise"})
"""Channels by which a phone may ring although it is silent, if it is set up to."""

LONGEST_ERROR = 500

PROVEN_EACH = timedelta(minutes=1)
"""Pages say at most so often that an address works: in a storm nobody waits for a row of it."""

CODE_LASTS = timedelta(minutes=10)
CODE_TRIES = 5


class ProofKind(StrEnum):
    """What was sent to find out whether an address is its owner's, or works."""

    CODE = "code"
    TEST = "test"


@dataclass(frozen=True, slots=True)
class Code:
    """One that was sent to a contact method: its hash, when, and how many were tried in vain."""

    id: UUID
    hash: bytes
    wrong_tries: int
    created_at: datetime


class Verdict(StrEnum):
    """What becomes of a code that somebody gives."""

    RIGHT = "right"
    WRONG = "wrong"
    EXPIRED = "expired"
    USED_UP = "used_up"
    NONE_SENT = "none_sent"


@dataclass(frozen=True, slots=True)
class Judgement:
    """A verdict, and the sentence for whoever gave the code."""

    verdict: Verdict
    reason: str


@dataclass(frozen=True, slots=True)
class Reach:
    """All that is known about reaching one person; `email` is that of their account."""

    user_id: UserId
    name: str
    email: str
    methods: tuple[ContactMethod, ...] = ()
    rules: tuple[NotificationRule, ...] = ()
    time_zone: str = "UTC"
    quiet_hours: QuietHours | None = None
    team_id: TeamId | None = None
    """Of a channel: whose it is. Its one method is the whole of it, and its `user_id` is that method's own id."""


@dataclass(frozen=True, slots=True)
class Way:
    """Send to this address after `delay`. `nth` counts from 1 per contact method; the account e-mail has the user's own id.

    `again`: it repeats an earlier one "until acknowledged". One that stands in for another (by contact method and `nth`, which comes
    before it) is sent at once when that one has failed, and else never.
    """

    contact_method_id: UUID
    channel: str
    address: str
    delay: timedelta
    nth: int = 1
    again: bool = False
    stands_in_for: tuple[UUID, int] | None = None


@dataclass(frozen=True, slots=True)
class Ways:
    """How to reach a person; when not `reachable`, the ways are a last resort and the next step must not wait for them."""

    ways: tuple[Way, ...]
    reachable: bool
    reason: str
