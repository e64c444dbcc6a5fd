"""SQL about what was done for incidents so far."""

from collections.abc import Mapping, Sequence

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.so_far import SoFar
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId

# By `incident_notes_incident_idx` and `incident_tasks_incident_idx`; of the notes the last one is read.
SO_FAR = text("""
    SELECT i.id, n.notes, last.author::text AS author, last.text, t.tasks, t.open_tasks
    FROM unnest(CAST(:ids AS uuid[])) AS i (id)
    CROSS JOIN LATERAL (SELECT count(*) AS notes FROM incident_notes WHERE incident_id = i.id) AS n
    CROSS JOIN LATERAL (
        SELECT count(*) AS tasks, count(*) FILTER (WHERE state = 'open') AS open_tasks FROM incident_tasks
        WHERE incident_id = i.id AND state <> 'dropped'
    ) AS t
    LEFT JOIN LATERAL (
        SELECT author, text FROM incident_notes WHERE incident_id = i.id ORDER BY id DESC LIMIT 1
    ) AS last ON true
""")


async def so_far(tx: AsyncConnection, ids: Sequence[IncidentId]) -> Mapping[IncidentId, SoFar]:
    """Without the holders of roles; one statement for any number."""
    found = {}
    for r in await tx.execute(SO_FAR, {"ids": list(ids)}):
        last = (msgspec.json.decode(r.author, type=Actor).name, r.text) if r.author else None
        found[IncidentId(r.id)] = SoFar(r.notes, last, r.tasks, r.open_tasks)
    return found
