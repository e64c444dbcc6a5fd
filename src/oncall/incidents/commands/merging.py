"""Two incidents that are one, and one that is two: their alerts move, with all that depends on where they are."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.escalation import take_snapshots
from oncall.incidents.commands.inhibiting import source_over
from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.rules import life
from oncall.incidents.rules.grouping import some_of
from oncall.incidents.rules.merging import check_merge, check_split, merged, split_off, taken_in
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.incidents.store import merging as moves
from oncall.incidents.values import AlertCounts, Incident, Status
from oncall.incidents.values.merging import Merged
from oncall.kit.actors import Actor
from oncall.kit.db import ConcurrentChange, notify
from oncall.kit.ids import AlertId, IncidentId, new_id
from oncall.kit.metrics import INCIDENTS
from oncall.notifications import cancel_for
from oncall.services.commands import get_services


async def merge(tx: AsyncConnection, ref: UUID | int, refs: Sequence[UUID | int], *, by: Actor, now: datetime) -> Merged:
    """The alerts of those incidents become this one's, and those are over. What was merged into it before is left as it is."""
    into = await get_incident(tx, ref)
    asked = {one.id: one for one in [await get_incident(tx, other) for other in refs]}
    locked = await store.lock_incidents(tx, [into.id, *asked])
    into = locked[into.id]
    sources = [locked[id] for id in sorted(asked) if locked[id].merged_into_id != into.id]
    if not sources:
        return Merged(into, (), 0)
    check_merge(into, sources)
    counts = await alert_store.tally(tx, [one.id for one in sources])
    unheard = sum(counts[one.id].open for one in sources if one.status is Status.TRIGGERED and one.id in counts)
    after = taken_in(into, sources, news=unheard, now=now)
    over = [merged(one, into, by, now=now) for one in sources]
    await store.save_incidents(tx, [after, *over])
    await moves.merge(tx, [one.id for one in over], into=into.id)
    cancelled = sum((await cancel_for(tx, [one.id for one in over])).values())
    alerts = sum(its.open + its.resolved for its in counts.values())
    await timeline.add(tx, [_taken_in(into, sources, alerts, by, now=now), *(_merged(one, into, by, now=now) for one in over)])
    await source_over(tx, [into.id], now=now)
    await notify(tx, "incidents")
    INCIDENTS.labels("merged").inc(len(over))
    return Merged(await get_incident(tx, into.id), over, cancelled)


def _merged(source: Incident, into: Incident, by: Actor, *, now: datetime) -> timeline.Entry:
    return timeline.Entry(source.id, now, timeline.Kind.MERGED, by, source.escalation_reason, {"into": str(into.id)})


def _taken_in(into: Incident, sources: Sequence[Incident], alerts: int, by: Actor, *, now: datetime) -> timeline.Entry:
    named = ", ".join(f"#{one.number} ({one.title})" for one in sources)
    reason = f"took in {named} with {alerts} alert{'s' if alerts != 1 else ''}"
    return timeline.Entry(into.id, now, timeline.Kind.TOOK_IN, by, reason, {"incidents": [str(one.id) for one in sources]})


async def split(tx: AsyncConnection, ref: UUID | int, alerts: Sequence[AlertId], *, by: Actor, now: datetime) -> Incident:
    """These alerts leave for an incident of their own, which is due at once; the other follows those that stay."""
    incident = await get_incident(tx, ref)
    incident = (await store.lock_incidents(tx, [incident.id]))[incident.id]
    leaving = await moves.leaving(tx, incident.id, set(alerts))
    before = (await alert_store.tally(tx, [incident.id])).get(incident.id, AlertCounts())
    check_split(incident, leaving, asked=len(set(alerts)), alerts=before.open + before.resolved)
    service = (await get_services(tx, [leaving[0].service_id]))[leaving[0].service_id]
    owner = service.escalation_policy_id, service.team_id
    snapshots = await take_snapshots(tx, [owner])
    if owner not in snapshots:
        raise ConcurrentChange("the service changed its escalation policy meanwhile")
    (made,) = await store.add_incidents(tx, [split_off(incident, leaving, service, snapshots[owner], id=IncidentId(new_id()), now=now)])
    await moves.split(tx, [alert.id for alert in leaving], source=incident.id, into=made.id)
    stays = (await alert_store.tally(tx, [incident.id]))[incident.id]
    says = life.AlertsNow(stays.open, stays.acknowledged, incident.severity, incident.urgency, reopened=False, acknowledging=False)
    after = life.follow_alerts(incident, says, by, now=now)
    await store.save_incidents(tx, [after])
    named = some_of([alert.dedup_key for alert in leaving])
    entries = [
        timeline.Entry(incident.id, now, timeline.Kind.SPLIT, by, f"split off into #{made.number}: {named}", {"into": str(made.id)}),
        timeline.Entry(made.id, now, timeline.Kind.OPENED, by, f"split off #{incident.number}: {named}", {"split_from": str(incident.id)}),
    ]
    if after.status is not incident.status:
        await cancel_for(tx, [incident.id])
        reason = "the alerts that stay are all resolved"
        entries.append(timeline.Entry(incident.id, now, timeline.Kind.RESOLVED, by, reason))
        INCIDENTS.labels("resolved").inc()
    await timeline.add(tx, entries)
    await source_over(tx, [incident.id, made.id], now=now)
    await notify(tx, "incidents")
    INCIDENTS.labels("opened").inc()
    return made
