"""SQL about messages to addresses outside: added, claimed under a lease, looked at again, recorded."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.values.subscribers import (
    Claimed,
    Fate,
    Followed,
    GiveUp,
    Sent,
    Subscriber,
    SubscriberId,
    Told,
    TryAgain,
    UpdateDeliveryId,
)
from oncall.communications.values.updates import Audience, State, UpdateId
from oncall.kit.ids import IncidentId, ServiceId, TeamId

ADD = text("""
    INSERT INTO update_deliveries
        (id, update_id, subscriber_id, channel, address, status, detail, attempt, next_at, give_up_at, created_at)
    SELECT id, CAST(:update_id AS uuid), subscriber_id, channel, address, 'pending', '', 0, CAST(:now AS timestamptz),
        CAST(:give_up_at AS timestamptz), CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:subscriber_ids AS uuid[]), CAST(:channels AS text[]), CAST(:addresses AS text[]))
        AS new (id, subscriber_id, channel, address)
    ON CONFLICT DO NOTHING
""")
# `update_deliveries_next_at_idx (next_at)` of what is unfinished.
CLAIM = text("""
    WITH due AS MATERIALIZED (
        SELECT id FROM update_deliveries WHERE next_at <= :now ORDER BY next_at, id LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED
    ), mine AS (
        UPDATE update_deliveries d SET status = 'sending', attempt = d.attempt + 1, next_at = :lease_until FROM due WHERE d.id = due.id
        RETURNING d.id, d.update_id, d.subscriber_id, d.channel, d.address, d.attempt, d.created_at, d.give_up_at
    )
    SELECT mine.*, u.audience, u.state, u.text, u.at, u.incident_id AS about_id, p.title, s.incident_id, s.service_id, s.team_id,
        s.audience AS told_audience
    FROM mine JOIN subscribers s ON s.id = mine.subscriber_id LEFT JOIN status_updates u ON u.id = mine.update_id
        LEFT JOIN published_incidents p ON p.id = u.published_id
    ORDER BY mine.id
""")
NEXT_AT = text("SELECT min(next_at) AS next_at FROM update_deliveries WHERE next_at IS NOT NULL")
# What was retracted, and whoever wants nothing any more, is left alone; a question needs no answer before it is asked.
STILL_MINE = text("""
    SELECT 1 FROM update_deliveries d JOIN subscribers s ON s.id = d.subscriber_id LEFT JOIN status_updates u ON u.id = d.update_id
    WHERE d.id = :id AND d.attempt = :attempt AND d.status = 'sending' AND d.next_at > :now AND u.retracted_at IS NULL
        AND (d.update_id IS NULL) = (s.confirmed_at IS NULL)
""")
RECORD = text("""
    UPDATE update_deliveries SET status = :status, detail = :detail, next_at = :next_at, finished_at = :finished_at
    WHERE id = :id AND attempt = :attempt AND status = 'sending' RETURNING id
""")
CANCEL = text("""
    UPDATE update_deliveries SET status = 'cancelled', detail = :detail, next_at = NULL, finished_at = :now
    WHERE update_id = :update_id AND next_at IS NOT NULL
""")
DROP = text("""
    UPDATE update_deliveries SET status = 'cancelled', detail = 'nobody waits for it any more', next_at = NULL, finished_at = :now
    WHERE id = :id AND attempt = :attempt AND status = 'sending' AND next_at > :now
""")
COUNTS = text("""
    SELECT update_id, status, count(*) AS n FROM update_deliveries WHERE update_id = ANY(CAST(:ids AS uuid[])) GROUP BY update_id, status
""")
# Uses update_deliveries_finished_at_idx.
PRUNE = text("""
    DELETE FROM update_deliveries WHERE id IN (
        SELECT id FROM update_deliveries WHERE finished_at < :before ORDER BY finished_at LIMIT :limit FOR UPDATE SKIP LOCKED)
""")


async def add_deliveries(
    tx: AsyncConnection,
    update_id: UpdateId | None,
    new: Sequence[tuple[UpdateDeliveryId, Subscriber]],
    *,
    now: datetime,
    give_up_at: datetime,
) -> None:
    """Due at once; an address that follows several things is told once."""
    await tx.execute(
        ADD,
        {
            "update_id": update_id,
            "ids": [id for id, _ in new],
            "subscriber_ids": [one.id for _, one in new],
            "channels": [one.kind.value for _, one in new],
            "addresses": [one.address for _, one in new],
            "now": now,
            "give_up_at": give_up_at,
        },
    )


async def claim_due(tx: AsyncConnection, *, now: datetime, lease_until: datetime, limit: int) -> list[Claimed]:
    return [_claimed(r) for r in await tx.execute(CLAIM, {"now": now, "lease_until": lease_until, "limit": limit})]


async def next_at(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_AT)).scalar_one()
    return at


async def is_still_mine(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> bool:
    return (await tx.execute(STILL_MINE, {"id": claimed.id, "attempt": claimed.attempt, "now": now})).first() is not None


async def drop(tx: AsyncConnection, claimed: Claimed, *, now: datetime) -> None:
    """Unless it is another's by now."""
    await tx.execute(DROP, {"id": claimed.id, "attempt": claimed.attempt, "now": now})


async def record(tx: AsyncConnection, claimed: Claimed, fate: Fate, *, now: datetime) -> bool:
    """False if it was cancelled, or claimed by another, meanwhile (the fence)."""
    next_at = fate.next_at if isinstance(fate, TryAgain) else None
    status = {Sent: "sent", TryAgain: "pending", GiveUp: "failed"}[type(fate)]
    params = {"status": status, "detail": fate.detail[:500], "next_at": next_at, "finished_at": None if next_at else now}
    return (await tx.execute(RECORD, {"id": claimed.id, "attempt": claimed.attempt, **params})).first() is not None


async def cancel_all(tx: AsyncConnection, update_id: UpdateId, *, detail: str, now: datetime) -> None:
    await tx.execute(CANCEL, {"update_id": update_id, "detail": detail, "now": now})


async def counts_of(tx: AsyncConnection, ids: Sequence[UpdateId]) -> Mapping[UpdateId, Mapping[str, int]]:
    """Of each update, how many of its messages to addresses outside stand how."""
    found: dict[UpdateId, dict[str, int]] = {id: {} for id in ids}
    for r in await tx.execute(COUNTS, {"ids": list(ids)}) if ids else ():
        found[UpdateId(r.update_id)][r.status] = r.n
    return found


async def prune(tx: AsyncConnection, *, before: datetime, limit: int) -> int:
    return (await tx.execute(PRUNE, {"before": before, "limit": limit})).rowcount


def _claimed(r: Row[Any]) -> Claimed:
    told = None
    if r.update_id is not None:
        told = Told(UpdateId(r.update_id), IncidentId(r.about_id), r.title, Audience(r.audience), State(r.state), r.text, r.at)
    return Claimed(
        UpdateDeliveryId(r.id),
        SubscriberId(r.subscriber_id),
        Followed(
            IncidentId(r.incident_id) if r.incident_id else None,
            ServiceId(r.service_id) if r.service_id else None,
            TeamId(r.team_id) if r.team_id else None,
        ),
        r.channel,
        r.address,
        r.attempt,
        r.created_at,
        r.give_up_at,
        told,
        Audience(r.told_audience),
    )
