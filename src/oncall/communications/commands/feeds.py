"""What can be done with status feeds: made, seen, edited, deleted; and what they show."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.commands.publishing import FEEDS
from oncall.communications.rules.feeds import check_feed
from oncall.communications.store import feeds as store
from oncall.communications.store import updates as update_store
from oncall.communications.values.feeds import (
    MOST_UNRESOLVED,
    MOST_UPDATES,
    ON_A_PAGE,
    BadFeed,
    Feed,
    FeedId,
    FeedSettings,
    SlugTaken,
    Story,
    UnknownFeed,
)
from oncall.communications.values.updates import Published, PublishedId, StatusUpdate
from oncall.kit.compiled import changed
from oncall.kit.ids import new_id
from oncall.kit.references import refusing
from oncall.services.commands import get_services
from oncall.services.commands.groups import get_groups
from oncall.teams.rules import check_version

NEWEST = UUID(int=2**128 - 1)
TAKEN = {"status_feeds_slug_is_free": SlugTaken}


async def create_feed(tx: AsyncConnection, wanted: FeedSettings, *, now: datetime) -> Feed:
    await _check(tx, wanted)
    feed = Feed(FeedId(new_id()), wanted, now)
    with refusing(TAKEN):
        await store.add_feed(tx, feed)
    await changed(tx, FEEDS)
    return feed


async def follow_groups(tx: AsyncConnection) -> None:
    """The services of a group are others: pages that show it are made anew."""
    await changed(tx, FEEDS)


async def get_feed(tx: AsyncConnection, id: FeedId, *, lock: bool = False) -> Feed:
    found = await store.find_feed(tx, id, lock=lock)
    if found is None:
        raise UnknownFeed
    return found


async def list_feeds(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[Feed]:
    """In order of creation."""
    return await store.list_feeds(tx, after=after or UUID(int=0), limit=limit)


async def update_feed(tx: AsyncConnection, id: FeedId, wanted: FeedSettings, *, expected_version: int | None) -> Feed:
    current = await get_feed(tx, id, lock=True)
    check_version(current.version, expected_version)
    await _check(tx, wanted)
    edited = Feed(id, wanted, current.created_at, current.version + 1)
    with refusing(TAKEN):
        await store.save_feed(tx, edited)
    await changed(tx, FEEDS)
    return edited


async def delete_feed(tx: AsyncConnection, id: FeedId) -> None:
    """Its pages are gone; what was published stays with the incidents."""
    await get_feed(tx, id, lock=True)
    await store.delete_feed(tx, id)
    await changed(tx, FEEDS)


async def _check(tx: AsyncConnection, wanted: FeedSettings) -> None:
    check_feed(wanted)
    lines = [(f"groups.{g}.services.{s}", line) for g, group in enumerate(wanted.groups) for s, line in enumerate(group.services)]
    services = await get_services(tx, [line.service_id for _, line in lines if line.service_id])
    groups = await get_groups(tx, [line.service_group_id for _, line in lines if line.service_group_id])
    faults = [
        (f"{at}.service_id", "there is no service with this id")
        for at, line in lines
        if line.service_id and line.service_id not in services
    ]
    faults += [
        (f"{at}.service_group_id", "there is no group of services with this id")
        for at, line in lines
        if line.service_group_id and line.service_group_id not in groups
    ]
    if faults:
        raise BadFeed("; ".join(f"{field}: {sentence}" for field, sentence in faults[:3]), faults=faults)


async def open_stories(tx: AsyncConnection, feed: Feed) -> tuple[Story, ...]:
    """What was published of this feed's services and is not resolved, the newest first."""
    return await _told(tx, await update_store.unresolved(tx, feed.service_ids, limit=MOST_UNRESOLVED))


async def past_stories(tx: AsyncConnection, feed: Feed, *, before: UUID | None) -> tuple[tuple[Story, ...], bool]:
    """A page of what is over, the newest first, and whether there is more."""
    found = await update_store.past(tx, feed.service_ids, before=before or NEWEST, limit=ON_A_PAGE + 1)
    return await _told(tx, found[:ON_A_PAGE]), len(found) > ON_A_PAGE


async def _told(tx: AsyncConnection, published: Sequence[Published]) -> tuple[Story, ...]:
    updates: dict[PublishedId, list[StatusUpdate]] = {one.id: [] for one in published}
    for update in await update_store.list_published(tx, list(updates), limit=MOST_UPDATES):
        if update.published_id is not None:
            updates[update.published_id].append(update)
    return tuple(Story(one, tuple(updates[one.id])) for one in published)
