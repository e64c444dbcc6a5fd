"""From the journal back to events as they came: bodies are read again as intake reads them, and where one is gone the record stands in."""

import asyncio
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from itertools import cycle
from typing import Any
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.auto_resolve import NOTHING_HEARD
from oncall.incidents.rules.dedup import ASIDE
from oncall.incidents.values import Action, Body, Decision, Event
from oncall.intake.commands import read, received_as, to_events
from oncall.kit.ids import AlertId, IntegrationId, ServiceId
from oncall.services.values import IntegrationRef
from oncall.simulate.store import events as store
from oncall.simulate.store.events import Range, StoredEvent
from oncall.simulate.values.replaying import Came, Looked

PAGE = 500
LONG = 64 * 1024
"""A body beyond this is fetched by itself, and read in a thread."""

MARGIN = timedelta(minutes=5)
"""Longer than an event waits between its receipt, when it gets its id, and its commit."""

BITS = 48
"""Of an id are milliseconds."""

BODY = Body(UUID(int=0), "", b"")
"""Stands for every body once it is read."""

Open = Callable[[], Any]
"""Begins a transaction that only reads."""

Pause = Callable[[], Any]
"""Gives others their turn, if it is time."""


@dataclass(slots=True)
class Senders:
    """Through what events came: integrations as they are, and heartbeats, which have none."""

    integrations: Mapping[IntegrationId, IntegrationRef]
    heartbeats: Mapping[IntegrationId, tuple[ServiceId, str]]
    looked: Looked = field(default_factory=Looked)
    labels: dict[tuple[tuple[str, str], ...], dict[str, str]] = field(default_factory=dict)
    """Labels that came before: most events repeat others."""

    def shared(self, labels: Mapping[str, str]) -> dict[str, str]:
        return self.labels.setdefault(tuple(sorted(labels.items())), dict(labels))


async def find_range(tx: AsyncConnection, since: datetime, until: datetime) -> Range:
    """Where a range of instants lies among the ids, which are in order of receipt, with a margin around it."""
    return Range(since, until, await _first_from(tx, since - MARGIN), await _first_from(tx, until + MARGIN))


async def _first_from(tx: AsyncConnection, at: datetime) -> UUID:
    low, high = 0, (1 << BITS) - 1
    while low < high:
        middle = (low + high) // 2
        received_at = await store.received_from(tx, _id(middle))
        if received_at is None or received_at >= at:
            high = middle
        else:
            low = middle + 1
    return _id(low)


def _id(milliseconds: int) -> UUID:
    return UUID(int=milliseconds << (128 - BITS))


async def read_again(open: Open, asked: Range, senders: Senders, pause: Pause) -> AsyncIterator[Sequence[Came]]:
    """Events as they came, batch by batch as they were committed together. What touched no alert whatever the rules are is left out."""
    waiting: list[Came] = []
    after = UUID(int=max(asked.first.int - 1, 0))
    while True:
        async with open() as tx:
            rows = await store.page_of_events(tx, asked, after=after, limit=PAGE)
            came = await _as_they_came(tx, rows, senders, pause)
        senders.looked = replace(senders.looked, events=senders.looked.events + len(rows))
        waiting = sorted([*waiting, *came], key=lambda one: (one.received_at, one.event.id))
        whole = len(rows) < PAGE
        # Ids are made on receipt, and what was received later may have been committed before.
        limit = asked.until if whole else rows[-1].received_at - MARGIN
        ready = [one for one in waiting if one.received_at < limit]
        waiting = waiting[len(ready) :]
        batch: list[Came] = []
        for one in ready:
            if batch and one.received_at != batch[0].received_at:
                yield batch
                batch = []
            batch.append(one)
        if batch:
            yield batch
        if whole:
            return
        after = rows[-1].id


async def _as_they_came(tx: AsyncConnection, rows: Sequence[StoredEvent], senders: Senders, pause: Pause) -> list[Came]:
    wanted = [row for row in rows if row.action not in ASIDE and row.decision is not Decision.DUPLICATE_DELIVERY]
    bodies = await store.bodies_of(tx, wanted, long=LONG)
    by_body: dict[tuple[UUID, datetime | None], list[StoredEvent]] = {}
    for row in wanted:
        shares = row.received_at if row.body_at != row.received_at else None  # what came by itself may have been stored in two halves
        by_body.setdefault((row.body_id, shares), []).append(row)
    found: dict[UUID, Event] = {}
    for (id, _), its in by_body.items():
        integration = senders.integrations.get(its[0].integration_id)
        if id in bodies and integration is not None and not _is_ours(its[0]):
            body, is_long = bodies[id]
            if is_long:
                body = replace(body, raw=await store.long_body(tx, its[0]))
                read_events = await asyncio.to_thread(_read, body, integration, its[0].received_at)
            else:
                read_events = _read(body, integration, its[0].received_at)
            found |= _matched(its, read_events)
        await pause()
    missing = sorted({row.alert_id for row in wanted if row.id not in found and row.alert_id is not None})
    labels = await store.labels_of(tx, missing) if missing else {}
    came: list[Came] = []
    for row in wanted:
        event = found.get(row.id)
        if event is None:
            _count(senders, row, is_there=row.body_id in bodies)
        came.append(
            Came(_again(row, event, senders) if event else _recorded(row, labels, senders), row.received_at, row.decision, row.incident_id)
        )
    return came


def _count(senders: Senders, row: StoredEvent, *, is_there: bool) -> None:
    if row.integration_id in senders.heartbeats or _is_ours(row):
        return
    looked = senders.looked
    if is_there:
        senders.looked = replace(looked, read_otherwise=looked.read_otherwise + 1)
    else:
        senders.looked = replace(looked, bodies_gone=looked.bodies_gone + 1)


def _is_ours(row: StoredEvent) -> bool:
    """No monitor said that: we ended what nothing was heard of."""
    return row.action is Action.RESOLVE and row.reason.startswith(NOTHING_HEARD)


def _read(body: Body, integration: IntegrationRef, at: datetime) -> list[Event]:
    headers = {name: value for name, value in body.headers.items() if name != "content-encoding"}  # it is stored as it was meant
    received = received_as(body.raw, headers=headers | {"content-type": body.content_type}, at=at)
    return to_events(read(received, integration, again=True), received, integration)


def _matched(rows: Sequence[StoredEvent], events: Sequence[Event]) -> dict[UUID, Event]:
    """Each row with the event that its body still gives, if it does: the same of action, key and summary; in turn, where several are, since
    the body may have come several times.
    """
    given: dict[tuple[Action, str, str], list[Event]] = {}
    for event in events:
        key = "" if event.dedup_key == f"{event.id}" or event.among is not None else event.dedup_key
        given.setdefault((event.action, key, event.summary), []).append(event)
    turns = {said: cycle(its) for said, its in given.items()}
    found: dict[UUID, Event] = {}
    for row in rows:
        its = turns.get((row.action, row.dedup_key, row.summary)) or turns.get((row.action, "", row.summary))
        if its:
            found[row.id] = next(its)
    return found


def _again(row: StoredEvent, event: Event, senders: Senders) -> Event:
    return Event(
        row.id,
        event.integration_id,
        event.integration_name,
        event.service_id,
        row.action,
        row.dedup_key,
        event.severity,
        row.summary,
        BODY,
        event.source,
        event.component,
        event.group,
        event.class_,
        senders.shared(event.labels),
        expires_at=event.expires_at,
        unreadable=event.unreadable,
    )


def _recorded(row: StoredEvent, labels: Mapping[AlertId, tuple[dict[str, str], str]], senders: Senders) -> Event:
    """What the record still says of an event: its labels are those of its alert, as rules left them."""
    integration = senders.integrations.get(row.integration_id)
    service_id, name = (integration.service_id, integration.name) if integration else (row.service_id, "")
    if row.integration_id in senders.heartbeats:
        service_id, heartbeat = senders.heartbeats[row.integration_id]
        name = f"heartbeat {heartbeat}"
    its, source = labels.get(row.alert_id, ({}, "")) if row.alert_id else ({}, "")
    is_ours = _is_ours(row)
    return Event(
        row.id,
        row.integration_id,
        name,
        row.service_id if is_ours else service_id,
        row.action,
        row.dedup_key,
        row.severity,
        row.summary,
        BODY,
        source,
        labels=senders.shared(its),
        unreadable=row.decision is Decision.UNREADABLE,
        way=(row.reason,) if is_ours else (),
    )
