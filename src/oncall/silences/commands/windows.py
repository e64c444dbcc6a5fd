"""Maintenance windows: planned, edited, ended early, deleted; and their calendar."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import UTC, datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId
from oncall.kit.zones import check_zone, resolve, to_instant, to_local_seconds
from oncall.schedules.adapters.calendar_values import Moment, read_recurrence
from oncall.schedules.values.calendars import BadCalendar
from oncall.services.commands import get_services
from oncall.silences.commands.telling import muting_changed
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules.windows import check_window, occurrence_at, occurrences
from oncall.silences.store import windows as store
from oncall.silences.values import BadWindow, NotRunning, Once, Recurring, UnknownWindow, Window, WindowId
from oncall.teams.rules import check_version

KEPT_ENDS = 100
"""Occurrences that were ended early; older ones are of no consequence any more."""


def with_recurrence(window: Window) -> Window:
    """With what its RRULE says. Raises BadWindow for one that cannot be read."""
    if not isinstance(window.when, Recurring):
        return window
    check_zone(window.when.time_zone)
    try:
        recurrence, until = read_recurrence(window.when.rrule)
    except (ValueError, BadCalendar) as error:
        raise BadWindow(
            f"This is not an RRULE of RFC 5545, such as FREQ=WEEKLY;BYDAY=SU: {_short(error)}", field="recurring.rrule"
        ) from error
    return replace(window, recurrence=recurrence, until=_instant(until, window.when) if until else None)


async def create_window(tx: AsyncConnection, window: Window, told: OnMutingChanged, *, now: datetime) -> Window:
    checked = await _checked(tx, window, now=now)
    await store.add_window(tx, checked, now=now)
    await muting_changed(tx, told, now=now)
    return checked


async def get_window(tx: AsyncConnection, id: WindowId) -> Window:
    found = await store.find_window(tx, id)
    if found is None:
        raise UnknownWindow("There is no maintenance window with this id.")
    return with_recurrence(found)


async def list_windows(tx: AsyncConnection, *, after: UUID | None, service_id: ServiceId | None, limit: int) -> list[Window]:
    """In order of creation."""
    found = await store.list_windows(tx, after=after or UUID(int=0), service_id=service_id, limit=limit)
    return [with_recurrence(window) for window in found]


async def update_window(
    tx: AsyncConnection, window: Window, told: OnMutingChanged, *, expected_version: int | None, now: datetime
) -> Window:
    current = await _lock(tx, window.id, expected_version)
    edited = replace(await _checked(tx, window, now=now), ended=current.ended, version=current.version + 1)
    await store.save_window(tx, edited)
    await muting_changed(tx, told, now=now)
    return edited


async def end_window(tx: AsyncConnection, id: WindowId, told: OnMutingChanged, *, now: datetime) -> Window:
    """The occurrence that is running ends now; those to come stay. Raises NotRunning."""
    current = await _lock(tx, id, None)
    running = occurrence_at(current, now)
    if running is None:
        raise NotRunning("This window is not running: there is nothing to end. Edit or delete it to change what is planned.")
    over = replace(current, ended=(*current.ended, Once(running.starts_at, now))[-KEPT_ENDS:], version=current.version + 1)
    await store.save_window(tx, over)
    await muting_changed(tx, told, now=now)
    return over


async def delete_window(tx: AsyncConnection, id: WindowId, told: OnMutingChanged, *, now: datetime) -> None:
    await _lock(tx, id, None)
    await store.delete_window(tx, id)
    await muting_changed(tx, told, now=now)


async def calendar(tx: AsyncConnection, since: datetime, until: datetime, *, service_id: ServiceId | None) -> Sequence[tuple[Window, Once]]:
    """Every occurrence that touches `[since, until)`, in order of their starts."""
    windows = [with_recurrence(window) for window in await store.not_over(tx, since=since)]
    asked = [window for window in windows if service_id is None or not window.service_ids or service_id in window.service_ids]
    found = [(window, one) for window in asked for one in occurrences(window, since, until)]
    return sorted(found, key=lambda pair: (pair[1].starts_at, pair[0].id))


async def _lock(tx: AsyncConnection, id: WindowId, expected_version: int | None) -> Window:
    current = await store.lock_window(tx, id)
    if current is None:
        raise UnknownWindow("There is no maintenance window with this id.")
    check_version(current.version, expected_version)
    return with_recurrence(current)


async def _checked(tx: AsyncConnection, window: Window, *, now: datetime) -> Window:
    read = with_recurrence(window)
    check_window(read, now=now)
    known = await get_services(tx, sorted(set(window.service_ids)))
    if missing := [id for id in window.service_ids if id not in known]:
        raise BadWindow(f"There is no service {missing[0]}.", field=f"service_ids.{window.service_ids.index(missing[0])}")
    return read


def _instant(until: Moment, when: Recurring) -> datetime:
    """UNTIL is UTC where it says so, else on the wall clock of the window; a day includes all of its starts."""
    wall = until.wall.replace(hour=23, minute=59, second=59) if until.is_day else until.wall
    if until.tzid == "UTC":
        return wall.replace(tzinfo=UTC)
    return to_instant(resolve(to_local_seconds(wall), when.time_zone))


def _short(error: Exception) -> str:
    return f"{error}"[:200] or type(error).__name__
