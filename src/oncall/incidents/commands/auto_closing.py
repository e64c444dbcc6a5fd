"""What nobody objects to for long enough is closed by itself, where its service allows that."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.records import get_records
from oncall.desk.rules.auto_closing import closes_at, may_close_itself
from oncall.desk.rules.closing import closure_of
from oncall.desk.values import Record
from oncall.incidents.commands.updating import tell
from oncall.incidents.rules.filing import closed, resolved_as
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import closing as store
from oncall.incidents.store import incidents as incident_store
from oncall.incidents.values import Incident
from oncall.kit.actors import ENGINE
from oncall.kit.ids import IncidentId
from oncall.kit.metrics import INCIDENTS
from oncall.services.commands import get_supported

AT_ONCE = 200


async def close_silent(tx: AsyncConnection, *, after: IncidentId, now: datetime) -> tuple[int, IncidentId | None]:
    """Close those of the next few that are due; how many, and the last one that was looked at, or None after the last of all."""
    ids = await store.list_silent(tx, after=after, now=now, limit=AT_ONCE)
    incidents = await incident_store.lock_free(tx, ids) if ids else {}
    services = await get_supported(tx, sorted({one.service_id for one in incidents.values()}), now=now)
    records, counts = await get_records(tx, incidents), await alert_store.counts(tx, list(incidents))
    done: list[Incident] = []
    entries: list[timeline.Entry] = []
    for one in incidents.values():
        service, record = services[one.service_id], records.get(one.id) or Record(one.id)
        days, resolved = service.filing.auto_close_days, resolved_as(one, counts.get(one.id))
        if days is None or resolved is None or closes_at(resolved.at, days, service.hours) > now:
            continue
        if not may_close_itself(record, closure_of(resolved, record, one.process)) or (after_it := closed(one, now=now)) is None:
            continue
        done.append(after_it)
        reason = f"nobody objected for {days} working day{'s' if days > 1 else ''}"
        entries.append(timeline.Entry(one.id, now, timeline.Kind.CLOSED, ENGINE, reason, {"resolution_code": record.resolution_code}))
    if done:
        await incident_store.save_incidents(tx, done)
        await tell(tx, entries, now=now)
        INCIDENTS.labels(timeline.Kind.CLOSED.value).inc(len(done))
    return len(done), ids[-1] if len(ids) == AT_ONCE else None
