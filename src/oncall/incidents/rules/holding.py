"""What keeps an incident from paging for a while. Pure; nothing of it is ever kept from the record."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime

from oncall.incidents.values import Decision, Incident, Severity
from oncall.kit.ids import IncidentId, ServiceId
from oncall.services.values import Service


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is paged before `until`, when it is looked at again. `decision`: what is recorded of an event that opens what is held."""

    decision: Decision
    reason: str
    until: datetime


def delayed(incident: Incident, service: Service, *, now: datetime) -> Hold | None:
    """ "Pause for t, and drop it if it resolves meanwhile." What is critical skips it, unless the service says otherwise."""
    delay = service.delay
    if delay is None or (incident.severity is Severity.CRITICAL and not delay.critical):
        return None
    until = incident.triggered_at + delay.wait
    if until <= now:
        return None
    return Hold(Decision.HELD_DELAY, f"it pages only if it is still open after {_minutes(delay.wait.total_seconds())}", until)


def holds_on(incidents: Iterable[Incident], services: Mapping[ServiceId, Service], *, now: datetime) -> dict[IncidentId, Hold]:
    """For each of these incidents that must not page now, what holds it."""
    found = ((incident.id, delayed(incident, services[incident.service_id], now=now)) for incident in incidents)
    return {id: hold for id, hold in found if hold is not None}


def _minutes(seconds: float) -> str:
    minutes, rest = divmod(round(seconds), 60)
    return " ".join(filter(None, (f"{minutes} min" if minutes else "", f"{rest} s" if rest else "")))
