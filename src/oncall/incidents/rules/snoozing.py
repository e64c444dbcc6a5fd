"""Who has an incident puts it off: nobody is paged until then, unless there is news (`semantics.md` §§2, 4). Pure."""

from datetime import datetime, timedelta

from oncall.escalation.values import EscalationState, Note
from oncall.incidents.rules.going_on import left_of
from oncall.incidents.rules.news import NO_NEWS, has_news
from oncall.incidents.rules.recounting import instant
from oncall.incidents.rules.returning import check_open, said
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import CannotAct, Change
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import UserId
from oncall.timeline.values import Kind

SHORTEST, LONGEST = timedelta(minutes=1), timedelta(days=7)


def until_of(duration: timedelta | None, until: datetime | None, *, now: datetime) -> datetime:
    """When a snooze ends that is asked for by its length or by its end."""
    if (duration is None) == (until is None):
        raise CannotAct("Say for how long (`duration`) or until when (`until`): one of them.", field="duration")
    ends, field = (now + duration, "duration") if duration is not None else (until or now, "until")
    if not SHORTEST <= ends - now <= LONGEST:
        raise CannotAct(
            f"A snooze lasts from PT1M to P7D: it can end at {instant(now + SHORTEST)} at the earliest, "
            f"at {instant(now + LONGEST)} at the latest.",
            field=field,
        )
    return ends


def snooze(
    incident: Incident, by: Actor, *, owner: UserId | None, until: datetime, reason: str | None = None, now: datetime
) -> Change | None:
    """Nothing is paged until then, in place of the acknowledgement time-out. Whoever snoozes what nobody has, or has not heard the news
    of, acknowledges it by that; else it stays with whoever has it. A second snooze takes the place of the first.
    """
    check_open(incident, to="snoozed")
    if incident.snoozed_until == until and not has_news(incident):
        return None
    why = said(f"snoozed until {instant(until)}", by, reason)
    left = left_of(incident, now=now)
    if incident.status is Status.TRIGGERED or has_news(incident):
        owner = owner or incident.owner_id
        incident = incident.but(status=Status.ACKNOWLEDGED, acknowledged_at=now, acknowledged_by=by, affirmed_at=None, owner_id=owner)
    snoozed = incident.but(
        **NO_NEWS,
        escalation_state=EscalationState.SNOOZED,
        escalation_reason=why,
        escalation_since=now,
        snoozed_until=until,
        goes_on=left,
    )
    return Change(timed(snoozed), Kind.SNOOZED, why)


def is_snoozed(incident: Incident) -> bool:
    return incident.escalation_state is EscalationState.SNOOZED


def ends_by_acknowledging(incident: Incident, by: Actor) -> bool:
    """A person who acknowledges what is snoozed is on it now. A monitor does not know of the snooze."""
    return is_snoozed(incident) and by.kind is not ActorKind.INTEGRATION


def ended_by_news(incident: Incident, news: str, *, now: datetime) -> Incident:
    """Whoever has it is told the news, and has it as if they had not put it off."""
    if not is_snoozed(incident):
        return incident
    reason = f"acknowledged, and its snooze was ended by news: {news}"
    state = EscalationState.RUNNING if incident.goes_on is not None else EscalationState.STOPPED
    return incident.but(escalation_state=state, escalation_reason=reason, escalation_since=now)


def snooze_over(incident: Incident) -> Note:
    """Its time has come."""
    return Note("snooze_ended", f"the time it was snoozed for is over ({incident.escalation_reason}); it is triggered again")
