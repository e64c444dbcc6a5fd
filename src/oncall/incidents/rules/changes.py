"""Which changes stand beside an incident. Pure."""

from datetime import datetime, timedelta

from oncall.incidents.values import Incident
from oncall.incidents.values.changes import ChangeFilter


def beside(incident: Incident, *, before: timedelta, now: datetime) -> ChangeFilter:
    """Those of its service from `before` it was triggered until it was resolved, or until now."""
    return ChangeFilter(incident.service_id, since=incident.triggered_at - before, until=incident.resolved_at or now)
