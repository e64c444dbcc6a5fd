"""What makes an incident a major one, and what ends that. Pure (`semantics.md` §6)."""

from oncall.desk.values import Priority
from oncall.incidents.rules.returning import said
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import Change, NotOpen
from oncall.incidents.values.major import StaysMajor
from oncall.kit.actors import Actor
from oncall.timeline.values import Kind


def declared(incident: Incident, by: Actor, *, reason: str) -> Change | None:
    """It is led as a major one from now on, and not closed by itself; None: it was already."""
    check_not_closed(incident, to="declared a major incident")
    if incident.is_major:
        return None
    return Change(timed(incident.but(is_major=True)), Kind.MAJOR_DECLARED, said("declared a major incident", by, reason), cancels=False)


def stood_down(incident: Incident, by: Actor, *, reason: str) -> Change | None:
    """It is led as any other from now on; None: it was already."""
    check_not_closed(incident, to="stood down")
    if not incident.is_major:
        return None
    if incident.priority is Priority.P1:
        raise StaysMajor(f"#{incident.number} is P1, and what is P1 is a major incident: give it another priority first.")
    return Change(timed(incident.but(is_major=False)), Kind.STOOD_DOWN, said("stood down from a major incident", by, reason), cancels=False)


def check_not_closed(incident: Incident, *, to: str) -> None:
    if incident.status is Status.CLOSED:
        raise NotOpen(incident, f"#{incident.number} is closed, and what is closed cannot be {to}: it stays as it was filed.")
