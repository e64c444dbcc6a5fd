"""Two incidents that are one, and one that is two. Pure."""

from collections.abc import Sequence
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.rules import life
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.news import with_news
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.merging import Leaving, NotMergeable, NotSplittable
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId
from oncall.services.values import Service, urgency_of

OPEN = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED})


def check_merge(into: Incident, sources: Sequence[Incident]) -> None:
    """Raises NotMergeable with what to do instead."""
    if into.merged_into_id is not None:
        raise NotMergeable(f"#{into.number} was merged into another incident; merge into that one instead.")
    if into.status not in OPEN:
        raise NotMergeable(f"#{into.number} is {into.status.value}: only one that is open takes in others.")
    for source in sources:
        if source.id == into.id:
            raise NotMergeable(f"#{source.number} cannot be merged into itself; leave it out.")
        if source.merged_into_id is not None:
            raise NotMergeable(f"#{source.number} was merged into another incident already; leave it out, or name that one.")
        if source.status not in OPEN:
            raise NotMergeable(f"#{source.number} is {source.status.value}, so nothing of it is left to merge; leave it out.")


def merged(source: Incident, into: Incident, by: Actor, *, now: datetime) -> Incident:
    """One that is over since its alerts are in another now."""
    reason = f"merged into #{into.number} by {by.name} through {by.via}"
    return life.resolve(source, by, now=now).but(merged_into_id=into.id, group_key=None, escalation_reason=reason)


def taken_in(into: Incident, sources: Sequence[Incident], *, news: int, now: datetime) -> Incident:
    """What it becomes with their alerts. Nothing pages later than it would have: the sooner step counts, what holds it is looked at anew,
    and what nobody had acknowledged breaks through an acknowledgement: `news` is how many open alerts that are.
    """
    before, unheard = into, [one for one in sources if one.status is Status.TRIGGERED]
    gravest = max(sources, key=lambda one: RANK[one.severity])
    urgency = Urgency.HIGH if any(one.urgency is Urgency.HIGH for one in sources) else Urgency.LOW
    into = life.raise_severity(into, gravest.severity, urgency, now=now)
    into = life.raise_urgency(into, urgency, reason="one of high urgency was merged into it", now=now)
    if into.status is Status.ACKNOWLEDGED:
        rose = RANK[into.severity] > RANK[before.severity]
        return timed(with_news(into, joined=news, rose=rose, now=now)) if unheard else into
    sooner = [one.step_at for one in unheard if one.step_at is not None and one.urgency is into.urgency]
    if into.step_at is not None:
        into = into.but(step_at=min([into.step_at, *sooner]))
    if into.escalation_state is EscalationState.HELD:
        into = into.but(held_until=now)
    return timed(into)


def check_split(incident: Incident, leaving: Sequence[Leaving], *, asked: int, alerts: int) -> None:
    """Raises NotMergeable or NotSplittable with what to do instead. `alerts` are those it has."""
    if incident.status not in OPEN:
        raise NotMergeable(f"#{incident.number} is {incident.status.value}: only one that is open is split.")
    if len(leaving) < asked:
        raise NotSplittable(f"{asked - len(leaving)} of these are no alerts of #{incident.number}; see its alerts.", field="alerts")
    if len(leaving) == alerts:
        raise NotSplittable(f"These are all alerts of #{incident.number}; at least one must stay.", field="alerts")
    if not any(alert.is_open for alert in leaving):
        raise NotSplittable("None of these alerts is open, so that nobody would be paged for them; add one that is.", field="alerts")
    if len({alert.service_id for alert in leaving}) > 1:
        raise NotSplittable("These alerts are of several services; split off those of one at a time.", field="alerts")


def split_off(
    incident: Incident, leaving: Sequence[Leaving], service: Service, snapshot: Snapshot, *, id: IncidentId, now: datetime
) -> Incident:
    """A problem of its own, which pages at once whatever became of the other; as urgent as that was, if what leaves may be why."""
    open = [alert for alert in leaving if alert.is_open]
    severity = max((alert.severity for alert in open), key=RANK.__getitem__)
    urgency = incident.urgency if severity is incident.severity else urgency_of(service.urgency, severity.value)
    return timed(
        Incident(
            id=id,
            number=0,
            service_id=service.id,
            title=open[0].summary,
            status=Status.TRIGGERED,
            severity=severity,
            urgency=urgency,
            snapshot=snapshot,
            position=Position(),
            escalation_state=EscalationState.RUNNING,
            escalation_reason="triggered",
            escalation_since=now,
            step_at=now,
            next_at=now,
            ack_timeout=service.ack_timeout,
            reopen_window=service.reopen_window,
            triggered_at=now,
            split_from_id=incident.id,
        )
    )
