"""Single shifts changed: overrides, and temporary schedules in the place of the layers."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, UserId, new_id
from oncall.schedules import rules
from oncall.schedules.commands.editing import check_users, get_schedule
from oncall.schedules.store import overrides as store
from oncall.schedules.store import schedules
from oncall.schedules.values import (
    AuthoredOverride,
    AuthoredTemporary,
    NoTemporaryThere,
    OverrideId,
    OverrideKind,
    ShiftDefinition,
    TemporaryId,
    UnknownOverride,
    UnknownSchedule,
)


async def add_override(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    *,
    kind: OverrideKind,
    start: datetime,
    end: datetime,
    user_id: UserId | None,
    replaces_user_id: UserId | None,
    reason: str = "",
    author: str = "",
    now: datetime,
) -> AuthoredOverride:
    """For `[start, end)`, from now at the earliest; it applies on top of every override that exists."""
    await get_schedule(tx, schedule_id, now=now)
    override = rules.decide_override(OverrideId(new_id()), kind, start=start, end=end, user=user_id, replaces=replaces_user_id, now=now)
    await check_users(tx, [user_id], field="user_id")
    await check_users(tx, [replaces_user_id], field="replaces_user_id")
    await store.add_override(tx, schedule_id, override, reason=reason, author=author, now=now)
    return AuthoredOverride(override, reason, author, now)


async def get_override(tx: AsyncConnection, schedule_id: ScheduleId, id: OverrideId) -> AuthoredOverride:
    override = await store.find_override(tx, schedule_id, id)
    if override is None:
        raise UnknownOverride
    return override


async def list_overrides(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    *,
    after: UUID | None = None,
    limit: int = 100,
    since: datetime | None = None,
    until: datetime | None = None,
    now: datetime,
) -> Sequence[AuthoredOverride]:
    """In order of creation, those that are over included; with `since` and `until` those that touch that range."""
    await get_schedule(tx, schedule_id, now=now)
    return await store.list_overrides(tx, schedule_id, after=after, limit=limit, since=since, until=until)


async def remove_override(tx: AsyncConnection, schedule_id: ScheduleId, id: OverrideId, *, now: datetime) -> None:
    """Take back an override: one that is running ends now, one to come never begins, one that is over stays (`OverrideIsOver`)."""
    override = await store.find_override(tx, schedule_id, id, lock=True)
    if override is None or (override.removed_at is not None and override.override.end <= override.override.start):
        raise UnknownOverride
    rules.decide_removal(override.override, now=now)
    await store.remove_override(tx, id, now=now)


async def add_temporary(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    *,
    start: datetime,
    end: datetime,
    shifts: Sequence[ShiftDefinition],
    replacing: bool,
    author: str,
    now: datetime,
) -> AuthoredTemporary:
    """For `[start, end)` exactly these shifts are on call. What is there already is replaced in that range, or is a refusal."""
    await _lock(tx, schedule_id, now=now)
    temporary = rules.decide_temporary(TemporaryId(new_id()), start=start, end=end, shifts=shifts, author=author, now=now)
    await check_users(tx, [user for shift in shifts for user in shift.user_ids], field="shifts")
    existing = await store.list_temporaries(tx, schedule_id, since=temporary.start, until=temporary.end)
    if not replacing:
        rules.check_free(existing, temporary.start, temporary.end)
    await _cut(tx, schedule_id, existing, temporary.start, temporary.end, author=author, now=now)
    await store.add_temporaries(tx, schedule_id, [temporary], now=now)
    return temporary


async def remove_temporaries(
    tx: AsyncConnection, schedule_id: ScheduleId, *, start: datetime, end: datetime, author: str, now: datetime
) -> None:
    """The layers count again in `[start, end)`; what reaches over it is split, what is past stays."""
    await _lock(tx, schedule_id, now=now)
    rules.check_range(start, end)
    existing = await store.list_temporaries(tx, schedule_id, since=max(start, now), until=end) if end > now else []
    if not existing:
        raise NoTemporaryThere
    await _cut(tx, schedule_id, existing, start, end, author=author, now=now)


async def list_temporaries(
    tx: AsyncConnection, schedule_id: ScheduleId, *, since: datetime, until: datetime, now: datetime
) -> Sequence[AuthoredTemporary]:
    """Those that touch a range of at most a year, by start."""
    await get_schedule(tx, schedule_id, now=now)
    rules.check_range(since, until)
    return await store.list_temporaries(tx, schedule_id, since=since, until=until)


async def _cut(
    tx: AsyncConnection,
    schedule_id: ScheduleId,
    existing: Sequence[AuthoredTemporary],
    start: datetime,
    end: datetime,
    *,
    author: str,
    now: datetime,
) -> None:
    cut = rules.cut_out(existing, start, end, fresh=lambda: TemporaryId(new_id()), author=author, now=now)
    await store.remove_temporaries(tx, [one.id for one in cut.ended], now=now)
    await store.add_temporaries(tx, schedule_id, cut.parts, now=now)


async def _lock(tx: AsyncConnection, id: ScheduleId, *, now: datetime) -> None:
    """One after the other, or two could overlap that do not see each other."""
    if await schedules.lock_schedule(tx, id, now=now) is None:
        raise UnknownSchedule
