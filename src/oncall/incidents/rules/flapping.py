"""Alerts that come and go (`semantics.md` §2): told once, and again when they settle. Pure."""

from datetime import datetime

from oncall.incidents.rules.holding import spoken
from oncall.incidents.values import Incident, Status
from oncall.services.values.judging import Flapping

STEADY: dict[str, None] = {"flapping_since": None, "settle_at": None}


def why_flapping(incident: Incident, flapping: Flapping, changes: int) -> str | None:
    """The sentence that says that an incident flaps: one of its alerts ended or came back more often than its service allows, or it
    flaps already and has not settled yet. `changes` are the most of one alert, with the one that just came.
    """
    if changes > flapping.changes:
        return f"it is flapping: one of its alerts changed {changes} times within {spoken(flapping.within)}"
    return "it is flapping, and has not settled" if incident.flapping_since is not None else None


def flap(incident: Incident, flapping: Flapping, *, now: datetime) -> Incident:
    """One that is open stays open, whatever its alerts do, until nothing has changed for a while. Whoever has it already is told once."""
    if incident.status not in {Status.TRIGGERED, Status.ACKNOWLEDGED}:
        return incident
    news = incident.flapping_since is None and incident.status is Status.ACKNOWLEDGED
    return incident.but(
        flapping_since=incident.flapping_since or now,
        settle_at=now + flapping.settle,
        tell_at=now if news and incident.tell_at is None else incident.tell_at,
    )
