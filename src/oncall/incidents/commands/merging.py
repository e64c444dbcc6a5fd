"""Merging incidents: the alerts of some become another's, in one transaction, and nothing that paged goes quiet for it."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.commands.inhibiting import source_over
from oncall.incidents.commands.updating import tell
from oncall.incidents.commands.verbs import Done, get_incident
from oncall.incidents.rules.holding import Hold, below_threshold, counts_triggers, delayed
from oncall.incidents.rules.merging import absorb, check_goes_on, merged, to_merge, why_merged, why_took_in
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as store
from oncall.incidents.store import merging as merging_store
from oncall.incidents.values import AlertCounts, Incident, Status, Triggers
from oncall.incidents.values.merging import CannotMerge
from oncall.kit.actors import Actor
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId
from oncall.kit.metrics import INCIDENTS
from oncall.notifications import cancel_for
from oncall.services.commands import get_services


async def merge(tx: AsyncConnection, ref: UUID | int, others: Sequence[UUID | int], *, by: Actor, now: datetime) -> Done:
    """Merge the others into this one. All are locked, in order, before anything is decided; what was merged already is no error."""
    target_id = (await get_incident(tx, ref)).id
    ids = await _find(tx, others)
    locked = await store.lock_incidents(tx, {target_id, *ids})
    target, named = locked[target_id], [locked[id] for id in ids]
    sources = to_merge(target, named, await merging_store.ends(tx, [i.id for i in (target, *named) if i.merged_into_id]))
    if not sources:
        return Done(target, changed=False, cancelled=0)
    counts = await alert_store.tally(tx, [source.id for source in sources])
    after = absorb(target, sources, open_alerts={id: its.open for id, its in counts.items()}, now=now)
    check_goes_on(target, sources, await _waits_for(tx, after, sources, now=now))
    cancelled = await _write(tx, target, after, sources, by=by, now=now)
    await _tell(tx, target, after, sources, counts, cancelled, by=by, now=now)
    return Done(await get_incident(tx, target.id), changed=True, cancelled=sum(cancelled.values()))


async def _find(tx: AsyncConnection, refs: Sequence[UUID | int]) -> list[IncidentId]:
    """Each once, in the order given."""
    found = await merging_store.find_ids(tx, refs)
    unknown = [(f"incidents.{n}", f"There is no incident {ref}.") for n, ref in enumerate(refs) if ref not in found]
    if unknown:
        raise CannotMerge(" ".join(sentence for _, sentence in unknown), field=unknown[0][0], faults=unknown)
    return list(dict.fromkeys(found[ref] for ref in refs))


async def _waits_for(tx: AsyncConnection, after: Incident, sources: Sequence[Incident], *, now: datetime) -> Hold | None:
    """The delay or the threshold of its service that keeps the target from its first page, with all the alerts it is to have. What mutes
    is another thing: that is found out when it is due, alert by alert.
    """
    if after.status is not Status.TRIGGERED:
        return None
    service = (await get_services(tx, [after.service_id]))[after.service_id]
    hold = delayed(after, service, now=now)
    if hold is None and service.threshold is not None and counts_triggers(after, service):
        since = now - service.threshold.within
        triggers = await event_store.count_triggers_since(tx, dict.fromkeys((after.id, *(source.id for source in sources)), since))
        together = Triggers(sum(its.count for its in triggers.values()), any(its.said_once for its in triggers.values()))
        hold = below_threshold(after, service, together, now=now)
    return hold


async def _write(
    tx: AsyncConnection, target: Incident, after: Incident, sources: Sequence[Incident], *, by: Actor, now: datetime
) -> Mapping[IncidentId, int]:
    """Incidents, then alerts, then messages; returns how many messages that cancelled for each."""
    ids = [source.id for source in sources]
    watched = await merging_store.is_watched(tx, target.id)
    await store.save_incidents(tx, [after, *(merged(source, target, by, now=now) for source in sources)])
    await merging_store.merge(tx, ids, target.id, watched=watched, now=now)
    cancelled = await cancel_for(tx, ids)
    await source_over(tx, [target.id], now=now)  # what they inhibited, they inhibit by the state of the target now
    await notify(tx, "incidents")
    return cancelled


async def _tell(
    tx: AsyncConnection,
    target: Incident,
    after: Incident,
    sources: Sequence[Incident],
    counts: Mapping[IncidentId, AlertCounts],
    cancelled: Mapping[IncidentId, int],
    *,
    by: Actor,
    now: datetime,
) -> None:
    entries = []
    for source in sources:
        into: dict[str, object] = {"merged_into_id": f"{target.id}", "merged_into": target.number}
        detail = into | {"cancelled": cancelled.get(source.id, 0)}
        entries.append(timeline.Entry(source.id, now, timeline.Kind.MERGED, by, why_merged(target, by), detail))
    brought = list(counts.values())
    still_open = sum(its.open for its in brought)
    reason = why_took_in(sources, by, alerts=still_open + sum(its.resolved for its in brought), still_open=still_open)
    took_in: dict[str, object] = {"incident_ids": [f"{source.id}" for source in sources]}
    entries.append(timeline.Entry(target.id, now, timeline.Kind.TOOK_IN, by, reason, took_in))
    if after.severity is not target.severity:
        rose = f"severity rose from {target.severity.value} to {after.severity.value}, urgency is {after.urgency.value}"
        entries.append(timeline.Entry(target.id, now, timeline.Kind.SEVERITY_CHANGED, by, rose))
    await tell(tx, entries, now=now)
    INCIDENTS.labels(timeline.Kind.MERGED.value).inc(len(sources))
