"""What there is, read by one statement: everything that the invariants speak of, as plain rows."""

from datetime import UTC, datetime
from functools import cached_property
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
    team_id: UUID | None
    pace: str | None
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
    address: str
    cycle: int | None
    round: int | None
    step: int | None
    nth: int
    urgency: str
    status: str
    attempt: int
    due_at: datetime
    next_at: datetime | None
    stands_in_for: UUID | None
    carrier_id: UUID | None
    receipt: str | None


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


class Receipt(Row, frozen=True):
    notification_id: UUID
    state: str


class Listed(Row, frozen=True):
    """An incident in the list of a message, on which the link of that message acts."""

    bundle_id: UUID
    incident_id: UUID
    cycle: int
    round: int


class Request(Row, frozen=True):
    """Somebody was asked to join."""

    id: UUID
    incident_id: UUID
    nth: int
    state: str


class Rows(Row, frozen=True, dict=True):
    """All of it at one instant."""

    incidents: list[Incident]
    alerts: list[Alert]
    events: list[Event]
    pages: list[Page]
    notifications: list[Notification]
    attempts: list[Attempt]
    entries: list[Entry]
    receipts: list[Receipt]
    listed: list[Listed]
    requests: list[Request]

    @cached_property
    def _entries(self) -> dict[UUID, list[Entry]]:
        found: dict[UUID, list[Entry]] = {}
        for one in self.entries:
            found.setdefault(one.incident_id, []).append(one)
        return found

    def entries_of(self, incident: Incident, *kinds: str) -> list[Entry]:
        return [one for one in self._entries.get(incident.id, ()) if not kinds or one.kind in kinds]

    def incident(self, id: UUID) -> Incident | None:
        return next((one for one in self.incidents if one.id == id), None)


NEVER = datetime(9999, 1, 1, tzinfo=UTC)
"""When what only stands in for another message is due."""
NOT_A_COLUMN = {
    "ack_seconds": "extract(epoch FROM ack_timeout)::float AS ack_seconds",
    **{name: f"CASE WHEN {name} = 'infinity' THEN '{NEVER}' ELSE {name} END AS {name}" for name in ("due_at", "next_at")},
}


def _all(table: str, kind: type[Row], order: str) -> str:
    columns = ", ".join(NOT_A_COLUMN.get(name, name) for name in kind.__struct_fields__)
    return f"(SELECT coalesce(json_agg(t ORDER BY {order}), '[]') FROM (SELECT {columns} FROM {table}) t)"


READ = text(f"""
    SELECT json_build_object(
        'incidents', {_all("incidents", Incident, "t.number")},
        'alerts', {_all("alerts", Alert, "t.id")},
        'events', {_all("events", Event, "t.id")},
        'pages', {_all("pages", Page, "t.cycle, t.round, t.step, t.user_name")},
        'notifications', {_all("notifications", Notification, "t.id")},
        'attempts', {_all("attempts", Attempt, "t.notification_id, t.number")},
        'entries', {_all("timeline_entries", Entry, "t.seq")},
        'receipts', {_all("receipts", Receipt, "t.notification_id, t.state")},
        'listed', {_all("bundle_incidents", Listed, "t.bundle_id, t.incident_id")},
        'requests', {_all("responders", Request, "t.incident_id, t.nth")})::text
""")


async def read(tx: AsyncConnection) -> Rows:
    return msgspec.json.decode((await tx.execute(READ)).scalar_one(), type=Rows)
