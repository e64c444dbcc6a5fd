"""What an incident becomes: by its alerts, by a person, by time. Pure: an incident in, the same incident changed out."""

from dataclasses import replace
from datetime import UTC, datetime
from typing import assert_never

from oncall.contacts.values import Urgency
from oncall.escalation.rules import advance, next_cycle
from oncall.escalation.values import Advance, EscalationState, Note, People, PlannedPage, Position, Turn
from oncall.incidents.rules.assigned import advance_incident, still_assigned
from oncall.incidents.rules.conditions import HOURS_BEGAN, about, is_rising, rises_later
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.flapping import STEADY, flap
from oncall.incidents.rules.going_on import as_held, fire, left_of
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.news import NO_NEWS, has_news, is_due, told_of_news, with_news
from oncall.incidents.rules.quiet import Quiet, quiet_of, sparing
from oncall.incidents.rules.snoozing import ended_by_news, ends_by_acknowledging, is_snoozed, snooze_over
from oncall.incidents.rules.timers import next_at, timed, unresolved_step_at
from oncall.incidents.values import Incident, Severity, Status
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import UserId
from oncall.kit.quick import dataclass
from oncall.services.values.judging import Flapping


@dataclass(frozen=True, slots=True)
class Outcome:
    """An incident after a decision, whom to page for it, and what the timeline must know."""

    incident: Incident
    pages: tuple[PlannedPage, ...] = ()
    notes: tuple[Note, ...] = ()
    turns: tuple[Turn, ...] = ()
    keeps_messages: bool = False
    """It is held, but what is to be sent of earlier steps is sent."""


def acknowledge(incident: Incident, by: Actor, *, owner: UserId | None, now: datetime) -> Incident:
    """Somebody has it: the escalation stops, but for steps that only a resolve stops; the acknowledgement time-out begins. Acknowledged
    already, it changes if it has news or is snoozed.
    """
    if incident.status is not Status.TRIGGERED and not has_news(incident) and not ends_by_acknowledging(incident, by):
        return incident
    left = left_of(incident, now=now)
    return timed(
        incident.but(
            **NO_NEWS,
            status=Status.ACKNOWLEDGED,
            acknowledged_at=now,
            acknowledged_by=by,
            affirmed_at=None,
            owner_id=owner or incident.owner_id,
            goes_on=left,
            escalation_state=EscalationState.RUNNING if left else EscalationState.STOPPED,
            escalation_reason=f"acknowledged by {by.name}" + ("; what fires until it is resolved goes on" if left else ""),
            escalation_since=now,
        )
    )


def resolve(incident: Incident, by: Actor, *, now: datetime) -> Incident:
    """The service is restored: everything stops. Step, round and `step_at` stay, for a reopening."""
    if incident.status not in {Status.TRIGGERED, Status.ACKNOWLEDGED}:
        return incident
    return timed(
        incident.but(
            **NO_NEWS,
            **STEADY,
            status=Status.RESOLVED,
            resolved_at=now,
            resolved_by=by,
            escalation_state=EscalationState.STOPPED,
            escalation_reason=f"resolved by {by.name}",
            escalation_since=now,
        )
    )


CAME_BACK = "reopened: the same problem came back inside the reopen window"


def reopen(incident: Incident, *, now: datetime) -> Incident:
    """The problem came back. Nobody had touched it: round, step and next instant are kept, so that a flapping alert still climbs.

    Had somebody acknowledged or resolved it, that ended the cycle: a new one begins at once. What fell due meanwhile is due now, and
    not late.
    """
    if incident.status is not Status.RESOLVED:
        return incident
    by_hand = incident.resolved_by is not None and incident.resolved_by.kind is not ActorKind.INTEGRATION
    fresh = by_hand or incident.acknowledged_at is not None
    return timed(
        incident.but(
            status=Status.TRIGGERED,
            resolved_at=None,
            resolved_by=None,
            acknowledged_at=None,
            acknowledged_by=None,
            assigned_to_id=None if fresh else incident.assigned_to_id,
            assigned_team_id=None if fresh else incident.assigned_team_id,
            position=next_cycle(incident.position) if fresh else incident.position,
            step_at=now if fresh or incident.step_at is None else max(incident.step_at, now),
            escalation_state=EscalationState.RUNNING,
            escalation_reason=CAME_BACK,
            escalation_since=now,
        )
    )


def raise_severity(incident: Incident, severity: Severity, urgency: Urgency, *, now: datetime) -> Incident:
    """A graver word from a monitor. A rise from low to high urgency is paged at once, as a cycle of its own.

    Acknowledged, it stays acknowledged, and the acknowledgement times out like any other of high urgency: at once, if it is that old.
    """
    if RANK[severity] <= RANK[incident.severity]:
        return incident
    return raise_urgency(incident.but(severity=severity), urgency, reason=f"severity rose to {severity.value}", now=now)


def raise_urgency(incident: Incident, urgency: Urgency, *, reason: str, now: datetime) -> Incident:
    """From low to high, and nothing else; as a rise in severity does it."""
    if not (urgency is Urgency.HIGH and incident.urgency is Urgency.LOW):
        return incident
    raised = incident.but(urgency=urgency)
    if incident.status is Status.ACKNOWLEDGED:
        return timed(raised)
    state = EscalationState.RUNNING
    # What has not paged yet goes on being what waits for its first page: a threshold may still stand before it.
    position = incident.position if incident.position == Position() else next_cycle(incident.position)
    return timed(raised.but(position=position, step_at=now, escalation_state=state, escalation_reason=reason, escalation_since=now))


def step_lost(incident: Incident, lost: Position, *, now: datetime) -> Incident:
    """Nobody whom this step paged can be reached: if it is still the step we wait for, the next one is due now."""
    current = incident.position
    waiting = incident.escalation_state is EscalationState.RUNNING and (current.cycle, current.round, current.step) == (
        lost.cycle,
        lost.round,
        lost.step + 1,
    )
    reminding = incident.escalation_state is EscalationState.LOW_URGENCY and (current.cycle, current.round) == (lost.cycle, lost.round + 1)
    if incident.status is not Status.TRIGGERED or not (waiting or reminding):
        return incident
    after = Position(lost.cycle, lost.round, lost.step + 1, current.on_fallback)
    return timed(incident.but(position=after, escalation_state=EscalationState.RUNNING, step_at=now))


def decide_due(
    incident: Incident, people: People, *, now: datetime, heard: bool = True, hold: Hold | None = None, firing: bool = True
) -> Outcome:
    """What time does to an incident whose `next_at` has come: one thing, however late.

    `heard` false: not one message of its cycle has left us, which matters once its policy has been gone through. `hold`: what keeps it
    from paging now. `firing`: whether any of its alerts is open.
    """
    if not is_rising(incident, now=now):
        return _decide(incident, people, now=now, heard=heard, hold=hold, firing=firing)
    later = rises_later(incident, people)
    if later is not None:
        return _decide(timed(incident.but(rises_at=later)), people, now=now, heard=heard, hold=hold, firing=firing)
    risen = raise_urgency(incident, Urgency.HIGH, reason=HOURS_BEGAN.reason, now=now)
    then = _decide(risen, people, now=now, heard=heard, hold=hold, firing=firing)
    return replace(then, notes=(HOURS_BEGAN, *then.notes))


def _decide(incident: Incident, people: People, *, now: datetime, heard: bool, hold: Hold | None, firing: bool) -> Outcome:
    incident = as_held(incident, hold, now=now)
    match incident.status:
        case Status.TRIGGERED | Status.ACKNOWLEDGED if incident.settle_at is not None and incident.settle_at <= now:
            return _settled(incident, people, now=now, heard=heard, hold=hold, firing=firing)
        case Status.TRIGGERED if hold is not None:
            return _held(incident, hold, now=now)
        case Status.TRIGGERED if incident.escalation_state is EscalationState.HELD:
            return _released(incident, people, now=now, heard=heard)
        case Status.ACKNOWLEDGED if is_due(incident, now=now) and not _is_unconfirmed(incident, now=now):
            return _break_through(incident, people, hold, now=now)
        case _ if (at := next_at(incident)) is None or at > now:
            return Outcome(timed(incident))  # it was looked at because something else changed
        case Status.TRIGGERED:
            return _advance(incident, people, now=now, heard=heard)
        case Status.ACKNOWLEDGED if _is_unconfirmed(incident, now=now):
            return _unconfirmed(incident, people, hold, now=now)
        case Status.ACKNOWLEDGED if (step := unresolved_step_at(incident)) is not None and step <= now:
            return _go_on(incident, people, hold, now=now)
        case Status.ACKNOWLEDGED:
            return _time_out(incident, people, hold, now=now)
        case Status.RESOLVED:
            closed = incident.but(status=Status.CLOSED, closed_at=now, next_at=None)
            return Outcome(closed, notes=(Note("closed", "the reopen window passed"),))
        case Status.CLOSED:
            return Outcome(incident.but(next_at=None))
        case _:
            assert_never(incident.status)


def _advance(incident: Incident, people: People, *, now: datetime, also: tuple[UserId, ...] = (), heard: bool = True) -> Outcome:
    then = _fire(incident, people, now=now, also=also, heard=heard)
    return _held(incident, then, now=now) if isinstance(then, Quiet) else _moved(incident, then, now=now)


def _fire(incident: Incident, people: People, *, now: datetime, also: tuple[UserId, ...] = (), heard: bool = True) -> Advance | Quiet:
    """The step that is due, or what keeps everybody of it from being paged."""
    then = advance_incident(incident, people, now=now, also=also, heard=heard)
    return quiet_of(then.pages, people, incident.urgency, now=now) or sparing(then, people, incident.urgency, now=now)


def _moved(incident: Incident, then: Advance, *, now: datetime) -> Outcome:
    since = incident.escalation_since if then.state is incident.escalation_state else now
    moved = incident.but(
        position=then.position,
        escalation_state=then.state,
        escalation_reason=then.reason,
        escalation_since=since,
        step_at=then.step_at,
        **still_assigned(incident, then),
        failures=0,
        last_error=None,
    )
    return Outcome(timed(moved), then.pages, then.notes, then.turns)


def _go_on(incident: Incident, people: People, hold: Hold | None, *, now: datetime) -> Outcome:
    """A step that an acknowledgement does not stop is due: once nothing holds it, and not everybody of it has quiet hours, it fires."""
    its = incident.goes_on
    if its is None or hold is not None:
        return Outcome(timed(incident))
    after, then = fire(incident, its, people, now=now)
    quiet = quiet_of(then.pages, people, incident.urgency, now=now)
    if quiet is not None:
        return Outcome(timed(incident.but(goes_on=replace(its, held_until=quiet.until))))
    then = sparing(then, people, incident.urgency, now=now)
    return Outcome(timed(after), then.pages, then.notes, then.turns)


def _settled(incident: Incident, people: People, *, now: datetime, heard: bool, hold: Hold | None, firing: bool) -> Outcome:
    """Its alerts have not changed for a while. All quiet: resolved. Still firing: whoever was told that it flaps is told that it stays."""
    steady = incident.but(**STEADY)
    if not firing:
        note = Note("settled", "its alerts have settled, and none is open")
        return Outcome(resolve(steady, ENGINE, now=now), notes=(note,))
    note = Note("settled", "its alerts have settled, and it is still firing")
    if is_snoozed(incident):
        return Outcome(timed(steady), notes=(note,))  # it pages when its snooze is over
    also = (incident.owner_id,) if incident.owner_id and incident.status is Status.ACKNOWLEDGED else ()
    again = steady.but(
        **NO_NEWS,
        status=Status.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        position=next_cycle(incident.position),
        step_at=now,
        escalation_state=EscalationState.RUNNING,
        escalation_reason=note.reason,
        escalation_since=now,
    )
    then = _held(again, hold, now=now) if hold is not None else _advance(again, people, now=now, also=also, heard=heard)
    return Outcome(then.incident, then.pages, (note, *then.notes), then.turns)


def _held(incident: Incident, hold: Hold | Quiet, *, now: datetime) -> Outcome:
    """Nothing is paged until the first of what holds it ends; the step it had reached is kept."""
    is_new = incident.escalation_state is not EscalationState.HELD
    held = incident.but(
        escalation_state=EscalationState.HELD,
        escalation_reason=hold.reason,
        escalation_since=now if is_new else incident.escalation_since,
        held_until=hold.until,
        held_from=incident.escalation_state if is_new else incident.held_from,
    )
    notes = (Note("held", hold.reason),) if is_new or hold.reason != incident.escalation_reason else ()
    return Outcome(timed(held), notes=notes, keeps_messages=isinstance(hold, Quiet))


def _released(incident: Incident, people: People, *, now: datetime, heard: bool) -> Outcome:
    """Nothing holds it any more: the step it had reached fires, at once if it fell due meanwhile, and says why it is late; until then its
    state is what it was.
    """
    late = f"held since {_utc(incident.escalation_since)} ({incident.escalation_reason})"
    note = Note("released", f"nothing holds it any more: it was {late}")
    state = incident.held_from or EscalationState.RUNNING
    freed = incident.but(escalation_state=state, escalation_reason=note.reason, escalation_since=now, held_until=None, held_from=None)
    if freed.step_at is None or freed.step_at > now:
        return Outcome(timed(freed), notes=(note,))
    fired = _fire(freed, people, now=now, heard=heard)
    if isinstance(fired, Quiet):
        return _held(incident, fired, now=now)
    then = _moved(freed, fired, now=now)
    low = incident.urgency is Urgency.LOW
    pages = tuple(replace(page, reason=f"{page.reason}; {late}", may_bundle=low) for page in then.pages)
    return Outcome(then.incident, pages, (note, *then.notes), then.turns)


def _break_through(incident: Incident, people: People, hold: Hold | None, *, now: datetime) -> Outcome:
    """Acknowledged, and there is news: the acknowledger and the current on-call are paged, as a cycle of its own. It stays acknowledged;
    unless somebody confirms within the step's delay, it is triggered again, and goes on from there. More news puts that off no further.
    """
    if hold is not None:
        return Outcome(timed(incident.but(tell_at=hold.until)))
    owner = (incident.owner_id,) if incident.owner_id else ()
    position = next_cycle(incident.position)
    its = about(incident, people)
    then = advance(incident.snapshot, position, urgency=incident.urgency, about=its, people=people, now=now, also=owner)
    quiet = quiet_of(then.pages, people, incident.urgency, now=now)
    if quiet is not None:
        return Outcome(timed(incident.but(tell_at=quiet.until)))
    then = sparing(then, people, incident.urgency, now=now)
    news = told_of_news(incident)
    after = ended_by_news(incident, news, now=now).but(
        position=then.position,
        step_at=then.step_at,
        tell_at=None,
        told_at=now,
        confirm_by=min((at for at in (incident.confirm_by, then.step_at) if at is not None), default=None),
    )
    pages = tuple(replace(page, reason=f"{news}: {page.reason}") for page in then.pages)
    return Outcome(timed(after), pages, (Note("broke_through", news, position), *then.notes), then.turns)


def _is_unconfirmed(incident: Incident, *, now: datetime) -> bool:
    return incident.confirm_by is not None and incident.confirm_by <= now


def _unconfirmed(incident: Incident, people: People, hold: Hold | None, *, now: datetime) -> Outcome:
    """Nobody has confirmed the news: triggered again, it goes on with the step after those that were told, once nothing holds it."""
    note = Note("ack_timeout", f"{told_of_news(incident)}, and nobody confirmed it; it is triggered again")
    again = incident.but(
        **NO_NEWS,
        status=Status.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        escalation_state=EscalationState.RUNNING,
        escalation_since=now,
    )
    then = _held(again, hold, now=now) if hold is not None else _advance(again, people, now=now)
    return Outcome(then.incident, then.pages, (note, *then.notes), then.turns)


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="seconds").replace("+00:00", "Z")


def _time_out(incident: Incident, people: People, hold: Hold | None, *, now: datetime) -> Outcome:
    """Acknowledged and then nothing, or put off until now: a new cycle pages the current on-call and the acknowledger, or is held by what
    mutes it.
    """
    name = incident.acknowledged_by.name if incident.acknowledged_by else ENGINE.name
    again = incident.but(
        **NO_NEWS,
        status=Status.TRIGGERED,
        acknowledged_at=None,
        acknowledged_by=None,
        position=next_cycle(incident.position),
        step_at=now,
        escalation_state=EscalationState.RUNNING,
        escalation_since=now,
    )
    also = (incident.owner_id,) if incident.owner_id else ()
    then = _held(again, hold, now=now) if hold is not None else _advance(again, people, now=now, also=also)
    late = Note("ack_timeout", f"{name} acknowledged it and did not resolve it in time; it is triggered again")
    note = snooze_over(incident) if is_snoozed(incident) else late
    return Outcome(then.incident, then.pages, (note, *then.notes), then.turns)


@dataclass(frozen=True, slots=True)
class AlertsNow:
    """What an incident's alerts say after a batch of events: how many are open and acknowledged, the gravest word, what just happened."""

    open: int
    acknowledged: int
    severity: Severity
    urgency: Urgency
    reopened: bool
    acknowledging: bool
    joined: int = 0
    """Distinct alerts that have just become part of it."""
    counted: bool = False
    """More triggers came of an alert whose triggers are counted."""
    flaps: Flapping | None = None
    """Its alerts come and go more often than this allows."""


def follow_alerts(incident: Incident, alerts: AlertsNow, by: Actor, *, now: datetime) -> Incident:
    """What the alerts make of their incident: the last one resolved resolves it, every open one acknowledged acknowledges it; a new one,
    or a graver word, breaks through an acknowledgement, and is looked at where it might end what holds it.
    """
    before = incident
    if alerts.reopened:
        incident = reopen(incident, now=now)
    incident = raise_severity(incident, alerts.severity, alerts.urgency, now=now)
    rose = RANK[incident.severity] > RANK[before.severity]
    if before.status is Status.ACKNOWLEDGED and (alerts.joined or rose):
        incident = timed(with_news(incident, joined=alerts.joined, rose=rose, now=now))
    if incident.escalation_state is EscalationState.HELD and (alerts.joined or rose or alerts.counted):
        incident = timed(incident.but(held_until=now))
    if alerts.flaps is not None:
        incident = timed(flap(incident, alerts.flaps, now=now))
    if alerts.open == 0:
        return incident if alerts.flaps is not None else resolve(incident, by, now=now)
    if alerts.acknowledging and alerts.acknowledged == alerts.open:
        return acknowledge(incident, by, owner=None, now=now)
    return incident
