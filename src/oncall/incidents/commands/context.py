"""First diagnosis: what an incident's monitors say, what changed before it, what was like it, and what it depends on."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.beside import known_problems
from oncall.incidents.commands.similar import similar_incidents
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules.changes import beside, newest_of
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import change_events as change_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.context import MOST_ALERTS, MOST_CHANGES, MOST_OPEN, MOST_SIMILAR, NEAREST, Around, Context
from oncall.kit.ids import ServiceId
from oncall.services.commands.dependencies import surroundings


async def context_of(tx: AsyncConnection, ref: UUID | int, *, before: timedelta, now: datetime) -> Context:
    """Of one that was merged, that of the incident that has its alerts now. A few statements for each service it depends on."""
    incident = await end_of(tx, await get_incident(tx, ref))
    around = await _around(tx, incident.service_id)
    alerts = await alert_store.list_alerts(tx, incident.id, after=UUID(int=0), limit=MOST_ALERTS)
    asked = [beside(incident, before=before, now=now, service_id=one) for one in (incident.service_id, *around.dependencies)]
    changes = [change for one in asked for change in await change_store.list_newest(tx, one, after=None, limit=MOST_CHANGES)]
    similar = await similar_incidents(tx, incident.title, incident.service_id, but=incident.id, limit=MOST_SIMILAR)
    problems = await known_problems(tx, incident.title, incident.service_id)
    open: list[Incident] = []
    if around.dependencies:
        open = await store.list_incidents(
            tx,
            before=UUID(int=2**128 - 1),
            statuses=[Status.TRIGGERED, Status.ACKNOWLEDGED],
            states=None,
            priorities=None,
            closures=None,
            sla=None,
            service_ids=around.dependencies,
            dedup_key=None,
            limit=MOST_OPEN,
        )
    return Context(incident, around, alerts, newest_of(changes, limit=MOST_CHANGES), similar, open, problems)


async def _around(tx: AsyncConnection, service_id: ServiceId) -> Around:
    """Where its runbook is, and what it depends on, directly or through others, nearest first."""
    seen = await surroundings(tx, service_id)
    near = tuple(one.id for one in seen.dependencies.reached[:NEAREST])
    return Around(near, {one.id: one.name for one in (seen.service, *(seen.known[id] for id in near))}, seen.service.runbook_url)
