"""An alert as it is looked up over REST."""

from dataclasses import dataclass

from oncall.incidents.values import AlertSeen, Severity, Status
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
