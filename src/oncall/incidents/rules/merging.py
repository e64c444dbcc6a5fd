"""Two incidents that are one: which may be merged, and what becomes of them. Pure."""

from collections.abc import Mapping, Sequence
from datetime import datetime

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState
from oncall.incidents.rules import life
from oncall.incidents.rules.dedup import RANK
from oncall.incidents.rules.going_on import earliest
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.news import has_news, with_news
from oncall.incidents.rules.timers import timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.merging import CannotMerge, End, NotMergeable
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}


def to_merge(target: Incident, named: Sequence[Incident], ends: Mapping[IncidentId, End]) -> list[Incident]:
    """Those of the named ones that are to be merged into the target: not what was merged into it already. Refuses what cannot be.

    `ends` are where those that were merged are now.
    """
    if any(incident.id == target.id for incident in named):
        raise CannotMerge(f"#{target.number} cannot be merged into itself: leave it out of `incidents`.", field="incidents")
    left = [i for i in named if i.merged_into_id != target.id and not (i.id in ends and ends[i.id].id == target.id)]
    if not left:
        return []
    if target.id in ends:
        now_at = ends[target.id].number
        raise NotMergeable(f"#{target.number} was merged into #{now_at}, and nothing is merged into it any more: merge into #{now_at}.")
    if target.status not in OPEN:
        raise NotMergeable(f"#{target.number} is {target.status.value}: merge into one that is open.")
    refusals = [_why_not(incident, ends) for incident in left if incident.status not in OPEN]
    if refusals:
        raise NotMergeable(" ".join(refusals))
    return left


def _why_not(incident: Incident, ends: Mapping[IncidentId, End]) -> str:
    if incident.id in ends:
        now_at = ends[incident.id].number
        return f"#{incident.number} was merged into #{now_at} already: name #{now_at} in its place, or leave it out."
    return f"#{incident.number} is {incident.status.value}, and only what is open is merged: leave it out."


def is_news(incident: Incident) -> bool:
    """Whether nobody has it, or not all of it: merged into one that somebody has, that is news."""
    return incident.status is Status.TRIGGERED or has_news(incident)


def is_paging(incident: Incident) -> bool:
    """Whether people are, or are about to be, paged for it."""
    return is_news(incident) and incident.escalation_state is not EscalationState.HELD


def check_goes_on(target: Incident, sources: Sequence[Incident], hold: Hold | None) -> None:
    """Refuse that what pages goes quiet because the one it is merged into waits for its first page; `hold` is for what."""
    paging = [source for source in sources if is_paging(source)]
    if hold is not None and paging:
        first = paging[0].number
        held = hold.reason if hold.reason.startswith("held ") else f"held, since {hold.reason}"
        raise NotMergeable(
            f"#{target.number} is {held}, while #{first} pages, and would not any more: merge #{target.number} into #{first} instead."
        )


def absorb(target: Incident, sources: Sequence[Incident], *, open_alerts: Mapping[IncidentId, int], now: datetime) -> Incident:
    """What becomes of the one that takes the others in: as grave and as urgent as the gravest of them, it is looked at at once.

    Acknowledged, what nobody had breaks through, as new alerts do. Triggered, it goes on from where it is, and no later than any of
    them would have. `open_alerts` are how many each of the others brings.
    """
    unheard = [source for source in sources if is_news(source)]
    severity = max((source.severity for source in sources), key=RANK.__getitem__)
    urgency = Urgency.HIGH if any(source.urgency is Urgency.HIGH for source in sources) else Urgency.LOW
    after = life.raise_severity(target, severity, urgency, now=now)
    after = life.raise_urgency(after, urgency, reason="an incident of high urgency was merged into it", now=now)
    after = _as_unsteady(after, sources)
    rises = [one.rises_at for one in (after, *sources) if one.rises_at is not None]
    after = after.but(rises_at=min(rises, default=None))
    rose = RANK[after.severity] > RANK[target.severity]
    if target.status is Status.ACKNOWLEDGED:
        if unheard or rose:
            after = with_news(after, joined=sum(open_alerts.get(source.id, 0) for source in unheard), rose=rose, now=now)
        return timed(_going_on(after, sources))
    steps = [s.step_at for s in sources if s.status is Status.TRIGGERED and is_paging(s) and s.step_at and s.urgency is after.urgency]
    after = after.but(step_at=min([*steps, *([after.step_at] if after.step_at else [])], default=None))
    if after.escalation_state is EscalationState.HELD:
        after = after.but(held_until=now)
    return timed(after).but(next_at=now)


def _going_on(target: Incident, sources: Sequence[Incident]) -> Incident:
    """What goes on of them although somebody had them goes on of it."""
    its = earliest(target, sources)
    begins = target.goes_on is None and its is not None and target.escalation_state is EscalationState.STOPPED
    return target.but(goes_on=its, escalation_state=EscalationState.RUNNING if begins else target.escalation_state)


def _as_unsteady(target: Incident, sources: Sequence[Incident]) -> Incident:
    """Flapping since the first of them does, until the last has settled."""
    since = [one.flapping_since for one in (target, *sources) if one.flapping_since is not None]
    until = [one.settle_at for one in (target, *sources) if one.settle_at is not None]
    return target.but(flapping_since=min(since), settle_at=max(until)) if since and until else target


def merged(source: Incident, target: Incident, by: Actor, *, now: datetime) -> Incident:
    """What becomes of one whose alerts are another's now: it is over, and nothing joins it."""
    over = life.resolve(source, by, now=now)
    return over.but(escalation_reason=why_merged(target, by), group_key=None, merged_into_id=target.id)


def why_merged(target: Incident, by: Actor) -> str:
    return f"merged into #{target.number} by {by.name} through {by.via}"


def why_took_in(sources: Sequence[Incident], by: Actor, *, alerts: int, still_open: int) -> str:
    numbers = [f"#{source.number}" for source in sources]
    named = numbers[0] if len(numbers) == 1 else f"{', '.join(numbers[:-1])} and {numbers[-1]}"
    were = "was" if len(numbers) == 1 else "were"
    return (
        f"{named} {were} merged into it by {by.name} through {by.via}, with {alerts} alert{'s' if alerts != 1 else ''}, {still_open} open"
    )
