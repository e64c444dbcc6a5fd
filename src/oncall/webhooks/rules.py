"""Which entry of a timeline is told to whom, and what becomes of a try. Pure."""

import json
from collections.abc import Mapping
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from uuid import UUID

from oncall.timeline.values import Entry, Kind
from oncall.webhooks.values import (
    EVERY_AFTER,
    RETRY_AFTER_LIMIT,
    RETRY_DELAYS,
    TEST_TYPE,
    TRIED_FOR,
    Delivered,
    DeliveryId,
    Described,
    EventType,
    Fate,
    Filter,
    GiveUp,
    Notice,
    Secrets,
    Settings,
    Subscription,
    Tried,
    TryAgain,
    TryOutcome,
    Webhook,
)

TYPES: Mapping[Kind, EventType] = MappingProxyType(
    {
        Kind.OPENED: EventType.TRIGGERED,
        Kind.REOPENED: EventType.REOPENED,
        Kind.PAGED: EventType.PAGED,
        Kind.FALLBACK: EventType.ESCALATED,
        Kind.EXHAUSTED: EventType.EXHAUSTED,
        Kind.UNROUTABLE: EventType.UNROUTABLE,
        Kind.ACKNOWLEDGED: EventType.ACKNOWLEDGED,
        Kind.UNACKNOWLEDGED: EventType.UNACKNOWLEDGED,
        Kind.ACK_TIMEOUT: EventType.UNACKNOWLEDGED,
        Kind.SNOOZE_ENDED: EventType.UNACKNOWLEDGED,
        Kind.REASSIGNED: EventType.REASSIGNED,
        Kind.SNOOZED: EventType.SNOOZED,
        Kind.BROKE_THROUGH: EventType.BROKE_THROUGH,
        Kind.SEVERITY_CHANGED: EventType.SEVERITY_CHANGED,
        Kind.HELD: EventType.HELD,
        Kind.RELEASED: EventType.RELEASED,
        Kind.ALERT_JOINED: EventType.ALERT_JOINED,
        Kind.ALERT_RESOLVED: EventType.ALERT_RESOLVED,
        Kind.MERGED: EventType.MERGED,
        Kind.SPLIT: EventType.SPLIT,
        Kind.STATUS_UPDATE: EventType.STATUS_UPDATED,
        Kind.RESOLVED: EventType.RESOLVED,
        Kind.CLOSED: EventType.CLOSED,
        Kind.SLA_AT_RISK: EventType.SLA_AT_RISK,
        Kind.SLA_BREACHED: EventType.SLA_BREACHED,
    }
)
"""What the timeline calls it, and what programs do; what is not here is told to nobody."""


def type_of(entry: Entry) -> EventType | None:
    """A step that fires is an escalation, unless it is the first of its cycle: that one pages what has just been told of."""
    if entry.kind is Kind.STEP_FIRED:
        is_first = (entry.detail.get("round"), entry.detail.get("step")) == (1, 0)
        return None if is_first else EventType.ESCALATED
    return TYPES.get(entry.kind)


def wants(subscription: Subscription, type: EventType, incident: Described) -> bool:
    """Whether this webhook is told of it, by the incident as it is after the entry."""
    return type.value in subscription.event_types and passes(subscription.filter, incident)


def passes(filter: Filter, incident: Described) -> bool:
    """Everything that is said must hold; of several values one is enough."""
    return (
        (filter.team_id is None or filter.team_id == incident.team_id)
        and (not filter.service_ids or incident.service_id in filter.service_ids)
        and (not filter.urgencies or incident.urgency in filter.urgencies)
        and (not filter.severities or incident.severity in filter.severities)
    )


def body_of(type: EventType, entry_id: UUID, entry: Entry, incident: Described) -> str:
    """The JSON that is kept, signed and sent, byte for byte on every try: the incident as it was right after the entry."""
    by = {"id": str(entry.actor.id) if entry.actor.id else None, "name": entry.actor.name, "type": entry.actor.kind.value}
    told = {
        "id": str(entry_id),
        "kind": entry.kind.value,
        "at": instant(entry.at),
        "by": by,
        "via": entry.actor.via,
        "reason": entry.reason,
    }
    return _spelled({"type": type.value, "timestamp": instant(entry.at), "data": {"incident": incident.shown, "entry": told}})


def body_of_test(webhook: Webhook, id: DeliveryId, *, by: str, now: datetime) -> str:
    about = {"webhook": {"id": str(webhook.id), "name": webhook.settings.name}, "delivery_id": str(id), "sent_by": by}
    return _spelled({"type": TEST_TYPE, "timestamp": instant(now), "data": about})


def decide_fate(tried: Tried, *, id: UUID, tries: int, give_up_at: datetime, now: datetime) -> Fate:
    """Only a 2xx is a success. Everything else is tried again, later each time (±20 %) or as the receiver asks, for 48 hours.

    A 410 says that nobody will ever want it: this one is given up, and the webhook disabled.
    """
    if tried.word is TryOutcome.DELIVERED:
        return Delivered(tried.detail)
    if is_gone(tried):
        return GiveUp(f"{tried.detail}: the receiver wants nothing more")
    planned = RETRY_DELAYS[tries - 1] if tries <= len(RETRY_DELAYS) else EVERY_AFTER
    delay = planned * (0.8 + 0.4 * id.bytes[-1] / 255)
    if tried.retry_after is not None:
        delay = max(delay, min(tried.retry_after, RETRY_AFTER_LIMIT))
    if now + delay > give_up_at:
        return GiveUp(f"given up after {tries} {'try' if tries == 1 else 'tries'}, last: {tried.detail}")
    return TryAgain(now + delay, tried.detail)


def is_gone(tried: Tried) -> bool:
    return tried.code == 410


def why_disable(webhook: Webhook, tried: Tried, *, now: datetime) -> str | None:
    """Why a webhook is disabled after a failed try; None if it goes on."""
    if is_gone(tried):
        return "its receiver answered 410 Gone"
    if webhook.failing_since is not None and now - webhook.failing_since >= TRIED_FOR:
        hours = TRIED_FOR // timedelta(hours=1)
        return f"nothing was delivered for {hours} hours, last: {tried.detail}"
    return None


def notice_of(webhook: Webhook, reason: str, *, now: datetime) -> Notice:
    """What those are told whose webhook it is."""
    return Notice(
        topic=f"webhook/{webhook.id}/{instant(now)}",
        subject=f"Webhook {webhook.settings.name} was disabled",
        paragraphs=(
            f"Programs are told nothing more by it: {reason}.",
            f"To switch it on: put the receiver right, then edit it with enabled: true (PUT /api/v1/webhooks/{webhook.id}).",
            "What was still to be delivered is in its log, and can be delivered again from there.",
        ),
    )


def edited(current: Webhook, wanted: Settings, *, now: datetime) -> Webhook:
    """Switching it on forgets what it failed at before; switching it off says that a person did."""
    new = replace(current, settings=wanted, version=current.version + 1)
    if wanted.enabled:
        since = current.failing_since if current.settings.enabled and wanted.url == current.settings.url else None
        return replace(new, off_because=None, disabled_at=None, failing_since=since)
    if current.settings.enabled:
        return replace(new, off_because="switched off", disabled_at=now, failing_since=None)
    return new


def disabled(current: Webhook, reason: str, *, now: datetime) -> Webhook:
    """By us. It was not edited, but whoever edits it now must see that it is off."""
    return replace(
        current,
        settings=replace(current.settings, enabled=False),
        off_because=reason,
        disabled_at=now,
        version=current.version + 1,
    )


def signing(secrets: Secrets, *, now: datetime) -> list[bytes]:
    """The sealed secrets that sign now, the newest first."""
    overlaps = secrets.previous is not None and secrets.previous_until is not None and now < secrets.previous_until
    return [secrets.current, secrets.previous] if overlaps and secrets.previous else [secrets.current]


def instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _spelled(said: Mapping[str, object]) -> str:
    return json.dumps(said, ensure_ascii=False, separators=(",", ":"))
