"""What PostgreSQL plans for a statement, prepared as asyncpg does it."""

import json
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from sqlalchemy import ClauseElement
from sqlalchemy.dialects.postgresql.asyncpg import PGDialect_asyncpg
from sqlalchemy.ext.asyncio import AsyncConnection

Node = Mapping[str, Any]


def parameters(statement: ClauseElement) -> Sequence[str]:
    """Their names, in the order in which they are given."""
    return statement.compile(dialect=PGDialect_asyncpg()).positiontup or ()


async def planned(tx: AsyncConnection, statement: ClauseElement, values: Sequence[str], *, options: str = "") -> list[Node]:
    """Every node of its plan, for these values, each as SQL."""
    await tx.exec_driver_sql(f"PREPARE asked AS {statement.compile(dialect=PGDialect_asyncpg())}")
    given = f"({', '.join(values)})" if values else ""
    [[plan]] = await tx.exec_driver_sql(f"EXPLAIN ({options}FORMAT JSON) EXECUTE asked{given}")
    await tx.exec_driver_sql("DEALLOCATE asked")
    return list(_nodes((json.loads(plan) if isinstance(plan, str) else plan)[0]["Plan"]))


def whole(plan: Sequence[Node]) -> set[str]:
    """The tables that are read from one end to the other."""
    return {node["Relation Name"] for node in plan if node["Node Type"] == "Seq Scan"}


def indexes(plan: Sequence[Node]) -> set[str]:
    return {node["Index Name"] for node in plan if "Index Name" in node}


def _nodes(plan: Node) -> Iterator[Node]:
    yield plan
    for below in plan.get("Plans", ()):
        yield from _nodes(below)
