"""How an incident follows what has just happened to its alerts. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.life import CAME_BACK, AlertsNow, follow_alerts
from oncall.incidents.rules.news import acknowledged_anew
from oncall.incidents.rules.placing import Run, actor_of, urgency_by_services
from oncall.incidents.values import Action, AlertCounts, Incident, Status
from oncall.kit.ids import ServiceId
from oncall.services.values import Service
from oncall.timeline.values import Kind


def followed(
    before: Incident, its: Sequence[Run], counts: AlertCounts, services: Mapping[ServiceId, Service], *, flaps: bool, now: datetime
) -> Incident:
    """The incident after these runs of its alerts, of which there are `counts` by now; `flaps`: more of them than a service allows. After
    a merge its alerts may be of several services.
    """
    severity = max((run.change.severity for run in its), key=RANK.__getitem__)
    says = AlertsNow(
        counts.open,
        counts.acknowledged,
        severity,
        urgency_by_services(its, services, now=now),
        reopened=any(run.alert and not run.alert.is_open and run.change.is_open for run in its),
        acknowledging=any(run.events[0].action is Action.ACKNOWLEDGE for run in its),
        joined=sum(run.joins for run in its),
        flaps=next((flapping for run in its if (flapping := services[run.service_id].flapping)), None) if flaps else None,
        counted=any(run.alert is not None and run.alert.watched for run in its),
    )
    return follow_alerts(before, says, actor_of(its[0].events[0]), now=now)


BECAME = {
    Status.TRIGGERED: Kind.REOPENED,
    Status.ACKNOWLEDGED: Kind.ACKNOWLEDGED,
    Status.RESOLVED: Kind.RESOLVED,
    Status.CLOSED: Kind.CLOSED,
}


def told_of(before: Incident, after: Incident) -> list[tuple[Kind, str, dict[str, object]]]:
    """What its timeline says of that: the kind, the reason, the detail of each entry. What came back graver is reopened first, and its
    severity rises then.
    """
    rose = after.severity is not before.severity
    told: list[tuple[Kind, str, dict[str, object]]] = []
    if rose:
        reason = f"severity rose from {before.severity.value} to {after.severity.value}, urgency is {after.urgency.value}"
        told.append((Kind.SEVERITY_CHANGED, reason, {"severity": after.severity.value}))
    if after.status is before.status and not acknowledged_anew(before, after):
        return told
    if after.status is Status.TRIGGERED:
        return [(Kind.REOPENED, f"{CAME_BACK}; severity rose to {after.severity.value}" if rose else CAME_BACK, {}), *told]
    return [*told, (BECAME[after.status], after.escalation_reason, {})]
