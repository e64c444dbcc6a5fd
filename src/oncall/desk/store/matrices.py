"""SQL about editing the priority matrix: one row at most."""

import msgspec
from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

FIND = text("SELECT cells, version FROM priority_matrix")
# Whoever edits an older one than there is writes nothing.
SAVE = text("""
    INSERT INTO priority_matrix (is_the_one, cells, version) VALUES (true, CAST(:cells AS jsonb), 1)
    ON CONFLICT (is_the_one) DO UPDATE SET cells = excluded.cells, version = priority_matrix.version + 1
        WHERE CAST(:expected AS int) IS NULL OR priority_matrix.version = CAST(:expected AS int)
    RETURNING version
""")

Cells = dict[str, dict[str, str]]


async def find_matrix(tx: AsyncConnection) -> tuple[Cells, int] | None:
    row = (await tx.execute(FIND)).first()
    return (row.cells, row.version) if row else None


async def save_matrix(tx: AsyncConnection, cells: Cells, *, expected: int | None) -> int | None:
    """The version it has now; None if somebody else was first."""
    params = {"cells": msgspec.json.encode(cells).decode(), "expected": expected}
    version: int | None = (await tx.execute(SAVE, params)).scalar_one_or_none()
    return version
