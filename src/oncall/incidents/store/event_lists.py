"""SQL that lists events by whatever people know of them, newest first."""

from collections.abc import Iterator
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import ColumnElement, Select, select, true, union_all
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.events import event_seen
from oncall.incidents.tables import alerts, events
from oncall.incidents.values import EventSeen
from oncall.incidents.values.alerts import EventFilter

SEEN = select(
    events.c.id,
    events.c.received_at,
    events.c.occurred_at,
    events.c.integration_id,
    events.c.action,
    events.c.dedup_key,
    events.c.severity,
    events.c.summary,
    events.c.decision,
    events.c.reason,
    events.c.alert_id,
    events.c.incident_id,
    events.c.service_id,
)
SKEW = timedelta(hours=1)
"""How far the clock of the node that gave an event its id may be from the database's, by which it was received."""


def newest(asked: EventFilter, *, before: UUID, limit: int) -> Select[Any]:
    """By the primary key, backwards: ids begin with the instant of receipt, so that a range of time is one of ids. Of a key by
    `alerts_dedup_key_idx` and `events_alert_idx`, and what met no alert by `events_without_alert_idx (dedup_key, id) WHERE alert_id
    IS NULL`: an index of all by their key would make every event of a storm dearer.
    """
    wanted = SEEN.where(*_conditions(asked, before)).order_by(events.c.id.desc()).limit(limit)
    if asked.dedup_key is None:
        return wanted
    of_alert = wanted.where(events.c.alert_id == alerts.c.id).correlate(alerts).lateral()
    met = select(of_alert).select_from(alerts.join(of_alert, true())).where(alerts.c.dedup_key == asked.dedup_key)
    both = union_all(met, select(wanted.where(events.c.alert_id.is_(None)).subquery())).subquery()
    return select(both).order_by(both.c.id.desc()).limit(limit)


def _conditions(asked: EventFilter, before: UUID) -> Iterator[ColumnElement[bool]]:
    yield events.c.id < (before if asked.until is None else min(before, _id_at(asked.until + SKEW)))
    if asked.until is not None:
        yield events.c.received_at < asked.until
    if asked.since is not None:
        yield events.c.id >= _id_at(asked.since - SKEW)
        yield events.c.received_at >= asked.since
    for column, wanted in (
        (events.c.integration_id, asked.integration_id),
        (events.c.service_id, asked.service_id),
        (events.c.dedup_key, asked.dedup_key),
    ):
        if wanted is not None:
            yield column == wanted
    if asked.decisions:
        yield events.c.decision.in_([decision.value for decision in asked.decisions])


def _id_at(at: datetime) -> UUID:
    """The first that an id made at this instant may be: a UUIDv7 begins with 48 bits of milliseconds."""
    milliseconds = int(at.timestamp() * 1000)
    return UUID(int=min(max(milliseconds, 0), 2**48 - 1) << 80)


async def list_newest(tx: AsyncConnection, asked: EventFilter, *, before: UUID, limit: int) -> list[EventSeen]:
    """Without their bodies."""
    return [event_seen(r) for r in await tx.execute(newest(asked, before=before, limit=limit))]
