"""What the conditions of a policy's steps ask of an incident, and when its service's support hours make it urgent. Pure."""

from collections.abc import Iterable
from dataclasses import replace
from datetime import datetime

from oncall.escalation.values import About, Note, People
from oncall.incidents.values import Incident, Status
from oncall.services.rules.support import support_of
from oncall.services.values import Service


def about(incident: Incident, people: People) -> About:
    """As it is now; `people` were gathered with the support hours of its service."""
    support = people.support.get(incident.service_id)
    return About(incident.severity.value, incident.priority, support is None or support.runs)


def with_support(people: People, services: Iterable[Service], *, now: datetime) -> People:
    """The same people, with how the support hours of these services stand."""
    support = {service.id: its for service in services if (its := support_of(service, now=now)) is not None}
    return replace(people, support=support) if support else people


def is_rising(incident: Incident, *, now: datetime) -> bool:
    """It is open, and may become urgent by itself now."""
    return incident.status in {Status.TRIGGERED, Status.ACKNOWLEDGED} and incident.rises_at is not None and incident.rises_at <= now


def rises_later(incident: Incident, people: People) -> datetime | None:
    """When its service's support hours begin, if they do not run now: they may be others than when it was opened."""
    support = people.support.get(incident.service_id)
    return support.begins_at if support is not None and not support.runs else None


HOURS_BEGAN = Note("urgency_raised", "the support hours of its service run, and in them it is of high urgency")
