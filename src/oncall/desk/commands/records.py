"""What can be done with the record of an incident: find it, change it, file it under what its service says."""

from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.store import records as store
from oncall.desk.values import Record
from oncall.desk.values.records import UnknownCategory, UnknownSla
from oncall.kit.ids import IncidentId
from oncall.kit.references import refusing

MISSING = {
    "incident_records_category_id_fkey": lambda: UnknownCategory("There is no category with this id.", field="category_id"),
    "incident_records_sla_id_fkey": lambda: UnknownSla("There is no SLA with this id.", field="sla_id"),
}


async def get_records(tx: AsyncConnection, ids: Iterable[IncidentId]) -> Mapping[IncidentId, Record]:
    """Those that there are; one statement for any number."""
    wanted = list(ids)
    return await store.get_records(tx, wanted) if wanted else {}


async def lock_record(tx: AsyncConnection, id: IncidentId) -> Record:
    """The record of a locked incident; an empty one, if nobody has said anything of it yet."""
    return await store.lock_record(tx, id) or Record(id)


async def add_records(tx: AsyncConnection, records: Sequence[Record]) -> None:
    """Of incidents that were opened just now."""
    if records:
        await store.add_records(tx, records)


async def save_record(tx: AsyncConnection, record: Record) -> None:
    """Write what changed; the incident is locked."""
    with refusing(MISSING):
        await store.save_record(tx, record)
