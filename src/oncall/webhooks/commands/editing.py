"""What people do with webhooks: make, see, edit and delete them, change their secrets."""

import base64
import secrets as chance
from collections.abc import Callable, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.channels.signing import SECRET_PREFIX
from oncall.kit.db import one_at_a_time
from oncall.kit.ids import TeamId, UserId, new_id
from oncall.kit.outbound import AddressNotAllowed
from oncall.kit.sealing import CannotOpen, Sealing
from oncall.teams.commands import get_teams
from oncall.teams.rules import check_version
from oncall.webhooks import rules
from oncall.webhooks.commands.listening import TOPIC
from oncall.webhooks.ports import CheckServices
from oncall.webhooks.store import deliveries, log
from oncall.webhooks.store import webhooks as store
from oncall.webhooks.values import OVERLAP, Secrets, Settings, UnknownOwner, UnknownWebhook, UrlNotAllowed, Webhook, WebhookId

CheckUrl = Callable[[str], str]
SECRET_BYTES = 32


async def create_webhook(
    tx: AsyncConnection,
    wanted: Settings,
    *,
    sealing: Sealing,
    check_url: CheckUrl,
    check_services: CheckServices,
    by: UserId | None,
    now: datetime,
) -> tuple[Webhook, str]:
    """The webhook and its secret, which is stored sealed and not shown again. It is told of what happens from this commit on."""
    checked = await _checked(tx, wanted, check_url=check_url, check_services=check_services)
    made = rules.edited(Webhook(WebhookId(new_id()), replace(checked, enabled=True), now, by, version=0), checked, now=now)
    secret = _new_secret()
    await one_at_a_time(tx, "change webhooks")
    await store.add_webhook(tx, made, secret=sealing.seal(secret.encode()))
    await _listen(tx)
    return made, secret


async def get_webhook(tx: AsyncConnection, id: WebhookId, *, lock: bool = False) -> Webhook:
    found = await store.find_webhook(tx, id, lock=lock)
    if found is None:
        raise UnknownWebhook
    return found


async def list_webhooks(
    tx: AsyncConnection, *, after: UUID | None, team_id: TeamId | None, enabled: bool | None, limit: int
) -> Sequence[Webhook]:
    """In order of creation."""
    return await store.list_webhooks(tx, after=after or UUID(int=0), team_id=team_id, enabled=enabled, limit=limit)


async def update_webhook(
    tx: AsyncConnection,
    id: WebhookId,
    wanted: Settings,
    *,
    expected_version: int | None,
    check_url: CheckUrl,
    check_services: CheckServices,
    now: datetime,
) -> Webhook:
    """What is to be delivered goes to the new address. Switched off, it is cancelled; and so is, when one is switched on, what slipped in
    just as it was switched off: nobody is told of old things as if they were new.
    """
    await one_at_a_time(tx, "change webhooks")
    current = await get_webhook(tx, id, lock=True)
    check_version(current.version, expected_version)
    checked = await _checked(tx, wanted, check_url=check_url, check_services=check_services)
    edited = rules.edited(current, checked, now=now)
    if not (current.settings.enabled and edited.settings.enabled):
        await deliveries.cancel_all(tx, id, reason="the webhook was switched off", now=now)
    await store.save_webhook(tx, edited)
    await _listen(tx)
    return edited


async def delete_webhook(tx: AsyncConnection, id: WebhookId) -> None:
    """With its log; nothing more is sent."""
    await one_at_a_time(tx, "change webhooks")
    await get_webhook(tx, id, lock=True)
    await log.delete_all(tx, id)
    await store.delete_webhook(tx, id)
    await _listen(tx)


async def rotate_secret(tx: AsyncConnection, id: WebhookId, *, sealing: Sealing, now: datetime) -> tuple[Webhook, str]:
    """A new secret beside the old one, which signs as well for 24 hours more; the one before that signs no longer."""
    current = await get_webhook(tx, id, lock=True)
    before = await store.get_secrets(tx, id)
    secret, until = _new_secret(), now + OVERLAP
    await store.save_secrets(tx, id, Secrets(sealing.seal(secret.encode()), before.current, until))
    return replace(current, previous_secret_until=until), secret


async def reseal(tx: AsyncConnection, sealing: Sealing) -> tuple[int, list[str]]:
    """Every secret sealed anew with the first key of the ring: how many, and the names of webhooks whose own cannot be opened."""
    sealed, lost = 0, []
    for id, name, kept in await store.all_secrets(tx):
        try:
            new = replace(kept, current=_anew(kept.current, sealing), previous=_anew(kept.previous, sealing) if kept.previous else None)
        except CannotOpen:
            lost.append(name)
            continue
        await store.save_secrets(tx, id, new)
        sealed += 1
    return sealed, lost


def _anew(sealed: bytes, sealing: Sealing) -> bytes:
    return sealing.seal(sealing.open(sealed))


async def _listen(tx: AsyncConnection) -> None:
    """While no webhook is switched on, the timeline asks nobody."""
    await timeline.listen(tx, TOPIC, listens=await store.is_any_enabled(tx))


async def _checked(tx: AsyncConnection, wanted: Settings, *, check_url: CheckUrl, check_services: CheckServices) -> Settings:
    try:
        url = check_url(wanted.url)
    except AddressNotAllowed as error:
        raise UrlNotAllowed(f"This URL cannot be used: {error}", field="url") from error
    team = wanted.filter.team_id
    if team is not None and team not in await get_teams(tx, [team]):
        raise UnknownOwner("There is no team with this team_id.", field="team_id")
    if wanted.filter.service_ids:
        await check_services(tx, wanted.filter.service_ids, field="filter.service_ids")
    return replace(wanted, url=url)


def _new_secret() -> str:
    return SECRET_PREFIX + base64.b64encode(chance.token_bytes(SECRET_BYTES)).decode("ascii")
