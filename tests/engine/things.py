"""A due table with the least there can be: what any room's due rows must get from the engine."""

from collections.abc import AsyncIterator, Awaitable, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import Database

CREATE = """
    DROP TABLE IF EXISTS things;
    CREATE TABLE things (id int PRIMARY KEY, next_at timestamptz, done int NOT NULL DEFAULT 0, failures int NOT NULL DEFAULT 0,
        last_error text, CHECK (done <> 666));
    CREATE INDEX ON things (next_at) WHERE next_at IS NOT NULL
"""


@dataclass(frozen=True, slots=True)
class Thing:
    id: int
    failures: int


@dataclass
class Things:
    """`spoiled` ids raise when they are decided; `meanwhile` runs inside the transaction, after the claim."""

    name = "things"
    spoiled: set[int] = field(default_factory=set)
    unpostponable: set[int] = field(default_factory=set)
    meanwhile: Callable[[AsyncConnection, Sequence[Thing]], Awaitable[None]] | None = None
    sets: list[list[int]] = field(default_factory=list)
    """The ids of every set that was tried."""
    claims: int = 0

    async def claim(self, tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Thing]:
        self.claims += 1
        skip = "" if waiting else "SKIP LOCKED"
        due = text(f"SELECT id, failures FROM things WHERE next_at <= :due_by ORDER BY next_at, id LIMIT :limit FOR NO KEY UPDATE {skip}")
        return [Thing(row.id, row.failures) for row in await tx.execute(due, {"due_by": due_by, "limit": limit})]

    async def run(self, tx: AsyncConnection, rows: Sequence[Thing], *, now: datetime) -> None:
        ids = [row.id for row in rows]
        self.sets.append(ids)
        if self.meanwhile:
            await self.meanwhile(tx, rows)
        await tx.execute(text("UPDATE things SET done = done + 1, next_at = NULL WHERE id = ANY(:ids)"), {"ids": ids})
        if spoiled := self.spoiled & set(ids):
            await tx.execute(text("UPDATE things SET done = 666 WHERE id = ANY(:ids)"), {"ids": list(spoiled)})

    async def postpone(self, tx: AsyncConnection, row: Thing, error: Exception, *, now: datetime) -> None:
        why = type(error).__name__ + ("\x00" if row.id in self.unpostponable else "")
        later = text("UPDATE things SET next_at = :at, failures = failures + 1, last_error = :why WHERE id = :id")
        await tx.execute(later, {"at": now + timedelta(seconds=5) * 2**row.failures, "why": why, "id": row.id})

    async def next_at(self, tx: AsyncConnection) -> datetime | None:
        at: datetime | None = (await tx.execute(text("SELECT min(next_at) FROM things"))).scalar_one()
        return at


@asynccontextmanager
async def things_in(database: Database) -> AsyncIterator[Things]:
    """An empty table, gone afterwards."""
    async with database.transaction() as tx:
        for statement in CREATE.split(";"):
            await tx.execute(text(statement))
    yield Things()
    async with database.transaction() as tx:
        await tx.execute(text("DROP TABLE things"))


async def add(database: Database, ids: range, *, due: datetime) -> None:
    async with database.transaction() as tx:
        await tx.execute(text("INSERT INTO things (id, next_at) SELECT unnest(CAST(:ids AS int[])), :due"), {"ids": list(ids), "due": due})


async def rows(database: Database, columns: str) -> list[tuple[object, ...]]:
    """All things, by id."""
    async with database.transaction(read_only=True) as tx:
        return [tuple(row) for row in await tx.execute(text(f"SELECT {columns} FROM things ORDER BY id"))]
