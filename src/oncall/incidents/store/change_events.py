"""SQL about change events."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, Select, Text, cast, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.tables import change_events
from oncall.incidents.values import Event
from oncall.incidents.values.changes import ChangeEvent, ChangeFilter
from oncall.kit.ids import EventId, IntegrationId, ServiceId

ADD = text("""
    INSERT INTO change_events (id, service_id, integration_id, occurred_at, received_at, summary, source, labels, links, details)
    SELECT c.id, c.service_id, c.integration_id, c.occurred_at, :now, c.summary, c.source, c.labels, c.links, c.details
    FROM unnest(CAST(:ids AS uuid[]), CAST(:service_ids AS uuid[]), CAST(:integration_ids AS uuid[]), CAST(:occurred_ats AS timestamptz[]),
        CAST(:summaries AS text[]), CAST(:sources AS text[]), CAST(:labels AS jsonb[]), CAST(:links AS jsonb[]), CAST(:details AS jsonb[]))
        AS c (id, service_id, integration_id, occurred_at, summary, source, labels, links, details)
""")

SEEN = select(
    change_events.c.id,
    change_events.c.service_id,
    change_events.c.integration_id,
    change_events.c.occurred_at,
    change_events.c.received_at,
    change_events.c.summary,
    change_events.c.source,
    cast(change_events.c.labels, Text).label("labels"),
    cast(change_events.c.links, Text).label("links"),
    cast(change_events.c.details, Text).label("details"),
)


async def add_change_events(tx: AsyncConnection, changes: Sequence[tuple[Event, datetime]], *, now: datetime) -> None:
    """Each with the instant at which it occurred."""
    await tx.execute(
        ADD,
        {
            "now": now,
            "ids": [e.id for e, _ in changes],
            "service_ids": [e.service_id for e, _ in changes],
            "integration_ids": [e.integration_id for e, _ in changes],
            "occurred_ats": [at for _, at in changes],
            "summaries": [e.summary for e, _ in changes],
            "sources": [e.source for e, _ in changes],
            "labels": [_json(e.labels) for e, _ in changes],
            "links": [_json([{"href": href, "text": words} for href, words in e.links]) for e, _ in changes],
            "details": [_json(e.details) for e, _ in changes],
        },
    )


def newest(asked: ChangeFilter, *, after: UUID | None, limit: int) -> Select[Any]:
    """By `change_events_service_idx`, `change_events_integration_idx` or `change_events_occurred_at_idx`, backwards."""
    order = tuple_(change_events.c.occurred_at, change_events.c.id)
    wanted = SEEN.order_by(change_events.c.occurred_at.desc(), change_events.c.id.desc()).limit(limit)
    if asked.service_id is not None:
        wanted = wanted.where(change_events.c.service_id == asked.service_id)
    if asked.integration_id is not None:
        wanted = wanted.where(change_events.c.integration_id == asked.integration_id)
    if asked.since is not None:
        wanted = wanted.where(change_events.c.occurred_at >= asked.since)
    if asked.until is not None:
        wanted = wanted.where(change_events.c.occurred_at < asked.until)
    if after is not None:
        last = change_events.alias("last")
        wanted = wanted.where(order < select(last.c.occurred_at, last.c.id).where(last.c.id == after).scalar_subquery())
    return wanted


async def list_newest(tx: AsyncConnection, asked: ChangeFilter, *, after: UUID | None, limit: int) -> list[ChangeEvent]:
    """Newest first by when they occurred, from the one behind `after` on."""
    return [_change(r) for r in await tx.execute(newest(asked, after=after, limit=limit))]


async def find_change_event(tx: AsyncConnection, id: EventId) -> ChangeEvent | None:
    row = (await tx.execute(SEEN.where(change_events.c.id == id))).first()
    return _change(row) if row else None


def _change(r: Row[Any]) -> ChangeEvent:
    links = msgspec.json.decode(r.links, type=list[dict[str, str]])
    return ChangeEvent(
        EventId(r.id),
        ServiceId(r.service_id),
        IntegrationId(r.integration_id),
        r.occurred_at,
        r.received_at,
        r.summary,
        r.source,
        msgspec.json.decode(r.labels, type=dict[str, str]),
        tuple((link["href"], link["text"]) for link in links),
        msgspec.json.decode(r.details),
    )


def _json(value: object) -> str:
    return msgspec.json.encode(value).decode()
