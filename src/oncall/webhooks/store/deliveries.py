"""SQL about deliveries on their way out: added, claimed under a lease, looked at again, recorded."""

from collections.abc import Collection, Mapping, Sequence
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.webhooks.values import (
    Claimed,
    Delivered,
    DeliveryId,
    DeliveryStatus,
    Fate,
    GiveUp,
    NewDelivery,
    Secrets,
    Tried,
    TryAgain,
    WebhookId,
)

ADD = text("""
    INSERT INTO webhook_deliveries
        (id, webhook_id, incident_id, lane, type, body, status, reason, attempt, tries_before, next_at, give_up_at, created_at)
    SELECT id, webhook_id, incident_id, lane, type, body, 'pending', '', 0, 0, CAST(:now AS timestamptz), CAST(:give_up_at AS timestamptz),
        CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:webhook_ids AS uuid[]), CAST(:incident_ids AS uuid[]), CAST(:lanes AS uuid[]),
        CAST(:types AS text[]), CAST(:bodies AS text[])) WITH ORDINALITY
        AS new (id, webhook_id, incident_id, lane, type, body, nth)
    ORDER BY nth
""")
# `webhook_deliveries_next_at_idx (webhook_id, next_at)` and `webhook_deliveries_lane_idx (webhook_id, lane, seq)`, both of what is
# unfinished. Each webhook is asked by itself, so that the backlog of one hides nobody else's, and of each lane only the first is due. Of
# one whose lease ran out nobody knows whether it arrived, and its attempt says so.
CLAIM = text("""
    WITH busy AS (
        SELECT * FROM unnest(CAST(:busy AS uuid[]), CAST(:counts AS int[])) AS b (webhook_id, n)
    ), fair AS (
        SELECT first.id, first.next_at, first.seq FROM webhooks w LEFT JOIN busy ON busy.webhook_id = w.id
        CROSS JOIN LATERAL (
            SELECT d.id, d.next_at, d.seq, row_number() OVER (ORDER BY d.next_at, d.seq) AS nth FROM webhook_deliveries d
            WHERE d.webhook_id = w.id AND d.next_at <= :now AND NOT EXISTS (
                SELECT 1 FROM webhook_deliveries before
                WHERE before.webhook_id = d.webhook_id AND before.lane = d.lane AND before.seq < d.seq AND before.next_at IS NOT NULL)
            ORDER BY d.next_at, d.seq LIMIT :each) first
        WHERE w.enabled AND first.nth <= :each - coalesce(busy.n, 0)
        ORDER BY first.next_at, first.seq LIMIT :limit
    ), due AS MATERIALIZED (
        SELECT id, status, attempt FROM webhook_deliveries
        WHERE id IN (SELECT id FROM fair) AND next_at <= :now ORDER BY id FOR NO KEY UPDATE SKIP LOCKED
    ), unknown AS (
        INSERT INTO webhook_attempts (delivery_id, number, at, outcome, detail)
        SELECT id, attempt, CAST(:now AS timestamptz), 'unknown', 'its sender did not report before the lease ran out'
        FROM due WHERE status = 'sending'
        ON CONFLICT DO NOTHING
    )
    UPDATE webhook_deliveries d SET status = 'sending', attempt = d.attempt + 1, next_at = :lease_until
    FROM due, webhooks w WHERE d.id = due.id AND w.id = d.webhook_id
    RETURNING d.id, d.webhook_id, d.lane, d.attempt, d.tries_before, w.url, w.secret, w.previous_secret,
        w.previous_secret_until, d.body, d.give_up_at
""")
NEXT_AT = text("""
    SELECT min(first.next_at) AS next_at FROM webhooks w CROSS JOIN LATERAL (
        SELECT d.next_at FROM webhook_deliveries d
        WHERE d.webhook_id = w.id AND d.next_at IS NOT NULL AND NOT EXISTS (
            SELECT 1 FROM webhook_deliveries before
            WHERE before.webhook_id = d.webhook_id AND before.lane = d.lane AND before.seq < d.seq AND before.next_at IS NOT NULL)
        ORDER BY d.next_at LIMIT 1) first
    WHERE w.enabled AND w.id <> ALL(CAST(:full AS uuid[]))
""")
STILL_MINE = text("""
    SELECT 1 FROM webhook_deliveries d JOIN webhooks w ON w.id = d.webhook_id
    WHERE d.id = :id AND d.attempt = :attempt AND d.status = 'sending' AND d.next_at > :now AND w.enabled
""")
RECORD = text("""
    UPDATE webhook_deliveries SET status = :status, reason = :reason, next_at = :next_at, finished_at = :finished_at
    WHERE id = :id AND attempt = :attempt AND status = 'sending' RETURNING id
""")
ADD_ATTEMPT = text("""
    INSERT INTO webhook_attempts (delivery_id, number, at, outcome, code, detail)
    SELECT CAST(:id AS uuid), CAST(:attempt AS int), CAST(:now AS timestamptz), CAST(:outcome AS text), CAST(:code AS int),
        CAST(:detail AS text)
    WHERE EXISTS (SELECT 1 FROM webhook_deliveries WHERE id = :id)
    ON CONFLICT (delivery_id, number) DO UPDATE SET outcome = excluded.outcome, code = excluded.code, detail = excluded.detail
""")
# What waits behind it is not looked at before it.
HOLD_BACK = text("""
    UPDATE webhook_deliveries SET next_at = :next_at
    WHERE webhook_id = :webhook_id AND lane = :lane AND id <> :id AND status = 'pending' AND next_at < :next_at
""")
# The same for what was added since: while a receiver is down for hours, nothing behind a failure is looked at in vain. Whoever moves
# several rows of a webhook holds its lock, so that nothing is put off for a failure that is over.
HOLD_BACK_LATE = text("""
    WITH free AS MATERIALIZED (SELECT id FROM webhooks WHERE failing_since IS NOT NULL ORDER BY id FOR NO KEY UPDATE SKIP LOCKED)
    UPDATE webhook_deliveries d SET next_at = before.next_at
    FROM free, webhook_deliveries before
    WHERE d.webhook_id = free.id AND d.status = 'pending' AND d.next_at <= :now
        AND before.webhook_id = d.webhook_id AND before.lane = d.lane AND before.seq < d.seq
        AND before.status = 'pending' AND before.next_at > :now
""")
# The next of a lane, now that the one before is through.
LET_GO = text("""
    UPDATE webhook_deliveries SET next_at = :now
    WHERE webhook_id = :webhook_id AND lane = :lane AND status = 'pending' AND next_at > :now
""")
LET_ALL_GO = text("UPDATE webhook_deliveries SET next_at = :now WHERE webhook_id = :webhook_id AND status = 'pending' AND next_at > :now")
CANCEL_ALL = text("""
    UPDATE webhook_deliveries SET status = 'cancelled', reason = :reason, next_at = NULL, finished_at = :now
    WHERE webhook_id = :webhook_id AND next_at IS NOT NULL
""")

STATUSES: Mapping[type[Fate], DeliveryStatus] = {
    Delivered: DeliveryStatus.DELIVERED,
    TryAgain: DeliveryStatus.PENDING,
    GiveUp: DeliveryStatus.FAILED,
}


async def add_deliveries(tx: AsyncConnection, new: Sequence[NewDelivery], *, now: datetime, give_up_at: datetime) -> None:
    """In this order, due at once."""
    await tx.execute(
        ADD,
        {
            "ids": [d.id for d in new],
            "webhook_ids": [d.webhook_id for d in new],
            "incident_ids": [d.incident_id for d in new],
            "lanes": [d.lane for d in new],
            "types": [d.type for d in new],
            "bodies": [d.body for d in new],
            "now": now,
            "give_up_at": give_up_at,
        },
    )


async def claim_due(
    tx: AsyncConnection, *, busy: Mapping[WebhookId, int], each: int, now: datetime, lease_until: datetime, limit: int
) -> list[Claimed]:
    """At most `each` of one webhook at a time, those that are busy with some counted."""
    params = {"busy": list(busy), "counts": list(busy.values()), "each": each, "now": now, "lease_until": lease_until, "limit": limit}
    return [
        Claimed(
            DeliveryId(r.id),
            WebhookId(r.webhook_id),
            r.lane,
            r.attempt,
            r.attempt - r.tries_before,
            r.url,
            Secrets(bytes(r.secret), bytes(r.previous_secret) if r.previous_secret else None, r.previous_secret_until),
            r.body,
            r.give_up_at,
            lease_until,
        )
        for r in await tx.execute(CLAIM, params)
    ]


async def next_at(tx: AsyncConnection, *, full: Collection[WebhookId]) -> datetime | None:
    """When something is due of those webhooks that can take more."""
    at: datetime | None = (await tx.execute(NEXT_AT, {"full": list(full)})).scalar_one()
    return at


async def hold_back_late(tx: AsyncConnection, *, now: datetime) -> None:
    await tx.execute(HOLD_BACK_LATE, {"now": now})


async def is_still_mine(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    return (await tx.execute(STILL_MINE, {"id": claimed.id, "attempt": claimed.attempt, "now": now})).first() is not None


async def record(tx: AsyncConnection, claimed: Claimed, fate: Fate, *, now: datetime) -> bool:
    """Write what became of it; False if it was cancelled, or claimed by another, meanwhile (the fence)."""
    status = STATUSES[type(fate)]
    next_at = fate.next_at if isinstance(fate, TryAgain) else None
    params = {"status": status.value, "reason": fate.reason[:500], "next_at": next_at, "finished_at": None if next_at else now}
    rows = await tx.execute(RECORD, {"id": claimed.id, "attempt": claimed.attempt, **params})
    return rows.first() is not None


async def add_attempt(tx: AsyncConnection, claimed: Claimed, tried: Tried, *, now: datetime) -> None:
    """If its lease ran out it is written already as unknown, and is known now."""
    params = {"outcome": tried.word.value, "code": tried.code, "detail": tried.detail[:500], "now": now}
    await tx.execute(ADD_ATTEMPT, {"id": claimed.id, "attempt": claimed.attempt, **params})


async def hold_back(tx: AsyncConnection, claimed: Claimed, *, until: datetime) -> None:
    params = {"webhook_id": claimed.webhook_id, "lane": claimed.lane, "id": claimed.id, "next_at": until}
    await tx.execute(HOLD_BACK, params)


async def let_go(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> None:
    await tx.execute(LET_GO, {"webhook_id": claimed.webhook_id, "lane": claimed.lane, "now": now})


async def let_all_go(tx: AsyncConnection, webhook_id: WebhookId, *, now: datetime) -> None:
    await tx.execute(LET_ALL_GO, {"webhook_id": webhook_id, "now": now})


async def cancel_all(tx: AsyncConnection, webhook_id: WebhookId, *, reason: str, now: datetime) -> None:
    await tx.execute(CANCEL_ALL, {"webhook_id": webhook_id, "reason": reason, "now": now})
