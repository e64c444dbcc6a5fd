"""What the database's own foreign keys and constraints say: who still uses a row, and which refusal a violation means."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from sqlalchemy import (
    ColumnClause,
    ColumnElement,
    Row,
    Select,
    String,
    Uuid,
    cast,
    column,
    func,
    literal,
    null,
    or_,
    select,
    table,
    text,
    union_all,
)
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.errors import Conflict, Refusal
from oncall.kit.trouble import constraint_name

MOST = 100
"""How many are named to a client; of the others it is told how many there are."""

IN_A_SENTENCE = 3

LINKS = {
    "escalation_targets": ("policy_id", "escalation_policies"),
    "maintenance_window_services": ("window_id", "maintenance_windows"),
    "schedule_nestings": ("schedule_id", "schedules"),
    "schedule_participants": ("schedule_id", "schedules"),
    "schedule_team_turns": ("schedule_id", "schedules"),
    "service_dependencies": ("service_id", "services"),
    "service_group_members": ("group_id", "service_groups"),
    "workflow_rule_mentions": ("rule_id", "workflow_rules"),
    "status_feed_services": ("feed_id", "status_feeds"),
    "status_feed_service_groups": ("feed_id", "status_feeds"),
}
"""Tables that only say what something has: the column and the table of what that is, which is what uses a row."""


@dataclass(frozen=True, slots=True)
class Using:
    """One that refers to a row; what has no id or no name of its own is told without."""

    kind: str
    id: UUID | None = None
    name: str | None = None


@dataclass(frozen=True, slots=True)
class Use:
    """So many of a table refer to the row; `first` are those of them that are told, by name."""

    table: str
    count: int
    first: tuple[Using, ...] = ()


class InUse(Conflict):
    """It cannot be deleted while others refer to it; the text says what does, and the members of the answer which."""

    code = "in_use"
    title = "Still in use"

    def __init__(self, sentence: str, uses: Sequence[Use] = ()) -> None:
        super().__init__(sentence)
        first = [one for use in uses for one in use.first][:MOST]
        if uses:
            told = [{"kind": one.kind, "id": one.id and f"{one.id}", "name": one.name} for one in first]
            self.members = {"used_by": told, "used_by_more": sum(use.count for use in uses) - len(told)}


# Only keys that would refuse the delete (NO ACTION, RESTRICT); a partition's copy of its parent's key is not counted twice.
KEYS = text("""
    SELECT n.nspname AS schema, c.relname AS name, array_agg(a.attname::text ORDER BY a.attname) AS columns, (
        SELECT array_agg(own.attname::text) FROM pg_attribute own WHERE own.attrelid = c.oid AND own.attname IN ('id', 'name')
    ) AS has
    FROM pg_constraint k
    JOIN pg_class c ON c.oid = k.conrelid
    JOIN pg_namespace n ON n.oid = c.relnamespace
    JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
    WHERE k.contype = 'f' AND k.confrelid = to_regclass(:table) AND k.confdeltype IN ('a', 'r')
      AND k.conparentid = 0 AND cardinality(k.conkey) = 1
    GROUP BY c.oid, n.nspname, c.relname
    ORDER BY c.relname
""")


async def used_by(tx: AsyncConnection, table_name: str, *ids: UUID) -> list[Use]:
    """What refers to one of these rows by a foreign key that keeps it from being deleted; empty if nothing does."""
    keys = (await tx.execute(KEYS, {"table": table_name})).all()
    if not keys or not ids:
        return []
    owners: dict[str, list[Row[Any]]] = {}
    for key in keys:
        owners.setdefault(LINKS[key.name][1] if key.name in LINKS else key.name, []).append(key)
    found: dict[str, tuple[int, list[Using]]] = {}
    for row in await tx.execute(union_all(*(_using(owner, its, ids) for owner, its in owners.items()))):
        found.setdefault(row.owner, (row.uses, []))[1].append(Using(_one(row.owner), row.id, row.name))
    return [Use(owner, uses, tuple(first)) for owner, (uses, first) in found.items()]


def _using(owner: str, keys: Sequence[Row[Any]], ids: Sequence[UUID]) -> Select[Any]:
    """The first ones of a table by name, and how many there are; each once, however often it refers to the rows."""
    rows = table(owner, column("id", Uuid()), column("name", String()), *_columns(keys, of=owner), schema=keys[0].schema)
    wanted: list[ColumnElement[bool]] = [rows.c[one.name].in_(ids) for one in _columns(keys, of=owner)]
    has = {name for key in keys if key.name == owner for name in key.has or ()}
    for key in keys:
        if key.name != owner:
            link, its = column(LINKS[key.name][0], Uuid()), _columns([key], of=key.name)
            refers = table(key.name, link, *its, schema=key.schema)
            wanted.append(rows.c.id.in_(select(link).select_from(refers).where(or_(*(one.in_(ids) for one in its)))))
            has |= {"id", "name"}
    id = rows.c.id if "id" in has else cast(null(), Uuid()).label("id")
    name = rows.c.name if "name" in has else cast(null(), String()).label("name")
    using = select(id, name).select_from(rows).where(or_(*wanted)).subquery()
    some = select(literal(owner).label("owner"), using.c.id, using.c.name, func.count().over().label("uses"))
    return select(some.order_by(using.c.name, using.c.id).limit(MOST).subquery())


def _columns(keys: Sequence[Row[Any]], *, of: str) -> list[ColumnClause[UUID]]:
    return [column(name, Uuid()) for key in keys if key.name == of for name in key.columns]


def check_unused(what: str, uses: Sequence[Use]) -> None:
    """Refuse a delete with a sentence that names what stands in its way; `what` begins it ("User Ana")."""
    if uses:
        raise InUse(f"{what} is still used by {_listed([_said(use) for use in uses])}: change or delete those first.", uses)


def _said(use: Use) -> str:
    """ "2 routing rules (db, web)"."""
    words = _one(use.table) if use.count == 1 else use.table.replace("_", " ")
    names = [one.name for one in use.first[:IN_A_SENTENCE] if one.name]
    if not names:
        return f"{use.count} {words}"
    more = [f"{use.count - len(names)} more"] if use.count > len(names) else []
    return f"{use.count} {words} ({', '.join([*names, *more])})"


def _listed(parts: Sequence[str]) -> str:
    return " and ".join([", ".join(parts[:-1]), parts[-1]]) if len(parts) > 1 else parts[0]


def _one(table_name: str) -> str:
    """The word for one of a table: "escalation policy"."""
    words = table_name.replace("_", " ")
    return f"{words[:-3]}y" if words.endswith("ies") else words.removesuffix("s")


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
