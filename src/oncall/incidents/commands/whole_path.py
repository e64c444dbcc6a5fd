"""Why was I (not) paged: the record of an incident is gathered, and told."""

from collections.abc import Collection
from datetime import datetime
from functools import partial
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.escalation import gather_people
from oncall.incidents.commands.verbs import get_incident, overview
from oncall.incidents.rules import ahead, whole_path
from oncall.incidents.rules.conditions import with_support
from oncall.incidents.rules.written_out import wants_text, written_out
from oncall.incidents.store import events as event_store
from oncall.incidents.values import Incident
from oncall.incidents.values.whole_path import Ahead, Known, WholePath
from oncall.kit.ids import EventId
from oncall.notifications import list_for_incident
from oncall.services.commands import get_supported
from oncall.services.values import Service
from oncall.timeline import list_entries

__all__ = ["tell", "wants_text", "written_out"]

MOST = 1_000
"""Timeline entries that are told; all of them are in the timeline."""


async def tell(tx: AsyncConnection, ref: UUID | int, *, channels: Channels, now: datetime) -> WholePath:
    """The whole path of an incident: who was paged and why, who was not and why not, and what comes next, as the `channels` of this node
    can send.
    """
    incident = await get_incident(tx, ref)
    seen = (await overview(tx, [incident]))[0]
    found = await event_store.find_event(tx, EventId(incident.id))  # an incident has the id of the event that opened it
    entries = await list_entries(tx, incident.id, limit=MOST + 1)
    actions = seen.pending
    also = {id for id in (incident.owner_id, incident.assigned_to_id) if id}
    teams = {incident.assigned} if incident.assigned and incident.assigned_team_id else set()
    services = (await get_supported(tx, [incident.service_id], now=now)).values()
    gather = partial(gather_people, tx, {incident.snapshot}, channels=channels)
    people = [with_support(await gather(also=also, targets=teams, now=action.at), services, now=action.at) for action in actions]
    known = Known(
        seen,
        found[0] if found else None,
        entries[:MOST],
        len(entries) > MOST,
        await list_for_incident(tx, incident.id),
        ahead.look_ahead(incident, actions, people),
        await _otherwise(tx, incident, services, channels),
    )
    return whole_path.tell(known)


async def _otherwise(tx: AsyncConnection, incident: Incident, services: Collection[Service], channels: Channels) -> Ahead | None:
    at = ahead.missed(incident)
    if at is None:
        return None
    people = with_support(await gather_people(tx, {incident.snapshot}, channels=channels, now=at), services, now=at)
    return ahead.otherwise(incident, people, at=at)
