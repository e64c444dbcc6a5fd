"""Calendars of others: read again and again, or once from a file; what they say becomes unavailability or fixed shifts."""

import asyncio
from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.http_client import HttpClient
from oncall.kit.ids import ScheduleId, UserId, new_id
from oncall.kit.outbound import AddressNotAllowed
from oncall.schedules.commands.editing import edit_schedule, get_schedule
from oncall.schedules.rules.matching import cut, difference, known_people, same_between, shifts_in, shortened
from oncall.schedules.store import calendars as store
from oncall.schedules.store import schedules, unavailability
from oncall.schedules.values import (
    AuthoredSchedule,
    AuthoredUnavailability,
    CalendarSource,
    CalendarSourceId,
    Continuation,
    LayerDefinition,
    ShiftDefinition,
    UnavailabilityId,
    UnknownCalendar,
    UnknownSchedule,
    UnusableCalendarAddress,
)
from oncall.schedules.values.calendars import BadCalendar, Busy, Calendar
from oncall.teams.commands import directory, get_user

EVERY, FIRST_RETRY, LAST_RETRY = timedelta(hours=1), timedelta(minutes=5), timedelta(hours=12)
HORIZON, RENEWED = timedelta(days=366), timedelta(days=30)
"""How far ahead a calendar is read, and how much of that may pass before a layer whose calendar did not change is written anew."""
AUTHOR = "calendar"


async def add_source_of_user(tx: AsyncConnection, user_id: UserId, *, url: str, now: datetime) -> CalendarSource:
    """Its events are when this person is not available; it is read within seconds, and every hour from then on. `url` is checked."""
    await get_user(tx, user_id)
    source = CalendarSource(CalendarSourceId(new_id()), url, user_id, None, None, now, now)
    await store.add_source(tx, source)
    return source


async def add_source_of_layer(
    tx: AsyncConnection, schedule_id: ScheduleId, *, name: str, url: str, author: str, now: datetime
) -> CalendarSource:
    """Its events are the fixed shifts of the layer of this name, which is added on top of the others if there is none."""
    schedule = await _with_layer(tx, schedule_id, name, (), author=author, now=now, keep_shifts=True)
    layer = next(one for one in schedule.definition.layers if one.name == name)
    source = CalendarSource(CalendarSourceId(new_id()), url, None, schedule_id, layer.id, now, now)
    await store.add_source(tx, source)
    return source


async def import_calendar(
    tx: AsyncConnection, schedule_id: ScheduleId, *, name: str, content: bytes, author: str, now: datetime
) -> tuple[AuthoredSchedule, tuple[str, ...]]:
    """A calendar's events of the coming year as the fixed shifts of a layer; and what was left out, with the reasons."""
    schedule = await get_schedule(tx, schedule_id, now=now)
    calendar = await read(content, zone=schedule.definition.time_zone, now=now)
    shifts, unmatched = await _match(tx, calendar)
    written = await _with_layer(tx, schedule_id, name, shifts, author=author, now=now, keep_shifts=False)
    return written, shortened((*unmatched, *calendar.skipped))


async def list_sources(
    tx: AsyncConnection, *, user_id: UserId | None = None, schedule_id: ScheduleId | None = None, now: datetime
) -> Sequence[CalendarSource]:
    if user_id is not None:
        await get_user(tx, user_id)
    if schedule_id is not None:
        await get_schedule(tx, schedule_id, now=now)
    return await store.list_sources(tx, user_id=user_id, schedule_id=schedule_id)


async def remove_source(
    tx: AsyncConnection, id: CalendarSourceId, *, user_id: UserId | None = None, schedule_id: ScheduleId | None = None, now: datetime
) -> None:
    """It is not read any more. What it said of a person's absence ends with it; the shifts of a layer stay as they are."""
    source = await store.lock_source(tx, id)
    if source is None or (source.user_id, source.schedule_id) != (user_id, schedule_id):
        raise UnknownCalendar
    await store.remove_source(tx, id, now=now)
    kept = await unavailability.list_of_source(tx, id, now=now)
    await unavailability.remove_unavailability(tx, [one.id for one in kept], now=now)


async def claim_due(tx: AsyncConnection, *, now: datetime, lease: timedelta, limit: int) -> list[CalendarSource]:
    return await store.claim_sources(tx, now=now, lease_until=now + lease, limit=limit)


async def next_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def zone_of(tx: AsyncConnection, source: CalendarSource, *, now: datetime) -> str:
    """In which zone days and times without one are meant: the person's, or the schedule's."""
    if source.user_id is not None:
        return (await get_user(tx, source.user_id)).time_zone
    assert source.schedule_id is not None  # noqa: S101 — a source belongs to a user or a schedule
    return (await get_schedule(tx, source.schedule_id, now=now)).definition.time_zone


async def read(content: bytes, *, zone: str, now: datetime) -> Calendar:
    """What a calendar says of the coming year; others have their turn meanwhile."""
    from oncall.schedules.adapters.calendar_in import read_calendar  # noqa: PLC0415 — three megabytes that every start would pay for

    calendar = await asyncio.to_thread(read_calendar, content, zone=zone, since=now, until=now + HORIZON)
    return replace(calendar, busy=cut(calendar.busy))


async def take_over(tx: AsyncConnection, source: CalendarSource, calendar: Calendar, *, now: datetime) -> bool:
    """Make what the calendar says true from now on; what it said of the past stays. Whether anything is different now."""
    current = await store.lock_source(tx, source.id)
    if current is None:
        return False
    notes, changed = shortened(calendar.skipped), False
    if current.user_id is not None:
        changed = await _take_absences(tx, current, current.user_id, calendar.busy, now=now)
    elif current.schedule_id is not None:
        shifts, unmatched = await _match(tx, calendar)
        schedule = await _locked(tx, current.schedule_id, now=now)
        filled = next((layer for layer in schedule.definition.layers if layer.id == current.layer_id), None)
        if filled is None:
            notes = ("Its layer is not in the schedule any more: remove this calendar, or add it again.",)
        else:
            notes = shortened((*unmatched, *calendar.skipped))
            changed = await _set_shifts(tx, schedule, filled, shifts, now=now)
    await store.save_source(tx, replace(current, next_at=now + EVERY, failures=0, last_error=None, notes=notes, read_at=now))
    return changed


async def note_failure(tx: AsyncConnection, source: CalendarSource, why: str, *, now: datetime) -> None:
    """The last good copy stays; the next try is later each time."""
    if (current := await store.lock_source(tx, source.id)) is not None:
        wait = min(FIRST_RETRY * 2 ** min(current.failures, 10), LAST_RETRY)
        await store.save_source(tx, replace(current, next_at=now + wait, failures=current.failures + 1, last_error=why[:500]))


async def _match(tx: AsyncConnection, calendar: Calendar) -> tuple[tuple[ShiftDefinition, ...], tuple[str, ...]]:
    return await asyncio.to_thread(shifts_in, calendar.busy, known_people(await directory(tx)))


async def _locked(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> AuthoredSchedule:
    """Read once its row is ours: whatever a person is writing into it meanwhile is in it, or comes after this."""
    locked = await schedules.lock_schedule(tx, id, now=now)
    if locked is None:
        raise UnknownSchedule
    return locked[0]


async def _take_absences(tx: AsyncConnection, source: CalendarSource, user_id: UserId, busy: Sequence[Busy], *, now: datetime) -> bool:
    kept = await unavailability.list_of_source(tx, source.id, now=now)
    begin = now.replace(microsecond=0)
    gone, new = difference(kept, busy, now=begin)
    await unavailability.remove_unavailability(tx, [one.id for one in gone], now=now)
    await unavailability.add_unavailability(
        tx,
        [
            AuthoredUnavailability(
                UnavailabilityId(new_id()), user_id, max(one.start, begin), one.end, None, one.summary, AUTHOR, now, source.id, one.uid
            )
            for one in new
        ],
    )
    return bool(gone or new)


async def _set_shifts(
    tx: AsyncConnection, schedule: AuthoredSchedule, filled: LayerDefinition, shifts: tuple[ShiftDefinition, ...], *, now: datetime
) -> bool:
    """Whether they differ from those that the layer has; an empty calendar in the place of a full one is taken for a broken one."""
    kept = filled.shifts or ()
    if not shifts and any(one.end > now for one in kept):
        raise BadCalendar("The calendar has no events for anybody we know any more; the shifts that it had stay.")
    if same_between(kept, shifts, now, now + HORIZON - RENEWED):
        return False
    layers = tuple(replace(layer, shifts=shifts) if layer is filled else layer for layer in schedule.definition.layers)
    await edit_schedule(tx, schedule.id, {"layers": layers}, version=None, continuation=Continuation.KEEP, author=AUTHOR, now=now)
    return True


async def _with_layer(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    name: str,
    shifts: tuple[ShiftDefinition, ...],
    *,
    author: str,
    now: datetime,
    keep_shifts: bool,
) -> AuthoredSchedule:
    """The schedule with a layer of this name that has fixed shifts; one that has participants instead is refused by the rules."""
    schedule = await _locked(tx, schedule_id, now=now)
    layers = schedule.definition.layers
    there = next((layer for layer in layers if layer.name == name), None)
    if there is not None and keep_shifts and there.shifts is not None:
        return schedule
    added = replace(there, shifts=shifts) if there else LayerDefinition(name, (), shifts=shifts)
    edited = tuple(added if layer is there else layer for layer in layers) if there else (*layers, added)
    return await edit_schedule(tx, schedule_id, {"layers": edited}, version=None, author=author, now=now)


def checked_address(url: str, client: HttpClient) -> str:
    """The address as it is kept, or `UnusableCalendarAddress`; nobody is called. webcal:// is https:// by another name."""
    plain = "https://" + url.strip()[9:] if url.strip().lower().startswith("webcal://") else url.strip()
    try:
        return client.check_url(plain)
    except AddressNotAllowed as error:
        raise UnusableCalendarAddress(f"This address cannot be read: {error}", field="url") from error
