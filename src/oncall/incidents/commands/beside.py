"""What higher rooms know of an incident, and people should see with it: where they meet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.ports import BridgesOf
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Told
from oncall.kit.ids import IncidentId

_known: list[BridgesOf] = []
BRIDGE = "join the bridge"


def ask_for_bridges(bridges_of: BridgesOf) -> None:
    """From now on, and in this whole process, this knows the bridges."""
    _known[:] = [bridges_of]


async def bridges_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, str]:
    """The links of open bridges."""
    return await _known[0](tx, incident_ids) if _known and incident_ids else {}


async def told_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, Told]:
    """What pages say of these incidents besides their titles: what the monitor says, and the bridge before its links."""
    told = await alert_store.told(tx, incident_ids)
    bridges = await bridges_of(tx, incident_ids)
    for id, url in bridges.items():
        said = told.get(id, Told())
        told[id] = replace(said, links=((url, BRIDGE), *said.links))
    return told
