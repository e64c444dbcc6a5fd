"""What keeps an incident from paging for a while (`semantics.md` §§2, 3). Pure; nothing of it is ever kept from the record."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.escalation.values import EscalationState, Position
from oncall.incidents.values import Decision, Incident, Severity, Status
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
    is_counted: bool = False
    """A threshold stands between it and its first page, whatever else holds it: each further trigger counts."""


def counts_as_source(incident: Incident) -> bool:
    """Whether its alerts inhibit others: while it pages or is acknowledged, not while it is held or nobody is reached (`SOURCES`)."""
    if incident.status is Status.TRIGGERED:
        return incident.escalation_state in {EscalationState.RUNNING, EscalationState.LOW_URGENCY}
    return incident.status is Status.ACKNOWLEDGED


def delayed(incident: Incident, service: Service, *, now: datetime) -> Hold | None:
    """ "Pause for t, and drop it if it resolves meanwhile." What is critical skips it, unless the service says otherwise."""
    delay = service.delay
    if delay is None or (incident.severity is Severity.CRITICAL and not delay.critical):
        return None
    until = incident.triggered_at + delay.wait
    if until <= now:
        return None
    return Hold(Decision.HELD_DELAY, f"it pages only if it is still open after {spoken(delay.wait)}", until)


def counts_triggers(incident: Incident, service: Service) -> bool:
    """Whether a threshold stands between this incident and its first page. What is critical skips it, unless the service says otherwise."""
    threshold = service.threshold
    if threshold is None or (incident.severity is Severity.CRITICAL and not threshold.critical):
        return False
    return incident.position == Position()


def below_threshold(incident: Incident, service: Service, triggers: int, *, now: datetime) -> Hold | None:
    """ "Page only when n triggers in t": `triggers` came within t up to now."""
    threshold = service.threshold
    if threshold is None or not counts_triggers(incident, service) or triggers >= threshold.count:
        return None
    reason = f"it pages only after {threshold.count} triggers within {spoken(threshold.within)}, and there were {triggers}"
    return Hold(Decision.HELD_THRESHOLD, reason, now + threshold.within)


def muted(mutings: Sequence[Sequence[Muting]], *, now: datetime) -> Hold | None:
    """What mutes each open alert of an incident; one that nothing mutes, and it pages. Looked at again when the first of them ends."""
    if not mutings or not all(mutings):
        return None
    later = now + LOOK_AGAIN
    first, until = min(((muting, muting.until or later) for its in mutings for muting in its), key=lambda pair: pair[1])
    decision = Decision.HELD_MAINTENANCE if first.kind is MutingKind.MAINTENANCE else Decision.MUTED
    return Hold(decision, first.reason, until)


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
