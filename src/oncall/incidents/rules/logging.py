"""An incident that a person logs: what is obligatory, and what it is to begin with. Pure."""

from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.desk.rules.grading import PAGED_AT_ONCE, Matrix, prioritise
from oncall.desk.values import Grading, Priority, Process, Record
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.filing import CannotLog, Logged
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId
from oncall.services.rules.support import rises_at, urgency_of
from oncall.services.values import Service


def check_logged(wanted: Logged, service: Service, by: Actor, *, now: datetime) -> None:
    """Everything that is obligatory and missing, or that cannot be, at once. Whoever has no account knows none of our categories: what they
    report is categorised before it is closed.
    """
    faults: list[tuple[str, str]] = []
    if service.filing.process is Process.ITIL:
        if wanted.reporter is None:
            faults.append(("reporter", f"Service {service.name} is filed by the process `itil`: say who reported it."))
        if wanted.category_id is None and service.filing.category_id is None and by.kind is not ActorKind.EXTERNAL:
            faults.append(("category_id", f"Service {service.name} is filed by the process `itil`: say which category it is."))
    if wanted.reported_at and wanted.reported_at > now:
        faults.append(("reported_at", "It cannot have been reported in the future."))
    if wanted.noticed_at and wanted.noticed_at > (wanted.reported_at or now):
        faults.append(("noticed_at", "It was noticed before it was reported, not after."))
    if wanted.priority is not None and not wanted.priority_reason:
        faults.append(
            ("priority_reason", "Say why it has this priority; or leave `priority` out, and impact and business urgency make it.")
        )
    if faults:
        sentence = faults[0][1] if len(faults) == 1 else f"It cannot be logged like this; {len(faults)} things are missing or wrong."
        raise CannotLog(sentence, faults=faults)


def record_of(
    id: IncidentId, wanted: Logged, service: Service, matrix: Matrix, by: Actor, *, now: datetime
) -> tuple[Priority | None, Record]:
    """Its priority and its record: what was said, and for what was not, what its service says."""
    said, usual = wanted.grading, service.filing
    grading = Grading(said.impact or usual.impact, said.business_urgency or usual.business_urgency, said.affected_users, said.risks)
    priority, reason = prioritise(grading, matrix)
    if wanted.priority is not None:
        reason = f"set by {by.name}: {wanted.priority_reason}"
    record = Record(
        id,
        description=wanted.description,
        reporter=wanted.reporter,
        reported_at=wanted.reported_at or now,
        noticed_at=wanted.noticed_at,
        category_id=wanted.category_id or usual.category_id,
        grading=grading,
        priority_reason=reason,
        priority_by=by if wanted.priority is not None else None,
    )
    return wanted.priority or priority, record


def logged_as(
    id: IncidentId, wanted: Logged, service: Service, snapshot: Snapshot, priority: Priority | None, by: Actor, *, now: datetime
) -> Incident:
    """It pages like any other of its service. Where nothing is said of its urgency, its priority, then its severity decides."""
    by_service = Urgency.HIGH if priority in PAGED_AT_ONCE else urgency_of(service, wanted.severity.value, now=now)
    return timed(
        Incident(
            id=id,
            number=0,
            service_id=service.id,
            title=wanted.title,
            status=Status.TRIGGERED,
            severity=wanted.severity,
            urgency=Urgency.HIGH if priority in PAGED_AT_ONCE else wanted.urgency or by_service,
            snapshot=snapshot,
            position=Position(),
            escalation_state=EscalationState.RUNNING,
            escalation_reason=f"logged by {by.name}",
            escalation_since=now,
            step_at=now,
            next_at=now,
            ack_timeout=service.ack_timeout,
            reopen_window=service.reopen_window,
            triggered_at=now,
            opened_by=by,
            follows_id=wanted.follows_id,
            process=service.filing.process,
            priority=priority,
            is_major=priority is Priority.P1,
            rises_at=None if wanted.urgency else rises_at(service, now=now),
        )
    )
