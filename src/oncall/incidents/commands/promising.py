"""What is promised of an incident by its SLA: begun when it opens, and kept up with what happens to it, in the same transaction.

Of an incident without an SLA nothing is asked and nothing written: the timeline tells us only of those we follow.
"""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.promises import lock_promises, save_promises
from oncall.desk.commands.slas import get_terms
from oncall.desk.rules.targets import adjusted
from oncall.desk.values import SlaId
from oncall.desk.values.slas import Goal, Promises
from oncall.incidents.commands import joining
from oncall.incidents.rules.promising import asked_for, standing_of
from oncall.incidents.rules.responders import answered
from oncall.incidents.store import incidents as store
from oncall.incidents.store import responders as responder_store
from oncall.incidents.values import Incident
from oncall.incidents.values.responders import RequestState
from oncall.kit.actors import ENGINE
from oncall.kit.db import beside
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.timeline import Kind

log = get_log("incidents")

SLAS = "slas"
"""The name by which the timeline knows us."""

ENDS = {Kind.ACKNOWLEDGED, Kind.SETTLED, Kind.RESOLVED, Kind.CLOSED, Kind.MERGED}
MOVES = {*ENDS, Kind.REOPENED, Kind.PRIORITY_CHANGED, Kind.STATUS_UPDATE}
"""What may change a promise; everything else is none of our business."""


async def start(tx: AsyncConnection, opened: Mapping[IncidentId, SlaId], incidents: Sequence[Incident], *, now: datetime) -> None:
    """Incidents that were opened just now have these SLAs: what is promised of them runs from here, or from when they have a priority."""
    if not opened:
        return
    terms = await get_terms(tx, opened.values(), now=now)
    begun = [
        adjusted(Promises(one.id, opened[one.id]), standing_of(one), *terms[opened[one.id]], now=now)
        for one in incidents
        if one.id in opened and opened[one.id] in terms
    ]
    await save_promises(tx, begun)
    await timeline.follow(tx, SLAS, [one.incident_id for one in begun])


async def keep_up(tx: AsyncConnection, added: Sequence[tuple[UUID, timeline.Entry]]) -> None:
    """What the timeline calls. A promise that cannot be kept up is logged; what happened has happened all the same."""
    moved = [entry for _, entry in added if entry.kind.value in MOVES]
    if not moved:
        return
    async with beside(tx, log, "what is promised was not kept up with what happened", entries=len(moved)):
        await _keep_up(tx, moved)


async def _keep_up(tx: AsyncConnection, moved: Sequence[timeline.Entry]) -> None:
    now = max(entry.at for entry in moved)
    kinds: dict[IncidentId, set[str]] = {}
    for entry in moved:
        kinds.setdefault(entry.incident_id, set()).add(entry.kind.value)
    before = await lock_promises(tx, kinds)
    if not before:
        return
    terms = await get_terms(tx, {one.sla_id for one in before.values()}, now=now)
    changed = []
    for incident in await store.get_incidents(tx, before):
        its, happened = before[incident.id], kinds[incident.id]
        after = adjusted(
            its,
            standing_of(incident),
            *terms[its.sla_id],
            regraded=Kind.PRIORITY_CHANGED in happened,
            reopened=Kind.REOPENED in happened,
            news=Kind.STATUS_UPDATE in happened,
            now=now,
        )
        if after != its:
            changed.append(after)
    await save_promises(tx, changed)
    await _acknowledged(tx, [one.incident_id for one in changed if Goal.ACKNOWLEDGE in before[one.incident_id].running], kinds, now=now)


async def _acknowledged(tx: AsyncConnection, ids: Sequence[IncidentId], kinds: Mapping[IncidentId, set[str]], *, now: datetime) -> None:
    """Whoever manages it was asked since nobody had acknowledged it; now somebody has, and they are asked no more."""
    concerned = [id for id in ids if Kind.ACKNOWLEDGED in kinds[id]]
    if not concerned:
        return
    open = [one for one in await responder_store.lock_open(tx, sorted(concerned)) if asked_for(one, Goal.ACKNOWLEDGE)]
    ended = [answered(one, RequestState.CANCELLED, ENGINE, reason="somebody has acknowledged it", now=now) for one in open]
    await joining.write(tx, [one for one in ended if one is not None], now=now)
