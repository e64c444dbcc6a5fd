"""SQL about incidents whose titles are alike."""

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.store.incidents import get_incidents
from oncall.incidents.values.similar import Alike
from oncall.kit.ids import IncidentId, ServiceId

# No index serves this, so that none slows intake: the newest incidents are walked by `incidents_pkey`, so many and no more; of these the
# newest of the service are looked at, and the newest open ones (by `incidents_open_idx`, of which there are few).
# A title is a set of words here; of one that is asked for, any word may be in the other.
ALIKE = text("""
    WITH asked AS MATERIALIZED (
        SELECT words, CAST((
            SELECT string_agg('''' || replace(replace(word, '\\', '\\\\'), '''', '''''') || '''', ' | ') FROM unnest(words) AS word
        ) AS tsquery) AS query
        FROM (SELECT tsvector_to_array(to_tsvector('simple', CAST(:title AS text))) AS words) AS w
    ), candidates AS MATERIALIZED (
        (SELECT id, title FROM (
            SELECT id, title, service_id FROM incidents ORDER BY id DESC LIMIT :walked
        ) AS newest WHERE service_id = :service_id ORDER BY id DESC LIMIT :most)
        UNION
        (SELECT id, title FROM incidents WHERE status IN ('triggered', 'acknowledged') ORDER BY id DESC LIMIT :most)
    ), alike AS (
        SELECT c.id, asked.words AS asked, tsvector_to_array(to_tsvector('simple', c.title)) AS its,
            ts_rank(to_tsvector('simple', c.title), asked.query) AS rank
        FROM candidates c, asked
        WHERE to_tsvector('simple', c.title) @@ asked.query AND c.id IS DISTINCT FROM CAST(:but AS uuid)
    )
    SELECT id, rank,
        ARRAY(SELECT unnest(asked) INTERSECT SELECT unnest(its) ORDER BY 1) AS shared,
        cardinality(ARRAY(SELECT unnest(asked) UNION SELECT unnest(its))) AS of
    FROM alike
    ORDER BY cardinality(ARRAY(SELECT unnest(asked) INTERSECT SELECT unnest(its)))::float
        / cardinality(ARRAY(SELECT unnest(asked) UNION SELECT unnest(its))) DESC, rank DESC, id DESC
    LIMIT :limit
""")

WALKED, MOST = 20_000, 2_000
"""So many of the newest incidents are walked for those of the service, and so many are compared: of the service, and of the open ones."""


async def alike(tx: AsyncConnection, title: str, service_id: ServiceId, *, but: IncidentId | None, limit: int) -> list[Alike]:
    """Those that share at least one word with the title, the most alike first."""
    params = {"title": title, "service_id": service_id, "but": but, "walked": WALKED, "most": MOST, "limit": limit}
    rows = (await tx.execute(ALIKE, params)).all()
    incidents = {incident.id: incident for incident in await get_incidents(tx, [r.id for r in rows])}
    return [Alike(incidents[IncidentId(r.id)], tuple(r.shared), r.of) for r in rows]
