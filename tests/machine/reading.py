"""What there is, read by one statement: everything that the invariants speak of, as plain rows."""

from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

JSON = dict[str, Any]


class Row(msgspec.Struct, frozen=True):
    """Columns that no invariant needs are left out."""


class Incident(Row, frozen=True):
    id: UUID
    number: int
    service_id: UUID
    status: str
    severity: str
    urgency: str
    policy_snapshot: JSON
    cycle: int
    round: int
    step: int
    on_fallback: bool
    escalation_state: str
    escalation_reason: str
    step_at: datetime | None
    next_at: datetime | None
    ack_seconds: float | None
    acknowledged_at: datetime | None
    acknowledged_by: JSON | None
    affirmed_at: datetime | None
    owner_id: UUID | None
    resolved_at: datetime | None
    group_key: str | None
    held_until: datetime | None
    tell_at: datetime | None
    confirm_by: datetime | None
    snoozed_until: datetime | None
    assigned_to_id: UUID | None
    merged_into_id: UUID | None
    failures: int

    @property
    def is_open(self) -> bool:
        return self.status in {"triggered", "acknowledged"}

    @property
    def policies(self) -> list[JSON]:
        return [its for its in (self.policy_snapshot.get("policy"), self.policy_snapshot.get("fallback")) if its]


class Alert(Row, frozen=True):
    id: UUID
    service_id: UUID
    incident_id: UUID
    dedup_key: str
    state: str
    severity: str
    event_count: int


class Event(Row, frozen=True):
    id: UUID
    service_id: UUID
    action: str
    dedup_key: str
    decision: str
    reason: str
    alert_id: UUID | None
    incident_id: UUID | None


class Page(Row, frozen=True):
    id: UUID
    incident_id: UUID
    user_id: UUID
    user_name: str
    cycle: int
    round: int
    step: int
    reason: str
    until_resolved: bool
    created_at: datetime


class Notification(Row, frozen=True):
    id: UUID
    page_id: UUID | None
    incident_id: UUID | None
    user_id: UUID
    contact_method_id: UUID
    channel: str
    cycle: int | None
    round: int | None
    step: int | None
    nth: int
    urgency: str
    status: str
    attempt: int
    due_at: datetime
    next_at: datetime | None


class Attempt(Row, frozen=True):
    notification_id: UUID
    number: int
    at: datetime
    outcome: str
    detail: str


class Entry(Row, frozen=True):
    id: UUID
    seq: int
    incident_id: UUID
    at: datetime
    kind: str
    actor_kind: str
    actor_id: UUID | None
    via: str
    reason: str
    detail: JSON

    @property
    def cycle(self) -> int | None:
        return self.detail.get("cycle")

    @property
    def position(self) -> tuple[int, int, int]:
        return self.detail["cycle"], self.detail["round"], self.detail["step"]


class Rows(Row, frozen=True):
    """All of it at one instant."""

    incidents: list[Incident]
    alerts: list[Alert]
    events: list[Event]
    pages: list[Page]
    notifications: list[Notification]
    attempts: list[Attempt]
    entries: list[Entry]

    def entries_of(self, incident: Incident, *kinds: str) -> list[Entry]:
        return [one for one in self.entries if one.incident_id == incident.id and (not kinds or one.kind in kinds)]

    def incident(self, id: UUID) -> Incident | None:
        return next((one for one in self.incidents if one.id == id), None)


def _all(table: str, order: str, more: str = "") -> str:
    return f"(SELECT coalesce(json_agg(t ORDER BY {order}), '[]') FROM (SELECT *{more} FROM {table}) t)"


READ = text(f"""
    SELECT json_build_object(
        'incidents', {_all("incidents", "t.number", ", extract(epoch FROM ack_timeout)::float AS ack_seconds")},
        'alerts', {_all("alerts", "t.id")},
        'events', {_all("events", "t.id")},
        'pages', {_all("pages", "t.cycle, t.round, t.step, t.user_name")},
        'notifications', {_all("notifications", "t.id")},
        'attempts', {_all("attempts", "t.notification_id, t.number")},
        'entries', {_all("timeline_entries", "t.seq")})::text
""")


async def read(tx: AsyncConnection) -> Rows:
    return msgspec.json.decode((await tx.execute(READ)).scalar_one(), type=Rows)
