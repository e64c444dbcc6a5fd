"""What the resolver needs to know of schedules about a span of time, as it is or was known."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.zones import to_seconds
from oncall.schedules.values import (
    Away,
    DatedDefinition,
    FixedShift,
    LoadedSchedule,
    OnCall,
    Override,
    OverrideId,
    OverrideKind,
    Record,
    ShiftDefinition,
    Source,
    Temporary,
    TemporaryId,
    UnavailabilityId,
)

# One row per schedule: versions in force at some instant from :since to :until, by primary key, and overrides and temporary schedules that
# touch that span, by their indexes (schedule_id, end_at). Whatever was written, or taken back, after :known counts as not having happened.
LOAD = text("""
    SELECT s.id, s.name, s.deleted_at,
        CAST((
            SELECT jsonb_agg(jsonb_build_object('number', v.version, 'effective_from', v.effective_from, 'definition', v.definition,
                'continuation', v.continuation)
                ORDER BY v.effective_from NULLS FIRST, v.version)
            FROM schedule_versions v
            WHERE v.schedule_id = s.id AND (v.effective_from IS NULL OR v.effective_from <= :until)
                AND v.created_at <= :known AND (v.withdrawn_at IS NULL OR v.withdrawn_at > :known)
                AND (COALESCE(v.effective_from, '-infinity'), v.version) >= COALESCE((
                    SELECT (COALESCE(w.effective_from, '-infinity'), w.version) FROM schedule_versions w
                    WHERE w.schedule_id = s.id AND (w.effective_from IS NULL OR w.effective_from <= :since)
                        AND w.created_at <= :known AND (w.withdrawn_at IS NULL OR w.withdrawn_at > :known)
                    ORDER BY w.effective_from DESC NULLS LAST, w.version DESC LIMIT 1), (CAST('-infinity' AS timestamptz), 0))
        ) AS text) AS versions,
        CAST((
            SELECT jsonb_agg(jsonb_build_object('id', o.id, 'seq', o.seq, 'kind', o.kind, 'start_at', o.start_at, 'end_at', o.until,
                'user_id', o.user_id, 'replaces_user_id', o.replaces_user_id) ORDER BY o.seq)
            FROM (SELECT *, CASE WHEN removed_at <= :known THEN least(end_at, removed_at) ELSE end_at END AS until
                  FROM schedule_overrides WHERE schedule_id = s.id AND end_at > :since AND start_at <= :until AND created_at <= :known) o
            WHERE o.start_at < o.until
        ) AS text) AS overrides,
        CAST((
            SELECT jsonb_agg(jsonb_build_object('id', t.id, 'start_at', t.start_at, 'end_at', t.until, 'shifts', t.shifts)
                ORDER BY t.start_at)
            FROM (SELECT *, CASE WHEN removed_at <= :known THEN least(end_at, removed_at) ELSE end_at END AS until
                  FROM schedule_temporaries WHERE schedule_id = s.id AND end_at > :since AND start_at <= :until AND created_at <= :known) t
            WHERE t.start_at < t.until
        ) AS text) AS temporaries,
        least(s.recorded_until, :known) AS recorded_until,
        CASE WHEN :recorded AND :since < s.recorded_until THEN CAST((
            SELECT jsonb_agg(jsonb_build_object('at', r.from_at, 'users', r.users, 'sources', r.sources) ORDER BY r.from_at)
            FROM schedule_record r WHERE r.schedule_id = s.id AND r.from_at <= :until AND r.from_at >= COALESCE((
                SELECT max(q.from_at) FROM schedule_record q WHERE q.schedule_id = s.id AND q.from_at <= :since), '-infinity')
        ) AS text) END AS record
    FROM schedules s WHERE s.id = ANY(:ids)
""")
ALL = text("SELECT id, name FROM schedules WHERE deleted_at IS NULL")
EXISTING = text("SELECT id, name FROM schedules WHERE id = ANY(:ids) AND deleted_at IS NULL")
HOLD = text("SELECT id, name FROM schedules WHERE id = ANY(:ids) AND deleted_at IS NULL ORDER BY id FOR SHARE")
AWAY = text("""
    SELECT u.id, u.user_id, u.start_at, u.until, u.cover_user_id
    FROM (SELECT *, CASE WHEN removed_at <= :known THEN least(end_at, removed_at) ELSE end_at END AS until
          FROM unavailability WHERE user_id = ANY(:user_ids) AND end_at > :since AND start_at <= :until AND created_at <= :known) u
    WHERE u.start_at < u.until ORDER BY u.start_at, u.id
""")


@dataclass(frozen=True, slots=True)
class _OverrideRow:
    id: UUID
    seq: int
    kind: OverrideKind
    start_at: datetime
    end_at: datetime
    user_id: UUID | None
    replaces_user_id: UUID | None


@dataclass(frozen=True, slots=True)
class _TemporaryRow:
    id: UUID
    start_at: datetime
    end_at: datetime
    shifts: tuple[ShiftDefinition, ...]


@dataclass(frozen=True, slots=True)
class _RecordRow:
    at: datetime
    users: tuple[UUID, ...]
    sources: tuple[Source, ...]


_versions = msgspec.json.Decoder(tuple[DatedDefinition, ...])
_overrides = msgspec.json.Decoder(tuple[_OverrideRow, ...])
_temporaries = msgspec.json.Decoder(tuple[_TemporaryRow, ...])
_record = msgspec.json.Decoder(tuple[_RecordRow, ...])


async def load(
    tx: AsyncConnection, ids: Iterable[ScheduleId], *, since: datetime, until: datetime, known: datetime, recorded: bool
) -> list[LoadedSchedule]:
    """Those of the schedules that exist or did, as far as instants from `since` to `until` need them; one statement.

    `known` is when what is told must have been written; `recorded` asks for the record of the past as well.
    """
    wanted = {"ids": list(set(ids)), "since": since, "until": until, "known": known, "recorded": recorded}
    return [_loaded(row) for row in await tx.execute(LOAD, wanted)]


async def all_ids(tx: AsyncConnection) -> list[ScheduleId]:
    return list(await all_names(tx))


async def all_names(tx: AsyncConnection) -> dict[ScheduleId, str]:
    """Of every schedule that exists."""
    return {ScheduleId(row.id): row.name for row in await tx.execute(ALL)}


async def existing(tx: AsyncConnection, ids: Iterable[ScheduleId], *, hold: bool = False) -> Mapping[ScheduleId, str]:
    """The names of those that exist; with `hold` they cannot be deleted before this is committed."""
    return {ScheduleId(row.id): row.name for row in await tx.execute(HOLD if hold else EXISTING, {"ids": list(ids)})}


async def load_away(
    tx: AsyncConnection, users: Iterable[UserId], *, since: datetime, until: datetime, known: datetime
) -> Mapping[UserId, tuple[Away, ...]]:
    """When each of the users is unavailable in that span."""
    found: defaultdict[UserId, list[Away]] = defaultdict(list)
    for r in await tx.execute(AWAY, {"user_ids": list(users), "since": since, "until": until, "known": known}):
        cover = UserId(r.cover_user_id) if r.cover_user_id else None
        away = Away(UnavailabilityId(r.id), UserId(r.user_id), to_seconds(r.start_at), to_seconds(r.until), cover)
        if away.start < away.end:
            found[away.user].append(away)
    return {user: tuple(spans) for user, spans in found.items()}


def override_of(row: Row[Any] | _OverrideRow, *, end: datetime | None = None) -> Override:
    """An override as it is resolved; it ends at `end`, where that is not what the row says."""
    user = UserId(row.user_id) if row.user_id else None
    replaces = UserId(row.replaces_user_id) if row.replaces_user_id else None
    return Override(
        OverrideId(row.id),
        row.seq,
        OverrideKind(row.kind),
        to_seconds(row.start_at),
        to_seconds(end or row.end_at),
        user if replaces is None else None,
        () if replaces is None or user is None else ((replaces, user),),
    )


def shifts_of(start: datetime, end: datetime, shifts: Iterable[ShiftDefinition]) -> tuple[FixedShift, ...]:
    """The shifts of a temporary schedule, cut to it, by start."""
    cut = (FixedShift(to_seconds(max(s.start, start)), to_seconds(min(s.end, end)), s.user_ids) for s in shifts)
    return tuple(sorted((s for s in cut if s.start < s.end), key=lambda s: s.start))


def _loaded(row: Row[Any]) -> LoadedSchedule:
    overrides = (override_of(of) for of in _overrides.decode(row.overrides)) if row.overrides else ()
    temporaries = _temporaries.decode(row.temporaries) if row.temporaries else ()
    return LoadedSchedule(
        ScheduleId(row.id),
        row.name,
        _versions.decode(row.versions) if row.versions else (),
        tuple(override for override in overrides if override.start < override.end),
        tuple(
            Temporary(TemporaryId(t.id), to_seconds(t.start_at), to_seconds(t.end_at), shifts_of(t.start_at, t.end_at, t.shifts))
            for t in temporaries
        ),
        _record_of(row),
        row.deleted_at,
    )


def _record_of(row: Row[Any]) -> Record | None:
    if not row.record:
        return None
    entries = _record.decode(row.record)
    starts = tuple(to_seconds(entry.at) for entry in entries)
    on_call = tuple(OnCall(tuple(map(UserId, entry.users)), entry.sources) for entry in entries)
    return Record(starts[0], to_seconds(row.recorded_until), starts, on_call)
