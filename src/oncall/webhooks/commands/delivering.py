"""One delivery on its way: claimed, looked at again, recorded; and what a failure too many does to its webhook."""

from collections import Counter
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import UserId
from oncall.teams.commands import get_users, list_members, list_users
from oncall.teams.values import OrgRole, TeamRole
from oncall.webhooks import rules
from oncall.webhooks.ports import TellPeople
from oncall.webhooks.store import deliveries, log
from oncall.webhooks.store import webhooks as store
from oncall.webhooks.values import KEPT_FOR, WELL_AGAIN, Claimed, Delivered, Fate, Tried, TryAgain, Webhook, WebhookId

EVERYBODY = 10_000


async def claim(
    tx: AsyncConnection, *, busy: Mapping[WebhookId, int], each: int, now: datetime, lease: timedelta, limit: int
) -> tuple[list[Claimed], datetime | None]:
    """What is due, and when something else will be of those that can take more; `busy` says how much of each webhook is on the wire."""
    claimed = await deliveries.claim_due(tx, busy=busy, each=each, now=now, lease_until=now + lease, limit=limit)
    return claimed, await next_at(tx, busy=Counter(busy) + Counter(one.webhook_id for one in claimed), each=each)


async def next_at(tx: AsyncConnection, *, busy: Mapping[WebhookId, int], each: int) -> datetime | None:
    """When something is due of those webhooks that can take more."""
    return await deliveries.next_at(tx, full=[id for id, count in busy.items() if count >= each])


async def hold_back_late(tx: AsyncConnection, *, now: datetime) -> None:
    """What was added behind a delivery that is tried again later is not looked at before that."""
    await deliveries.hold_back_late(tx, now=now)


async def is_still_mine(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    return await deliveries.is_still_mine(tx, claimed, now=now)


async def record(tx: AsyncConnection, claimed: Claimed, tried: Tried, *, tell_people: TellPeople, now: datetime) -> Fate | None:
    """Write the attempt and what becomes of the delivery; None if that is no longer ours to say. Whoever changes several rows of a webhook
    locks it first.
    """
    webhook = await store.find_webhook(tx, claimed.webhook_id, lock=True)
    fate = rules.decide_fate(tried, id=claimed.id, tries=claimed.tries, give_up_at=claimed.give_up_at, now=now)
    await deliveries.add_attempt(tx, claimed, tried, now=now)
    if webhook is None or not await deliveries.record(tx, claimed, fate, now=now):
        return None
    if isinstance(fate, Delivered):
        await _delivered(tx, claimed, webhook, now=now)
    else:
        await _failed(tx, claimed, webhook, tried, fate, tell_people, now=now)
    return fate


async def _delivered(tx: AsyncConnection, claimed: Claimed, webhook: Webhook, *, now: datetime) -> None:
    if webhook.failing_since is not None:
        await store.save_failing_since(tx, webhook.id, None)
        if now - webhook.failing_since > WELL_AGAIN:
            await deliveries.let_all_go(tx, webhook.id, now=now)
            return
    if claimed.attempt > 1:
        await deliveries.let_go(tx, claimed, now=now)


async def _failed(
    tx: AsyncConnection, claimed: Claimed, webhook: Webhook, tried: Tried, fate: Fate, tell_people: TellPeople, *, now: datetime
) -> None:
    if webhook.failing_since is None:
        webhook = replace(webhook, failing_since=now)
        await store.save_failing_since(tx, webhook.id, now)
    reason = rules.why_disable(webhook, tried, now=now)
    if reason is not None and webhook.settings.enabled:
        await _disable(tx, webhook, reason, tell_people, now=now)
    elif isinstance(fate, TryAgain):
        await deliveries.hold_back(tx, claimed, until=fate.next_at)
    elif claimed.attempt > 1:
        await deliveries.let_go(tx, claimed, now=now)


async def _disable(tx: AsyncConnection, webhook: Webhook, reason: str, tell_people: TellPeople, *, now: datetime) -> None:
    """What is still to be delivered is cancelled; whose webhook it is learns of it in the same transaction."""
    await store.save_webhook(tx, rules.disabled(webhook, reason, now=now))
    await deliveries.cancel_all(tx, webhook.id, reason=f"the webhook was disabled: {reason}", now=now)
    await tell_people(tx, rules.notice_of(webhook, reason, now=now), await _whose(tx, webhook), now=now)


async def _whose(tx: AsyncConnection, webhook: Webhook) -> list[UserId]:
    """The managers of its team; where there are none whoever made it, else the owners and admins of the organisation."""
    if team := webhook.settings.filter.team_id:
        members = await list_members(tx, team, limit=EVERYBODY)
        if managers := [member.id for member in members if member.role is TeamRole.MANAGER]:
            return managers
    if webhook.created_by and await get_users(tx, [webhook.created_by]):
        return [webhook.created_by]
    everybody = await list_users(tx, limit=EVERYBODY)
    return [user.id for user in everybody if {OrgRole.OWNER, OrgRole.ADMIN}.intersection(user.org_roles)]


async def prune(tx: AsyncConnection, *, limit: int, now: datetime) -> int:
    """Deliveries that were finished long ago, with their attempts."""
    return await log.prune(tx, before=now - KEPT_FOR, limit=limit)
