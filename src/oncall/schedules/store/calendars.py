"""Calendars of others that are read, calendars of ours that are published, and when what they tell last changed."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.values import CalendarFeed, CalendarFeedId, CalendarSource, CalendarSourceId, LayerId

ADD_SOURCE = text("""
    INSERT INTO calendar_sources (id, user_id, schedule_id, layer_id, url, next_at, failures, notes, created_at)
    VALUES (:id, :user_id, :schedule_id, :layer_id, :url, :next_at, 0, '[]', :created_at)
""")
LIST_SOURCES = text("""
    SELECT * FROM calendar_sources WHERE removed_at IS NULL
        AND (user_id = CAST(:user_id AS uuid) OR schedule_id = CAST(:schedule_id AS uuid)) ORDER BY id
""")
LOCK_SOURCE = text("SELECT * FROM calendar_sources WHERE id = :id AND removed_at IS NULL FOR NO KEY UPDATE")
# Nobody reads for a schedule that is gone.
RETIRE = text("""
    UPDATE calendar_sources c SET removed_at = :now, next_at = NULL FROM schedules s
    WHERE c.next_at <= :now AND s.id = c.schedule_id AND s.deleted_at IS NOT NULL
""")
# By calendar_sources_next_at_idx. A lease, since reading takes place with no transaction open.
CLAIM = text("""
    UPDATE calendar_sources SET next_at = :lease_until WHERE id IN (
        SELECT id FROM calendar_sources WHERE next_at <= :now ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED)
    RETURNING *
""")
NEXT_AT = text("SELECT min(next_at) FROM calendar_sources WHERE next_at IS NOT NULL")
SAVE_SOURCE = text("""
    UPDATE calendar_sources SET next_at = :next_at, failures = :failures, last_error = :last_error,
        notes = CAST(:notes AS jsonb), read_at = :read_at WHERE id = :id AND removed_at IS NULL
""")
REMOVE_SOURCE = text("UPDATE calendar_sources SET removed_at = :now, next_at = NULL WHERE id = :id AND removed_at IS NULL")

ADD_FEED = text("""
    INSERT INTO calendar_feeds (id, name, token_hash, schedule_id, user_id, team_id, created_at)
    VALUES (:id, :name, :token_hash, :schedule_id, :user_id, :team_id, :created_at)
""")
FIND_FEED = text("SELECT * FROM calendar_feeds WHERE token_hash = :token_hash AND revoked_at IS NULL")
LIST_FEEDS = text("""
    SELECT * FROM calendar_feeds
    WHERE schedule_id = CAST(:schedule_id AS uuid) OR user_id = CAST(:user_id AS uuid) OR team_id = CAST(:team_id AS uuid) ORDER BY id
""")
REVOKE_FEED = text("""
    UPDATE calendar_feeds SET revoked_at = :now WHERE id = :id AND revoked_at IS NULL
        AND (schedule_id = CAST(:owner AS uuid) OR user_id = CAST(:owner AS uuid) OR team_id = CAST(:owner AS uuid))
""")

# Every instant at which what these schedules say, of these people, was changed: newest first.
CHANGED = text("""
    SELECT DISTINCT at FROM (
        SELECT unnest(ARRAY[created_at, withdrawn_at]) AS at FROM schedule_versions WHERE schedule_id = ANY(:ids)
        UNION ALL SELECT unnest(ARRAY[created_at, removed_at]) FROM schedule_overrides WHERE schedule_id = ANY(:ids)
        UNION ALL SELECT unnest(ARRAY[created_at, removed_at]) FROM schedule_temporaries WHERE schedule_id = ANY(:ids)
        UNION ALL SELECT unnest(ARRAY[created_at, removed_at]) FROM unavailability WHERE user_id = ANY(:user_ids)
        UNION ALL SELECT deleted_at FROM schedules WHERE id = ANY(:ids)
    ) c WHERE at IS NOT NULL ORDER BY at DESC LIMIT :limit
""")
# Schedules that were edited lately and named this person in some version, or in something that was taken back.
LATELY_WITH = text("""
    SELECT DISTINCT v.schedule_id AS id FROM schedule_versions v
    WHERE v.schedule_id IN (SELECT schedule_id FROM schedule_versions WHERE created_at > :since OR withdrawn_at > :since)
        AND strpos(CAST(v.definition AS text), CAST(:user_id AS text)) > 0
    UNION SELECT schedule_id FROM schedule_overrides WHERE user_id = CAST(:user_id AS uuid) AND removed_at > :since
    UNION SELECT schedule_id FROM schedule_temporaries
    WHERE removed_at > :since AND strpos(CAST(shifts AS text), CAST(:user_id AS text)) > 0
""")
LATELY_OF_TEAM = text("SELECT id FROM schedules WHERE team_id = :team_id AND deleted_at > :since")
LATELY_COVERED = text("""
    SELECT DISTINCT user_id FROM unavailability WHERE cover_user_id = CAST(:user_id AS uuid) AND removed_at > :since
""")


async def add_source(tx: AsyncConnection, source: CalendarSource) -> None:
    row = {name: getattr(source, name) for name in ("id", "user_id", "schedule_id", "layer_id", "url", "next_at", "created_at")}
    await tx.execute(ADD_SOURCE, row)


async def list_sources(
    tx: AsyncConnection, *, user_id: UserId | None = None, schedule_id: ScheduleId | None = None
) -> Sequence[CalendarSource]:
    """Those of a person or of a schedule, in order of creation."""
    return [_source(row) for row in await tx.execute(LIST_SOURCES, {"user_id": user_id, "schedule_id": schedule_id})]


async def lock_source(tx: AsyncConnection, id: CalendarSourceId) -> CalendarSource | None:
    row = (await tx.execute(LOCK_SOURCE, {"id": id})).one_or_none()
    return _source(row) if row else None


async def claim_sources(tx: AsyncConnection, *, now: datetime, lease_until: datetime, limit: int) -> list[CalendarSource]:
    """Those that are due to be read; nobody else reads them until the lease ends."""
    await tx.execute(RETIRE, {"now": now})
    return [_source(row) for row in await tx.execute(CLAIM, {"now": now, "lease_until": lease_until, "limit": limit})]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def save_source(tx: AsyncConnection, source: CalendarSource) -> None:
    """What came of reading it."""
    row = {name: getattr(source, name) for name in ("id", "next_at", "failures", "last_error", "read_at")}
    await tx.execute(SAVE_SOURCE, row | {"notes": msgspec.json.encode(source.notes).decode()})


async def remove_source(tx: AsyncConnection, id: CalendarSourceId, *, now: datetime) -> None:
    await tx.execute(REMOVE_SOURCE, {"id": id, "now": now})


async def add_feed(tx: AsyncConnection, feed: CalendarFeed, *, token_hash: bytes) -> None:
    row = {name: getattr(feed, name) for name in ("id", "name", "schedule_id", "user_id", "team_id", "created_at")}
    await tx.execute(ADD_FEED, row | {"token_hash": token_hash})


async def find_feed(tx: AsyncConnection, token_hash: bytes) -> CalendarFeed | None:
    """The one that this token reads, unless it was revoked."""
    row = (await tx.execute(FIND_FEED, {"token_hash": token_hash})).one_or_none()
    return _feed(row) if row else None


async def list_feeds(
    tx: AsyncConnection, *, schedule_id: ScheduleId | None, user_id: UserId | None, team_id: TeamId | None
) -> Sequence[CalendarFeed]:
    """Revoked ones included, in order of creation."""
    return [_feed(row) for row in await tx.execute(LIST_FEEDS, {"schedule_id": schedule_id, "user_id": user_id, "team_id": team_id})]


async def revoke_feed(tx: AsyncConnection, id: CalendarFeedId, *, owner: ScheduleId | UserId | TeamId, now: datetime) -> bool:
    """False if its owner has no such feed, or not any more."""
    return bool((await tx.execute(REVOKE_FEED, {"id": id, "owner": owner, "now": now})).rowcount)


async def changed_at(tx: AsyncConnection, ids: Iterable[ScheduleId], users: Iterable[UserId], *, limit: int) -> list[datetime]:
    """When what is told of these schedules was changed, newest first."""
    rows = await tx.execute(CHANGED, {"ids": list(ids), "user_ids": list(users), "limit": limit})
    return [row.at for row in rows]


async def lately_with(tx: AsyncConnection, user_id: UserId, *, since: datetime) -> list[ScheduleId]:
    """Schedules in which this person may have been until lately."""
    return [ScheduleId(row.id) for row in await tx.execute(LATELY_WITH, {"user_id": str(user_id), "since": since})]


async def lately_of_team(tx: AsyncConnection, team_id: TeamId, *, since: datetime) -> list[ScheduleId]:
    """Schedules that this team owned until they were deleted lately."""
    return [ScheduleId(row.id) for row in await tx.execute(LATELY_OF_TEAM, {"team_id": team_id, "since": since})]


async def lately_covered_by(tx: AsyncConnection, user_id: UserId, *, since: datetime) -> list[UserId]:
    """For whom this person was to cover until lately."""
    return [UserId(row.user_id) for row in await tx.execute(LATELY_COVERED, {"user_id": user_id, "since": since})]


def _source(row: Row[Any]) -> CalendarSource:
    return CalendarSource(
        CalendarSourceId(row.id),
        row.url,
        UserId(row.user_id) if row.user_id else None,
        ScheduleId(row.schedule_id) if row.schedule_id else None,
        LayerId(row.layer_id) if row.layer_id else None,
        row.created_at,
        row.next_at,
        row.failures,
        row.last_error,
        tuple(row.notes),
        row.read_at,
    )


def _feed(row: Row[Any]) -> CalendarFeed:
    return CalendarFeed(
        CalendarFeedId(row.id),
        row.name,
        ScheduleId(row.schedule_id) if row.schedule_id else None,
        UserId(row.user_id) if row.user_id else None,
        TeamId(row.team_id) if row.team_id else None,
        row.created_at,
        row.revoked_at,
    )
