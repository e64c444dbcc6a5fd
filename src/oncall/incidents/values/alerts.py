"""Alerts and events as they are looked up over REST."""

from dataclasses import dataclass
from datetime import datetime

from oncall.incidents.values import AlertSeen, Decision, Severity, Status
from oncall.kit.ids import AlertId, IncidentId, IntegrationId, ServiceId


@dataclass(frozen=True, slots=True)
class AlertFilter:
    """Which alerts are asked for; None leaves a filter out. With several, an alert passes all of them."""

    service_id: ServiceId | None = None
    incident_id: IncidentId | None = None
    integration_id: IntegrationId | None = None
    dedup_key: str | None = None
    is_open: bool | None = None
    severity: Severity | None = None


@dataclass(frozen=True, slots=True)
class EventFilter:
    """Which events are asked for, by when they were received: in `[since, until)`. None leaves a filter out."""

    integration_id: IntegrationId | None = None
    service_id: ServiceId | None = None
    dedup_key: str | None = None
    decisions: tuple[Decision, ...] = ()
    since: datetime | None = None
    until: datetime | None = None


@dataclass(frozen=True, slots=True)
class AlertAround:
    """An alert with what is around it: through which integration it came, and the incident it belongs to."""

    alert: AlertSeen
    service_id: ServiceId
    integration_id: IntegrationId
    incident_id: IncidentId
    number: int
    status: Status

    @property
    def id(self) -> AlertId:
        return self.alert.id
