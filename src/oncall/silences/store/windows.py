"""SQL about maintenance windows."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.kit.matchers import parse_matchers
from oncall.silences.values import Once, Recurring, Window, WindowId, WindowKind

INSERT = text("""
    INSERT INTO maintenance_windows (id, name, description, kind, matchers, planned, ended, ends_at, created_at)
    VALUES (:id, :name, :description, :kind, :matchers, CAST(:planned AS jsonb), CAST(:ended AS jsonb), :ends_at, :now)
""")
UPDATE = text("""
    UPDATE maintenance_windows SET name = :name, description = :description, kind = :kind, matchers = :matchers,
        planned = CAST(:planned AS jsonb), ended = CAST(:ended AS jsonb), ends_at = :ends_at, version = version + 1
    WHERE id = :id
""")
SERVICES_GONE = text("DELETE FROM maintenance_window_services WHERE window_id = :id")
SERVICES = text(
    "INSERT INTO maintenance_window_services (window_id, service_id) SELECT :id, s FROM unnest(CAST(:service_ids AS uuid[])) AS s"
)
BY_ID = text("""
    SELECT w.id, w.name, w.description, w.kind, w.matchers, w.planned::text AS planned, w.ended::text AS ended, w.version,
        ARRAY(SELECT s.service_id FROM maintenance_window_services s WHERE s.window_id = w.id ORDER BY s.service_id) AS service_ids
    FROM maintenance_windows w WHERE w.id = :id
""")
LOCK = text("SELECT id FROM maintenance_windows WHERE id = :id FOR NO KEY UPDATE")
NOT_OVER = text("""
    SELECT w.id, w.name, w.description, w.kind, w.matchers, w.planned::text AS planned, w.ended::text AS ended, w.version,
        ARRAY(SELECT s.service_id FROM maintenance_window_services s WHERE s.window_id = w.id ORDER BY s.service_id) AS service_ids
    FROM maintenance_windows w WHERE w.ends_at IS NULL OR w.ends_at > :since ORDER BY w.id
""")
LIST = text("""
    SELECT w.id, w.name, w.description, w.kind, w.matchers, w.planned::text AS planned, w.ended::text AS ended, w.version,
        ARRAY(SELECT s.service_id FROM maintenance_window_services s WHERE s.window_id = w.id ORDER BY s.service_id) AS service_ids
    FROM maintenance_windows w
    WHERE w.id > :after AND (CAST(:service_id AS uuid) IS NULL OR EXISTS (
        SELECT FROM maintenance_window_services s WHERE s.window_id = w.id AND s.service_id = CAST(:service_id AS uuid)))
    ORDER BY w.id LIMIT :limit
""")
DELETE = text("DELETE FROM maintenance_windows WHERE id = :id")


async def add_window(tx: AsyncConnection, window: Window, *, now: datetime) -> None:
    await tx.execute(INSERT, _columns(window) | {"now": now})
    await tx.execute(SERVICES, {"id": window.id, "service_ids": list(window.service_ids)})


async def save_window(tx: AsyncConnection, window: Window) -> None:
    await tx.execute(UPDATE, _columns(window))
    await tx.execute(SERVICES_GONE, {"id": window.id})
    await tx.execute(SERVICES, {"id": window.id, "service_ids": list(window.service_ids)})


async def find_window(tx: AsyncConnection, id: WindowId) -> Window | None:
    row = (await tx.execute(BY_ID, {"id": id})).first()
    return _window(row) if row else None


async def lock_window(tx: AsyncConnection, id: WindowId) -> Window | None:
    return await find_window(tx, id) if (await tx.execute(LOCK, {"id": id})).first() else None


async def not_over(tx: AsyncConnection, *, since: datetime) -> list[Window]:
    """All that recur, and those planned once that end after `since`."""
    return [_window(row) for row in await tx.execute(NOT_OVER, {"since": since})]


async def list_windows(tx: AsyncConnection, *, after: UUID, service_id: ServiceId | None, limit: int) -> Sequence[Window]:
    return [_window(row) for row in await tx.execute(LIST, {"after": after, "service_id": service_id, "limit": limit})]


async def delete_window(tx: AsyncConnection, id: WindowId) -> None:
    await tx.execute(DELETE, {"id": id})


def _columns(window: Window) -> dict[str, object]:
    return {
        "id": window.id,
        "name": window.name,
        "description": window.description,
        "kind": window.kind.value,
        "matchers": ", ".join(map(str, window.matchers)),
        "planned": msgspec.json.encode(window.when).decode(),
        "ended": msgspec.json.encode(window.ended).decode(),
        "ends_at": window.when.ends_at if isinstance(window.when, Once) else None,
    }


def _window(r: Row[Any]) -> Window:
    planned = msgspec.json.decode(r.planned)
    return Window(
        WindowId(r.id),
        r.name,
        WindowKind(r.kind),
        msgspec.convert(planned, Recurring) if "rrule" in planned else msgspec.convert(planned, Once),
        tuple(ServiceId(id) for id in r.service_ids),
        parse_matchers(r.matchers),
        r.description,
        msgspec.json.decode(r.ended, type=tuple[Once, ...]),
        version=r.version,
    )
