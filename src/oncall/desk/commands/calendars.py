"""What can be done with calendars: make, see, edit and delete them, with their public holidays as dates."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import date, datetime
from functools import lru_cache
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.ports import OnCalendarChanged
from oncall.desk.store import calendars as store
from oncall.desk.values import CalendarId
from oncall.desk.values.calendars import Calendar, CalendarNameTaken, CalendarSettings, Holidays, UnknownCalendar
from oncall.kit.ids import new_id
from oncall.kit.public_holidays import check_country, holidays_of
from oncall.kit.references import check_unused, refusing, used_by
from oncall.kit.zones import check_zone
from oncall.teams.rules import check_version

YEARS_AHEAD = 10
"""So far public holidays are looked up; what lies further is laid down by nobody yet."""


def _taken() -> CalendarNameTaken:
    return CalendarNameTaken("There is a calendar of this name already: choose another name, or edit that one.")


async def create_calendar(tx: AsyncConnection, wanted: CalendarSettings, *, now: datetime) -> Calendar:
    _check(wanted)
    made = Calendar(CalendarId(new_id()), wanted, now)
    with refusing({"calendars_name_idx": _taken}):
        await store.add_calendar(tx, made)
    return _dated(made, now=now)


async def get_calendars(
    tx: AsyncConnection, ids: Iterable[CalendarId], *, keeping: bool = False, now: datetime
) -> Mapping[CalendarId, Calendar]:
    """Those that exist; one statement for any number. `keeping`: whoever edits one waits until what follows from its hours is written."""
    wanted = set(ids)
    found = await store.get_calendars(tx, wanted, keeping=keeping) if wanted else {}
    return {id: _dated(one, now=now) for id, one in found.items()}


async def get_calendar(tx: AsyncConnection, id: CalendarId, *, now: datetime) -> Calendar:
    found = (await get_calendars(tx, [id], now=now)).get(id)
    if found is None:
        raise UnknownCalendar("There is no calendar with this id.")
    return found


async def list_calendars(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Calendar]:
    """In order of creation; their holidays as they were said."""
    return await store.list_calendars(tx, after=after or UUID(int=0), limit=limit)


async def update_calendar(
    tx: AsyncConnection,
    id: CalendarId,
    wanted: CalendarSettings,
    *,
    expected_version: int | None,
    on_changed: OnCalendarChanged,
    now: datetime,
) -> Calendar:
    """What was promised by it before stays as it was promised; what waits for it to open is looked at again."""
    _check(wanted)
    current = await _lock(tx, id)
    check_version(current.version, expected_version)
    edited = replace(current, settings=wanted, version=current.version + 1)
    with refusing({"calendars_name_idx": _taken}):
        await store.save_calendar(tx, edited)
    await on_changed(tx, now=now)
    return _dated(edited, now=now)


async def delete_calendar(tx: AsyncConnection, id: CalendarId) -> None:
    current = await _lock(tx, id)
    check_unused(f"Calendar {current.settings.name}", await used_by(tx, "calendars", id))
    await store.delete_calendar(tx, id)


async def _lock(tx: AsyncConnection, id: CalendarId) -> Calendar:
    current = await store.lock_calendar(tx, id)
    if current is None:
        raise UnknownCalendar("There is no calendar with this id.")
    return current


def _check(wanted: CalendarSettings) -> None:
    check_zone(wanted.time_zone)
    if wanted.holidays.country is not None:
        check_country(wanted.holidays.country, wanted.holidays.subdivision)


def _dated(calendar: Calendar, *, now: datetime) -> Calendar:
    return replace(calendar, closed_on=_dates(calendar.settings.holidays, now.year))


@lru_cache(maxsize=256)
def _dates(holidays: Holidays, year: int) -> frozenset[date]:
    """Own ones, and the public ones from the year before: an incident may be that old."""
    own = frozenset(holidays.dates)
    if holidays.country is None:
        return own
    return own | frozenset(holidays_of(holidays.country, holidays.subdivision, range(year - 1, year + YEARS_AHEAD + 1)))
