"""SQL about the ledger of deliveries: only inserts and reads."""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId, NotificationId, UserId
from oncall.notifications.values import BEGINNING, AttemptOutcome, Delivery, Link, Sealed

LOCK = text("SELECT pg_try_advisory_xact_lock(hashtextextended('oncall delivery ledger', 0))")
# By attempts_at_idx (at), each looked up by the unique constraint of the ledger. What was pruned is not sealed again.
UNSEALED = text("""
    SELECT a.notification_id, a.number, a.at, n.incident_id, n.user_id, n.channel, n.address, a.outcome, a.detail
    FROM attempts a JOIN notifications n ON n.id = a.notification_id
    WHERE a.at >= greatest(CAST(:since AS timestamptz), (SELECT max(pruned_until) FROM delivery_ledger_anchors))
        AND NOT EXISTS (SELECT 1 FROM delivery_ledger l WHERE l.notification_id = a.notification_id AND l.number = a.number)
    ORDER BY a.at, a.notification_id, a.number LIMIT :limit
""")
HEAD = text("""
    SELECT seq, hash FROM (
        (SELECT seq, hash FROM delivery_ledger ORDER BY seq DESC LIMIT 1)
        UNION ALL (SELECT seq, hash FROM delivery_ledger_anchors ORDER BY seq DESC LIMIT 1)
    ) AS last ORDER BY seq DESC LIMIT 1
""")
ANCHOR = text("SELECT seq, hash FROM delivery_ledger_anchors ORDER BY seq DESC LIMIT 1")
ADD = text("""
    INSERT INTO delivery_ledger (seq, notification_id, number, at, incident_id, user_id, channel, address, outcome, detail, sealed_at, hash)
    SELECT * FROM unnest(CAST(:seqs AS bigint[]), CAST(:notification_ids AS uuid[]), CAST(:numbers AS int[]), CAST(:ats AS timestamptz[]),
        CAST(:incident_ids AS uuid[]), CAST(:user_ids AS uuid[]), CAST(:channels AS text[]), CAST(:addresses AS text[]),
        CAST(:outcomes AS text[]), CAST(:details AS text[]), CAST(:sealed_ats AS timestamptz[]), CAST(:hashes AS bytea[]))
""")
LIST = text("""
    SELECT seq, notification_id, number, at, incident_id, user_id, channel, address, outcome, detail, sealed_at, hash
    FROM delivery_ledger WHERE seq > :after ORDER BY seq LIMIT :limit
""")
# A try whose notification is there must be there too, and say the same; one whose incident was deleted is in the ledger alone.
OTHERWISE = text("""
    SELECT l.seq, l.notification_id, l.number, a.number IS NULL AS is_gone
    FROM delivery_ledger l JOIN notifications n ON n.id = l.notification_id
    LEFT JOIN attempts a ON a.notification_id = l.notification_id AND a.number = l.number
    WHERE (a.at, a.outcome, a.detail) IS DISTINCT FROM (l.at, l.outcome, l.detail)
    ORDER BY l.seq LIMIT :limit
""")
GONE, CHANGED = "is gone, but row {} of the delivery ledger has it", "is not what row {} of the delivery ledger says"
LONG_UNSEALED = text("""
    SELECT count(*) FROM attempts a
    WHERE a.at < :before AND a.at >= coalesce((SELECT max(pruned_until) FROM delivery_ledger_anchors), '-infinity')
        AND NOT EXISTS (SELECT 1 FROM delivery_ledger l WHERE l.notification_id = a.notification_id AND l.number = a.number)
""")


async def lock(tx: AsyncConnection) -> bool:
    """Whether it is ours to seal until the end of this transaction; waits for nobody."""
    return bool((await tx.execute(LOCK)).scalar_one())


async def head(tx: AsyncConnection) -> Link:
    """The last link of the chain."""
    row = (await tx.execute(HEAD)).first()
    return Link(row.seq, bytes(row.hash)) if row else BEGINNING


async def anchor(tx: AsyncConnection) -> Link:
    """The link before the first row there is."""
    row = (await tx.execute(ANCHOR)).first()
    return Link(row.seq, bytes(row.hash)) if row else BEGINNING


async def list_unsealed(tx: AsyncConnection, *, since: datetime, limit: int, now: datetime) -> list[Delivery]:
    """Tries that are committed and not sealed yet, oldest first; with their addresses as they are."""
    return [_delivery(r, sealed_at=now) for r in await tx.execute(UNSEALED, {"since": since, "limit": limit})]


async def add(tx: AsyncConnection, rows: Sequence[Sealed]) -> None:
    its = [row.delivery for row in rows]
    await tx.execute(
        ADD,
        {
            "seqs": [row.link.seq for row in rows],
            "hashes": [row.link.hash for row in rows],
            "notification_ids": [one.notification_id for one in its],
            "numbers": [one.number for one in its],
            "ats": [one.at for one in its],
            "incident_ids": [one.incident_id for one in its],
            "user_ids": [one.user_id for one in its],
            "channels": [one.channel for one in its],
            "addresses": [one.address for one in its],
            "outcomes": [one.outcome.value for one in its],
            "details": [one.detail for one in its],
            "sealed_ats": [one.sealed_at for one in its],
        },
    )


async def list_sealed(tx: AsyncConnection, *, after: int, limit: int) -> list[Sealed]:
    rows = await tx.execute(LIST, {"after": after, "limit": limit})
    return [Sealed(Link(r.seq, bytes(r.hash)), _delivery(r, sealed_at=r.sealed_at)) for r in rows]


def _delivery(r: Row[Any], *, sealed_at: datetime) -> Delivery:
    return Delivery(
        NotificationId(r.notification_id),
        r.number,
        r.at,
        IncidentId(r.incident_id) if r.incident_id else None,
        UserId(r.user_id),
        r.channel,
        r.address,
        AttemptOutcome(r.outcome),
        r.detail,
        sealed_at,
    )


async def list_otherwise(tx: AsyncConnection, *, limit: int) -> list[str]:
    """Where the tries that are kept are not those that were sealed."""
    found = (await tx.execute(OTHERWISE, {"limit": limit})).all()
    return [f"try {r.number} of notification {r.notification_id} {GONE if r.is_gone else CHANGED}".format(r.seq) for r in found]


async def count_unsealed(tx: AsyncConnection, *, now: datetime, older_than: timedelta) -> int:
    return int((await tx.execute(LONG_UNSEALED, {"before": now - older_than})).scalar_one())
