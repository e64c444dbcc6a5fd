"""Page updates: those who were paged for an incident are told what has become of it, once, and only how it stands now."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import load_channels, load_reach
from oncall.kit.db import notify
from oncall.kit.ids import ContactMethodId, IncidentId, UserId, new_id
from oncall.notifications.commands.editing import want_edits
from oncall.notifications.rules import is_news_to, notice_of_update, outdated, way_by
from oncall.notifications.store import notices as notice_store
from oncall.notifications.store import updates as store
from oncall.notifications.values import NewNotice, NoticeId, Way
from oncall.notifications.values.updating import Earlier, News, Paged


async def tell_news(tx: AsyncConnection, news: Sequence[News], triggered_again: Sequence[IncidentId] = (), *, now: datetime) -> None:
    """Tell everybody whom a page of these incidents left for, but whoever did it, by the contact methods that it left by.

    What has not left yet is replaced, and of incidents that page again it is not sent. Its caller has locked the incidents.
    """
    if not news and not triggered_again:
        return
    await want_edits(tx, news, triggered_again, now=now)
    latest = {one.incident_id: one for one in news}
    earlier = await store.list_earlier(tx, sorted({*latest, *triggered_again}))
    if old := outdated(earlier, latest):
        await store.withdraw(tx, old)
    told: defaultdict[tuple[IncidentId, UUID], list[Earlier]] = defaultdict(list)
    for one in earlier:
        told[one.incident_id, one.contact_method_id].append(one)
    paged = [
        one
        for one in await store.list_paged(tx, sorted(latest))
        if is_news_to(one, latest[one.incident_id], told[one.incident_id, one.contact_method_id])
    ]
    if paged:
        await _send(tx, paged, latest, now=now)


async def _send(tx: AsyncConnection, paged: Sequence[Paged], latest: dict[IncidentId, News], *, now: datetime) -> None:
    """By the addresses that they have now: to one that was removed, or is not proven any more, nothing is sent."""
    reach = dict(await load_reach(tx, sorted({one.user_id for one in paged})))
    strangers = sorted({ContactMethodId(one.contact_method_id) for one in paged if one.user_id not in reach})
    channels = await load_channels(tx, strangers) if strangers else {}
    names = {id: its.name for id, its in reach.items()} | {UserId(its.team_id): its.name for its in channels.values() if its.team_id}
    about = await store.list_about(tx, sorted({one.incident_id for one in paged}))
    ways: defaultdict[tuple[IncidentId, UserId], list[Way]] = defaultdict(list)
    for one in paged:
        to = reach.get(one.user_id) or channels.get(ContactMethodId(one.contact_method_id))
        if to is not None and (way := way_by(to, one.contact_method_id, now=now)):
            ways[one.incident_id, one.user_id].append(way)
    made: dict[NoticeId, tuple[NewNotice, list[Way]]] = {
        NoticeId(new_id()): (notice_of_update(user, latest[incident], about[incident], topic=f"page_update/{new_id()}", now=now), its)
        for (incident, user), its in ways.items()
    }
    if not made:
        return
    await notice_store.add_notices(tx, [(id, names[notice.user_id], notice) for id, (notice, _) in made.items()], now=now)
    messages = [(id, way) for id, (_, its) in made.items() for way in its]
    await notice_store.add_messages(tx, messages, now=now)
    for channel in sorted({way.channel for _, way in messages}):
        await notify(tx, f"notifications.{channel}")
