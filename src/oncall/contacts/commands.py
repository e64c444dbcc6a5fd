"""What can be done with contact methods and notification rules, and how to learn how people are reached."""

from collections import defaultdict
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller, Scope
from oncall.channels.ports import Channel
from oncall.channels.values import BadAddress
from oncall.contacts import store
from oncall.contacts.rules import is_account_email
from oncall.contacts.values import (
    ContactMethod,
    NotificationRule,
    OnlyAdminsVerify,
    Reach,
    UnknownChannel,
    UnknownContactMethod,
    UnknownNotificationRule,
    UnusableAddress,
    Urgency,
)
from oncall.kit.ids import ContactMethodId, UserId, new_id
from oncall.teams.commands import get_user, get_users


async def load_reach(tx: AsyncConnection, user_ids: Sequence[UserId]) -> Mapping[UserId, Reach]:
    """How each of these users is reached; whoever does not exist is absent. Two statements for any number of users."""
    users = await get_users(tx, user_ids)
    methods, rules = await store.gather(tx, users)
    methods_of: defaultdict[UserId, list[ContactMethod]] = defaultdict(list)
    rules_of: defaultdict[UserId, list[NotificationRule]] = defaultdict(list)
    for method in methods:
        methods_of[method.user_id].append(method)
    for rule in rules:
        rules_of[rule.user_id].append(rule)
    return {u.id: Reach(u.id, u.name, u.email, tuple(methods_of[u.id]), tuple(rules_of[u.id]), u.time_zone) for u in users.values()}


async def add_contact_method(
    tx: AsyncConnection,
    user_id: UserId,
    *,
    channel: str,
    address: str,
    verified: bool,
    caller: Caller,
    channels: Mapping[str, Channel],
    now: datetime,
) -> ContactMethod:
    """Add an address, in the form its channel stores it; verified at once if an admin says so or it is the account's own e-mail."""
    user = await get_user(tx, user_id)
    if channel not in channels:
        raise UnknownChannel(f"There is no such channel; there are: {', '.join(sorted(channels)) or 'none yet'}.")
    if verified and caller.scope is not Scope.ADMIN:
        raise OnlyAdminsVerify
    try:
        address = channels[channel].check_address(address)
    except BadAddress as error:
        raise UnusableAddress(str(error)) from error
    vouched = verified or is_account_email(channel, address, user.email)
    method = ContactMethod(ContactMethodId(new_id()), user_id, channel, address, now if vouched else None, now)
    await store.add_method(tx, method)
    return method


async def list_contact_methods(
    tx: AsyncConnection, user_id: UserId, *, after: UUID | None = None, limit: int = 100
) -> Sequence[ContactMethod]:
    await get_user(tx, user_id)
    return await store.list_methods(tx, user_id, after=after, limit=limit)


async def delete_contact_method(tx: AsyncConnection, user_id: UserId, id: ContactMethodId) -> None:
    """Delete an address and the rules that name it."""
    if not await store.delete_method(tx, user_id, id):
        raise UnknownContactMethod


async def add_notification_rule(
    tx: AsyncConnection, user_id: UserId, *, urgency: Urgency, delay: timedelta, contact_method_id: ContactMethodId, now: datetime
) -> NotificationRule:
    """Add a rule; several may name one method, which then gets several messages."""
    await get_user(tx, user_id)
    rule = NotificationRule(new_id(), user_id, urgency, delay, contact_method_id, now)
    await store.add_rule(tx, rule)
    return rule


async def is_verified(tx: AsyncConnection, rule: NotificationRule) -> bool:
    """Whether the contact method that the rule names may be paged."""
    methods, _ = await store.gather(tx, [rule.user_id])
    return any(method.verified for method in methods if method.id == rule.contact_method_id)


async def list_notification_rules(
    tx: AsyncConnection, user_id: UserId, *, after: UUID | None = None, limit: int = 100
) -> Sequence[NotificationRule]:
    await get_user(tx, user_id)
    return await store.list_rules(tx, user_id, after=after, limit=limit)


async def delete_notification_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> None:
    if not await store.delete_rule(tx, user_id, id):
        raise UnknownNotificationRule
