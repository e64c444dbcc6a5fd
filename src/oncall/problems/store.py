"""Every SQL statement about problems. Searching is PostgreSQL's own, without extensions."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.values import CategoryId
from oncall.kit.ids import IncidentId, ServiceId
from oncall.problems.values import Found, Problem, ProblemId, ProblemStatus, Said, Search

ADD = text("""
    INSERT INTO problems (id, title, description, root_cause, workaround, resolution, status, category_id, service_ids, words,
        created_by, created_at, updated_by, updated_at, resolved_at, version)
    VALUES (:id, :title, :description, :root_cause, :workaround, :resolution, :status, :category_id, :service_ids,
        setweight(to_tsvector('simple', CAST(:heading AS text)), 'A') || setweight(to_tsvector('english', CAST(:heading AS text)), 'A')
            || to_tsvector('simple', CAST(:rest AS text)) || to_tsvector('english', CAST(:rest AS text)),
        :created_by, :created_at, :updated_by, :updated_at, :resolved_at, :version)
""")
SAVE = text("""
    UPDATE problems SET title = :title, description = :description, root_cause = :root_cause, workaround = :workaround,
        resolution = :resolution, status = :status, category_id = :category_id, service_ids = :service_ids,
        words = setweight(to_tsvector('simple', CAST(:heading AS text)), 'A')
            || setweight(to_tsvector('english', CAST(:heading AS text)), 'A')
            || to_tsvector('simple', CAST(:rest AS text)) || to_tsvector('english', CAST(:rest AS text)),
        updated_by = :updated_by, updated_at = :updated_at, resolved_at = :resolved_at, version = :version
    WHERE id = :id
""")
DELETE = text("DELETE FROM problems WHERE id = :id")
LOCK = text("SELECT id FROM problems WHERE id = :id FOR NO KEY UPDATE")
FIND = text("""
    SELECT p.*, (SELECT count(*) FROM problem_incidents i WHERE i.problem_id = p.id) AS incident_count FROM problems p WHERE p.id = :id
""")
# Newest first. Words by `problems_words_idx`, services by `problems_services_idx`, an incident by `problem_incidents_incident_idx`.
LIST = text("""
    SELECT p.*, (SELECT count(*) FROM problem_incidents i WHERE i.problem_id = p.id) AS incident_count FROM problems p
    WHERE p.id < :before AND (CAST(:status AS text) IS NULL OR p.status = :status)
        AND (CAST(:service_id AS uuid) IS NULL OR p.service_ids @> ARRAY[CAST(:service_id AS uuid)])
        AND (CAST(:category_id AS uuid) IS NULL OR p.category_id = :category_id)
        AND (CAST(:incident_id AS uuid) IS NULL
            OR p.id IN (SELECT i.problem_id FROM problem_incidents i WHERE i.incident_id = :incident_id))
        AND (CAST(:words AS text) IS NULL
            OR p.words @@ (websearch_to_tsquery('simple', CAST(:words AS text)) || websearch_to_tsquery('english', CAST(:words AS text))))
    ORDER BY p.id DESC LIMIT :limit
""")
# Each English stem of what is asked (stop words are none) is looked up by `problems_words_idx`; the rank is the share of them that a
# problem has, so that one rare word in common with a long text counts little. What has nothing but stop words finds nothing.
SIMILAR = text("""
    WITH stems AS MATERIALIZED (
        SELECT DISTINCT lexeme, '''' || replace(replace(lexeme, E'\\\\', E'\\\\\\\\'), '''', '''''') || '''' AS quoted
        FROM unnest(to_tsvector('english', CAST(:words AS text))) ORDER BY lexeme LIMIT :most
    ), asked AS MATERIALIZED (
        SELECT array_agg(lexeme) AS stems, string_agg(quoted, ' | ')::tsquery AS query FROM stems
    )
    SELECT p.*, (SELECT count(*) FROM problem_incidents i WHERE i.problem_id = p.id) AS incident_count,
        (SELECT count(*) FROM unnest(tsvector_to_array(p.words)) AS had WHERE had = ANY(a.stems))
            / cardinality(a.stems)::float8 AS rank,
        coalesce(p.service_ids @> ARRAY[CAST(:service_id AS uuid)], false) AS same_service
    FROM asked a JOIN problems p ON p.words @@ a.query
    ORDER BY rank DESC, same_service DESC, p.updated_at DESC, p.id LIMIT :limit
""")
LINK = text("""
    INSERT INTO problem_incidents (problem_id, incident_id, linked_by, linked_at) VALUES (:id, :incident_id, :by, :now)
    ON CONFLICT DO NOTHING
""")
UNLINK = text("DELETE FROM problem_incidents WHERE problem_id = :id AND incident_id = :incident_id")
LINKED = text("""
    SELECT incident_id, linked_by, linked_at FROM problem_incidents WHERE problem_id = :id AND incident_id < :before
    ORDER BY incident_id DESC LIMIT :limit
""")


async def add_problem(tx: AsyncConnection, problem: Problem) -> None:
    await tx.execute(ADD, {**_columns(problem), "created_by": problem.created_by, "created_at": problem.created_at})


async def save_problem(tx: AsyncConnection, problem: Problem) -> None:
    await tx.execute(SAVE, _columns(problem))


async def delete_problem(tx: AsyncConnection, id: ProblemId) -> None:
    await tx.execute(DELETE, {"id": id})


async def find_problem(tx: AsyncConnection, id: ProblemId, *, lock: bool = False) -> Problem | None:
    if lock:
        await tx.execute(LOCK, {"id": id})
    row = (await tx.execute(FIND, {"id": id})).first()
    return _problem(row) if row else None


async def list_problems(tx: AsyncConnection, search: Search, *, before: UUID, limit: int) -> list[Problem]:
    """Newest first."""
    asked = {
        "status": search.status,
        "service_id": search.service_id,
        "category_id": search.category_id,
        "incident_id": search.incident_id,
        "words": search.words,
    }
    return [_problem(r) for r in await tx.execute(LIST, {**asked, "before": before, "limit": limit})]


async def find_similar(tx: AsyncConnection, words: str, service_id: ServiceId | None, *, most_words: int, limit: int) -> list[Found]:
    """Those that have any of these words, those with most of them first."""
    asked = {"words": words, "service_id": service_id, "most": most_words, "limit": limit}
    return [Found(_problem(r), r.rank, r.same_service) for r in await tx.execute(SIMILAR, asked)]


async def link(tx: AsyncConnection, id: ProblemId, incident_id: IncidentId, *, by: str, now: datetime) -> bool:
    """False if it was linked before."""
    return (await tx.execute(LINK, {"id": id, "incident_id": incident_id, "by": by, "now": now})).rowcount == 1


async def unlink(tx: AsyncConnection, id: ProblemId, incident_id: IncidentId) -> bool:
    """False if it was not linked."""
    return (await tx.execute(UNLINK, {"id": id, "incident_id": incident_id})).rowcount == 1


async def list_linked(tx: AsyncConnection, id: ProblemId, *, before: UUID, limit: int) -> Sequence[tuple[IncidentId, str, datetime]]:
    """Newest incident first: which, who linked it, and when."""
    rows = await tx.execute(LINKED, {"id": id, "before": before, "limit": limit})
    return [(IncidentId(r.incident_id), r.linked_by, r.linked_at) for r in rows]


def _columns(problem: Problem) -> dict[str, object]:
    said = problem.said
    return {
        "id": problem.id,
        "title": said.title,
        "description": said.description,
        "root_cause": said.root_cause,
        "workaround": said.workaround,
        "resolution": said.resolution,
        "heading": said.title,
        "rest": f"{said.description}\n{said.root_cause}\n{said.workaround}\n{said.resolution}",
        "status": said.status.value,
        "category_id": said.category_id,
        "service_ids": list(said.service_ids),
        "updated_by": problem.updated_by,
        "updated_at": problem.updated_at,
        "resolved_at": problem.resolved_at,
        "version": problem.version,
    }


def _problem(r: Row[Any]) -> Problem:
    said = Said(
        r.title,
        r.description,
        r.root_cause,
        r.workaround,
        r.resolution,
        ProblemStatus(r.status),
        CategoryId(r.category_id) if r.category_id else None,
        tuple(ServiceId(id) for id in r.service_ids),
    )
    return Problem(
        ProblemId(r.id), said, r.created_by, r.created_at, r.updated_by, r.updated_at, r.resolved_at, r.version, r.incident_count
    )
