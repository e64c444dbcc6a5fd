"""Every SQL statement about codes and tries."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.replies.values import Tries

CODES_OF = text("SELECT notification_id, code FROM reply_codes WHERE notification_id = ANY(:ids)")
ADD_CODES = text("""
    INSERT INTO reply_codes (notification_id, address, code, created_at)
    SELECT c.*, CAST(:now AS timestamptz)
    FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[]), CAST(:codes AS text[])) AS c (notification_id, address, code)
    ORDER BY c.address, c.code
    ON CONFLICT DO NOTHING RETURNING notification_id, code
""")
FORGET_CODES = text("DELETE FROM reply_codes WHERE address = ANY(:addresses) AND created_at <= :until")
# By the primary key.
FIND_CODE = text("SELECT notification_id FROM reply_codes WHERE address = :address AND code = :code")

# Whoever writes from the same number at the same moment waits here.
LOCK_TRIES = text("""
    INSERT INTO reply_tries AS t (address, wrong, told, since) VALUES (:address, 0, 0, :now)
    ON CONFLICT (address) DO UPDATE SET
        wrong = CASE WHEN t.since <= :until THEN 0 ELSE t.wrong END,
        told = CASE WHEN t.since <= :until THEN 0 ELSE t.told END,
        since = CASE WHEN t.since <= :until THEN :now ELSE t.since END
    RETURNING wrong, told
""")
SAVE_TRIES = text("UPDATE reply_tries SET wrong = :wrong, told = :told WHERE address = :address")
FORGET_TRIES = text("""
    DELETE FROM reply_tries WHERE address IN (
        SELECT address FROM reply_tries WHERE since <= :until ORDER BY address LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")


async def codes_of(tx: AsyncConnection, ids: Collection[NotificationId]) -> dict[NotificationId, str]:
    return {NotificationId(r.notification_id): r.code for r in await tx.execute(CODES_OF, {"ids": list(ids)})}


async def add_codes(tx: AsyncConnection, wanted: Mapping[NotificationId, tuple[str, str]], *, now: datetime) -> dict[NotificationId, str]:
    """Those of these (address, code) that were free."""
    params = {"ids": list(wanted), "addresses": [a for a, _ in wanted.values()], "codes": [c for _, c in wanted.values()], "now": now}
    return {NotificationId(r.notification_id): r.code for r in await tx.execute(ADD_CODES, params)}


async def forget_codes(tx: AsyncConnection, addresses: Collection[str], *, until: datetime) -> None:
    await tx.execute(FORGET_CODES, {"addresses": list(addresses), "until": until})


async def find_code(tx: AsyncConnection, address: str, code: str) -> NotificationId | None:
    found = (await tx.execute(FIND_CODE, {"address": address, "code": code})).scalar_one_or_none()
    return NotificationId(found) if found else None


async def lock_tries(tx: AsyncConnection, address: str, *, until: datetime, now: datetime) -> Tries:
    """What came from this number since `until`; nobody else counts it meanwhile."""
    row = (await tx.execute(LOCK_TRIES, {"address": address, "until": until, "now": now})).one()
    return Tries(row.wrong, row.told)


async def save_tries(tx: AsyncConnection, address: str, tries: Tries) -> None:
    await tx.execute(SAVE_TRIES, {"address": address, "wrong": tries.wrong, "told": tries.told})


async def forget_tries(tx: AsyncConnection, *, until: datetime) -> None:
    await tx.execute(FORGET_TRIES, {"until": until})
