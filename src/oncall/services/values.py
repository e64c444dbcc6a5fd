"""What a service and an integration are."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from oncall.contacts.values import Urgency
from oncall.kit.errors import Invalid, NotFound
from oncall.kit.ids import IntegrationId, PolicyId, ServiceId, TeamId


class UnknownService(NotFound):
    """There is no service with this id."""


class UnknownIntegration(NotFound):
    """There is no integration with this id."""


class UnknownOwner(Invalid):
    """A service names a team or a policy that does not exist."""


class UrgencyMode(StrEnum):
    """Which urgency a service's incidents have."""

    HIGH = "high"
    LOW = "low"
    BY_SEVERITY = "by_severity"


class IntegrationType(StrEnum):
    """Which adapter reads what an integration receives."""

    ALERTMANAGER = "alertmanager"
    PAGERDUTY = "pagerduty"
    GENERIC = "generic"


@dataclass(frozen=True, slots=True)
class Service:
    """A thing that can break; owned by one team, with one escalation policy."""

    id: ServiceId
    name: str
    team_id: TeamId | None
    escalation_policy_id: PolicyId
    ack_timeout: timedelta | None
    urgency: UrgencyMode
    reopen_window: timedelta
    version: int = 1


@dataclass(frozen=True, slots=True)
class Integration:
    """A way in for events to one service; `key_prefix` is the part of its key that may be shown."""

    id: IntegrationId
    service_id: ServiceId
    name: str
    type: IntegrationType
    key_prefix: str
    created_at: datetime


@dataclass(frozen=True, slots=True)
class IntegrationRef:
    """What intake must know of an integration to read a body and address its events."""

    id: IntegrationId
    service_id: ServiceId
    name: str
    type: IntegrationType


def urgency_of(mode: UrgencyMode, severity: str) -> Urgency:
    """`semantics.md` §2: by severity, critical, error and unknown are high; warning and info are low."""
    match mode:
        case UrgencyMode.HIGH:
            return Urgency.HIGH
        case UrgencyMode.LOW:
            return Urgency.LOW
        case UrgencyMode.BY_SEVERITY:
            return Urgency.LOW if severity in {"warning", "info"} else Urgency.HIGH
