"""SQL about addresses that are secrets."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import ContactMethodId

# There are a few of them: one per person at most, and channels of teams.
LOCK_SECRET = text("""
    SELECT m.id, m.channel, m.address, coalesce(u.name, 'team ' || t.name) AS whose
    FROM contact_methods m LEFT JOIN users u ON u.id = m.user_id LEFT JOIN teams t ON t.id = m.team_id
    WHERE m.channel = ANY(CAST(:channels AS text[])) ORDER BY m.id FOR NO KEY UPDATE OF m
""")
# One that is there twice, since it was stored before addresses were sealed, stays so, and the second has no mark.
SAVE_ADDRESS = text("""
    UPDATE contact_methods m SET address = :address, address_mark = CASE WHEN NOT EXISTS (
        SELECT FROM contact_methods o WHERE o.id <> m.id AND o.channel = m.channel AND o.address_mark = CAST(:mark AS bytea)
            AND (o.user_id = m.user_id OR o.team_id = m.team_id)) THEN CAST(:mark AS bytea) END
    WHERE m.id = :id
""")


async def lock_secret(tx: AsyncConnection, channels: Sequence[str]) -> list[tuple[ContactMethodId, str, str, str]]:
    """Every contact method of these channels: (id, channel, address, whose)."""
    return [(ContactMethodId(r.id), r.channel, r.address, r.whose) for r in await tx.execute(LOCK_SECRET, {"channels": list(channels)})]


async def save_address(tx: AsyncConnection, id: ContactMethodId, address: str, mark: bytes | None) -> None:
    await tx.execute(SAVE_ADDRESS, {"id": id, "address": address, "mark": mark})
