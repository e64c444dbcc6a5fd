"""Messages to subscribers: made with the update, and for addresses outside claimed, looked at again and recorded."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import Outcome
from oncall.communications.rules.subscribing import decide_fate
from oncall.communications.rules.telling import question, spoken, spoken_outside, words_of
from oncall.communications.store import deliveries
from oncall.communications.store import subscribers as store
from oncall.communications.store.feeds import public_names
from oncall.communications.values.subscribers import (
    KEPT_FOR,
    OUTSIDE,
    TRIED_FOR,
    Claimed,
    Fate,
    Followed,
    Kind,
    Subscriber,
    Told,
    UpdateDeliveryId,
    Words,
)
from oncall.communications.values.updates import Audience, StatusUpdate
from oncall.contacts.commands import load_reach
from oncall.contacts.values import Urgency
from oncall.incidents.commands.verbs import get_incidents
from oncall.incidents.values import Incident
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, ServiceId, TeamId, UserId, new_id
from oncall.notifications import NewNotice, send_notices
from oncall.services.commands import get_services
from oncall.teams.commands import get_teams, responders_of

TOPIC = "status_updates"
"""What is poked when there is something to send."""

OLD_NEWS = timedelta(hours=24)
"""A notice about an update is of no use any more after this."""


async def tell_subscribers(
    tx: AsyncConnection, update: StatusUpdate, incident: Incident, *, title: str | None, service_ids: Collection[ServiceId], now: datetime
) -> None:
    """In the transaction of the update: colleagues get a notice each, by their own rules; addresses outside a message each."""
    services = await get_services(tx, sorted({incident.service_id, *service_ids}))
    teams = sorted({service.team_id for service in services.values() if service.team_id})
    found = await store.concerned(
        tx,
        incident_id=incident.id,
        service_ids=sorted(services),
        team_ids=teams,
        is_public=update.audience is Audience.PUBLIC,
    )
    if not found:
        return
    outside = [one for one in found if one.kind in OUTSIDE]
    await _deliver(tx, outside, update, now=now)
    told = Told(update.id, update.incident_id, title, update.audience, update.state, update.text, update.at)
    await _notify_people(tx, [one for one in found if one.kind not in OUTSIDE], told, incident, now=now)


async def ask_to_confirm(tx: AsyncConnection, subscriber: Subscriber, *, now: datetime) -> None:
    """The only message to an address before it has agreed."""
    new = [(UpdateDeliveryId(new_id()), subscriber)]
    await deliveries.add_deliveries(tx, None, new, now=now, give_up_at=now + TRIED_FOR)
    await notify(tx, TOPIC)


async def _deliver(tx: AsyncConnection, outside: Sequence[Subscriber], update: StatusUpdate, *, now: datetime) -> None:
    if outside:
        new = [(UpdateDeliveryId(new_id()), one) for one in outside]
        await deliveries.add_deliveries(tx, update.id, new, now=now, give_up_at=now + TRIED_FOR)
        await notify(tx, TOPIC)


async def _notify_people(tx: AsyncConnection, inside: Sequence[Subscriber], told: Told, incident: Incident, *, now: datetime) -> None:
    """Each person once, whatever they follow, and in whichever of the teams they are."""
    teams = {TeamId(_uuid(one)): one for one in inside if one.kind is Kind.TEAM}
    members = await responders_of(tx, teams) if teams else {}
    because: dict[UserId, Followed] = {user: teams[team].followed for team, users in members.items() for user in users}
    because |= {UserId(_uuid(one)): one.followed for one in inside if one.kind is Kind.USER}
    if not because:
        return
    about = await _spoken(tx, because.values())
    notices = [
        NewNotice(
            user_id=user,
            kind="status_update",
            topic=f"status_update/{told.update_id}/{user}",
            urgency=Urgency.LOW.value,
            subject=words.subject,
            paragraphs=words.paragraphs,
            expires_at=now + OLD_NEWS,
        )
        for user, followed in because.items()
        for words in [words_of(told, number=incident.number, incident_title=incident.title, about=about[followed])]
    ]
    await send_notices(tx, notices, await load_reach(tx, sorted(because)), now=now)


async def claim(tx: AsyncConnection, *, lease: timedelta, limit: int, now: datetime) -> tuple[list[tuple[Claimed, Words]], datetime | None]:
    """What is due, each with its words, and when something else is."""
    claimed = await deliveries.claim_due(tx, now=now, lease_until=now + lease, limit=limit)
    inside = await _spoken(tx, [one.followed for one in claimed if one.audience is Audience.INTERNAL])
    outside = await _spoken_outside(tx, [one.followed for one in claimed if one.audience is Audience.PUBLIC])
    about = {Audience.INTERNAL: inside, Audience.PUBLIC: outside}
    incidents = {found.id: found for found in await get_incidents(tx, {one.told.incident_id for one in claimed if one.told})}
    worded = [
        (one, _words(one, incidents.get(one.told.incident_id) if one.told else None, about[one.audience][one.followed])) for one in claimed
    ]
    return worded, await deliveries.next_at(tx)


async def next_at(tx: AsyncConnection) -> datetime | None:
    """When something is due next."""
    return await deliveries.next_at(tx)


def _words(claimed: Claimed, incident: Incident | None, about: str) -> Words:
    if claimed.told is None or incident is None:
        return question(about)
    return words_of(claimed.told, number=incident.number, incident_title=incident.title, about=about)


async def _spoken(tx: AsyncConnection, followed: Iterable[Followed]) -> dict[Followed, str]:
    wanted = set(followed)
    numbers = await _numbers(tx, wanted)
    services = await get_services(tx, sorted({one.service_id for one in wanted if one.service_id}))
    teams = await get_teams(tx, sorted({one.team_id for one in wanted if one.team_id}))
    names = {id: service.name for id, service in services.items()}
    called = {id: team.name for id, team in teams.items()}
    return {one: spoken(one, numbers=numbers, services=names, teams=called) for one in wanted}


async def _spoken_outside(tx: AsyncConnection, followed: Iterable[Followed]) -> dict[Followed, str]:
    wanted = set(followed)
    numbers = await _numbers(tx, wanted)
    shown = await public_names(tx, sorted({one.service_id for one in wanted if one.service_id}))
    return {one: spoken_outside(one, numbers=numbers, shown=shown) for one in wanted}


async def _numbers(tx: AsyncConnection, wanted: Collection[Followed]) -> dict[IncidentId, int]:
    return {found.id: found.number for found in await get_incidents(tx, {one.incident_id for one in wanted if one.incident_id})}


async def look_again(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    """Just before the wire: False if it was retracted, or is another's; what nobody waits for any more is dropped."""
    if await deliveries.is_still_mine(tx, claimed, now=now):
        return True
    await deliveries.drop(tx, claimed, now=now)
    return False


async def record(tx: AsyncConnection, claimed: Claimed, outcome: Outcome, *, now: datetime) -> Fate | None:
    """What becomes of it; None if that was not ours to say any more."""
    fate = decide_fate(outcome, attempt=claimed.attempt, give_up_at=claimed.give_up_at, now=now)
    return fate if await deliveries.record(tx, claimed, fate, now=now) else None


async def tidy(tx: AsyncConnection, *, limit: int, now: datetime) -> int:
    """Forget who never answered, and what was sent long ago."""
    forgotten = await store.forget_unconfirmed(tx, limit=limit, now=now)
    return forgotten + await deliveries.prune(tx, before=now - KEPT_FOR, limit=limit)


def _uuid(one: Subscriber) -> UserId:
    """The address of a colleague, or of a team, is its id."""
    return UserId(UUID(one.address))


async def spoken_of(tx: AsyncConnection, one: Subscriber) -> str:
    """What a subscriber follows, in a few words that they may read."""
    speak = _spoken_outside if one.audience is Audience.PUBLIC else _spoken
    return (await speak(tx, [one.followed]))[one.followed]
