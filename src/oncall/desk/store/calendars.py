"""SQL about calendars."""

from collections.abc import Iterable
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, select, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.tables import calendars
from oncall.desk.values import CalendarId
from oncall.desk.values.calendars import Calendar, CalendarSettings, Holidays, Week

CALENDARS = select(calendars)
ADD = text("""
    INSERT INTO calendars (id, name, time_zone, hours, holidays, created_at)
    VALUES (:id, :name, :time_zone, CAST(:hours AS jsonb), CAST(:holidays AS jsonb), :created_at)
""")
SAVE = text("""
    UPDATE calendars SET name = :name, time_zone = :time_zone, hours = CAST(:hours AS jsonb), holidays = CAST(:holidays AS jsonb),
        version = :version WHERE id = :id
""")
DELETE = text("DELETE FROM calendars WHERE id = :id")


async def get_calendars(tx: AsyncConnection, ids: Iterable[CalendarId], *, keeping: bool = False) -> dict[CalendarId, Calendar]:
    """Those that exist. `keeping`: nobody edits them until the end of this transaction, which costs what a foreign key does."""
    query = CALENDARS.where(calendars.c.id.in_(set(ids)))
    kept = query.order_by(calendars.c.id).with_for_update(read=True, key_share=True)  # FOR KEY SHARE
    return {calendar.id: calendar for calendar in map(_calendar, await tx.execute(kept if keeping else query))}


async def lock_calendar(tx: AsyncConnection, id: CalendarId) -> Calendar | None:
    """Once nobody writes anything that follows from its hours any more; whoever does later sees what is written here."""
    row = (await tx.execute(CALENDARS.where(calendars.c.id == id).with_for_update())).first()
    return _calendar(row) if row else None


async def list_calendars(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Calendar]:
    page = CALENDARS.where(calendars.c.id > after).order_by(calendars.c.id).limit(limit)
    return [_calendar(r) for r in await tx.execute(page)]


async def add_calendar(tx: AsyncConnection, calendar: Calendar) -> None:
    await tx.execute(ADD, _columns(calendar) | {"created_at": calendar.created_at})


async def save_calendar(tx: AsyncConnection, calendar: Calendar) -> None:
    await tx.execute(SAVE, _columns(calendar) | {"version": calendar.version})


async def delete_calendar(tx: AsyncConnection, id: CalendarId) -> None:
    await tx.execute(DELETE, {"id": id})


def _columns(calendar: Calendar) -> dict[str, object]:
    its = calendar.settings
    return {
        "id": calendar.id,
        "name": its.name,
        "time_zone": its.time_zone,
        "hours": msgspec.json.encode(its.week).decode(),
        "holidays": msgspec.json.encode(its.holidays).decode(),
    }


def _calendar(r: Row[Any]) -> Calendar:
    week, holidays = msgspec.convert(r.hours, type=Week), msgspec.convert(r.holidays, type=Holidays)
    return Calendar(CalendarId(r.id), CalendarSettings(r.name, r.time_zone, week, holidays), r.created_at, r.version)
