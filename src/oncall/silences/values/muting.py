"""An alert as muting sees it, and what mutes it."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from oncall.kit.errors import Invalid
from oncall.kit.ids import AlertId, ServiceId


class MatchesEverything(Invalid):
    """It would mute every alert of every service: most likely a slip, so it is asked to be confirmed."""

    code = "matches_everything"
    title = "Would mute everything"


class UnknownScope(Invalid):
    """It names a service that does not exist."""


class MutingKind(StrEnum):
    SILENCE = "silence"
    MAINTENANCE = "maintenance"
    INHIBITION = "inhibition"


class State(StrEnum):
    """Whether it begins later, mutes now, or is over."""

    PENDING = "pending"
    ACTIVE = "active"
    EXPIRED = "expired"


@dataclass(frozen=True, slots=True)
class AlertFacts:
    """What muting asks of an alert; `labels` is all that matchers see."""

    alert_id: AlertId
    service_id: ServiceId
    labels: Mapping[str, str]
    opened_at: datetime


@dataclass(frozen=True, slots=True)
class Muting:
    """One thing that keeps an alert from paging; `until` is None where no instant ends it. `reason` is one sentence."""

    kind: MutingKind
    id: UUID
    name: str
    until: datetime | None
    reason: str
