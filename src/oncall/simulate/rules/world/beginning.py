"""What was there when the range of a replay began, as far as the record says."""

from collections.abc import Iterable
from datetime import datetime
from math import ceil

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState
from oncall.incidents.rules.holding import LOOK_AGAIN
from oncall.incidents.rules.news import NO_NEWS, with_news
from oncall.incidents.values import Incident, OpenAlert, Status
from oncall.kit.actors import ActorKind
from oncall.kit.ids import UserId
from oncall.services.rules.support import rises_at
from oncall.simulate.rules.world.state import OPEN, AlertThere, IncidentThere, World
from oncall.simulate.values.replaying import AlertBefore, Beginning, Outcome


def begin(world: World, there_were: Iterable[Beginning]) -> None:
    """Put incidents into a world in which nothing has happened yet, with their alerts, each as it stood at `world.now`."""
    begun: list[tuple[IncidentThere, AlertBefore]] = []
    for one in sorted(there_were, key=lambda one: one.id):
        incident = _incident(world, one)
        outcome = Outcome(incident.id, incident.service_id, incident.urgency, incident.severity, incident.triggered_at)
        there = world.incidents[incident.id] = IncidentThere(incident, outcome, paged=one.is_paged)
        there.triggers = sorted(one.triggers)
        begun += [(there, alert) for alert in one.alerts]
    # Of a key the one that is open comes last, and before it the one that was resolved last.
    for there, alert in sorted(begun, key=lambda pair: (pair[1].is_open, pair[1].resolved_at or world.now)):
        _add(world, there, alert)
    for there in world.incidents.values():
        world.save(there, there.incident)


def _incident(world: World, one: Beginning) -> Incident:
    status = Status(one.status)
    acknowledged = status is Status.ACKNOWLEDGED
    incident = Incident(
        id=one.id,
        number=0,
        service_id=one.service_id,
        title=one.title,
        status=status,
        severity=one.severity,
        urgency=one.urgency,
        snapshot=one.snapshot,
        position=one.position,
        escalation_state=one.state if status is Status.TRIGGERED else EscalationState.STOPPED,
        escalation_reason="as it was before",
        escalation_since=one.since,
        step_at=one.step_at,
        next_at=None,
        ack_timeout=one.ack_timeout,
        reopen_window=one.reopen_window,
        triggered_at=one.triggered_at,
        acknowledged_at=one.since if acknowledged else None,
        acknowledged_by=one.by if acknowledged else None,
        resolved_at=one.since if status is Status.RESOLVED else None,
        resolved_by=one.by if status is Status.RESOLVED else None,
        group_key=one.group_key,
        told_at=one.told_at,
    ).but(**NO_NEWS)
    service = world.ruling.services.get(one.service_id)
    if service is not None and one.urgency is Urgency.LOW:
        incident = incident.but(rises_at=rises_at(service, now=world.now))
    if one.held_at is not None and status is Status.TRIGGERED:  # whether it still is, is found out then
        until = _looked_at(one.held_at, world.now)
        incident = incident.but(escalation_state=EscalationState.HELD, escalation_since=one.held_at, held_until=until)
    if acknowledged:
        incident = _with_news(incident, one)
    if one.flapping_since is not None and status in OPEN:
        incident = incident.but(flapping_since=one.flapping_since, settle_at=_settles_at(world, one))
    return incident


def _with_news(incident: Incident, one: Beginning) -> Incident:
    """What was told since it was acknowledged and not confirmed yet, and what was still to be told."""
    owner = UserId(one.by.id) if one.by is not None and one.by.kind is ActorKind.USER and one.by.id is not None else None
    incident = incident.but(owner_id=owner)
    heard = one.since
    if one.told_at is not None and one.told_at > one.since:
        incident, heard = incident.but(confirm_by=incident.step_at, news=1), one.told_at
    joined = [alert.opened_at for alert in one.alerts if alert.opened_at > heard]
    return with_news(incident, joined=len(joined), rose=False, now=max(joined)) if joined else incident


def _looked_at(held_at: datetime, now: datetime) -> datetime:
    """When what no instant ends is looked at again, minute by minute since it was held."""
    return held_at + ceil((now - held_at) / LOOK_AGAIN) * LOOK_AGAIN


def _settles_at(world: World, one: Beginning) -> datetime:
    flapping = world.ruling.services[one.service_id].flapping if one.service_id in world.ruling.services else None
    last = max((at for alert in one.alerts for at in alert.changes), default=world.now)
    return max(last + flapping.settle, world.now) if flapping else world.now


def _add(world: World, there: IncidentThere, before: AlertBefore) -> None:
    of = OpenAlert(before.id, before.service_id, dict(before.labels), before.severity, before.summary, before.source, before.dedup_key)
    alert = AlertThere(
        of, before.integration_id, there.incident.id, before.opened_at, expires_at=before.expires_at, changes=sorted(before.changes)
    )
    world.add_alert(there, alert)
    alert.acknowledged = before.acknowledged and before.is_open
    there.acknowledged += alert.acknowledged
    service = world.ruling.services.get(there.incident.service_id)
    alert.watched = not there.paged and service is not None and service.threshold is not None
    if not before.is_open:
        world.close_alert(there, alert)
        alert.resolved_at = before.resolved_at
