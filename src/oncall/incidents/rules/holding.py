"""What keeps an incident from paging for a while (`semantics.md` §§2, 3). Pure; nothing of it is ever kept from the record."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from oncall.escalation.values import Position
from oncall.incidents.values import HEARTBEAT, STANDS_IN, Decided, Decision, Event, Incident, Severity, Status, Triggers
from oncall.kit.ids import EventId, IncidentId, IntegrationId, ServiceId
from oncall.services.values import Service
from oncall.silences.values.muting import Muting, MutingKind

LOOK_AGAIN = timedelta(minutes=1)
"""When what no instant ends is looked at again, if nothing has woken it before."""


@dataclass(frozen=True, slots=True)
class Hold:
    """Nothing is paged before `until`, when it is looked at again. `decision`: what is recorded of an event that opens what is held."""

    decision: Decision
    reason: str
    until: datetime

    def at_most(self, until: datetime) -> "Hold":
        """The same, looked at again by then."""
        return replace(self, until=min(self.until, until))


def delayed(incident: Incident, service: Service, *, now: datetime) -> Hold | None:
    """ "Pause for t, and drop it if it resolves meanwhile." What is critical skips it, unless the service says otherwise."""
    delay = service.delay
    if delay is None or (incident.severity is Severity.CRITICAL and not delay.critical):
        return None
    until = incident.triggered_at + delay.wait
    if until <= now:
        return None
    return Hold(Decision.HELD_DELAY, f"it pages only if it is still open after {spoken(delay.wait)}", until)


SAID_ONCE = "it is said only once, and waits for no threshold"


def is_said_once(dedup_key: str, integration_id: IntegrationId) -> bool:
    """Whether an alert is one of ours: a silent heartbeat says nothing more, and what could not be read may have been anything."""
    return dedup_key == f"{HEARTBEAT}{integration_id}" or dedup_key.startswith(STANDS_IN)


def decided_once(
    events: Iterable[Event], decided: Mapping[EventId, Decided], services: Mapping[ServiceId, Service]
) -> dict[EventId, Decided]:
    """The decisions of events that open or bring back an alert of ours, where others would wait for a threshold: the reason says so."""
    its = [decided[e.id] for e in events if services[e.service_id].threshold and is_said_once(e.dedup_key, e.integration_id)]
    return {d.event_id: replace(d, reason=f"{d.reason}; {SAID_ONCE}") for d in its if d.decision in {Decision.OPENED, Decision.REOPENED}}


def counts_triggers(incident: Incident, service: Service) -> bool:
    """Whether a threshold stands between this incident and its first page. What is critical skips it, unless the service says otherwise."""
    threshold = service.threshold
    if threshold is None or (incident.severity is Severity.CRITICAL and not threshold.critical):
        return False
    return incident.position == Position()


def counting(incidents: Iterable[Incident], services: Mapping[ServiceId, Service], holds: Mapping[IncidentId, Hold]) -> set[IncidentId]:
    """Those of the held incidents whose further triggers count, whatever else holds them, and be that over sooner."""
    return {one.id for one in incidents if one.id in holds and counts_triggers(one, services[one.service_id])}


def below_threshold(incident: Incident, service: Service, triggers: Triggers, *, now: datetime) -> Hold | None:
    """ "Page only when n triggers in t": `triggers` came within t up to now. What is said only once would wait for ever, so it does not."""
    threshold = service.threshold
    if threshold is None or not counts_triggers(incident, service) or triggers.said_once or triggers.count >= threshold.count:
        return None
    reason = f"it pages only after {threshold.count} triggers within {spoken(threshold.within)}, and there were {triggers.count}"
    return Hold(Decision.HELD_THRESHOLD, reason, now + threshold.within)


def muted(mutings: Sequence[Sequence[Muting]], *, now: datetime) -> Hold | None:
    """What mutes each open alert of an incident; one that nothing mutes, and it pages. Looked at again when the first of them ends."""
    if not mutings or not all(mutings):
        return None
    later = now + LOOK_AGAIN
    first, until = min(((muting, muting.until or later) for its in mutings for muting in its), key=lambda pair: pair[1])
    decision = Decision.HELD_MAINTENANCE if first.kind is MutingKind.MAINTENANCE else Decision.MUTED
    return Hold(decision, first.reason, until)


def hold_of(incident: Incident, service: Service, mute: Hold | None, triggers: Triggers, *, now: datetime) -> Hold | None:
    """What keeps an open incident from paging now: what mutes it, its service's delay, or its threshold."""
    holds = [mute]
    by_hand = incident.opened_by is not None  # whoever opened it has waited long enough
    if incident.status is Status.TRIGGERED and not by_hand:  # once somebody has it, its news wait for no delay and no threshold
        holds += [delayed(incident, service, now=now), below_threshold(incident, service, triggers, now=now)]
    return first_to_end([hold for hold in holds if hold is not None])


def is_decided_now(incident: Incident, before: Incident | None, hold: Hold | None, *, now: datetime) -> bool:
    """Whether an open incident that events have just changed (it was `before`) is decided with them: what is due, and what has come back
    and is held, which would else say that it pages until its next step is due.
    """
    if incident.status not in {Status.TRIGGERED, Status.ACKNOWLEDGED}:
        return False
    came_back = before is not None and before.status is Status.RESOLVED and incident.status is Status.TRIGGERED
    return (came_back and hold is not None) or (incident.next_at is not None and incident.next_at <= now)


def first_to_end(holds: Sequence[Hold]) -> Hold | None:
    """Of what holds an incident, what ends first: then it is looked at again."""
    return min(holds, key=lambda hold: hold.until, default=None)


def spoken(length: timedelta) -> str:
    """A length of time as one says it: "1 h 30 min"."""
    rest = round(length.total_seconds())
    said = []
    for unit, seconds in (("d", 86_400), ("h", 3_600), ("min", 60), ("s", 1)):
        count, rest = divmod(rest, seconds)
        if count:
            said.append(f"{count} {unit}")
    return " ".join(said) or "0 s"
