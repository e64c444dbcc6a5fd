"""What a replay is asked, what it looks at, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from uuid import UUID

from oncall.contacts.values import Urgency
from oncall.escalation.values import EscalationState, Position, Snapshot
from oncall.incidents.values import Decision, Event, Severity
from oncall.kit.actors import Actor
from oncall.kit.errors import Invalid
from oncall.kit.ids import AlertId, IncidentId, IntegrationId, ServiceId, UserId
from oncall.services.values import Service

LONGEST = timedelta(days=31)
MOST_EVENTS = 200_000
MOST_COUNTED = 1_000_000
"""More are not counted before it is said that they are too many."""

EPOCH = datetime(1971, 1, 1, tzinfo=UTC)
"""Before anything was stored."""

SHOWN = 1_000
"""Differences that are shown; all are counted."""


class BadReplay(Invalid):
    """A replay that cannot be, or would take too long."""


class TooManyEvents(Invalid):
    """More events than one replay looks at."""

    code = "too_many_events"
    title = "Too many events"


class RuleKind(StrEnum):
    ROUTING_RULE = "routing_rule"
    SERVICE = "service"
    SILENCE = "silence"
    MAINTENANCE_WINDOW = "maintenance_window"
    INHIBITION = "inhibition"


class Change(StrEnum):
    """How a proposal differs from what there is."""

    ADDED = "added"
    EDITED = "edited"
    REMOVED = "removed"


@dataclass(frozen=True, slots=True)
class RuleRef:
    """One rule, or one setting of a service, that had a part in what happened."""

    kind: RuleKind
    id: UUID
    setting: str = ""


@dataclass(frozen=True, slots=True)
class RuleNamed:
    """A rule as people know it; one that is only proposed has no `id`. `change`: how it was proposed to be otherwise, if it was."""

    kind: RuleKind
    id: UUID | None
    name: str
    setting: str = ""
    change: Change | None = None

    @property
    def sentence(self) -> str:
        """`routing rule “db to storage” (added)`, `threshold of service payments (edited)`."""
        setting = self.setting.removesuffix("_id").replace("_", " ")
        what = f"{setting} of service {self.name}" if setting else f"{self.kind.replace('_', ' ')} “{self.name}”"
        return what if self.change is None else f"{what} ({self.change})"


@dataclass(frozen=True, slots=True)
class Came:
    """A stored event as it came, before any rule; `recorded` is what was decided of it then, in which incident."""

    event: Event
    received_at: datetime
    decision: Decision
    recorded: IncidentId | None


class Verb(StrEnum):
    ACKNOWLEDGE = "acknowledge"
    RESOLVE = "resolve"


@dataclass(frozen=True, slots=True)
class Act:
    """What a person did to an incident, as it is recorded."""

    at: datetime
    verb: Verb
    incident_id: IncidentId
    by: Actor


@dataclass(frozen=True, slots=True)
class AlertBefore:
    """An alert as it was when the range began. `changes`: when it ended or came back, as far as somebody may count that."""

    id: AlertId
    service_id: ServiceId
    dedup_key: str
    integration_id: IntegrationId
    severity: Severity
    summary: str
    source: str
    labels: Mapping[str, str]
    is_open: bool
    acknowledged: bool
    opened_at: datetime
    resolved_at: datetime | None
    expires_at: datetime | None
    changes: Sequence[datetime] = ()


@dataclass(frozen=True, slots=True)
class Paged:
    """The first step of an incident reached these people then: when it opened, or again, or when what held it ended."""

    at: datetime
    user_ids: tuple[UserId, ...]


@dataclass(slots=True)
class Outcome:
    """What became of one incident, as far as replays compare. None of urgency or severity: it is not known what it was then."""

    id: IncidentId
    service_id: ServiceId
    urgency: Urgency | None
    severity: Severity | None
    opened_at: datetime
    pages: list[Paged] = field(default_factory=list)
    held: str = ""
    rules: set[RuleRef] = field(default_factory=set)


class Kind(StrEnum):
    """In what two outcomes differ first of all."""

    OPENED = "opened"
    NOT_OPENED = "not_opened"
    ANOTHER_SERVICE = "another_service"
    GROUPED_OTHERWISE = "grouped_otherwise"
    NOT_PAGED = "not_paged"
    PAGED = "paged"
    PAGED_LESS = "paged_less"
    PAGED_MORE = "paged_more"
    PAGED_OTHER_PEOPLE = "paged_other_people"
    PAGED_LATER = "paged_later"
    PAGED_EARLIER = "paged_earlier"
    ANOTHER_URGENCY = "another_urgency"
    ANOTHER_SEVERITY = "another_severity"


@dataclass(frozen=True, slots=True)
class Difference:
    """Incidents before and after that share events, and are not the same. `saved`: pages of people that were made before only; `missed`:
    after only.
    """

    kind: Kind
    before: Sequence[Outcome]
    after: Sequence[Outcome]
    events: int
    saved: int
    missed: int


@dataclass(frozen=True, slots=True)
class Compared:
    """All differences, the largest first, and what there is in sum."""

    differences: Sequence[Difference]
    incidents_before: int
    incidents_after: int
    pages_before: int
    pages_after: int
    saved: int
    missed: int


@dataclass(frozen=True, slots=True)
class Beginning:
    """An incident as it was when the range began, with its alerts. `triggers`: as far as somebody may count them."""

    id: IncidentId
    title: str
    service_id: ServiceId
    snapshot: Snapshot
    urgency: Urgency
    severity: Severity
    ack_timeout: timedelta | None
    reopen_window: timedelta
    group_key: str | None
    triggered_at: datetime
    status: str
    since: datetime
    by: Actor | None
    is_paged: bool
    position: Position
    step_at: datetime | None
    state: EscalationState
    """Of the escalation, where it is triggered."""
    held_at: datetime | None
    told_at: datetime | None
    flapping_since: datetime | None
    alerts: Sequence[AlertBefore]
    triggers: Sequence[datetime]
    recorded: tuple[Urgency, Severity]
    """What it is by now."""


@dataclass(frozen=True, slots=True)
class Looked:
    """How much was looked at. `bodies_gone`: events known from the record alone, since their bodies are kept no longer; `read_otherwise`:
    those whose bodies would be read otherwise today, so that the record was taken.
    """

    events: int = 0
    bodies_gone: int = 0
    read_otherwise: int = 0


@dataclass(frozen=True, slots=True)
class IncidentNamed:
    id: IncidentId
    number: int
    title: str


@dataclass(frozen=True, slots=True)
class Told:
    """One difference as it is shown: what it is about, and what made it."""

    difference: Difference
    incident: IncidentNamed | None
    title: str
    because: Sequence[RuleNamed]
    sentence: str


@dataclass(frozen=True, slots=True)
class Replayed:
    """What a replay found; names of services and people are those of today."""

    since: datetime
    until: datetime
    looked: Looked
    compared: Compared
    told: Sequence[Told]
    services: Mapping[ServiceId, Service]
    people: Mapping[UserId, str]
    numbers: Mapping[IncidentId, int]
    decided_otherwise: int
    """Events."""
