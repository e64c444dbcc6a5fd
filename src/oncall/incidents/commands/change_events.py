"""Change events: kept as they come, and shown beside incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.rules.changes import beside
from oncall.incidents.rules.matching import match_labels
from oncall.incidents.store import change_events as store
from oncall.incidents.values import Decided, Decision, Event, UnknownChangeEvent
from oncall.incidents.values.changes import ChangeEvent, ChangeFilter
from oncall.kit.errors import Invalid
from oncall.kit.ids import EventId, ServiceId
from oncall.silences.commands.windows import freezes_at
from oncall.silences.values.windows import Window


async def keep_changes(
    tx: AsyncConnection,
    events: Sequence[Event],
    decided: Mapping[EventId, Decided],
    occurred_ats: Sequence[datetime | None],
    *,
    now: datetime,
) -> None:
    """What those events say that were recorded as changes; nothing is done where there are none, as nearly always."""
    said = zip(events, occurred_ats, strict=True)
    changes = [(event, at or now) for event, at in said if decided[event.id].decision is Decision.CHANGE_RECORDED]
    if changes:
        await store.add_change_events(tx, changes, now=now)


async def list_changes(tx: AsyncConnection, asked: ChangeFilter, *, after: UUID | None, limit: int) -> list[ChangeEvent]:
    """Newest first by when they occurred."""
    if asked.since is not None and asked.until is not None and asked.until <= asked.since:
        raise Invalid("until must be later than since.", field="until")
    return await store.list_newest(tx, asked, after=after, limit=limit)


async def list_beside(
    tx: AsyncConnection, ref: UUID | int, *, before: timedelta, after: UUID | None, limit: int, now: datetime
) -> list[ChangeEvent]:
    """What changed on an incident's service shortly before it, and while it lasted; newest first."""
    incident = await get_incident(tx, ref)
    return await store.list_newest(tx, beside(incident, before=before, now=now), after=after, limit=limit)


async def get_change(tx: AsyncConnection, id: EventId) -> ChangeEvent:
    found = await store.find_change_event(tx, id)
    if found is None:
        raise UnknownChangeEvent("There is no change event with this id.")
    return found


async def freezes_over(tx: AsyncConnection, changes: Sequence[ChangeEvent], names: Mapping[ServiceId, str]) -> Sequence[Sequence[Window]]:
    """For each change the freezes that were on when it occurred; `names` are those of services."""
    seen = [
        match_labels(
            change.labels, severity="", summary=change.summary, source=change.source, dedup_key="", service=names.get(change.service_id, "")
        )
        for change in changes
    ]
    return await freezes_at(tx, [(change.service_id, labels, change.occurred_at) for change, labels in zip(changes, seen, strict=True)])
