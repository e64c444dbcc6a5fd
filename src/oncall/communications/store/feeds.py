"""SQL about status feeds and the services they show."""

from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.feeds import Feed, FeedId, FeedSettings, Group, ShownAs
from oncall.kit.ids import ServiceId
from oncall.services.values.groups import ServiceGroupId

ADD = text("""
    INSERT INTO status_feeds (id, name, slug, description, public, created_at, version)
    VALUES (:id, :name, :slug, :description, :public, :created_at, :version)
""")
SAVE = text("""
    UPDATE status_feeds SET name = :name, slug = :slug, description = :description, public = :public, version = :version WHERE id = :id
""")
ADD_SERVICES = text("""
    INSERT INTO status_feed_services (feed_id, service_id, position, group_name, name)
    SELECT CAST(:feed_id AS uuid), service_id, position, group_name, name
    FROM unnest(CAST(:service_ids AS uuid[]), CAST(:positions AS int[]), CAST(:group_names AS text[]), CAST(:names AS text[]))
        AS new (service_id, position, group_name, name)
""")
ADD_GROUPS = text("""
    INSERT INTO status_feed_service_groups (feed_id, service_group_id, position, group_name, name)
    SELECT CAST(:feed_id AS uuid), service_group_id, position, group_name, name
    FROM unnest(CAST(:service_group_ids AS uuid[]), CAST(:positions AS int[]), CAST(:group_names AS text[]), CAST(:names AS text[]))
        AS new (service_group_id, position, group_name, name)
""")
DELETE_SERVICES = text("DELETE FROM status_feed_services WHERE feed_id = :id")
DELETE_GROUPS = text("DELETE FROM status_feed_service_groups WHERE feed_id = :id")
DELETE = text("DELETE FROM status_feeds WHERE id = :id")
FIND = text("SELECT id, name, slug, description, public, created_at, version FROM status_feeds WHERE id = :id")
LOCK = text("SELECT id, name, slug, description, public, created_at, version FROM status_feeds WHERE id = :id FOR NO KEY UPDATE")
LIST = text("""
    SELECT id, name, slug, description, public, created_at, version FROM status_feeds WHERE id > :after ORDER BY id LIMIT :limit
""")
PUBLIC = text("SELECT id, name, slug, description, public, created_at, version FROM status_feeds WHERE public ORDER BY id LIMIT :limit")
# By both primary keys, and `service_group_members_pkey`.
SERVICES = text("""
    SELECT feed_id, service_id, NULL AS service_group_id, NULL AS members, group_name, name, position
    FROM status_feed_services WHERE feed_id = ANY(CAST(:ids AS uuid[]))
    UNION ALL
    SELECT f.feed_id, NULL, f.service_group_id,
        ARRAY(SELECT m.service_id FROM service_group_members m WHERE m.group_id = f.service_group_id), f.group_name, f.name, f.position
    FROM status_feed_service_groups f WHERE f.feed_id = ANY(CAST(:ids AS uuid[]))
    ORDER BY feed_id, position
""")
# By `status_feed_services_service_idx`, `service_group_members_service_idx` and `status_feed_service_groups_group_idx`; a service that is
# shown by itself goes by that name, and the oldest feed counts.
NAMES = text("""
    SELECT DISTINCT ON (s.service_id) s.service_id, s.name FROM (
        SELECT feed_id, service_id, position, name, 1 AS by FROM status_feed_services WHERE service_id = ANY(CAST(:ids AS uuid[]))
        UNION ALL
        SELECT g.feed_id, m.service_id, g.position, g.name, 2 FROM service_group_members m
        JOIN status_feed_service_groups g ON g.service_group_id = m.group_id WHERE m.service_id = ANY(CAST(:ids AS uuid[]))
    ) AS s JOIN status_feeds f ON f.id = s.feed_id WHERE f.public ORDER BY s.service_id, s.by, s.feed_id, s.position
""")


async def add_feed(tx: AsyncConnection, feed: Feed) -> None:
    await tx.execute(ADD, {**_row(feed), "created_at": feed.created_at})
    await _add_services(tx, feed)


async def save_feed(tx: AsyncConnection, feed: Feed) -> None:
    await tx.execute(SAVE, _row(feed))
    await tx.execute(DELETE_SERVICES, {"id": feed.id})
    await tx.execute(DELETE_GROUPS, {"id": feed.id})
    await _add_services(tx, feed)


async def delete_feed(tx: AsyncConnection, id: FeedId) -> None:
    await tx.execute(DELETE, {"id": id})


async def find_feed(tx: AsyncConnection, id: FeedId, *, lock: bool = False) -> Feed | None:
    found = await _with_services(tx, (await tx.execute(LOCK if lock else FIND, {"id": id})).all())
    return found[0] if found else None


async def list_feeds(tx: AsyncConnection, *, after: UUID, limit: int) -> list[Feed]:
    """In order of creation."""
    return await _with_services(tx, (await tx.execute(LIST, {"after": after, "limit": limit})).all())


async def public_feeds(tx: AsyncConnection, *, limit: int) -> list[Feed]:
    return await _with_services(tx, (await tx.execute(PUBLIC, {"limit": limit})).all())


async def public_names(tx: AsyncConnection, ids: Sequence[ServiceId]) -> Mapping[ServiceId, str]:
    """What readers of public feeds call these services; of those that none shows there is nothing."""
    return {ServiceId(r.service_id): r.name for r in await tx.execute(NAMES, {"ids": list(ids)})} if ids else {}


async def _add_services(tx: AsyncConnection, feed: Feed) -> None:
    lines = list(enumerate((group.name, line) for group in feed.settings.groups for line in group.services))
    services = [one for one in lines if one[1][1].service_id is not None]
    groups = [one for one in lines if one[1][1].service_group_id is not None]
    if services:
        await tx.execute(ADD_SERVICES, _lines(feed, services) | {"service_ids": [line.service_id for _, (_, line) in services]})
    if groups:
        ids = [line.service_group_id for _, (_, line) in groups]
        await tx.execute(ADD_GROUPS, _lines(feed, groups) | {"service_group_ids": ids})


def _lines(feed: Feed, lines: Sequence[tuple[int, tuple[str, ShownAs]]]) -> dict[str, object]:
    return {
        "feed_id": feed.id,
        "positions": [position for position, _ in lines],
        "group_names": [name for _, (name, _) in lines],
        "names": [line.name for _, (_, line) in lines],
    }


async def _with_services(tx: AsyncConnection, rows: Sequence[Row[Any]]) -> list[Feed]:
    groups: dict[UUID, dict[str, list[ShownAs]]] = {r.id: {} for r in rows}
    if rows:
        for s in await tx.execute(SERVICES, {"ids": list(groups)}):
            line = (
                ShownAs(ServiceId(s.service_id), s.name)
                if s.service_id
                else ShownAs(None, s.name, ServiceGroupId(s.service_group_id), frozenset(map(ServiceId, s.members)))
            )
            groups[s.feed_id].setdefault(s.group_name, []).append(line)
    return [
        Feed(
            FeedId(r.id),
            FeedSettings(r.name, r.slug, r.description, tuple(Group(name, tuple(shown)) for name, shown in groups[r.id].items()), r.public),
            r.created_at,
            r.version,
        )
        for r in rows
    ]


def _row(feed: Feed) -> dict[str, object]:
    said = feed.settings
    return {
        "id": feed.id,
        "name": said.name,
        "slug": said.slug,
        "description": said.description,
        "public": said.public,
        "version": feed.version,
    }
