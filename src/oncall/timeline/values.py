"""What a timeline entry is."""

from dataclasses import field
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId
from oncall.kit.quick import dataclass


class Kind(StrEnum):
    """What can happen to an incident."""

    OPENED = "opened"
    REOPENED = "reopened"
    ALERT_JOINED = "alert_joined"
    ALERT_RESOLVED = "alert_resolved"
    HELD = "held"
    RELEASED = "released"
    BROKE_THROUGH = "broke_through"
    FLAPPING = "flapping"
    SETTLED = "settled"
    SEVERITY_CHANGED = "severity_changed"
    URGENCY_RAISED = "urgency_raised"
    STEP_FIRED = "step_fired"
    STEP_SKIPPED = "step_skipped"
    PAGED = "paged"
    UNREACHABLE = "unreachable"
    SENT = "sent"
    SEND_FAILED = "send_failed"
    ROUND_ENDED = "round_ended"
    EXHAUSTED = "exhausted"
    UNROUTABLE = "unroutable"
    FALLBACK = "fallback"
    CYCLE_BEGAN = "cycle_began"
    POSTPONED = "postponed"
    ACKNOWLEDGED = "acknowledged"
    UNACKNOWLEDGED = "unacknowledged"
    ACK_TIMEOUT = "ack_timeout"
    ESCALATED = "escalated"
    REASSIGNED = "reassigned"
    RESNAPSHOT = "resnapshot"
    SNOOZED = "snoozed"
    SNOOZE_ENDED = "snooze_ended"
    MERGED = "merged"
    RESPONDER_REQUESTED = "responder_requested"
    RESPONDER_ACCEPTED = "responder_accepted"
    RESPONDER_DECLINED = "responder_declined"
    RESPONDER_CANCELLED = "responder_cancelled"
    NOTE_ADDED = "note_added"
    TASK_ADDED = "task_added"
    TASK_CHANGED = "task_changed"
    TASK_DONE = "task_done"
    TASK_REOPENED = "task_reopened"
    TASK_DROPPED = "task_dropped"
    ROLE_SET = "role_set"
    ROLE_LEFT = "role_left"
    MAJOR_DECLARED = "major_declared"
    STOOD_DOWN = "stood_down"
    VENDOR_ASKED = "vendor_asked"
    VENDOR_SAID = "vendor_said"
    HANDED_ON = "handed_on"
    RULE_FAILED = "rule_failed"
    RULE_ACTED = "rule_acted"
    TOOK_IN = "took_in"
    SPLIT = "split"
    STATUS_UPDATE = "status_update"
    UPDATE_RETRACTED = "update_retracted"
    UPDATE_REMINDED = "update_reminded"
    RESOLVED = "resolved"
    CLOSED = "closed"
    PRIORITY_CHANGED = "priority_changed"
    RECORD_EDITED = "record_edited"
    RESOLUTION_RECORDED = "resolution_recorded"
    VERIFIED = "verified"
    REPORTER_ASKED = "reporter_asked"
    REPORTER_TOLD = "reporter_told"
    REPORTER_NOT_TOLD = "reporter_not_told"
    SLA_AT_RISK = "sla_at_risk"
    SLA_BREACHED = "sla_breached"
    MESSAGE_POSTED = "message_posted"
    MESSAGE_EDITED = "message_edited"
    MESSAGE_DELETED = "message_deleted"
    BRIDGE_OPENED = "bridge_opened"
    BRIDGE_CLOSED = "bridge_closed"


@dataclass(frozen=True, slots=True)
class Entry:
    """One thing that happened: when, what, who or what did it, and why. `detail` is plain JSON."""

    incident_id: IncidentId
    at: datetime
    kind: Kind
    actor: Actor
    reason: str
    detail: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Recorded:
    """An entry as it stands in the timeline; `seq` is its place."""

    id: UUID
    seq: int
    entry: Entry


class Place(NamedTuple):
    """Where an entry stands among those of all incidents, in an order in which nothing ever appears before what was read: its
    transaction's number, then its own.
    """

    xact: int
    seq: int


@dataclass(frozen=True, slots=True)
class Committed:
    """An entry that nobody can undo any more, with its place among all."""

    at: Place
    recorded: Recorded
