"""What a simulation is asked, what happens in it, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oncall.contacts.values import Urgency
from oncall.escalation.values import Note, PlannedPage
from oncall.incidents.values import Decided, Incident, PendingAction, Severity
from oncall.kit.errors import Invalid
from oncall.kit.ids import IncidentId, IntegrationId, ServiceId, UserId
from oncall.simulate.values.replaying import Verb

BACK = timedelta(days=31)
AHEAD = timedelta(days=366)
LONGEST = timedelta(days=7)
USUAL = timedelta(days=1)


class BadSimulation(Invalid):
    """A simulation that cannot be; the text says what to say instead."""


@dataclass(frozen=True, slots=True)
class EventAsked:
    """The event that comes: through an integration, past whatever routing rules say, or straight to a service."""

    integration_id: IntegrationId | None
    service_id: ServiceId | None
    severity: Severity
    summary: str
    dedup_key: str
    source: str = ""
    component: str = ""
    group: str = ""
    class_: str = ""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Reaction:
    """What somebody does so long after the event; None is whoever asks."""

    after: timedelta
    verb: Verb
    user_id: UserId | None


@dataclass(frozen=True, slots=True)
class Asked:
    event: EventAsked
    at: datetime | None
    until: datetime | None
    reactions: Sequence[Reaction]


@dataclass(frozen=True, slots=True)
class Moment:
    """What time, or the event itself, did to an incident of a world at an instant."""

    at: datetime
    incident_id: IncidentId
    urgency: Urgency
    pages: tuple[PlannedPage, ...]
    notes: tuple[Note, ...]
    acknowledged: bool = False


@dataclass(frozen=True, slots=True)
class Reacted:
    """What a reaction came to; `changed` false: the incident was there already, or was over, or there was none."""

    at: datetime
    verb: Verb
    by: str
    changed: bool


@dataclass(frozen=True, slots=True)
class Message:
    """One message of a page, with its address masked. `cancelled`: somebody had it, or it was over, before that was to be sent;
    `only_after_failure`: it would be sent only if the one before it failed, which none does here.
    """

    at: datetime
    channel: str
    address: str
    cancelled: bool
    only_after_failure: bool = False


@dataclass(frozen=True, slots=True)
class Paging:
    """One person paged: why they, by which messages, and why by these. Not `reachable`: nobody waits for that."""

    user_id: UserId
    name: str
    because: str
    messages: Sequence[Message]
    ways_because: str
    reachable: bool


@dataclass(frozen=True, slots=True)
class SimulatedStep:
    """One instant: a reaction, or what the rules did, with whom they paged and whom not, and why."""

    at: datetime
    kind: str
    text: str
    pages: Sequence[Paging] = ()
    notes: Sequence[Note] = ()


@dataclass(frozen=True, slots=True)
class Simulated:
    """The whole path. `end`: the incident as it would be at `until`, if there is one. `is_cut`: more steps would have come."""

    at: datetime
    until: datetime
    service_id: ServiceId
    service: str
    decided: Decided
    steps: Sequence[SimulatedStep]
    end: Incident | None
    next: Sequence[PendingAction]
    is_cut: bool
