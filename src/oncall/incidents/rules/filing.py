"""What grading, verifying and closing make of an incident. Pure; what its record makes of it is the desk's to say."""

from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.desk.rules.grading import PAGED_AT_ONCE, Matrix, prioritise
from oncall.desk.values import Filing, Priority, Record
from oncall.desk.values.closing import NotReady, Resolved
from oncall.incidents.rules import life
from oncall.incidents.values import AlertCounts, Incident, Status
from oncall.incidents.values.acting import NEXT
from oncall.kit.actors import ActorKind

OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}


def first_record(incident: Incident, filing: Filing, matrix: Matrix) -> Record:
    """What its service says of an incident that a monitor opened."""
    _, reason = prioritise(filing.grading, matrix)
    return Record(incident.id, category_id=filing.category_id, grading=filing.grading, priority_reason=f"{reason}, as its service says")


def resolved_as(incident: Incident, alerts: AlertCounts | None) -> Resolved | None:
    """How it was resolved, if it is."""
    if incident.status is not Status.RESOLVED or incident.resolved_at is None:
        return None
    clear = alerts is not None and alerts.resolved > 0 and not alerts.open
    by_monitor = incident.resolved_by is not None and incident.resolved_by.kind is ActorKind.INTEGRATION
    return Resolved(incident.resolved_at, by_alert=incident.opened_by is None, all_clear=clear and by_monitor)


def graded(incident: Incident, priority: Priority | None, reason: str, *, now: datetime) -> Incident:
    """With another priority: P1 and P2 raise its urgency, which pages at once (`semantics.md` §2). Nothing lowers it again."""
    if incident.status is Status.CLOSED:
        raise wrong_state(incident, "graded")
    changed = incident.but(priority=priority)
    if incident.status in OPEN and priority in PAGED_AT_ONCE:
        changed = life.raise_urgency(changed, Urgency.HIGH, reason=reason, now=now)
    return changed


def closed(incident: Incident, *, now: datetime) -> Incident | None:
    """Filed; None, if it is already."""
    if incident.status is Status.CLOSED:
        return None
    if incident.status is not Status.RESOLVED:
        raise wrong_state(incident, "closed")
    return incident.but(status=Status.CLOSED, closed_at=now, next_at=None)


def may_still_reopen(incident: Incident, *, now: datetime) -> bool:
    """Whether an objection comes early enough to reopen it; later, it is another incident that follows this one."""
    return incident.resolved_at is not None and now < incident.resolved_at + incident.reopen_window


def check_resolved(incident: Incident, done: str) -> None:
    if incident.status is not Status.RESOLVED:
        raise wrong_state(incident, done)


def wrong_state(incident: Incident, done: str) -> NotReady:
    can = NEXT[incident.status]
    says = f"what can be done with it: {', '.join(can)}" if can else "nothing is done with it any more"
    return NotReady(
        f"Incident #{incident.number} is {incident.status.value} and cannot be {done}; {says}.",
        status=incident.status.value,
        closure=None,
        allowed=can,
    )
