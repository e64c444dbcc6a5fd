"""Who is told of status updates, and what becomes of a message to somebody outside."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.communications.values.updates import Audience, State, UpdateId
from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import IncidentId, ServiceId, TeamId

SubscriberId = NewType("SubscriberId", UUID)
UpdateDeliveryId = NewType("UpdateDeliveryId", UUID)

MOST = 1_000
"""Subscribers of one incident, service or team."""

CONFIRM_WITHIN = timedelta(days=7)
TRIED_FOR = timedelta(hours=24)
KEPT_FOR = timedelta(days=30)

RETRY_DELAYS = (timedelta(seconds=15), timedelta(minutes=1), timedelta(minutes=5), timedelta(minutes=15), timedelta(hours=1))
"""How long after each failure the next try comes; the last of these from then on."""


class Kind(StrEnum):
    """Colleagues by their own rules; an e-mail address once it has agreed; a program; a conversation."""

    USER = "user"
    TEAM = "team"
    EMAIL = "email"
    WEBHOOK = "webhook"
    SLACK = "slack"


OUTSIDE = frozenset({Kind.EMAIL, Kind.WEBHOOK, Kind.SLACK})
"""Kinds whose address is one of the channel of that name."""


class Verb(StrEnum):
    """What a link in a message to a subscriber does."""

    CONFIRM = "confirm"
    UNSUBSCRIBE = "unsubscribe"


class UnknownSubscriber(NotFound):
    """There is no such subscriber here."""

    def __init__(self) -> None:
        super().__init__("There is no subscriber with this id here.")


class AlreadySubscribed(Conflict):
    """They follow it already."""

    code = "already_subscribed"

    def __init__(self) -> None:
        super().__init__("They are subscribed here already: DELETE that one first to change what it is told.")


class TooManySubscribers(Conflict):
    """There are as many as one thing can have."""

    code = "too_many_subscribers"

    def __init__(self) -> None:
        super().__init__(f"At most {MOST:,} may subscribe here: for more, point them to a status feed.")


class BadSubscriber(Invalid):
    """Nothing can be sent there; the text says why."""


@dataclass(frozen=True, slots=True)
class Followed:
    """What a subscriber follows: one of these."""

    incident_id: IncidentId | None = None
    service_id: ServiceId | None = None
    team_id: TeamId | None = None


@dataclass(frozen=True, slots=True)
class Subscriber:
    """`address` is the id of a user or team, else what its channel calls one. Until it is confirmed nothing but the question is sent."""

    id: SubscriberId
    followed: Followed
    kind: Kind
    address: str
    audience: Audience
    confirmed_at: datetime | None
    confirm_by: datetime | None
    author: Actor
    created_at: datetime


@dataclass(frozen=True, slots=True)
class SubscriberToken:
    """What a signed link says: this subscriber agrees, or wants no more."""

    subscriber_id: SubscriberId
    verb: Verb


@dataclass(frozen=True, slots=True)
class Told:
    """An update as messages tell it; `title` is the published one, which an internal update has not."""

    update_id: UpdateId
    incident_id: IncidentId
    title: str | None
    audience: Audience
    state: State
    text: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Claimed:
    """A message that is this node's until its lease ends. Without `told` it is the question whether they want any."""

    id: UpdateDeliveryId
    subscriber_id: SubscriberId
    followed: Followed
    channel: str
    address: str
    attempt: int
    created_at: datetime
    give_up_at: datetime
    told: Told | None
    audience: Audience
    """Of whoever follows, whatever the update's is."""


@dataclass(frozen=True, slots=True)
class Words:
    """What a message says, whatever its wire."""

    subject: str
    paragraphs: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class Sent:
    detail: str


@dataclass(frozen=True, slots=True)
class TryAgain:
    next_at: datetime
    detail: str


@dataclass(frozen=True, slots=True)
class GiveUp:
    detail: str


Fate = Sent | TryAgain | GiveUp
