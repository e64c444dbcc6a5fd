"""SQL about heartbeats themselves: what they shall be, how they are, and which are due."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.heartbeats.values import CHECK_INS_KEPT, CheckedIn, Heartbeat, HeartbeatId, HeartbeatSettings, Pause, State
from oncall.incidents.values import Severity
from oncall.kit.ids import ServiceId

GET = text("SELECT *, labels::text AS labels_text FROM heartbeats WHERE id = :id")
LOCK = text("SELECT *, labels::text AS labels_text FROM heartbeats WHERE id = :id FOR NO KEY UPDATE")
# Whoever locks several takes them in the order of their ids.
LOCK_ALL = text("SELECT *, labels::text AS labels_text FROM heartbeats WHERE next_at IS NOT NULL ORDER BY id FOR NO KEY UPDATE")
LIST = text("""
    SELECT * FROM (
        SELECT *, labels::text AS labels_text, CASE
            WHEN paused_until > :now THEN 'paused' WHEN expired_at IS NOT NULL THEN 'expired'
            WHEN last_check_in_at IS NULL THEN 'new' ELSE 'healthy' END AS state
        FROM heartbeats
        WHERE id > :after AND (CAST(:service_id AS uuid) IS NULL OR service_id = CAST(:service_id AS uuid))
    ) AS seen
    WHERE CAST(:state AS text) IS NULL OR state = :state
    ORDER BY id LIMIT :limit
""")
ADD = text("""
    INSERT INTO heartbeats (id, service_id, name, every, grace, severity, allow_get, description, labels, key_hash, key_prefix, created_at)
    VALUES (:id, :service_id, :name, :every, :grace, :severity, :allow_get, :description, CAST(:labels AS jsonb), :key_hash, :key_prefix,
        :now)
""")
EDIT = text("""
    UPDATE heartbeats SET name = :name, every = :every, grace = :grace, severity = :severity, allow_get = :allow_get,
        description = :description, labels = CAST(:labels AS jsonb), version = version + 1
    WHERE id = :id
""")
SAVE_KEY = text("UPDATE heartbeats SET key_hash = :key_hash, key_prefix = :key_prefix WHERE id = :id")
DELETE = text("DELETE FROM heartbeats WHERE id = :id")
SAVE = text("""
    UPDATE heartbeats h SET last_check_in_at = s.last_check_in_at, check_in_count = s.check_in_count, silent_since = s.silent_since,
        counts_from = s.counts_from, unheard = s.unheard, expired_at = s.expired_at, paused_at = s.paused_at, paused_until = s.paused_until,
        pause_reason = s.pause_reason, paused_by = s.paused_by, next_at = s.next_at, failures = s.failures,
        last_error = CASE WHEN s.failures = 0 THEN NULL ELSE h.last_error END
    FROM unnest(CAST(:ids AS uuid[]), CAST(:last_check_in_ats AS timestamptz[]), CAST(:check_in_counts AS bigint[]),
        CAST(:silent_sinces AS timestamptz[]), CAST(:counts_froms AS timestamptz[]), CAST(:unheards AS interval[]),
        CAST(:expired_ats AS timestamptz[]), CAST(:paused_ats AS timestamptz[]), CAST(:paused_untils AS timestamptz[]),
        CAST(:pause_reasons AS text[]), CAST(:paused_bys AS text[]), CAST(:next_ats AS timestamptz[]), CAST(:failures AS integer[]))
        AS s (id, last_check_in_at, check_in_count, silent_since, counts_from, unheard, expired_at, paused_at, paused_until, pause_reason,
            paused_by, next_at, failures)
    WHERE h.id = s.id
""")

# By the unique key_hash; by the unique (service_id, name).
BY_KEY = text("SELECT id, allow_get FROM heartbeats WHERE key_hash = :key_hash")
BY_NAME = text("SELECT id, allow_get FROM heartbeats WHERE service_id = :service_id AND name = :name")

# Nearly every check-in: one conditional update that only moves the clock on, and the check-in itself over the oldest that is kept.
CHECK_IN = text("""
    WITH beat AS (
        UPDATE heartbeats SET last_check_in_at = GREATEST(last_check_in_at, :now), silent_since = GREATEST(last_check_in_at, :now),
            counts_from = GREATEST(last_check_in_at, :now), next_at = GREATEST(last_check_in_at, :now) + every + grace, unheard = '0 s',
            check_in_count = check_in_count + 1, failures = 0, last_error = NULL
        WHERE id = :id AND counts_from IS NOT NULL AND expired_at IS NULL
        RETURNING id, name, check_in_count, next_at
    ), kept AS (
        INSERT INTO heartbeat_check_ins (heartbeat_id, slot, id, at, via)
        SELECT beat.id, beat.check_in_count % CAST(:kept AS bigint), :check_in_id, :now, :via FROM beat
        ON CONFLICT (heartbeat_id, slot) DO UPDATE SET id = excluded.id, at = excluded.at, via = excluded.via
    )
    SELECT name, next_at FROM beat
""")

# By heartbeats_next_at_idx.
CLAIM_SKIPPING = text("""
    SELECT *, labels::text AS labels_text FROM heartbeats WHERE next_at <= :due_by
    ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
""")
CLAIM_WAITING = text("""
    SELECT *, labels::text AS labels_text FROM heartbeats
    WHERE id IN (SELECT id FROM heartbeats WHERE next_at <= :due_by ORDER BY next_at LIMIT :limit) AND next_at <= :due_by
    ORDER BY id FOR NO KEY UPDATE
""")
NEXT_AT = text("SELECT min(next_at) FROM heartbeats WHERE next_at IS NOT NULL")
POSTPONE = text("UPDATE heartbeats SET next_at = :next_at, failures = failures + 1, last_error = :error WHERE id = :id")


@dataclass(frozen=True, slots=True)
class Found:
    """Whose key or name it is, and whether that one takes check-ins by GET."""

    id: HeartbeatId
    allow_get: bool


async def find_heartbeat(tx: AsyncConnection, id: HeartbeatId, *, lock: bool = False) -> Heartbeat | None:
    row = (await tx.execute(LOCK if lock else GET, {"id": id})).first()
    return _heartbeat(row) if row else None


async def lock_counting(tx: AsyncConnection) -> list[Heartbeat]:
    """All whose clock runs or who are paused."""
    return [_heartbeat(row) for row in await tx.execute(LOCK_ALL, {})]


async def list_heartbeats(
    tx: AsyncConnection, *, after: UUID, service_id: ServiceId | None, state: State | None, limit: int, now: datetime
) -> list[Heartbeat]:
    row = {"after": after, "service_id": service_id, "state": state.value if state else None, "limit": limit, "now": now}
    return [_heartbeat(found) for found in await tx.execute(LIST, row)]


async def add_heartbeat(tx: AsyncConnection, beat: Heartbeat, *, key_hash: bytes) -> None:
    row = _settings(beat) | {"service_id": beat.service_id, "key_hash": key_hash, "key_prefix": beat.key_prefix, "now": beat.created_at}
    await tx.execute(ADD, row)


async def edit_heartbeat(tx: AsyncConnection, beat: Heartbeat) -> None:
    await tx.execute(EDIT, _settings(beat))


async def save_key(tx: AsyncConnection, id: HeartbeatId, *, key_hash: bytes, key_prefix: str) -> None:
    await tx.execute(SAVE_KEY, {"id": id, "key_hash": key_hash, "key_prefix": key_prefix})


async def delete_heartbeat(tx: AsyncConnection, id: HeartbeatId) -> None:
    await tx.execute(DELETE, {"id": id})


async def save_heartbeats(tx: AsyncConnection, beats: Sequence[tuple[Heartbeat, datetime | None]]) -> None:
    """How each is, and when time alone changes something about it."""
    pauses = [beat.pause for beat, _ in beats]
    row = {
        "ids": [beat.id for beat, _ in beats],
        "last_check_in_ats": [beat.last_check_in_at for beat, _ in beats],
        "check_in_counts": [beat.check_in_count for beat, _ in beats],
        "silent_sinces": [beat.silent_since for beat, _ in beats],
        "counts_froms": [beat.counts_from for beat, _ in beats],
        "unheards": [beat.unheard for beat, _ in beats],
        "expired_ats": [beat.expired_at for beat, _ in beats],
        "paused_ats": [pause.since if pause else None for pause in pauses],
        "paused_untils": [pause.until if pause else None for pause in pauses],
        "pause_reasons": [pause.reason if pause else None for pause in pauses],
        "paused_bys": [pause.by if pause else None for pause in pauses],
        "next_ats": [next_at for _, next_at in beats],
        "failures": [beat.failures for beat, _ in beats],
    }
    await tx.execute(SAVE, row)


async def find_by_key(tx: AsyncConnection, key_hash: bytes) -> Found | None:
    return _found((await tx.execute(BY_KEY, {"key_hash": key_hash})).first())


async def find_by_name(tx: AsyncConnection, service_id: ServiceId, name: str) -> Found | None:
    return _found((await tx.execute(BY_NAME, {"service_id": service_id, "name": name})).first())


async def check_in(tx: AsyncConnection, id: HeartbeatId, check_in_id: UUID, via: str, *, now: datetime) -> CheckedIn | None:
    """Only moves the clock on; None, and nothing is written, where it does not run: for one that is new, paused, expired or gone."""
    given = {"id": id, "check_in_id": check_in_id, "via": via, "now": now, "kept": CHECK_INS_KEPT}
    row = (await tx.execute(CHECK_IN, given)).first()
    return CheckedIn(row.name, State.HEALTHY, row.next_at) if row else None


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Heartbeat]:
    rows = await tx.execute(CLAIM_WAITING if waiting else CLAIM_SKIPPING, {"due_by": due_by, "limit": limit})
    return [_heartbeat(row) for row in rows]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def postpone(tx: AsyncConnection, id: HeartbeatId, *, next_at: datetime, error: str) -> None:
    await tx.execute(POSTPONE, {"id": id, "next_at": next_at, "error": error})


def _found(row: Row[Any] | None) -> Found | None:
    return Found(HeartbeatId(row.id), row.allow_get) if row else None


def _settings(beat: Heartbeat) -> dict[str, object]:
    settings = beat.settings
    return {
        "id": beat.id,
        "name": settings.name,
        "every": settings.interval,
        "grace": settings.grace,
        "severity": settings.severity.value,
        "allow_get": settings.allow_get,
        "description": settings.description,
        "labels": msgspec.json.encode(settings.labels).decode(),
    }


def _heartbeat(r: Row[Any]) -> Heartbeat:
    labels: dict[str, str] = msgspec.json.decode(r.labels_text)
    return Heartbeat(
        HeartbeatId(r.id),
        ServiceId(r.service_id),
        HeartbeatSettings(r.name, r.every, r.grace, Severity(r.severity), r.allow_get, r.description, labels),
        r.key_prefix,
        r.created_at,
        r.last_check_in_at,
        r.check_in_count,
        r.silent_since,
        r.counts_from,
        r.unheard,
        r.expired_at,
        Pause(r.paused_at, r.paused_until, r.pause_reason, r.paused_by) if r.paused_until else None,
        r.failures,
        r.version,
    )
