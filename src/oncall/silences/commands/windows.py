"""What can be done with maintenance windows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.kit.ids import ServiceId, new_id
from oncall.silences.adapters.recurring import canonical, timetable_of
from oncall.silences.commands.muting import author_of, check_services, muting_changed, readable
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules import planning
from oncall.silences.rules.calendars import check_span, in_order
from oncall.silences.rules.scopes import concerns, is_everything
from oncall.silences.rules.windows import occurrence_at, occurrences, running_or_next, state_of
from oncall.silences.store import windows as store
from oncall.silences.values.muting import State
from oncall.silences.values.windows import BadWindow, Occurrence, UnknownWindow, Window, WindowId, WindowKind, WindowSettings
from oncall.teams.rules import check_version


@dataclass(frozen=True, slots=True)
class WindowSeen:
    """A window with the occurrence that runs, else the next; None if none is to come."""

    window: Window
    occurrence: Occurrence | None
    state: State
    matches_everything: bool

    @property
    def id(self) -> WindowId:
        return self.window.id


async def create_window(
    tx: AsyncConnection, settings: WindowSettings, *, caller: Caller, on_changed: OnMutingChanged, now: datetime
) -> WindowSeen:
    settings = _spelled(settings)
    window = Window(
        WindowId(new_id()),
        settings.kind,
        settings.name,
        settings.description,
        settings.service_ids,
        settings.matchers,
        planning.plan_of(settings),
        await author_of(tx, caller),
        now,
        public=settings.public,
    )
    await _check(tx, window, settings, now=now)
    await store.add_window(tx, window)
    await muting_changed(tx, on_changed, now=now)
    return seen(window, now=now)


async def get_window(tx: AsyncConnection, id: WindowId, *, lock: bool = False) -> Window:
    found = await store.find_window(tx, id, lock=lock)
    if found is None:
        raise UnknownWindow("There is no maintenance window with this id.")
    return found


async def list_windows(
    tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100, service_id: ServiceId | None = None, now: datetime
) -> Sequence[WindowSeen]:
    """In order of creation; of a service those that name it."""
    found = await store.list_windows(tx, after=after or UUID(int=0), limit=limit, service_id=service_id)
    return [seen(window, now=now) for window in found]


async def calendar(
    tx: AsyncConnection, *, since: datetime, until: datetime, service_id: ServiceId | None = None
) -> Sequence[tuple[Window, Occurrence]]:
    """Every occurrence that touches the span, by its start; of a service also those of windows for whatever matches."""
    check_span(since, until)
    found = await store.windows_from(tx, since, service_id=service_id)
    return in_order(readable(found), since=since, until=until)


async def public_calendar(tx: AsyncConnection, *, since: datetime, until: datetime, limit: int) -> Sequence[tuple[Window, Occurrence]]:
    """The first occurrences of public maintenance that touch the span, by their start: what status pages show."""
    timetables = readable(await store.public_from(tx, since))
    found = [(one.window, at) for one in timetables for at in occurrences(one, since=since, until=until)[:limit]]
    return sorted(found, key=lambda one: (one[1].start, one[1].end, one[0].id))[:limit]


async def freezes_at(tx: AsyncConnection, instants: Sequence[tuple[ServiceId, Mapping[str, str], datetime]]) -> Sequence[Sequence[Window]]:
    """For each service, what matchers see there, and instant: the change freezes that were on."""
    if not instants:
        return []
    found = readable(await store.windows_from(tx, min(at for _, _, at in instants)))
    freezes = [timetable for timetable in found if timetable.window.kind is WindowKind.FREEZE]
    return [
        [one.window for one in freezes if concerns(one.window.matchers, one.window.service_ids, service, seen) and occurrence_at(one, at)]
        for service, seen, at in instants
    ]


async def update_window(
    tx: AsyncConnection,
    id: WindowId,
    settings: WindowSettings,
    *,
    expected_version: int | None,
    on_changed: OnMutingChanged,
    now: datetime,
) -> WindowSeen:
    current = await get_window(tx, id, lock=True)
    check_version(current.version, expected_version)
    settings = _spelled(settings)
    before = seen(current, now=now)
    running = before.occurrence if before.state is State.ACTIVE and current.kind is WindowKind.MAINTENANCE else None
    edited = planning.edited(current, settings, running=running, now=now)
    await _check(tx, edited, settings, now=now)
    await store.save_window(tx, edited)
    await muting_changed(tx, on_changed, now=now)
    return seen(edited, now=now)


async def end_window(tx: AsyncConnection, id: WindowId, *, on_changed: OnMutingChanged, now: datetime) -> WindowSeen:
    """What runs ends now; later occurrences stay. A second time is no error."""
    current = await get_window(tx, id, lock=True)
    ended = planning.ended(timetable_of(current), now=now)
    if ended != current:
        await store.save_window(tx, ended)
        await muting_changed(tx, on_changed, now=now)
    return seen(ended, now=now)


async def delete_window(tx: AsyncConnection, id: WindowId, *, on_changed: OnMutingChanged, now: datetime) -> None:
    """All of its occurrences, past ones included."""
    await get_window(tx, id, lock=True)
    await store.delete_window(tx, id)
    await muting_changed(tx, on_changed, now=now)


def seen(window: Window, *, now: datetime) -> WindowSeen:
    try:
        occurrence = running_or_next(timetable_of(window), now=now)
    except BadWindow:  # one that another version took: it is shown, and mutes nothing
        occurrence = None
    return WindowSeen(window, occurrence, state_of(occurrence, now=now), is_everything(window.matchers, window.service_ids))


def _spelled(settings: WindowSettings) -> WindowSettings:
    """A rule as it is kept, however it was written."""
    return settings if settings.rrule is None else replace(settings, rrule=canonical(settings.rrule))


async def _check(tx: AsyncConnection, window: Window, settings: WindowSettings, *, now: datetime) -> None:
    planning.check_window(timetable_of(window), confirmed=settings.confirmed, now=now)
    await check_services(tx, window.service_ids, field="service_ids")
