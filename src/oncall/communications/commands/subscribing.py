"""Who is told: subscribers of incidents, services and teams; and what they do by the links in their messages."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, NotYours, Scope
from oncall.channels.ports import Channel
from oncall.channels.values import BadAddress
from oncall.communications.commands.delivering import ask_to_confirm, spoken_of
from oncall.communications.rules.subscribing import read, sign
from oncall.communications.store import subscribers as store
from oncall.communications.values.subscribers import (
    CONFIRM_WITHIN,
    MOST,
    OUTSIDE,
    AlreadySubscribed,
    BadSubscriber,
    Followed,
    Kind,
    Subscriber,
    SubscriberId,
    SubscriberToken,
    TooManySubscribers,
    UnknownSubscriber,
)
from oncall.communications.values.updates import Audience
from oncall.incidents.commands.verbs import get_incident
from oncall.kit.actors import Actor
from oncall.kit.db import one_at_a_time
from oncall.kit.ids import ServiceId, TeamId, UserId, new_id
from oncall.notifications.rules import mask
from oncall.services.commands import get_service
from oncall.teams.commands import get_team, get_teams, get_users, manages


async def followed_incident(tx: AsyncConnection, ref: UUID | int) -> Followed:
    return Followed(incident_id=(await get_incident(tx, ref)).id)


async def followed_service(tx: AsyncConnection, id: ServiceId) -> Followed:
    return Followed(service_id=(await get_service(tx, id)).id)


async def followed_team(tx: AsyncConnection, id: TeamId) -> Followed:
    return Followed(team_id=(await get_team(tx, id)).id)


async def subscribe(
    tx: AsyncConnection,
    followed: Followed,
    kind: Kind,
    address: str,
    audience: Audience | None,
    *,
    channels: Mapping[str, Channel],
    caller: Caller,
    by: Actor,
    now: datetime,
) -> Subscriber:
    """Colleagues, programs and conversations are told from now on; an e-mail address once it has agreed."""
    address = await _checked(tx, kind, address, channels)
    if kind in OUTSIDE and audience is Audience.INTERNAL:
        await _check_lets_out(tx, followed, caller)
    waits = kind is Kind.EMAIL
    one = Subscriber(
        SubscriberId(new_id()),
        followed,
        kind,
        address,
        audience or (Audience.PUBLIC if kind in OUTSIDE else Audience.INTERNAL),
        None if waits else now,
        now + CONFIRM_WITHIN if waits else None,
        by,
        now,
    )
    await one_at_a_time(tx, f"subscribe to {followed.incident_id or followed.service_id or followed.team_id}")
    if await store.count_subscribers(tx, followed) >= MOST:
        raise TooManySubscribers
    if not await store.add_subscriber(tx, one):
        raise AlreadySubscribed
    if waits:
        await ask_to_confirm(tx, one, now=now)
    return one


async def _check_lets_out(tx: AsyncConnection, followed: Followed, caller: Caller) -> None:
    """What is said inside of one incident goes out by whoever works on it; of all to come, by whoever is responsible for the team."""
    if followed.incident_id is not None or caller.scope is Scope.ADMIN:
        return
    team = followed.team_id if followed.service_id is None else (await get_service(tx, followed.service_id)).team_id
    if team is None or caller.user_id is None or not await manages(tx, team, caller.user_id):
        raise NotYours(
            "Only an admin, or a manager of the team, may have what is internal told outside: leave audience out, or ask one of them."
        )


async def _checked(tx: AsyncConnection, kind: Kind, address: str, channels: Mapping[str, Channel]) -> str:
    """The address as it is kept: of colleagues and teams an id of one that exists."""
    if kind in OUTSIDE:
        channel = channels.get(kind.value)
        if channel is None:
            raise BadSubscriber(f"Channel {kind.value} is not configured here.", field="kind")
        try:
            return channel.check_address(address)
        except BadAddress as error:
            raise BadSubscriber(str(error), field="address") from error
    try:
        id = UUID(address)
    except ValueError:
        raise BadSubscriber(f"The address of a {kind.value} is its id.", field="address") from None
    known = await get_users(tx, [UserId(id)]) if kind is Kind.USER else await get_teams(tx, [TeamId(id)])
    if not known:
        raise BadSubscriber(f"There is no {kind.value} with this id.", field="address")
    return str(id)


async def list_subscribers(
    tx: AsyncConnection, followed: Followed, *, caller: Caller, after: UUID | None, limit: int
) -> Sequence[Subscriber]:
    """In order of creation. Addresses outside are those of customers, or secrets: whoever only reads sees them masked."""
    found = await store.list_subscribers(tx, followed, after=after or UUID(int=0), limit=limit)
    if caller.scope is not Scope.READ:
        return found
    return [replace(one, address=mask(one.address)) if one.kind in OUTSIDE else one for one in found]


async def remove(tx: AsyncConnection, followed: Followed, id: SubscriberId) -> None:
    """Nothing more is sent to them for this."""
    if not await store.delete_subscriber(tx, followed, id):
        raise UnknownSubscriber


def sign_link(token: SubscriberToken, ring: Sequence[bytes]) -> str:
    """What the address of a link in a message to a subscriber ends with."""
    return sign(token, ring)


def read_token(text: str, ring: Sequence[bytes]) -> SubscriberToken | None:
    """What a link in a message to a subscriber says; None if it is none of ours."""
    return read(text, ring)


async def find(tx: AsyncConnection, id: SubscriberId) -> tuple[Subscriber, str] | None:
    """A subscriber, and what they follow in a few words; None if they are gone."""
    one = await store.find_subscriber(tx, id)
    return (one, await spoken_of(tx, one)) if one else None


async def confirm(tx: AsyncConnection, id: SubscriberId, *, now: datetime) -> bool:
    """They agree. Pressed again it is true as well; False once it is too late, or taken back."""
    if await store.confirm(tx, id, now=now):
        return True
    one = await store.find_subscriber(tx, id)
    return one is not None and one.confirmed_at is not None


async def unsubscribe(tx: AsyncConnection, id: SubscriberId) -> None:
    """They want nothing more. A second time is no error."""
    await store.unsubscribe(tx, id)
