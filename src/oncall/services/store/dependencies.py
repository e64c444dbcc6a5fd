"""SQL about which service depends on which."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.services.values.dependencies import Edge

# No row says that two dependencies make a circle together: whoever adds one sees all that were added before, since they go one by one.
ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended('oncall service dependencies', 0))")

LOCK = text("SELECT dependencies_version FROM services WHERE id = :id FOR NO KEY UPDATE")
VERSION = text("SELECT dependencies_version FROM services WHERE id = :id")
RAISE = text("UPDATE services SET dependencies_version = dependencies_version + 1 WHERE id = :id RETURNING dependencies_version")

COUNT = text("SELECT count(*) FROM service_dependencies")

# By `service_dependencies_pkey`.
DIRECT = text("SELECT service_id, depends_on_id FROM service_dependencies WHERE service_id = :id ORDER BY depends_on_id")
ADD = text("""
    INSERT INTO service_dependencies (service_id, depends_on_id, created_at)
    SELECT :id, on_id, :now FROM unnest(CAST(:on AS uuid[])) AS on_id ON CONFLICT DO NOTHING
""")
TAKE = text("DELETE FROM service_dependencies WHERE service_id = :id AND depends_on_id = ANY(CAST(:on AS uuid[]))")

# Both walk from service to service and meet each once (UNION), so they come to an end whatever the graph. By
# `service_dependencies_pkey`, and by `service_dependencies_depends_on_idx`.
ONWARD = text("""
    WITH RECURSIVE reached (id) AS (
        SELECT unnest(CAST(:ids AS uuid[]))
        UNION
        SELECT d.depends_on_id FROM reached r JOIN service_dependencies d ON d.service_id = r.id
    ) SELECT d.service_id, d.depends_on_id FROM reached r JOIN service_dependencies d ON d.service_id = r.id
""")
BACKWARD = text("""
    WITH RECURSIVE reached (id) AS (
        SELECT CAST(:id AS uuid)
        UNION
        SELECT d.service_id FROM reached r JOIN service_dependencies d ON d.depends_on_id = r.id
    ) SELECT d.service_id, d.depends_on_id FROM reached r JOIN service_dependencies d ON d.depends_on_id = r.id
""")


async def one_by_one(tx: AsyncConnection) -> None:
    """Until the end of this transaction nobody else changes what depends on what. Taken before any row is locked: part of no deadlock."""
    await tx.execute(ONE_BY_ONE)


async def lock(tx: AsyncConnection, id: ServiceId) -> int | None:
    """The version of a service's dependencies, which stays until the end of the transaction; None: there is no such service."""
    return (await tx.execute(LOCK, {"id": id})).scalar_one_or_none()


async def find_version(tx: AsyncConnection, id: ServiceId) -> int | None:
    return (await tx.execute(VERSION, {"id": id})).scalar_one_or_none()


async def raise_version(tx: AsyncConnection, id: ServiceId) -> int:
    version: int = (await tx.execute(RAISE, {"id": id})).scalar_one()
    return version


async def list_direct(tx: AsyncConnection, id: ServiceId) -> list[ServiceId]:
    return [ServiceId(r.depends_on_id) for r in await tx.execute(DIRECT, {"id": id})]


async def add(tx: AsyncConnection, id: ServiceId, on: Sequence[ServiceId], *, now: datetime) -> None:
    await tx.execute(ADD, {"id": id, "on": list(on), "now": now})


async def take(tx: AsyncConnection, id: ServiceId, on: Sequence[ServiceId]) -> None:
    await tx.execute(TAKE, {"id": id, "on": list(on)})


async def count(tx: AsyncConnection) -> int:
    """How many there are of all services together."""
    counted: int = (await tx.execute(COUNT)).scalar_one()
    return counted


async def onward(tx: AsyncConnection, ids: Sequence[ServiceId]) -> list[Edge]:
    """What these depend on, and what that depends on, and so on."""
    return [Edge(ServiceId(r.service_id), ServiceId(r.depends_on_id)) for r in await tx.execute(ONWARD, {"ids": list(ids)})]


async def backward(tx: AsyncConnection, id: ServiceId) -> list[Edge]:
    """What depends on a service, and what depends on that, and so on."""
    return [Edge(ServiceId(r.service_id), ServiceId(r.depends_on_id)) for r in await tx.execute(BACKWARD, {"id": id})]
