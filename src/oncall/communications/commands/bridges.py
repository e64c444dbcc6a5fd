"""What can be done with bridges: open, close, see; and what happens by itself."""

import secrets
from collections.abc import Collection, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.communications.commands import rooms
from oncall.communications.commands.settings import settled
from oncall.communications.rules import bridges as rules
from oncall.communications.store import bridges as store
from oncall.communications.values.bridges import (
    Bridge,
    CloseBridge,
    LeaveBridge,
    NoBridgeNow,
    OpenBridge,
    RoomSettings,
)
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.verbs import get_incident, get_incidents
from oncall.incidents.values import Incident, Status
from oncall.kit.actors import ENGINE, Actor
from oncall.kit.db import notify, savepoint
from oncall.kit.errors import Stale
from oncall.kit.ids import IncidentId, ServiceId
from oncall.kit.log import get_log
from oncall.kit.trouble import Trouble, trouble

log = get_log("communications")

FOLLOWER = "bridges"
OPEN = {Status.TRIGGERED, Status.ACKNOWLEDGED}
AT_ONCE = 500


async def get_bridge(tx: AsyncConnection, ref: UUID | int) -> tuple[Incident, Bridge | None]:
    incident = await get_incident(tx, ref)
    return incident, (await store.find_bridges(tx, [incident.id])).get(incident.id)


async def open_bridges(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, str]:
    """The links by which people may join now."""
    found = await store.find_bridges(tx, list(incident_ids))
    return {id: bridge.url for id, bridge in found.items() if bridge.is_open}


async def set_bridge(
    tx: AsyncConnection, ref: UUID | int, url: str | None, *, expected_version: int | None, by: Actor, now: datetime
) -> tuple[Incident, Bridge | None]:
    """Open this bridge instead of whatever there is, or close it (None). What people closed does not open by itself again."""
    incident = (await lock(tx, ref)).incident
    before = (await store.find_bridges(tx, [incident.id])).get(incident.id)
    version = before.version if before else 0
    if expected_version is not None and expected_version != version:
        raise Stale(f"The bridge is at version {version} by now: read it again, and change that one.")
    if url is None:
        if before is None or not before.is_open:
            return incident, before
        return incident, await _close(tx, incident, before, f"{by.name} closed the bridge", by=by, now=now)
    if incident.status not in OPEN:
        raise NoBridgeNow(f"#{incident.number} is {incident.status.value}, and a bridge is for an incident that is open: reopen it first.")
    rules.checked_link(url)
    if before is not None and before.is_open and before.url == url:
        return incident, before
    return incident, await _open(tx, incident, before, url, f"{by.name} opened a bridge", by=by, now=now)


async def follow(tx: AsyncConnection, *, now: datetime) -> int:
    """Open and close the bridges of all incidents to which something happened since the last time; returns how many things did.

    What happened is only a reason to look: the incident as it is now decides, so that one look late is as good as one in time.
    """
    newest = await timeline.newest_place(tx)
    place = await store.claim_place(tx, FOLLOWER, newest=newest)
    if place is None:
        return 0
    if place.xact > newest.xact:
        place = newest  # of another server, before this copy was restored
    happened = await timeline.list_committed(tx, after=place, limit=AT_ONCE)
    if happened:
        await _settle(tx, {one.recorded.entry.incident_id for one in happened}, now=now)
        place = happened[-1].at
    await store.save_place(tx, FOLLOWER, place)
    return len(happened)


async def _settle(tx: AsyncConnection, ids: Collection[IncidentId], *, now: datetime) -> None:
    incidents = await get_incidents(tx, ids)
    bridges = await store.find_bridges(tx, [incident.id for incident in incidents])
    settings: dict[ServiceId, RoomSettings] = {}
    for incident in incidents:
        if incident.status in OPEN and incident.service_id not in settings:
            settings[incident.service_id] = await settled(tx, incident.service_id)
        said = settings.get(incident.service_id, RoomSettings())
        if not isinstance(_decide(incident, bridges.get(incident.id), said), LeaveBridge):
            await _try_one(tx, incident.id, said, now=now)


async def _try_one(tx: AsyncConnection, id: IncidentId, settings: RoomSettings, *, now: datetime) -> None:
    """One that cannot be settled holds up no other; it is looked at again when something else happens to it."""
    try:
        async with savepoint(tx):
            await _settle_one(tx, id, settings, now=now)
    except Exception as error:
        if trouble(error) in {Trouble.CONFLICT, Trouble.UNREACHABLE}:
            raise  # of the whole set, which is done again
        log.exception("a bridge could not be opened or closed", incident=str(id))


async def _settle_one(tx: AsyncConnection, id: IncidentId, settings: RoomSettings, *, now: datetime) -> None:
    """Decide once more with the incident locked, since somebody else may have opened a bridge meanwhile."""
    incident = (await lock(tx, id)).incident
    if incident.id != id:
        incident = await get_incident(tx, id)  # it was merged: its own bridge closes
    bridge = (await store.find_bridges(tx, [id])).get(id)
    match _decide(incident, bridge, settings):
        case OpenBridge(url, reason):
            await _open(tx, incident, bridge, url, f"A bridge was opened, since {reason}", by=ENGINE, now=now)
        case CloseBridge(reason) if bridge is not None:
            await _close(tx, incident, bridge, f"The bridge was closed, since {reason}", by=ENGINE, now=now)
        case _:
            return


def _decide(incident: Incident, bridge: Bridge | None, settings: RoomSettings) -> OpenBridge | CloseBridge | LeaveBridge:
    return rules.decide_bridge(
        bridge,
        settings,
        priority=incident.priority.value if incident.priority else None,
        is_major=incident.is_major,
        is_over=incident.status not in OPEN,
        number=incident.number,
        random=secrets.token_hex(8),
    )


async def _open(tx: AsyncConnection, incident: Incident, before: Bridge | None, url: str, said: str, *, by: Actor, now: datetime) -> Bridge:
    bridge = Bridge(incident.id, url, by, now, version=before.version + 1 if before else 1)
    await store.save_bridge(tx, bridge)
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.BRIDGE_OPENED, by, f"{said}: {url}", {"url": url})])
    await rooms.tell(tx, incident, f"{said}: {url}", now=now)
    await notify(tx, "incidents")
    return bridge


async def _close(tx: AsyncConnection, incident: Incident, bridge: Bridge, said: str, *, by: Actor, now: datetime) -> Bridge:
    closed = replace(bridge, closed_by=by, closed_at=now, version=bridge.version + 1)
    await store.save_bridge(tx, closed)
    await timeline.add(tx, [timeline.Entry(bridge.incident_id, now, timeline.Kind.BRIDGE_CLOSED, by, said, {"url": bridge.url})])
    await rooms.tell(tx, incident, said, now=now)
    await notify(tx, "incidents")
    return closed
