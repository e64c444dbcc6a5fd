"""What an event, an alert and an incident are, and what can be decided about them."""

from collections.abc import Mapping
from dataclasses import field
from datetime import datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.desk.values import Closure, Priority, Process, Record
from oncall.desk.values.roles import Role
from oncall.desk.values.slas import Promises
from oncall.escalation.values import EscalationState, Position, Snapshot, Target, TargetType
from oncall.kit.actors import Actor
from oncall.kit.errors import Gone, Invalid, NotFound
from oncall.kit.ids import AlertId, EventId, IncidentId, IntegrationId, ServiceId, TeamId, UserId
from oncall.kit.quick import changed, dataclass


class UnknownIncident(NotFound):
    """There is no incident with this id or number."""


class UnknownEvent(NotFound):
    """There is no event with this id."""


class UnknownAlert(NotFound):
    """There is no alert with this id."""


class UnknownChangeEvent(NotFound):
    """There is no change event with this id."""


class BodyGone(Gone):
    """The event is there; the bytes it came in are kept no longer."""


class UnknownActor(Invalid):
    """A verb is to be done on behalf of a user who does not exist."""


class Action(StrEnum):
    TRIGGER = "trigger"
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"
    CHANGE = "change"
    CHECK_IN = "check_in"
    IGNORE = "ignore"


class Severity(StrEnum):
    """What the monitor says; `unknown` pages like an error."""

    CRITICAL = "critical"
    ERROR = "error"
    WARNING = "warning"
    INFO = "info"
    UNKNOWN = "unknown"


class Decision(StrEnum):
    """What became of an event; each event has exactly one (`semantics.md` §2)."""

    OPENED = "opened"
    REOPENED = "reopened"
    DEDUPLICATED = "deduplicated"
    GROUPED = "grouped"
    BROKE_THROUGH = "broke_through"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    NO_OPEN_ALERT = "no_open_alert"
    MUTED = "muted"
    HELD_MAINTENANCE = "held_maintenance"
    HELD_FLAPPING = "held_flapping"
    HELD_THRESHOLD = "held_threshold"
    HELD_DELAY = "held_delay"
    IGNORED = "ignored"
    CHANGE_RECORDED = "change_recorded"
    CHECKED_IN = "checked_in"
    DUPLICATE_DELIVERY = "duplicate_delivery"
    UNREADABLE = "unreadable"
    QUARANTINED = "quarantined"


class Status(StrEnum):
    TRIGGERED = "triggered"
    ACKNOWLEDGED = "acknowledged"
    RESOLVED = "resolved"
    CLOSED = "closed"


@dataclass(frozen=True, slots=True)
class Body:
    """The bytes as received; several events may come from one body."""

    id: UUID
    content_type: str
    raw: bytes
    headers: Mapping[str, str] = field(default_factory=dict)
    """Those that matter, without secrets."""
    stored_at: datetime | None = None
    """When it was, with another event that came in the very same bytes; None: it is stored with its own."""


@dataclass(frozen=True, slots=True)
class Step:
    """One step of keeping bodies: a partition `made`, `dropped`, or `left` to DEFAULT, or rows of DEFAULT `deleted`; how many bodies that
    moved, took or concerned.
    """

    did: str
    partition: str
    bodies: int


@dataclass(frozen=True, slots=True)
class Event:
    """One inbound message, canonical whatever the dialect. Immutable; stored before it is answered."""

    id: EventId
    integration_id: IntegrationId
    integration_name: str
    service_id: ServiceId
    action: Action
    dedup_key: str
    severity: Severity
    summary: str
    body: Body
    source: str = ""
    component: str = ""
    group: str = ""
    class_: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    occurred_at: datetime | None = None
    expires_at: datetime | None = None
    details: dict[str, object] = field(default_factory=dict)
    reason: str = ""
    unreadable: bool = False
    delivery_id: str = ""
    among: Mapping[str, object] | None = None
    """What the details of an open alert hold if this event is about that one, although its key is another."""
    by: str = ""
    """Who did it, where the sender says so."""
    urgency: Urgency | None = None
    """As a routing rule has it; None leaves it to the service."""
    group_labels: tuple[str, ...] = ()
    """The labels whose values a routing rule groups by; none leaves it to the service."""
    way: tuple[str, ...] = ()
    """What routing rules did with it, rule by rule, in words."""
    like: "Event | None" = field(default=None, compare=False, repr=False)
    """The one that was read of the very same bytes a moment ago: all but their ids and bodies is the same."""


HEARTBEAT = "heartbeat:"
"""How the key of a heartbeat's alert begins; its id follows, by which its events name themselves too."""

STANDS_IN = "oncall:"
"""How the key of an alert begins that stands for what could not be taken as it came."""


Key = tuple[ServiceId, str]
"""(service, dedup key): at most one open alert has it."""


GroupKey = tuple[ServiceId, str]
"""(service, grouping key): at most one open incident has it."""


@dataclass(frozen=True, slots=True)
class Decided:
    """The recorded decision of one event, as its sender is told it."""

    event_id: EventId
    dedup_key: str
    decision: Decision
    reason: str
    alert_id: AlertId | None = None
    incident_id: IncidentId | None = None


@dataclass(frozen=True, slots=True)
class Alert:
    """The deduplicated problem that events report, with what a decision must know of its incident."""

    id: AlertId
    service_id: ServiceId
    dedup_key: str
    is_open: bool
    severity: Severity
    acknowledged: bool
    incident_id: IncidentId
    watched: bool = False
    """Each further trigger is counted against a threshold, so it is more than a repeat."""
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Triggers:
    """How many triggers of an incident came lately, and whether an alert that it has open is one of ours, which is said only once."""

    count: int = 0
    said_once: bool = False


@dataclass(frozen=True, slots=True)
class OpenAlert:
    """What an open alert says that may decide whether it pages."""

    id: AlertId
    service_id: ServiceId
    labels: Mapping[str, str]
    severity: Severity
    summary: str
    source: str
    dedup_key: str


@dataclass(frozen=True, slots=True)
class Silent:
    """An open alert of which its monitor has said nothing more for so long that it is over."""

    id: AlertId
    integration_id: IntegrationId
    service_id: ServiceId
    dedup_key: str
    severity: Severity
    summary: str
    last_seen_at: datetime


@dataclass(frozen=True, slots=True)
class AlertChange:
    """What a run of events does to one alert row. `seen` counts triggers; `state` None leaves it as it is."""

    alert_id: AlertId
    seen: int
    severity: Severity
    is_open: bool
    acknowledged: bool
    expires_at: datetime | None = None
    """Until when its word holds, as its monitor said last in this run, if it said so."""
    labels: Mapping[str, str] | None = None
    """Its labels from now on, if they are others than before."""


@dataclass(frozen=True, slots=True)
class GoesOn:
    """The next step that an acknowledgement does not stop, and when it is due; `held_until` is when that is looked at again, while it is
    due and something holds it.
    """

    position: Position
    at: datetime
    held_until: datetime | None = None


@dataclass(frozen=True, slots=True)
class Incident:
    """What people respond to and what escalates. `next_at` follows from the other fields by one rule."""

    id: IncidentId
    number: int
    service_id: ServiceId
    title: str
    status: Status
    severity: Severity
    urgency: Urgency
    snapshot: Snapshot
    position: Position
    escalation_state: EscalationState
    escalation_reason: str
    escalation_since: datetime
    step_at: datetime | None
    next_at: datetime | None
    ack_timeout: timedelta | None
    reopen_window: timedelta
    triggered_at: datetime
    acknowledged_at: datetime | None = None
    acknowledged_by: Actor | None = None
    owner_id: UserId | None = None
    resolved_at: datetime | None = None
    resolved_by: Actor | None = None
    closed_at: datetime | None = None
    failures: int = 0
    last_error: str | None = None
    group_key: str | None = None
    """Under which more alerts of its service join it; at most one open incident of a service has it."""
    follows_id: IncidentId | None = None
    """The one whose alerts it would have joined, had that not been too old, too full or acknowledged for too long."""
    held_until: datetime | None = None
    """When what holds it is looked at again; only of one that is held."""
    held_from: EscalationState | None = None
    """The state it was in before it was held."""
    news: int = 0
    rose: bool = False
    """What came since it was acknowledged: so many alerts, and a graver word."""
    tell_at: datetime | None = None
    told_at: datetime | None = None
    """When that is told, and when something was last told."""
    confirm_by: datetime | None = None
    """Unless somebody confirms what was told, it is triggered again."""
    flapping_since: datetime | None = None
    settle_at: datetime | None = None
    """Since when its alerts come and go, and when they will have settled if nothing changes."""
    snoozed_until: datetime | None = None
    """Until when nobody is paged, since whoever has it put it off; only of one that is snoozed."""
    affirmed_at: datetime | None = None
    """When whoever has it last said that they are still on it."""
    assigned_to_id: UserId | None = None
    """Whoever it was reassigned to, who is paged before its policy begins."""
    assigned_team_id: TeamId | None = None
    """Or the team, whose on-call is paged then."""
    opened_by: Actor | None = None
    """Who opened it by hand; nobody, if an alert did."""
    merged_into_id: IncidentId | None = None
    """The one that has its alerts now. It is over, and nothing reopens it."""
    split_from_id: IncidentId | None = None
    """The one that had the alerts it began with."""

    goes_on: GoesOn | None = None
    """What of its policy goes on although somebody has it. Where it stands in its policy (`position`, `step_at`) stays what it was."""
    process: Process = Process.SRE
    """Which steps of its life are obligatory, as its service said when it opened."""
    priority: Priority | None = None
    """What it is worth to the business; None: nobody has said."""
    rises_at: datetime | None = None
    """When its urgency rises by itself, since its service's support hours begin then; only of one that is low because they do not run."""
    is_major: bool = False
    """It is led as a major one: a commander, a bridge, updates, a postmortem."""

    @property
    def assigned(self) -> Target | None:
        """Whom its policy waits for."""
        if self.assigned_team_id is not None:
            return Target(TargetType.TEAM, self.assigned_team_id)
        return Target(TargetType.USER, self.assigned_to_id) if self.assigned_to_id is not None else None

    def but(self, **changes: object) -> "Incident":
        return changed(self, changes)


@dataclass(frozen=True, slots=True)
class AlertCounts:
    """How many alerts of an incident are open, resolved, and open but acknowledged by their monitor."""

    open: int = 0
    resolved: int = 0
    acknowledged: int = 0
    dedup_keys: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Told:
    """What a message says of an incident besides its title; links are (address, words)."""

    source: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    details: dict[str, object] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    report: tuple[tuple[str, str], ...] = ()
    """(name, words): what people said of it who reported it."""


@dataclass(frozen=True, slots=True)
class AlertSeen:
    """An alert as people look into it."""

    id: AlertId
    dedup_key: str
    is_open: bool
    severity: Severity
    acknowledged: bool
    summary: str
    told: Told
    event_count: int
    first_seen_at: datetime
    last_seen_at: datetime
    resolved_at: datetime | None
    expires_at: datetime | None

    def is_stale(self, now: datetime) -> bool:
        """Whether the instant until which its monitor spoke has passed, and the monitor has said nothing since."""
        return self.is_open and self.expires_at is not None and self.last_seen_at < self.expires_at <= now


@dataclass(frozen=True, slots=True)
class EventSeen:
    """An event as people look into it: what it said, and what was decided about it, and why."""

    id: EventId
    received_at: datetime
    occurred_at: datetime
    integration_id: IntegrationId
    action: Action
    dedup_key: str
    severity: Severity
    summary: str
    decision: Decision
    reason: str
    alert_id: AlertId | None
    incident_id: IncidentId | None
    service_id: ServiceId


@dataclass(frozen=True, slots=True)
class AlertSearch:
    """Which alerts of a service are asked for; None leaves a filter out. Each of `words` must be in the title."""

    id: UUID | None = None
    dedup_key: str | None = None
    number: int | None = None
    is_open: bool | None = None
    acknowledged: bool | None = None
    words: tuple[str, ...] = ()
    oldest_first: bool = False

    def takes(self, found: "AlertFound") -> bool:
        """Whether an alert that was found by its id, key or number passes the filters."""
        title = found.alert.summary.lower()
        return (
            self.is_open in {None, found.alert.is_open}
            and self.acknowledged in {None, found.acknowledged}
            and all(word.lower() in title for word in self.words)
        )


@dataclass(frozen=True, slots=True)
class AlertFound:
    """An alert with what other tools' APIs tell of it: the number of its incident, and who acknowledged and resolved that."""

    alert: AlertSeen
    integration_id: IntegrationId
    number: int
    acknowledged: bool
    acknowledged_at: datetime | None
    acknowledged_by: str
    resolved_by: str


@dataclass(frozen=True, slots=True)
class PendingAction:
    """What happens next to an incident if nobody does anything, and when."""

    action: str
    at: datetime


@dataclass(frozen=True, slots=True)
class Overview:
    """An incident with the names of what it refers to, its alerts, and what happens next; `upcoming` is the step that fires next."""

    incident: Incident
    upcoming: Position
    service: str
    owner: str | None
    alerts: AlertCounts
    pending: tuple[PendingAction, ...]
    record: Record | None = None
    """What the service desk keeps of it, once somebody has said something of it."""
    closure: Closure | None = None
    promises: Promises | None = None
    """What its SLA promises, if it has one."""
    owed: tuple[Role, ...] = ()
    """The roles that somebody is to take in it."""
    bridge: str | None = None
    """The link of its bridge, while that is open."""
