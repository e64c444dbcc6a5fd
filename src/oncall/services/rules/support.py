"""When a service is supported, and how urgent that makes what opens on it (`semantics.md` §2). Pure."""

from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.desk.rules.business_time import is_open, opens_at
from oncall.escalation.values import Support
from oncall.services.values import Service, UrgencyMode


def support_of(service: Service, *, now: datetime) -> Support | None:
    """How its support hours stand; None: it has none, which is as if they always ran."""
    if service.hours is None:
        return None
    runs = is_open(service.hours, now)
    return Support(runs, None if runs else opens_at(service.hours, now))


def urgency_of(service: Service, severity: str, *, now: datetime) -> Urgency:
    """By severity, critical, error and unknown are high; warning and info are low. By support hours everything is high while they run, and
    low while they do not.
    """
    match service.urgency:
        case UrgencyMode.HIGH:
            return Urgency.HIGH
        case UrgencyMode.LOW:
            return Urgency.LOW
        case UrgencyMode.BY_SEVERITY:
            return Urgency.LOW if severity in {"warning", "info"} else Urgency.HIGH
        case UrgencyMode.BY_SUPPORT_HOURS:
            return Urgency.LOW if rises_at(service, now=now) else Urgency.HIGH


def rises_at(service: Service, *, now: datetime) -> datetime | None:
    """When what is low because its service's support hours do not run becomes high: when they begin."""
    if service.urgency is not UrgencyMode.BY_SUPPORT_HOURS:
        return None
    support = support_of(service, now=now)
    return support.begins_at if support else None
