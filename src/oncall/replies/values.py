"""What an answer says, whom it is from, and what is said back."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from oncall.kit.errors import Forbidden, Invalid, NotFound


class NotSigned(Forbidden):
    """What came is not from whom it says; the text never says what would have been right."""

    code = "not_signed"

    def __init__(self) -> None:
        super().__init__("The signature is missing or wrong: it is made with the auth token over the exact public URL and the form.")


class NotAForm(Invalid):
    """It is no form of a size that a provider posts."""


class UnknownMessage(NotFound):
    """Nothing that we have sent has this id."""

    def __init__(self) -> None:
        super().__init__("There is no message with this id.")


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
class Unclear:
    """A text that says nothing we know."""


@dataclass(frozen=True, slots=True)
class ForTheCarrier:
    """STOP, START: Twilio itself has answered that, and to answer again is not allowed."""


Said = Coded | Unclear | ForTheCarrier


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
