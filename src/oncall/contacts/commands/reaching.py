"""Whom pages reach, as this node can send: one answer for people, policies, schedules, health and coverage."""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.contacts.commands import load_reach, reach_of
from oncall.contacts.rules import reachability, why_unreached
from oncall.contacts.values import EMAIL, Reach
from oncall.kit.ids import UserId
from oncall.teams.values import Reachability, User


def lacking_of(channels: Channels, reach: Iterable[Reach]) -> dict[str, str]:
    """The channels that this node could not send by, of those there are and those that these people use, each with the reason."""
    named = {method.channel for one in reach for method in one.methods} | {EMAIL}
    unknown = {name: f"there is no channel {name} on this node" for name in named - channels.keys()}
    return unknown | {name: channel.lacks for name, channel in channels.items() if channel.lacks}


async def how_reachable(tx: AsyncConnection, users: Sequence[User], *, channels: Channels) -> Mapping[UserId, Reachability]:
    """Whether pages reach each of these people, and why not; one statement for any number."""
    reach = await reach_of(tx, users)
    lacking = lacking_of(channels, reach.values())
    return {id: reachability(one, lacking) for id, one in reach.items()}


async def count_unreached(tx: AsyncConnection, user_ids: Sequence[UserId], *, channels: Channels) -> Counter[str]:
    """Of these people those whom no page reaches, or none of low urgency: how many for each reason."""
    reach = await load_reach(tx, user_ids)
    lacking = lacking_of(channels, reach.values())
    return Counter(why for one in reach.values() if (why := why_unreached(one, lacking)))
