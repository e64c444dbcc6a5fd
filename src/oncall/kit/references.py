"""What the database's own foreign keys and constraints say: who still uses a row, and which refusal a violation means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from uuid import UUID

from sqlalchemy import column, func, literal, select, table, text, union_all
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.db import constraint_name
from oncall.kit.errors import Conflict, Refusal


class InUse(Conflict):
    """It cannot be deleted while others refer to it; the text says what does."""

    code = "in_use"
    title = "Still in use"


@dataclass(frozen=True, slots=True)
class Use:
    """So many rows of a table refer to the row by this column."""

    table: str
    column: str
    count: int


# Only keys that would refuse the delete (NO ACTION, RESTRICT); a partition's copy of its parent's key is not counted twice.
KEYS = text("""
    SELECT n.nspname AS schema, c.relname AS name, a.attname AS column
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.confrelid = to_regclass(:table) AND k.confdeltype IN ('a', 'r')
      AND k.conparentid = 0 AND cardinality(k.conkey) = 1
    ORDER BY c.relname, a.attname
""")


async def used_by(tx: AsyncConnection, table_name: str, id: UUID) -> list[Use]:
    """Every table and column whose foreign key keeps this row from being deleted, with how often; empty if nothing does."""
    keys = (await tx.execute(KEYS, {"table": table_name})).all()
    if not keys:
        return []
    counts = [
        select(literal(key.name).label("table"), literal(key.column).label("column"), func.count().label("uses"))
        .select_from(table(key.name, column(key.column), schema=key.schema))
        .where(column(key.column) == id)
        for key in keys
    ]
    return [Use(r.table, r.column, r.uses) for r in await tx.execute(union_all(*counts)) if r.uses]


def check_unused(what: str, uses: Sequence[Use]) -> None:
    """Refuse a delete with a sentence that names what stands in its way; `what` begins it ("User Ana")."""
    if uses:
        by = ", ".join(f"{use.count} {use.table.replace('_', ' ')}" for use in uses)
        raise InUse(f"{what} is still used by {by}: change or delete those first.")


@contextmanager
def refusing(refusals: Mapping[str, Callable[[], Refusal]]) -> Iterator[None]:
    """Turn a violated constraint into the refusal a person can read, by the constraint's name; others pass unchanged."""
    try:
        yield
    except DBAPIError as error:
        refusal = refusals.get(constraint_name(error) or "")
        if refusal is None:
            raise
        raise refusal() from error
