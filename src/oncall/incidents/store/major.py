"""SQL about major incidents.

`is_major` is written by this and when an incident is born, and by nothing else: a workflow rule may declare one in the middle of a
transaction that holds it as it was before.
"""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Incident

SAVE_MAJOR = text("UPDATE incidents SET is_major = :is_major, next_at = :next_at WHERE id = :id")


async def save_major(tx: AsyncConnection, incident: Incident) -> None:
    """Its row is locked. When it is closed by itself depends on it."""
    await tx.execute(SAVE_MAJOR, {"id": incident.id, "is_major": incident.is_major, "next_at": incident.next_at})
