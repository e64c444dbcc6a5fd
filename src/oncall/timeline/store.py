"""Every SQL statement about the timeline. Of entries only inserts and reads."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import IncidentId
from oncall.timeline.values import Committed, Entry, Kind, Place, Recorded

# Who listens, to all or to one of these incidents, is told by the same statement: where nobody does, listening costs nothing.
ADD = text("""
    WITH added AS (
        INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail)
        SELECT * FROM unnest(
            CAST(:ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:ats AS timestamptz[]), CAST(:kinds AS text[]),
            CAST(:actor_kinds AS text[]), CAST(:actor_ids AS uuid[]), CAST(:actor_names AS text[]), CAST(:vias AS text[]),
            CAST(:reasons AS text[]), CAST(:details AS jsonb[]))
    )
    SELECT name FROM timeline_listeners
    UNION SELECT name FROM timeline_followers WHERE incident_id = ANY(CAST(:incident_ids AS uuid[]))
""")
# Most that is told at once one actor did at one instant.
ADD_OF_ONE = text("""
    WITH added AS (
        INSERT INTO timeline_entries (id, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail)
        SELECT e.id, e.incident_id, CAST(:at AS timestamptz), e.kind, CAST(:actor_kind AS text), CAST(:actor_id AS uuid),
            CAST(:actor_name AS text), CAST(:via AS text), e.reason, e.detail
        FROM unnest(CAST(:ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:kinds AS text[]), CAST(:reasons AS text[]),
            CAST(:details AS jsonb[])) AS e (id, incident_id, kind, reason, detail)
    )
    SELECT name FROM timeline_listeners
    UNION SELECT name FROM timeline_followers WHERE incident_id = ANY(CAST(:incident_ids AS uuid[]))
""")
LISTEN = text("INSERT INTO timeline_listeners (name) VALUES (:name) ON CONFLICT DO NOTHING")
LISTEN_NO_MORE = text("DELETE FROM timeline_listeners WHERE name = :name")
FOLLOW = text("""
    INSERT INTO timeline_followers (incident_id, name) SELECT id, :name FROM unnest(CAST(:incident_ids AS uuid[])) AS i (id)
    ON CONFLICT DO NOTHING
""")

# Uses timeline_entries_incident_idx.
LIST = text("""
    SELECT id, seq, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail::text AS detail
    FROM timeline_entries
    WHERE incident_id = :incident_id AND (CAST(:after AS uuid) IS NULL
        OR seq > (SELECT e.seq FROM timeline_entries e WHERE e.id = :after AND e.incident_id = :incident_id))
    ORDER BY seq LIMIT :limit
""")
# By the same index: what of one incident is nearest to an instant, in order of its place.
LIST_SINCE = text("""
    SELECT id, seq, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail::text AS detail
    FROM timeline_entries WHERE incident_id = :incident_id AND at >= :since ORDER BY seq LIMIT :limit
""")
LIST_BEFORE = text("""
    SELECT id, seq, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail::text AS detail
    FROM timeline_entries WHERE incident_id = :incident_id AND at < :before ORDER BY seq DESC LIMIT :limit
""")
# By `timeline_entries_xact_idx (xact, seq) WHERE xact IS NOT NULL`, up to where nothing appears any more.
COMMITTED = text("""
    SELECT xact, id, seq, incident_id, at, kind, actor_kind, actor_id, actor_name, via, reason, detail::text AS detail
    FROM timeline_entries
    WHERE xact IS NOT NULL AND (xact, seq) > (CAST(:xact AS bigint), CAST(:seq AS bigint)) AND xact < CAST(:horizon AS bigint)
    ORDER BY xact, seq LIMIT :limit
""")
# The oldest transaction that is still open, and may be one of this database: transactions are numbered by the server, whatever database
# they are of. Only one that is seen in another database, in a session or prepared, is known to write nothing here; what cannot be
# seen (it ended a moment ago, or whoever asks may not see it) is waited for, so that at worst the server's oldest is. `backend_xid` is
# the lower half of that number, of which no two are open at once.
HORIZON = text("""
    WITH seen AS MATERIALIZED (SELECT pg_current_snapshot() AS snapshot)
    SELECT least(
            CAST(CAST(pg_snapshot_xmax(snapshot) AS text) AS bigint), CAST(CAST(pg_current_xact_id_if_assigned() AS text) AS bigint),
            (
                SELECT min(CAST(CAST(xact AS text) AS bigint)) FROM pg_snapshot_xip(snapshot) AS xact
                WHERE CAST(CAST(xact AS text) AS bigint) % 4294967296 NOT IN (
                    SELECT CAST(CAST(a.backend_xid AS text) AS bigint) FROM pg_stat_activity a
                    WHERE a.backend_xid IS NOT NULL AND a.datid <> (SELECT d.oid FROM pg_database d WHERE d.datname = current_database())
                    UNION ALL
                    SELECT CAST(CAST(p.transaction AS text) AS bigint) FROM pg_prepared_xacts p WHERE p.database <> current_database()
                )
            )
        ) AS horizon, CAST(CAST(pg_snapshot_xmax(snapshot) AS text) AS bigint) AS newest
    FROM seen
""")
# Only the first one behind that place is looked at.
MISSED = text("""
    SELECT at < :before FROM timeline_entries
    WHERE xact IS NOT NULL AND (xact, seq) > (CAST(:xact AS bigint), CAST(:seq AS bigint)) ORDER BY xact, seq LIMIT 1
""")


async def add_entries(tx: AsyncConnection, added: Sequence[tuple[UUID, Entry]]) -> set[str]:
    """Who listens."""
    entries = [entry for _, entry in added]
    said: dict[str, object] = {
        "ids": [id for id, _ in added],
        "incident_ids": [e.incident_id for e in entries],
        "kinds": [e.kind.value for e in entries],
        "reasons": [e.reason for e in entries],
        "details": [msgspec.json.encode(e.detail).decode() for e in entries],
    }
    at, actor = entries[0].at, entries[0].actor
    if all(e.at == at and e.actor == actor for e in entries):
        who = {"at": at, "actor_kind": actor.kind.value, "actor_id": actor.id, "actor_name": actor.name, "via": actor.via}
        return set((await tx.execute(ADD_OF_ONE, said | who)).scalars())
    found = await tx.execute(
        ADD,
        said
        | {
            "ats": [e.at for e in entries],
            "actor_kinds": [e.actor.kind.value for e in entries],
            "actor_ids": [e.actor.id for e in entries],
            "actor_names": [e.actor.name for e in entries],
            "vias": [e.actor.via for e in entries],
        },
    )
    return set(found.scalars())


async def save_listening(tx: AsyncConnection, name: str, *, listens: bool) -> None:
    await tx.execute(LISTEN if listens else LISTEN_NO_MORE, {"name": name})


async def save_following(tx: AsyncConnection, name: str, incident_ids: Sequence[IncidentId]) -> None:
    await tx.execute(FOLLOW, {"name": name, "incident_ids": list(incident_ids)})


async def list_entries(tx: AsyncConnection, incident_id: IncidentId, *, after: UUID | None, limit: int) -> list[Recorded]:
    """Oldest first."""
    return [_recorded(r) for r in await tx.execute(LIST, {"incident_id": incident_id, "after": after, "limit": limit})]


async def list_since(tx: AsyncConnection, incident_id: IncidentId, *, since: datetime, limit: int) -> list[Recorded]:
    """The first of what happened from this instant on."""
    return [_recorded(r) for r in await tx.execute(LIST_SINCE, {"incident_id": incident_id, "since": since, "limit": limit})]


async def list_before(tx: AsyncConnection, incident_id: IncidentId, *, before: datetime, limit: int) -> list[Recorded]:
    """The last of what had happened by this instant, oldest first."""
    rows = [_recorded(r) for r in await tx.execute(LIST_BEFORE, {"incident_id": incident_id, "before": before, "limit": limit})]
    return rows[::-1]


async def list_committed(tx: AsyncConnection, *, after: Place, limit: int) -> list[Committed]:
    """Of all incidents, in an order that never changes."""
    asked = {"xact": after.xact, "seq": after.seq, "horizon": (await horizon(tx)).xact, "limit": limit}
    return [Committed(Place(r.xact, r.seq), _recorded(r)) for r in await tx.execute(COMMITTED, asked)]


async def horizon(tx: AsyncConnection) -> Place:
    """Before all that is not committed yet. It may lie a little before one that was found earlier, and never before what it waits for."""
    return Place((await tx.execute(HORIZON)).one().horizon, 0)


async def newest(tx: AsyncConnection) -> int:
    """The number that the next transaction of this server has."""
    return int((await tx.execute(HORIZON)).one().newest)


async def is_older(tx: AsyncConnection, *, after: Place, before: datetime) -> bool:
    """Whether what comes after this place happened before this instant."""
    return bool((await tx.execute(MISSED, {"xact": after.xact, "seq": after.seq, "before": before})).scalar_one_or_none())


def _recorded(r: Row[Any]) -> Recorded:
    actor = Actor(ActorKind(r.actor_kind), r.actor_id, r.actor_name, r.via)
    entry = Entry(IncidentId(r.incident_id), r.at, Kind(r.kind), actor, r.reason, msgspec.json.decode(r.detail))
    return Recorded(r.id, r.seq, entry)
