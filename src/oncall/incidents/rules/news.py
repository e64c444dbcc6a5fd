"""What is new in an incident that somebody has acknowledged already, and when they are told (`semantics.md` §2, break-through). Pure."""

from datetime import datetime, timedelta
from typing import Any

from oncall.incidents.rules.timers import next_at
from oncall.incidents.values import Incident, Severity, Status

AT_MOST_EVERY = timedelta(minutes=10)

NO_NEWS: dict[str, Any] = {"tell_at": None, "confirm_by": None, "news": 0, "rose": False}


def has_news(incident: Incident) -> bool:
    """Whether something is to be told, or was told and is not confirmed: then an acknowledgement is one anew."""
    return incident.tell_at is not None or incident.confirm_by is not None


def acknowledged_anew(before: Incident, after: Incident) -> bool:
    """Whether somebody has it, or has heard its news, who had not: of what was paged until then nothing more is to be sent."""
    if after.status is not Status.ACKNOWLEDGED:
        return False
    heard = has_news(before) and not has_news(after)
    return heard or (before.acknowledged_at, before.acknowledged_by) != (after.acknowledged_at, after.acknowledged_by)


def with_news(incident: Incident, *, joined: int, rose: bool, now: datetime) -> Incident:
    """More alerts, or a rise in severity: told at most once in ten minutes, a rise to critical at once."""
    at_once = rose and incident.severity is Severity.CRITICAL
    at = now if at_once else _tellable_at(incident, now=now)
    return incident.but(
        news=incident.news + joined, rose=incident.rose or rose, tell_at=at if incident.tell_at is None else min(at, incident.tell_at)
    )


def is_due(incident: Incident, *, now: datetime) -> bool:
    """Whether there is news to tell now; also where it was put off because it was muted, and is looked at before the end of that."""
    if incident.tell_at is None or incident.tell_at <= now:
        return incident.tell_at is not None
    planned = next_at(incident)
    return planned is not None and planned > now and _tellable_at(incident, now=now) <= now


def _tellable_at(incident: Incident, *, now: datetime) -> datetime:
    return now if incident.told_at is None else max(now, incident.told_at + AT_MOST_EVERY)


def is_about(incident: Incident, opened_at: datetime, moved_at: datetime | None = None, *, now: datetime) -> bool:
    """Whether an alert that opened then, or came then from another incident, is what would be paged for: where only new alerts are news
    that is to be told now, those; else, and where an acknowledgement times out, any.
    """
    if incident.acknowledged_at is None or incident.rose or not incident.news or not is_due(incident, now=now):
        return True
    return opened_at > incident.acknowledged_at or (moved_at is not None and moved_at >= incident.acknowledged_at)


def told_of_news(incident: Incident) -> str:
    """The news as one sentence."""
    who = incident.acknowledged_by.name if incident.acknowledged_by else "somebody"
    return f"{news_of(incident)} since {who} acknowledged it"


def news_of(incident: Incident) -> str:
    flapping = ["it is flapping"] if incident.flapping_since is not None else []
    more = [f"{incident.news} more alert{'s' if incident.news > 1 else ''}"] if incident.news else []
    risen = [f"severity rose to {incident.severity.value}"] if incident.rose else []
    return " and ".join(more + risen + flapping)
