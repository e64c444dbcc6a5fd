"""Which open alert inhibits another. Pure; which keys an alert inhibits by, and looks for, `silences/rules/inhibition.py` says."""

from collections.abc import Mapping
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState
from oncall.incidents.rules.matching import match_labels
from oncall.incidents.values import Incident, OpenAlert, Status
from oncall.silences.rules.inhibition import inhibited_by
from oncall.silences.values.inhibitions import InhibitionId
from oncall.silences.values.muting import Muting

PAGING = {EscalationState.RUNNING, EscalationState.LOW_URGENCY}


def labels_of(alert: OpenAlert, service: str) -> Mapping[str, str]:
    """What matchers see of an alert; `service` is the name of its own."""
    return match_labels(
        alert.labels,
        severity=alert.severity.value,
        summary=alert.summary,
        source=alert.source,
        dedup_key=alert.dedup_key,
        service=service,
    )


def counts_as_source(incident: Incident, expires_at: datetime | None, *, now: datetime) -> bool:
    """Whether an open alert that expires then may inhibit others: while its own incident pages or is acknowledged, not held, and not
    where nobody is reached; and while its monitor's word holds. What `store/inhibiting.py` asks the database for.
    """
    if expires_at is not None and expires_at <= now:
        return False
    return incident.status is Status.ACKNOWLEDGED or (incident.status is Status.TRIGGERED and incident.escalation_state in PAGING)


def inhibition_on(keys: Mapping[str, tuple[InhibitionId, str]], sources: Mapping[str, tuple[str, str]], urgency: Urgency) -> Muting | None:
    """What mutes a target with these keys, in an incident of this urgency: a source of no lower one. `sources`: by each key that an open
    alert has which counts, its summary and the urgency of its incident, high before low.
    """
    for key, (rule, name) in keys.items():
        summary, its = sources.get(key, ("", ""))
        if key in sources and (its == Urgency.HIGH.value or urgency is Urgency.LOW):
            return inhibited_by(rule, name, source=summary)
    return None
