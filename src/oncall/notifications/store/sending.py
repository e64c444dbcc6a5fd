"""SQL about messages on their way out, whatever they are about: claimed under a lease, looked at again, recorded, given back."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.values import PageUpdate
from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import AttemptOutcome, Claimed, Notice, Page, Status, Step, Subject

# `notifications_next_at_idx (channel, urgency, next_at) WHERE next_at IS NOT NULL` holds exactly what is unfinished. High urgency goes
# first, page updates last ('high' sorts before 'low', and that before 'update'), and nobody gets more than their share of the slots.
# Fresh and stale (a lease that ran out) are claimed by one statement; of a stale one nobody knows whether it arrived, and its attempt says
# so. Each is of a page or of a notice.
CLAIM = text("""
    WITH first AS (
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'high' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
        UNION ALL
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'low' AND next_at <= :now AND address <> ALL(CAST(:busy AS text[]))
         ORDER BY next_at LIMIT 1000)
        UNION ALL
        (SELECT id, address, urgency, next_at FROM notifications
         WHERE channel = :channel AND urgency = 'update' AND next_at <= :now AND address <> ALL(CAST(:engaged AS text[]))
         ORDER BY next_at LIMIT :updates)
    ), fair AS (
        SELECT id, urgency, next_at, row_number() OVER (PARTITION BY address ORDER BY urgency, next_at) AS nth FROM first
    ), due AS MATERIALIZED (
        SELECT id, status, attempt, page_id, notice_id FROM notifications
        WHERE id IN (SELECT id FROM fair WHERE nth <= :each ORDER BY urgency, next_at LIMIT :limit) AND next_at <= :now
        ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), unknown AS (
        INSERT INTO attempts (notification_id, number, at, outcome, detail)
        SELECT id, attempt, :now, 'unknown', 'its sender did not report before the lease ran out' FROM due WHERE status = 'sending'
        ON CONFLICT DO NOTHING
    )
    UPDATE notifications n
    SET status = 'sending', attempt = n.attempt + 1, next_at = :lease_until,
        may_have_arrived = n.may_have_arrived OR due.status = 'sending'
    FROM due LEFT JOIN pages p ON p.id = due.page_id LEFT JOIN notices o ON o.id = due.notice_id WHERE n.id = due.id
    RETURNING n.id, n.notice_id, n.incident_id, n.user_id, coalesce(p.user_name, o.user_name) AS user_name, n.cycle, n.round, n.step,
        n.nth, coalesce(o.urgency, n.urgency) AS urgency, n.channel, n.address, n.due_at, n.attempt, n.may_have_arrived, n.reason,
        p.subject::text AS subject, CASE WHEN p.team_id IS NOT NULL THEN p.user_id END AS recipient,
        o.kind, o.subject AS headline, o.body::text AS body, o.created_at, o.expires_at
""")
NEXT_AT = text("""
    SELECT least(
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'high' AND next_at IS NOT NULL),
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'low' AND next_at IS NOT NULL),
        (SELECT min(next_at) FROM notifications WHERE channel = :channel AND urgency = 'update' AND next_at IS NOT NULL))
""")
# By the unique index of a position. A claim that ends here was no attempt.
CANCEL_OUTRUN = text("""
    UPDATE notifications n SET status = 'cancelled', next_at = NULL, attempt = n.attempt - 1
    WHERE n.id = ANY(:ids) AND n.status = 'sending' AND EXISTS (
        SELECT 1 FROM notifications later
        WHERE later.incident_id = n.incident_id AND (later.cycle, later.round, later.step) = (n.cycle, n.round, n.step)
            AND later.contact_method_id = n.contact_method_id AND later.nth > n.nth AND later.due_at <= :now
            AND later.status IN ('pending', 'sending', 'sent', 'delivered', 'read'))
    RETURNING n.id
""")
# Nor was this one an attempt.
CANCEL_CLAIMED = text("""
    UPDATE notifications SET status = 'cancelled', next_at = NULL, attempt = attempt - 1 WHERE id = ANY(:ids) AND status = 'sending'
""")
STILL_MINE = text("SELECT 1 FROM notifications WHERE id = :id AND attempt = :attempt AND status = 'sending' AND next_at > :now")
RECORD = text("""
    UPDATE notifications SET status = :status, next_at = :next_at, may_have_arrived = :may_have_arrived
    WHERE id = :id AND attempt = :attempt AND status = 'sending' RETURNING contact_method_id
""")
# It was no attempt: a claim that came to nothing uses up none of the tries.
GIVE_BACK = text("""
    UPDATE notifications SET status = 'pending', attempt = attempt - 1, next_at = :next_at
    WHERE id = :id AND attempt = :attempt AND status = 'sending'
""")
ADD_ATTEMPT = text("""
    INSERT INTO attempts (notification_id, number, at, outcome, detail) VALUES (:id, :attempt, :now, :outcome, :detail)
    ON CONFLICT DO NOTHING
""")


@dataclass(frozen=True, slots=True)
class _Body:
    """The JSON of a notice: links are (address, words)."""

    paragraphs: tuple[str, ...]
    links: tuple[tuple[str, str], ...]
    sealed: str | None = None
    update: PageUpdate | None = None


async def claim_due(
    tx: AsyncConnection,
    *,
    channel: str,
    busy: Sequence[str],
    engaged: Sequence[str],
    each: int,
    updates: int,
    now: datetime,
    lease_until: datetime,
    limit: int,
) -> list[Claimed]:
    """At most `each` to one address, and none to those that are busy; at most so many page updates, and none to those that are engaged."""
    params = {
        "channel": channel,
        "busy": list(busy),
        "engaged": list(engaged),
        "each": each,
        "updates": updates,
        "now": now,
        "lease_until": lease_until,
        "limit": limit,
    }
    rows = await tx.execute(CLAIM, params)
    return [
        Claimed(
            NotificationId(r.id),
            UserId(r.user_id),
            r.user_name,
            r.nth,
            r.channel,
            r.address,
            r.due_at,
            r.attempt,
            r.may_have_arrived,
            lease_until,
            _page(r) if r.notice_id is None else _notice(r),
        )
        for r in rows
    ]


async def cancel_outrun(tx: AsyncConnection, claimed: Sequence[Claimed], *, now: datetime) -> set[NotificationId]:
    """Those of these repetitions after which a later one to the same address is due already."""
    rows = await tx.execute(CANCEL_OUTRUN, {"ids": [one.id for one in claimed], "now": now})
    return {NotificationId(row.id) for row in rows}


async def cancel_claimed(tx: AsyncConnection, ids: Sequence[NotificationId]) -> None:
    """They were claimed in this transaction, and are not to be sent."""
    await tx.execute(CANCEL_CLAIMED, {"ids": list(ids)})


def _page(r: Row[Any]) -> Page:
    return Page(
        Step(IncidentId(r.incident_id), r.cycle, r.round, r.step),
        r.reason,
        msgspec.json.decode(r.subject, type=Subject),
        UserId(r.recipient) if r.recipient else None,
    )


def _notice(r: Row[Any]) -> Notice:
    body = msgspec.json.decode(r.body, type=_Body)
    return Notice(r.kind, r.urgency, r.headline, body.paragraphs, body.links, r.created_at, r.expires_at, body.sealed, body.update)


async def next_at(tx: AsyncConnection, *, channel: str) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT, {"channel": channel})).scalar_one()
    return at


async def is_still_mine(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    return (await tx.execute(STILL_MINE, {"id": claimed.id, "attempt": claimed.attempt, "now": now})).first() is not None


async def record(tx: AsyncConnection, claimed: Claimed, *, status: Status, next_at: datetime | None, may_have_arrived: bool) -> UUID | None:
    """Write what became of it, and say to which contact method; None if it was cancelled or claimed by another meanwhile (the fence)."""
    row = await tx.execute(
        RECORD,
        {
            "id": claimed.id,
            "attempt": claimed.attempt,
            "status": status.value,
            "next_at": next_at,
            "may_have_arrived": may_have_arrived,
        },
    )
    contact_method: UUID | None = row.scalar_one_or_none()
    return contact_method


async def give_back(tx: AsyncConnection, claimed: Claimed, *, next_at: datetime) -> None:
    await tx.execute(GIVE_BACK, {"id": claimed.id, "attempt": claimed.attempt, "next_at": next_at})


async def add_attempt(tx: AsyncConnection, claimed: Claimed, *, outcome: AttemptOutcome, detail: str, now: datetime) -> None:
    await tx.execute(ADD_ATTEMPT, {"id": claimed.id, "attempt": claimed.attempt, "now": now, "outcome": outcome, "detail": detail[:2_000]})
