"""Every SQL statement about codes, tries and inquiries."""

from collections.abc import Collection, Mapping
from datetime import datetime

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId
from oncall.replies.values import Inquiry, Tries

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


ADD_INQUIRY = text("""
    INSERT INTO inquiries (notification_id, channel, provider_id, sent_at, asked, next_at)
    VALUES (:id, :channel, :provider_id, :now, 0, :next_at) ON CONFLICT DO NOTHING
""")
# By inquiries_next_at_idx (next_at). A claim is a lease: whoever dies with it leaves it to be asked again.
CLAIM_INQUIRIES = text("""
    UPDATE inquiries i SET asked = i.asked + 1, next_at = :lease_until
    FROM (SELECT notification_id FROM inquiries WHERE next_at <= :now ORDER BY next_at LIMIT :limit FOR NO KEY UPDATE SKIP LOCKED) due
    WHERE i.notification_id = due.notification_id
    RETURNING i.notification_id, i.channel, i.provider_id, i.sent_at, i.asked
""")
NEXT_INQUIRY = text("SELECT min(next_at) FROM inquiries")
PUT_OFF = text("UPDATE inquiries SET next_at = :next_at WHERE notification_id = :id AND asked = :asked")
END_INQUIRIES = text("DELETE FROM inquiries WHERE notification_id = ANY(:ids)")


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


async def add_inquiry(tx: AsyncConnection, id: NotificationId, *, channel: str, provider_id: str, next_at: datetime, now: datetime) -> None:
    params = {"id": id, "channel": channel, "provider_id": provider_id, "next_at": next_at, "now": now}
    await tx.execute(ADD_INQUIRY, params)


async def claim_inquiries(tx: AsyncConnection, *, now: datetime, lease_until: datetime, limit: int) -> list[Inquiry]:
    rows = await tx.execute(CLAIM_INQUIRIES, {"now": now, "lease_until": lease_until, "limit": limit})
    return [Inquiry(NotificationId(r.notification_id), r.channel, r.provider_id, r.sent_at, r.asked) for r in rows]


async def next_inquiry(tx: AsyncConnection) -> datetime | None:
    at: datetime | None = (await tx.execute(NEXT_INQUIRY)).scalar_one()
    return at


async def put_off(tx: AsyncConnection, inquiry: Inquiry, *, next_at: datetime) -> None:
    """Unless somebody else has asked since."""
    await tx.execute(PUT_OFF, {"id": inquiry.notification_id, "asked": inquiry.asked, "next_at": next_at})


async def end_inquiries(tx: AsyncConnection, ids: Collection[NotificationId]) -> None:
    await tx.execute(END_INQUIRIES, {"ids": list(ids)})
