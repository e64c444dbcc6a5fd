"""One incident that is two: which alerts may leave it, and what becomes of both. Pure."""

from collections.abc import Collection, Sequence
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.rules import life
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.news import NO_NEWS, has_news
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Severity, Status
from oncall.incidents.values.merging import CannotSplit, Moving
from oncall.kit.actors import Actor
from oncall.kit.ids import AlertId, IncidentId
from oncall.services.rules.support import rises_at, urgency_of
from oncall.services.values import Service


def check_split(incident: Incident, asked: Collection[AlertId], found: Sequence[Moving], *, alerts: int) -> None:
    """Refuse what is no split of this incident, which has so many `alerts`; says all that is wrong with them, or what is with the whole."""
    known = {moving.id for moving in found}
    wrong = [f"There is no alert {id}." for id in asked if id not in known]
    wrong += [f"Alert {m.id} is in #{m.number}, not in #{incident.number}." for m in found if m.incident_id != incident.id]
    if wrong:
        raise CannotSplit(" ".join(wrong), field="alerts")
    if len({moving.service_id for moving in found}) > 1:
        raise CannotSplit(
            "These alerts are of several services, and an incident is of one: split them off service by service.", field="alerts"
        )
    if not any(moving.is_open for moving in found):
        raise CannotSplit("None of these alerts is open, so there is nothing to page for: name one that is.", field="alerts")
    if len(found) >= alerts:
        raise CannotSplit(
            f"These are all the alerts of #{incident.number}, so there is nothing to split: leave at least one there.", field="alerts"
        )


def gravest(leaving: Sequence[Moving]) -> Severity:
    return max((moving.severity for moving in leaving if moving.is_open), key=RANK.__getitem__)


def split_off(
    before: Incident, leaving: Sequence[Moving], service: Service, snapshot: Snapshot, id: IncidentId, *, now: datetime
) -> Incident:
    """The incident of the alerts that leave, due at once whatever has become of the other: whoever splits says it is another problem."""
    severity = gravest(leaving)
    return timed(
        Incident(
            id=id,
            number=0,
            service_id=service.id,
            title=next(moving.summary for moving in leaving if moving.is_open),
            status=Status.TRIGGERED,
            severity=severity,
            urgency=_urgency(before, service, severity, now=now),
            snapshot=snapshot,
            position=Position(),
            escalation_state=EscalationState.RUNNING,
            escalation_reason=f"triggered: split off #{before.number}",
            escalation_since=now,
            step_at=now,
            next_at=now,
            ack_timeout=service.ack_timeout,
            reopen_window=service.reopen_window,
            process=service.filing.process,
            triggered_at=now,
            split_from_id=before.id,
            rises_at=before.rises_at if before.service_id == service.id else rises_at(service, now=now),
        )
    )


def _urgency(before: Incident, service: Service, severity: Severity, *, now: datetime) -> Urgency:
    """As its service makes it of the severity. Where the other's is not what the service makes of its, a routing rule has said so."""
    by_service = urgency_of(service, before.severity.value, now=now)
    if before.service_id == service.id and before.urgency is not by_service:
        return before.urgency
    return urgency_of(service, severity.value, now=now)


def stays(before: Incident, leaving: Sequence[Moving], by: Actor, *, left_open: int, now: datetime) -> Incident:
    """What becomes of the one they leave: it follows the alerts it has left, of which so many are open, and is looked at at once. What was
    news of those that leave is not news of it any more.
    """
    if not left_open:
        return life.resolve(before, by, now=now)
    if before.status is Status.TRIGGERED:
        return timed(before.but(held_until=now) if before.escalation_state is EscalationState.HELD else before).but(next_at=now)
    gone = sum(moving.is_open and _is_new(before, moving) for moving in leaving)
    if not has_news(before) or not before.news or not gone:
        return before
    news = max(before.news - gone, 0)
    quiet = not news and not before.rose and before.flapping_since is None
    return timed(before.but(**NO_NEWS) if quiet else before.but(news=news))


def _is_new(incident: Incident, moving: Moving) -> bool:
    """Whether it came after the acknowledgement."""
    since = incident.acknowledged_at
    return since is not None and (moving.opened_at > since or (moving.moved_at is not None and moving.moved_at >= since))
