"""SQL about webhooks themselves: what they want, their secrets, whether they work."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ServiceId, TeamId, UserId
from oncall.webhooks.values import EventType, Filter, Secrets, Settings, Subscription, Webhook, WebhookId

ADD = text("""
    INSERT INTO webhooks (id, name, url, event_types, team_id, service_ids, urgencies, severities, enabled, off_because, disabled_at,
        failing_since, secret, created_by, created_at, version)
    VALUES (:id, :name, :url, :event_types, :team_id, :service_ids, :urgencies, :severities, :enabled, :off_because, :disabled_at,
        :failing_since, :secret, :created_by, :created_at, :version)
""")
SAVE = text("""
    UPDATE webhooks SET name = :name, url = :url, event_types = :event_types, team_id = :team_id, service_ids = :service_ids,
        urgencies = :urgencies, severities = :severities, enabled = :enabled, off_because = :off_because, disabled_at = :disabled_at,
        failing_since = :failing_since, version = :version
    WHERE id = :id
""")
FIND = text("""
    SELECT id, name, url, event_types, team_id, service_ids, urgencies, severities, enabled, off_because, disabled_at, failing_since,
        previous_secret_until, created_by, created_at, version
    FROM webhooks WHERE id = :id
""")
# Those who do not change its key, so that nobody who only refers to it waits.
LOCK = text("""
    SELECT id, name, url, event_types, team_id, service_ids, urgencies, severities, enabled, off_because, disabled_at, failing_since,
        previous_secret_until, created_by, created_at, version
    FROM webhooks WHERE id = :id FOR NO KEY UPDATE
""")
LIST = text("""
    SELECT id, name, url, event_types, team_id, service_ids, urgencies, severities, enabled, off_because, disabled_at, failing_since,
        previous_secret_until, created_by, created_at, version
    FROM webhooks
    WHERE id > :after AND (CAST(:team_id AS uuid) IS NULL OR team_id = :team_id)
        AND (CAST(:enabled AS boolean) IS NULL OR enabled = :enabled)
    ORDER BY id LIMIT :limit
""")
DELETE = text("DELETE FROM webhooks WHERE id = :id")
SUBSCRIPTIONS = text("""
    SELECT id, event_types, team_id, service_ids, urgencies, severities FROM webhooks
    WHERE enabled AND event_types && CAST(:types AS varchar[])
""")
ANY_ENABLED = text("SELECT EXISTS (SELECT 1 FROM webhooks WHERE enabled) AS is_any")
FAILING = text("UPDATE webhooks SET failing_since = :since WHERE id = :id")
SECRETS = text("SELECT secret, previous_secret, previous_secret_until FROM webhooks WHERE id = :id")
SAVE_SECRETS = text("""
    UPDATE webhooks SET secret = :secret, previous_secret = :previous_secret, previous_secret_until = :previous_secret_until WHERE id = :id
""")
ALL_SECRETS = text("SELECT id, name, secret, previous_secret, previous_secret_until FROM webhooks ORDER BY id FOR NO KEY UPDATE")


async def add_webhook(tx: AsyncConnection, webhook: Webhook, *, secret: bytes) -> None:
    await tx.execute(ADD, {**_row(webhook), "secret": secret, "created_by": webhook.created_by, "created_at": webhook.created_at})


async def save_webhook(tx: AsyncConnection, webhook: Webhook) -> None:
    await tx.execute(SAVE, _row(webhook))


async def find_webhook(tx: AsyncConnection, id: WebhookId, *, lock: bool = False) -> Webhook | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id})).first()
    return _webhook(row) if row else None


async def list_webhooks(tx: AsyncConnection, *, after: UUID, team_id: TeamId | None, enabled: bool | None, limit: int) -> Sequence[Webhook]:
    """In order of creation."""
    rows = await tx.execute(LIST, {"after": after, "team_id": team_id, "enabled": enabled, "limit": limit})
    return [_webhook(row) for row in rows]


async def delete_webhook(tx: AsyncConnection, id: WebhookId) -> None:
    await tx.execute(DELETE, {"id": id})


async def subscriptions(tx: AsyncConnection, types: Sequence[EventType]) -> list[Subscription]:
    """What webhooks want that are told of any of these types."""
    rows = await tx.execute(SUBSCRIPTIONS, {"types": [type.value for type in types]})
    return [Subscription(WebhookId(r.id), frozenset(r.event_types), _filter(r)) for r in rows]


async def is_any_enabled(tx: AsyncConnection) -> bool:
    return bool((await tx.execute(ANY_ENABLED)).scalar_one())


async def save_failing_since(tx: AsyncConnection, id: WebhookId, since: datetime | None) -> None:
    await tx.execute(FAILING, {"id": id, "since": since})


async def get_secrets(tx: AsyncConnection, id: WebhookId) -> Secrets:
    return _secrets((await tx.execute(SECRETS, {"id": id})).one())


async def save_secrets(tx: AsyncConnection, id: WebhookId, secrets: Secrets) -> None:
    params = {"secret": secrets.current, "previous_secret": secrets.previous, "previous_secret_until": secrets.previous_until}
    await tx.execute(SAVE_SECRETS, {"id": id, **params})


async def all_secrets(tx: AsyncConnection) -> list[tuple[WebhookId, str, Secrets]]:
    """Of every webhook, with its name; locked."""
    return [(WebhookId(r.id), r.name, _secrets(r)) for r in await tx.execute(ALL_SECRETS)]


def _row(webhook: Webhook) -> dict[str, object]:
    settings = webhook.settings
    return {
        "id": webhook.id,
        "name": settings.name,
        "url": settings.url,
        "event_types": [type.value for type in settings.event_types],
        "team_id": settings.filter.team_id,
        "service_ids": list(settings.filter.service_ids),
        "urgencies": list(settings.filter.urgencies),
        "severities": list(settings.filter.severities),
        "enabled": settings.enabled,
        "off_because": webhook.off_because,
        "disabled_at": webhook.disabled_at,
        "failing_since": webhook.failing_since,
        "version": webhook.version,
    }


def _secrets(r: Row[Any]) -> Secrets:
    return Secrets(bytes(r.secret), bytes(r.previous_secret) if r.previous_secret else None, r.previous_secret_until)


def _filter(r: Row[Any]) -> Filter:
    return Filter(
        TeamId(r.team_id) if r.team_id else None,
        tuple(ServiceId(id) for id in r.service_ids),
        tuple(r.urgencies),
        tuple(r.severities),
    )


def _webhook(r: Row[Any]) -> Webhook:
    settings = Settings(r.name, r.url, tuple(EventType(type) for type in r.event_types), _filter(r), r.enabled)
    return Webhook(
        WebhookId(r.id),
        settings,
        r.created_at,
        UserId(r.created_by) if r.created_by else None,
        r.off_because,
        r.disabled_at,
        r.failing_since,
        r.previous_secret_until,
        r.version,
    )
