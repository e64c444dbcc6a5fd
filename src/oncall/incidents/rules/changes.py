"""Which changes stand beside an incident. Pure."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from oncall.incidents.values import Incident
from oncall.incidents.values.changes import ChangeEvent, ChangeFilter
from oncall.kit.ids import ServiceId


def beside(incident: Incident, *, before: timedelta, now: datetime, service_id: ServiceId | None = None) -> ChangeFilter:
    """Those of its service, or of another that it depends on, from `before` it was triggered until it was resolved, or until now."""
    return ChangeFilter(service_id or incident.service_id, since=incident.triggered_at - before, until=incident.resolved_at or now)


def newest_of(changes: Iterable[ChangeEvent], *, limit: int) -> list[ChangeEvent]:
    """Of several services together."""
    return sorted(changes, key=lambda one: (one.occurred_at, one.id), reverse=True)[:limit]
