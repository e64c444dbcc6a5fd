"""SQL about the priority matrix."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FIND = text("SELECT cells FROM priority_matrix")


async def find_cells(tx: AsyncConnection) -> dict[str, dict[str, str]] | None:
    """Priority by impact and business urgency, or None where it is the usual one."""
    cells: dict[str, dict[str, str]] | None = (await tx.execute(FIND)).scalar_one_or_none()
    return cells
