"""Every SQL statement about maintenance windows."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from sqlalchemy import Row, delete, exists, func, insert, or_, select, update
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.silences.store.records import actor_of, matchers_of, record_of, texts_of
from oncall.silences.tables import maintenance_window_services as scopes
from oncall.silences.tables import maintenance_windows as windows
from oncall.silences.values.windows import Once, Plan, Recurring, Window, WindowId, WindowKind

SERVICES = select(func.array_agg(scopes.c.service_id)).where(scopes.c.window_id == windows.c.id).correlate(windows).scalar_subquery()
A_DAY = timedelta(days=1)
"""More than a day on the clock may be longer than one that passes."""
WINDOWS = select(windows, SERVICES.label("service_ids"))


async def find_window(tx: AsyncConnection, id: WindowId, *, lock: bool = False) -> Window | None:
    query = WINDOWS.where(windows.c.id == id)
    row = (await tx.execute(query.with_for_update(key_share=True) if lock else query)).first()  # FOR NO KEY UPDATE
    return _window(row) if row else None


async def list_windows(tx: AsyncConnection, *, after: UUID, limit: int, service_id: ServiceId | None) -> Sequence[Window]:
    """In order of creation."""
    page = WINDOWS.where(windows.c.id > after).order_by(windows.c.id).limit(limit)
    if service_id is not None:
        page = page.where(exists().where(scopes.c.window_id == windows.c.id, scopes.c.service_id == service_id))
    return [_window(row) for row in await tx.execute(page)]


async def windows_from(tx: AsyncConnection, since: datetime, *, service_id: ServiceId | None = None) -> Sequence[Window]:
    """Those that may be at `since` or later; of a service those that name it, or none."""
    ends_later = or_(windows.c.ends_at > since, windows.c.until + windows.c.duration > since - A_DAY, _has_no_end())
    query = WINDOWS.where(ends_later).order_by(windows.c.id)
    if service_id is not None:
        here = exists().where(scopes.c.window_id == windows.c.id, scopes.c.service_id == service_id)
        query = query.where(or_(here, ~exists().where(scopes.c.window_id == windows.c.id)))
    return [_window(row) for row in await tx.execute(query)]


async def public_from(tx: AsyncConnection, since: datetime) -> Sequence[Window]:
    """Those that everybody may know of, and that may be at `since` or later."""
    ends_later = or_(windows.c.ends_at > since, windows.c.until + windows.c.duration > since - A_DAY, _has_no_end())
    maintenance = windows.c.kind == WindowKind.MAINTENANCE.value
    return [_window(row) for row in await tx.execute(WINDOWS.where(windows.c.public, maintenance, ends_later).order_by(windows.c.id))]


async def add_window(tx: AsyncConnection, window: Window) -> None:
    await tx.execute(insert(windows).values(**_columns(window)))
    await _add_services(tx, window)


async def save_window(tx: AsyncConnection, window: Window) -> None:
    await tx.execute(update(windows).where(windows.c.id == window.id).values(**_columns(window)))
    await tx.execute(delete(scopes).where(scopes.c.window_id == window.id))
    await _add_services(tx, window)


async def delete_window(tx: AsyncConnection, id: WindowId) -> None:
    await tx.execute(delete(windows).where(windows.c.id == id))


async def _add_services(tx: AsyncConnection, window: Window) -> None:
    if window.service_ids:
        await tx.execute(insert(scopes).values([{"window_id": window.id, "service_id": id} for id in window.service_ids]))


def _has_no_end() -> Any:
    return windows.c.rrule.is_not(None) & windows.c.until.is_(None)


def _window(r: Row[Any]) -> Window:
    return Window(
        WindowId(r.id),
        WindowKind(r.kind),
        r.name,
        r.description,
        tuple(sorted(map(ServiceId, r.service_ids or ()))),
        matchers_of(r.matchers),
        _plan(r),
        actor_of(r.author),
        r.created_at,
        tuple(r.ended_early),
        r.version,
        r.public,
    )


def _plan(r: Row[Any]) -> Plan:
    if r.rrule is None:
        return Once(r.starts_at, r.ends_at)
    return Recurring(r.rrule, r.time_zone, r.local_start, r.duration, r.until)


def _columns(window: Window) -> dict[str, object]:
    plan = window.plan
    once = plan if isinstance(plan, Once) else None
    recurring = plan if isinstance(plan, Recurring) else None
    return {
        "id": window.id,
        "kind": window.kind.value,
        "name": window.name,
        "description": window.description,
        "matchers": texts_of(window.matchers),
        "starts_at": once.starts_at if once else None,
        "ends_at": once.ends_at if once else None,
        "rrule": recurring.rrule if recurring else None,
        "time_zone": recurring.time_zone if recurring else None,
        "local_start": recurring.starts_at if recurring else None,
        "duration": recurring.duration if recurring else None,
        "until": recurring.until if recurring else None,
        "ended_early": list(window.ended_early),
        "author": record_of(window.author),
        "created_at": window.created_at,
        "version": window.version,
        "public": window.public,
    }
