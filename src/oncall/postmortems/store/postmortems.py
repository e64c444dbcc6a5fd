"""SQL about postmortems, their versions, and the incidents they tell of."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, TeamId
from oncall.postmortems.values import Postmortem, PostmortemId, Search, Status, Text, Version

ADD = text("""
    INSERT INTO postmortems (id, team_id, title, body, factors, status, created_by, created_at, updated_by, updated_at, published_by,
        published_at, version)
    VALUES (:id, :team_id, :title, :body, :factors, :status, :created_by, :created_at, :updated_by, :updated_at, :published_by,
        :published_at, :version)
""")
# A second postmortem of one incident writes no row here: whoever was first has it.
TELL_OF = text("""
    INSERT INTO postmortem_incidents (incident_id, postmortem_id)
    SELECT incident_id, :id FROM unnest(CAST(:incident_ids AS uuid[])) AS incident_id ORDER BY incident_id
    ON CONFLICT DO NOTHING
""")
KEEP_VERSION = text("""
    INSERT INTO postmortem_versions (postmortem_id, version, title, body, factors, author, at)
    VALUES (:id, :version, :title, :body, :factors, :updated_by, :updated_at)
""")
SAVE = text("""
    UPDATE postmortems SET title = :title, body = :body, factors = :factors, status = :status, updated_by = :updated_by,
        updated_at = :updated_at, published_by = :published_by, published_at = :published_at, version = :version
    WHERE id = :id
""")
DELETE = text("DELETE FROM postmortems WHERE id = :id")
LOCK = text("SELECT id FROM postmortems WHERE id = :id FOR NO KEY UPDATE")
# By the primary key, and `postmortem_incidents_postmortem_idx`.
FIND = text("""
    SELECT p.*, ARRAY(SELECT incident_id FROM postmortem_incidents i WHERE i.postmortem_id = p.id ORDER BY incident_id) AS incident_ids
    FROM postmortems p WHERE p.id = :id
""")
# Without their bodies. Newest first, by `postmortems_pkey` or `postmortems_team_idx`.
LIST = text("""
    SELECT p.id, p.team_id, p.title, '' AS body, p.factors, p.status, p.created_by, p.created_at, p.updated_by, p.updated_at,
        p.published_by, p.published_at, p.version,
        ARRAY(SELECT incident_id FROM postmortem_incidents i WHERE i.postmortem_id = p.id ORDER BY incident_id) AS incident_ids
    FROM postmortems p
    WHERE p.id < :before AND (CAST(:status AS text) IS NULL OR p.status = :status)
        AND (CAST(:team_id AS uuid) IS NULL OR p.team_id = :team_id)
        AND (CAST(:factor AS text) IS NULL OR :factor = ANY(p.factors))
        AND (CAST(:incident_id AS uuid) IS NULL
            OR p.id = (SELECT postmortem_id FROM postmortem_incidents WHERE incident_id = :incident_id))
    ORDER BY p.id DESC LIMIT :limit
""")
OF_INCIDENTS = text("""
    SELECT i.incident_id, p.id, p.status FROM postmortem_incidents i JOIN postmortems p ON p.id = i.postmortem_id
    WHERE i.incident_id = ANY(:incident_ids) ORDER BY i.incident_id
""")
# By the primary key, backwards; without their bodies.
VERSIONS = text("""
    SELECT version, title, '' AS body, factors, author, at FROM postmortem_versions
    WHERE postmortem_id = :id AND version < :before ORDER BY version DESC LIMIT :limit
""")
VERSION = text("SELECT version, title, body, factors, author, at FROM postmortem_versions WHERE postmortem_id = :id AND version = :version")


async def add_postmortem(tx: AsyncConnection, postmortem: Postmortem) -> bool:
    """False if one of its incidents has a postmortem already; then nothing must be kept of it."""
    await tx.execute(ADD, _columns(postmortem))
    told = await tx.execute(TELL_OF, {"id": postmortem.id, "incident_ids": list(postmortem.incident_ids)})
    await tx.execute(KEEP_VERSION, _columns(postmortem))
    return told.rowcount == len(postmortem.incident_ids)


async def save_postmortem(tx: AsyncConnection, postmortem: Postmortem, *, is_new_version: bool) -> None:
    await tx.execute(SAVE, _columns(postmortem))
    if is_new_version:
        await tx.execute(KEEP_VERSION, _columns(postmortem))


async def delete_postmortem(tx: AsyncConnection, id: PostmortemId) -> None:
    await tx.execute(DELETE, {"id": id})


async def find_postmortem(tx: AsyncConnection, id: PostmortemId, *, lock: bool = False) -> Postmortem | None:
    if lock:
        await tx.execute(LOCK, {"id": id})
    row = (await tx.execute(FIND, {"id": id})).first()
    return _postmortem(row) if row else None


async def list_postmortems(tx: AsyncConnection, search: Search, *, before: UUID, limit: int) -> list[Postmortem]:
    """Newest first, without their bodies."""
    asked = {"status": search.status, "team_id": search.team_id, "factor": search.factor, "incident_id": search.incident_id}
    return [_postmortem(r) for r in await tx.execute(LIST, {**asked, "before": before, "limit": limit})]


async def of_incidents(tx: AsyncConnection, ids: Sequence[IncidentId]) -> dict[IncidentId, tuple[PostmortemId, Status]]:
    """The postmortem of each of these that has one."""
    rows = await tx.execute(OF_INCIDENTS, {"incident_ids": list(ids)})
    return {IncidentId(r.incident_id): (PostmortemId(r.id), Status(r.status)) for r in rows}


async def list_versions(tx: AsyncConnection, id: PostmortemId, *, before: int, limit: int) -> list[Version]:
    """Newest first, without their bodies."""
    return [_version(r) for r in await tx.execute(VERSIONS, {"id": id, "before": before, "limit": limit})]


async def find_version(tx: AsyncConnection, id: PostmortemId, number: int) -> Version | None:
    row = (await tx.execute(VERSION, {"id": id, "version": number})).first()
    return _version(row) if row else None


def _columns(one: Postmortem) -> dict[str, object]:
    return {
        "id": one.id,
        "team_id": one.team_id,
        "title": one.text.title,
        "body": one.text.body,
        "factors": list(one.text.factors),
        "status": one.status.value,
        "created_by": one.created_by,
        "created_at": one.created_at,
        "updated_by": one.updated_by,
        "updated_at": one.updated_at,
        "published_by": one.published_by,
        "published_at": one.published_at,
        "version": one.version,
    }


def _version(r: Row[Any]) -> Version:
    return Version(r.version, Text(r.title, r.body, tuple(r.factors)), r.author, r.at)


def _postmortem(r: Row[Any]) -> Postmortem:
    return Postmortem(
        PostmortemId(r.id),
        TeamId(r.team_id) if r.team_id else None,
        tuple(IncidentId(id) for id in r.incident_ids),
        Text(r.title, r.body, tuple(r.factors)),
        r.created_by,
        r.created_at,
        r.updated_by,
        r.updated_at,
        Status(r.status),
        r.published_by,
        r.published_at,
        r.version,
    )
