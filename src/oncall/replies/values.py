"""What an answer says, whom it is from, and what is said back."""

from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from typing import Self

from oncall.contacts.values import RangOnSilent
from oncall.kit.errors import Forbidden, Invalid
from oncall.kit.ids import NotificationId


class NotSigned(Forbidden):
    """What came is not from whom it says; the text never says what would have been right."""

    code = "not_signed"

    def __init__(self, how: str) -> None:
        super().__init__(f"The signature is missing or wrong: {how}")


class NotAForm(Invalid):
    """It is no form of a size that a provider posts."""


class Verb(StrEnum):
    """What can be done from afar."""

    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    ESCALATE = "escalate"


@dataclass(frozen=True, slots=True)
class Coded:
    """A text that names a message by its code, and what to do."""

    code: str
    verb: Verb


@dataclass(frozen=True, slots=True)
class Rang:
    """A text that names a test by its code, and says whether it rang on silent."""

    code: str
    said: RangOnSilent


@dataclass(frozen=True, slots=True)
class Unclear:
    """A text that says nothing we know."""


@dataclass(frozen=True, slots=True)
class ForTheCarrier:
    """STOP, START: Twilio itself has answered that, and to answer again is not allowed."""


@dataclass(frozen=True, slots=True)
class Presser:
    """Whoever pressed a button in a chat, as the chat knows them: by what would be their address on this channel."""

    channel: str
    address: str


@dataclass(frozen=True, slots=True)
class Came:
    """What came of an answer. `left` is what the message may still be answered with, None if that is as it was.

    `for_all`: whoever sees the message may read it, else it is for whoever answered alone. `who` did it, and whether that is `known`.
    """

    text: str
    left: frozenset[Verb] | None = None
    for_all: bool = False
    did: bool = False
    who: str = ""
    known: bool = True

    def by(self, who: str, *, known: bool) -> Self:
        return replace(self, who=who, known=known)


@dataclass(frozen=True, slots=True)
class Inquiry:
    """A message whose provider is asked what became of it, for the how-manieth time."""

    notification_id: NotificationId
    channel: str
    provider_id: str
    sent_at: datetime
    asked: int


Said = Coded | Rang | Unclear | ForTheCarrier


@dataclass(frozen=True, slots=True)
class Tries:
    """Of one number, within the hour: texts that named no message of its own, and how many of them were told so."""

    wrong: int = 0
    told: int = 0


TRIES_LAST = timedelta(hours=1)

MOST_TOLD = 5
"""Replies to texts that say nothing: two machines would else talk for ever (`reliability.md` S30)."""

MOST_WRONG = 20
"""Wrong codes of one number; after that it is believed nothing for a while: a sender can be forged, and a code guessed."""

CODES = range(1000, 10_000)
CODES_LAST = timedelta(days=30)
MOST_ASKED = 3
"""Times that a call asks for another key."""


NOT_NOW = "This could not be done just now. Answer again in a moment, or open the link in the message."
"""Said where an error would never be seen."""


@dataclass(frozen=True, slots=True)
class Spoken:
    """What a caller hears; with `again` another key is asked for."""

    text: str
    again: bool = False
    of_test: bool = False
