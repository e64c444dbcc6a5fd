"""How an incident follows what has just happened to its alerts. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.life import AlertsNow, follow_alerts
from oncall.incidents.rules.placing import Run, actor_of, urgency_by_services
from oncall.incidents.values import Action, AlertCounts, Incident
from oncall.kit.ids import ServiceId
from oncall.services.values import Service


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
