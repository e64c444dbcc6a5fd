"""What higher rooms know of an incident, and people should see with it: where they meet."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.commands.records import get_records
from oncall.incidents.ports import BridgesOf, KnownProblems
from oncall.incidents.rules.telling import report_of
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Told
from oncall.incidents.values.similar import Known
from oncall.kit.ids import IncidentId, ServiceId

_known: list[BridgesOf] = []
_problems: list[KnownProblems] = []
BRIDGE = "join the bridge"


def ask_for_bridges(bridges_of: BridgesOf) -> None:
    """From now on, and in this whole process, this knows the bridges."""
    _known[:] = [bridges_of]


async def bridges_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, str]:
    """The links of open bridges."""
    return await _known[0](tx, incident_ids) if _known and incident_ids else {}


def ask_for_problems(known_problems: KnownProblems) -> None:
    """From now on, and in this whole process, this knows the problems."""
    _problems[:] = [known_problems]


async def known_problems(tx: AsyncConnection, words: str, service_id: ServiceId) -> Sequence[Known]:
    """What may be behind an incident with these words, the likeliest first."""
    return await _problems[0](tx, words, service_id) if _problems else ()


async def told_of(tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> dict[IncidentId, Told]:
    """What pages say of these incidents besides their titles: what people reported, what the monitor says, the bridge before its links."""
    if not incident_ids:
        return {}
    told = await alert_store.told(tx, incident_ids)
    for id, record in (await get_records(tx, incident_ids)).items():
        if report := report_of(record):
            told[id] = replace(told.get(id, Told()), report=report)
    for id, url in (await bridges_of(tx, incident_ids)).items():
        said = told.get(id, Told())
        told[id] = replace(said, links=((url, BRIDGE), *said.links))
    return told
