"""A bridge: an incident's video conference link; and what a service or a team says about rooms and bridges."""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid
from oncall.kit.ids import IncidentId, ServiceId, TeamId

URL_LIMIT = 500


class BridgeFrom(StrEnum):
    """From which priority on a bridge opens by itself; P1 is the worst."""

    P1 = "P1"
    P2 = "P2"
    P3 = "P3"
    P4 = "P4"
    P5 = "P5"
    NEVER = "never"


BRIDGE_FROM = BridgeFrom.P2

Owner = ServiceId | TeamId


@dataclass(frozen=True, slots=True)
class RoomSettings:
    """What one service or team says; None leaves it to the service's team, and then to the default. `bridge` is a link, or a template of
    one with {number} and {random}.
    """

    bridge: str | None = None
    bridge_from: BridgeFrom | None = None
    slack_channel: str | None = None
    version: int = 0
    """0: nothing was ever said."""


@dataclass(frozen=True, slots=True)
class Bridge:
    """The link of an incident, as it is or was."""

    incident_id: IncidentId
    url: str
    opened_by: Actor
    opened_at: datetime
    closed_by: Actor | None = None
    closed_at: datetime | None = None
    version: int = 1

    @property
    def is_open(self) -> bool:
        return self.closed_at is None


@dataclass(frozen=True, slots=True)
class OpenBridge:
    url: str
    reason: str


@dataclass(frozen=True, slots=True)
class CloseBridge:
    reason: str


@dataclass(frozen=True, slots=True)
class LeaveBridge:
    reason: str


BridgeDecision = OpenBridge | CloseBridge | LeaveBridge


class BadBridge(Invalid):
    """Not a link that people could join by."""


class NoBridgeNow(Conflict):
    """A bridge is for an incident that is open."""

    code = "not_open"
    title = "Not open"
