"""What incidents look like over REST."""

from datetime import datetime
from typing import Any, Literal, Self
from uuid import UUID

from pydantic import Field

from oncall.contacts.values import Urgency
from oncall.desk.values import BusinessUrgency, Closure, Impact, Priority, Process, Record, ReporterKind, Risk, Verdict
from oncall.desk.values.roles import Role
from oncall.escalation.values import EscalationState
from oncall.incidents.schemas.promising import SlaStandingOut
from oncall.incidents.values import Action, AlertSeen, Decision, Overview, Severity, Status
from oncall.incidents.values.ranking import Rank
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.http import Instant, Shown, Strict
from oncall.kit.ids import UserId
from oncall.notifications.values import Notification
from oncall.timeline import Kind, Recorded


class Named(Shown):
    id: UUID | None
    name: str


class By(Named):
    """A person, an integration or an API key."""

    type: ActorKind

    @classmethod
    def of(cls, actor: Actor | None) -> Self | None:
        return cls(id=actor.id, name=actor.name, type=actor.kind) if actor else None


class EscalationOut(Shown):
    """Why it is, or is not, going on right now. `until` is when that ends by itself."""

    state: EscalationState
    reason: str
    since: Instant
    until: Instant | None
    cycle: int
    round: int
    level: int = Field(description="The step that fires next, counted from 1.")


class AlertCounts(Shown):
    open: int
    resolved: int


class PendingActionOut(Shown):
    action: Literal[
        "escalate",
        "remind",
        "retry",
        "release",
        "break_through",
        "settle",
        "rise",
        "retrigger",
        "end_snooze",
        "auto_resolve",
        "close",
        "sla_warning",
        "sla_breach",
    ]
    at: Instant


class ReporterOut(Shown):
    """`contact` is an e-mail address or a telephone number, or empty."""

    name: str
    kind: ReporterKind
    contact: str
    user_id: UUID | None


class VerificationOut(Shown):
    """What the reporter said of the resolution, or why they were not asked."""

    verdict: Verdict
    by: By
    at: Instant
    text: str


class RecordOut(Shown):
    """What the service desk keeps of an incident."""

    description: str
    reporter: ReporterOut | None
    reported_at: Instant | None
    noticed_at: Instant | None
    category_id: UUID | None
    logged_category_id: UUID | None = Field(description="The category it was logged with, if that was another one.")
    impact: Impact | None
    business_urgency: BusinessUrgency | None
    affected_users: int | None
    risks: list[Risk]
    priority_reason: str = Field(description="Why it has its priority.")
    resolution_code: str | None
    resolution_text: str
    monitoring_until: Instant | None
    verification: VerificationOut | None
    version: int = Field(description="What `If-Match` names.")

    @classmethod
    def fields_of(cls, record: Record) -> dict[str, Any]:
        said, grading = record.verification, record.grading
        by = By(id=said.by.id, name=said.by.name, type=said.by.kind) if said else None
        return {name: getattr(record, name) for name in RecordOut.model_fields if hasattr(record, name)} | {
            "reporter": ReporterOut.model_validate(record.reporter) if record.reporter else None,
            "impact": grading.impact,
            "business_urgency": grading.business_urgency,
            "affected_users": grading.affected_users,
            "risks": list(grading.risks),
            "verification": VerificationOut(verdict=said.verdict, by=by, at=said.at, text=said.text) if said and by else None,
        }


class RankOut(Shown):
    """Its place in the queue of open incidents, and why, in the order in which that counts."""

    position: int
    reasons: list[str]


class IncidentOut(RecordOut):
    id: UUID
    number: int
    title: str
    status: Status
    escalation: EscalationOut
    closure: Closure | None = Field(description="What a resolved one waits for until it is closed.")
    owner: Named | None
    urgency: Urgency
    severity: Severity
    priority: Priority | None = Field(description="P1 is the gravest; null: nobody has said what it is worth.")
    process: Process
    is_major: bool = Field(description="It is led as a major one: with a commander, a bridge, updates and a postmortem.")
    bridge_url: str | None = Field(description="Where people meet about it, while its bridge is open.")
    service: Named
    dedup_keys: list[str] = Field(description="Of its first hundred alerts; all of them are in its alerts.")
    flapping_since: Instant | None = Field(description="Since when its alerts come and go; it stays open until they have settled.")
    follows_id: UUID | None = Field(description="The incident its first alert would have joined, had that not been too old or too full.")
    merged_into_id: UUID | None = Field(description="The incident that has its alerts now, if it was merged into another.")
    split_from_id: UUID | None = Field(description="The incident that had the alerts it began with, if it was split off another.")
    alert_counts: AlertCounts
    acknowledged_by: By | None
    acknowledged_at: Instant | None
    resolved_by: By | None
    resolved_at: Instant | None
    created_at: Instant
    pending_actions: list[PendingActionOut]
    rank: RankOut | None = Field(None, description="Only in a list that is ordered by it.")
    sla: SlaStandingOut | None = Field(description="What is promised of it; null: it has no SLA.")
    owed: list[Role] = Field(description="Roles that somebody is to take: a major incident's commander, and what a template asks for.")

    @classmethod
    def of(cls, seen: Overview, rank: Rank | None = None) -> Self:
        incident = seen.incident
        waits = incident.status is Status.TRIGGERED
        return cls(
            **cls.fields_of(seen.record or Record(incident.id)),
            id=incident.id,
            number=incident.number,
            title=incident.title,
            status=incident.status,
            escalation=EscalationOut(
                state=incident.escalation_state,
                reason=incident.escalation_reason,
                since=incident.escalation_since,
                until=incident.next_at if waits and incident.escalation_state is not EscalationState.RUNNING else incident.snoozed_until,
                cycle=incident.position.cycle,
                round=seen.upcoming.round,
                level=seen.upcoming.step + 1,
            ),
            owner=Named(id=incident.owner_id, name=seen.owner or "deleted user") if incident.owner_id else None,
            urgency=incident.urgency,
            severity=incident.severity,
            priority=incident.priority,
            process=incident.process,
            is_major=incident.is_major,
            closure=seen.closure,
            bridge_url=seen.bridge,
            service=Named(id=incident.service_id, name=seen.service),
            dedup_keys=list(seen.alerts.dedup_keys),
            flapping_since=incident.flapping_since,
            follows_id=incident.follows_id,
            merged_into_id=incident.merged_into_id,
            split_from_id=incident.split_from_id,
            alert_counts=AlertCounts(open=seen.alerts.open, resolved=seen.alerts.resolved),
            acknowledged_by=By.of(incident.acknowledged_by),
            acknowledged_at=incident.acknowledged_at,
            resolved_by=By.of(incident.resolved_by),
            resolved_at=incident.resolved_at,
            created_at=incident.triggered_at,
            rank=RankOut(position=rank.position, reasons=list(rank.reasons)) if rank else None,
            pending_actions=[PendingActionOut.model_validate(action) for action in seen.pending],
            sla=SlaStandingOut.of(seen.promises),
            owed=list(seen.owed),
        )


class Numbered(Shown):
    id: UUID
    number: int


class IncidentDone(IncidentOut):
    """The incident as it is now, whether this call changed it, and how many pending messages that cancelled (0 if somebody was first)."""

    changed: bool
    cancelled_pages: int
    instead_of: Numbered | None = Field(description="The incident that was named, where it had been merged into this one.")


class VerbIn(Strict):
    """On whose behalf; only an admin's key may name somebody else than the person it belongs to."""

    user_id: UserId | None = None


class AttemptOut(Shown):
    at: Instant
    outcome: str
    detail: str


class ReceiptOut(Shown):
    """What its provider told of a message: sent, delivered, read or failed."""

    state: str
    at: Instant
    detail: str


class NotificationOut(Shown):
    """One message to one contact method; the address is masked. What went to a channel has no `user`, but the `team` whose it is."""

    id: UUID
    user: Named | None
    team: Named | None
    channel: str
    address: str
    status: str
    reason: str
    cycle: int
    round: int
    step: int
    nth: int
    due_at: Instant | None = Field(description="None for what stands in for another message, as long as that has not failed.")
    stands_in_for: UUID | None = Field(description="It is sent only if that notification fails, and then at once.")
    because: str | None = Field(description="Why it goes at once, waits to travel with others, or is in a list.")
    carrier_id: UUID | None = Field(description="Of one that is `bundled`: the notification whose message told of it.")
    attempts: list[AttemptOut]
    receipts: list[ReceiptOut]

    @classmethod
    def of(cls, n: Notification) -> Self:
        return cls(
            id=n.id,
            user=None if n.team_id else Named(id=n.user_id, name=n.user_name),
            team=Named(id=n.team_id, name=n.user_name.removeprefix("team ")) if n.team_id else None,
            channel=n.channel,
            address=n.address,
            status=n.status.value,
            reason=n.reason,
            cycle=n.cycle,
            round=n.round,
            step=n.step,
            nth=n.nth,
            due_at=n.due_at,
            stands_in_for=n.stands_in_for,
            because=n.because,
            carrier_id=n.carrier_id,
            attempts=[AttemptOut.model_validate(a) for a in n.attempts],
            receipts=[ReceiptOut.model_validate(one) for one in n.receipts],
        )


class LinkOut(Shown):
    href: str
    text: str


class AlertOut(Shown):
    """The deduplicated problem that events report, in its monitor's words."""

    id: UUID
    dedup_key: str
    state: Literal["open", "resolved"]
    severity: Severity
    acknowledged: bool = Field(description="By its monitor.")
    summary: str
    source: str
    labels: dict[str, str]
    links: list[LinkOut]
    details: dict[str, Any]
    event_count: int
    first_seen_at: Instant
    last_seen_at: Instant
    resolved_at: Instant | None
    expires_at: Instant | None = Field(description="Until when its monitor's last word holds, where it said so.")
    stale: bool = Field(description="Open, though `expires_at` has passed without a word from its monitor. It pages on all the same.")

    @classmethod
    def of(cls, alert: AlertSeen, *, now: datetime) -> Self:
        return cls(
            id=alert.id,
            dedup_key=alert.dedup_key,
            state="open" if alert.is_open else "resolved",
            severity=alert.severity,
            acknowledged=alert.acknowledged,
            summary=alert.summary,
            source=alert.told.source,
            labels=alert.told.labels,
            links=[LinkOut(href=href, text=words) for href, words in alert.told.links],
            details=alert.told.details,
            event_count=alert.event_count,
            first_seen_at=alert.first_seen_at,
            last_seen_at=alert.last_seen_at,
            resolved_at=alert.resolved_at,
            expires_at=alert.expires_at,
            stale=alert.is_stale(now),
        )


class EventOut(Shown):
    """One message from a monitor, and what was decided about it."""

    id: UUID
    received_at: Instant
    occurred_at: Instant = Field(description="As its monitor claims, where that can be true.")
    integration_id: UUID
    action: Action
    dedup_key: str
    severity: Severity
    summary: str
    decision: Decision
    reason: str
    service_id: UUID
    alert_id: UUID | None
    incident_id: UUID | None


class BodyOut(Shown):
    """A body as it was received, without secrets: as `text`, or in `base64` what is no text. At most 256 KiB of it."""

    content_type: str = Field(description="As its sender says.")
    headers: dict[str, str] = Field(description="Those that matter; of a signature, that there was one.")
    size: int = Field(description="In bytes, as it is kept: inflated, if it came compressed.")
    text: str | None
    base64: str | None
    truncated: bool


class WholeEventOut(EventOut):
    """An event with its body, or with why there is none any more."""

    body: BodyOut | None
    body_gone: str | None


class EntryOut(Shown):
    """One thing that happened to an incident, with its reason."""

    id: UUID
    at: Instant
    kind: Kind
    by: By
    via: str
    reason: str
    detail: dict[str, Any]

    @classmethod
    def of(cls, recorded: Recorded) -> Self:
        entry = recorded.entry
        by = By(id=entry.actor.id, name=entry.actor.name, type=entry.actor.kind)
        return cls(id=recorded.id, at=entry.at, kind=entry.kind, by=by, via=entry.actor.via, reason=entry.reason, detail=entry.detail)
