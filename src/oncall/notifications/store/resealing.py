"""SQL about the secret addresses that messages carry."""

from collections.abc import Sequence

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import NotificationId

# What is over, and is not sent again, needs no more of a secret than is shown of it. Reads the whole table: for an operator's command.
FORGET = text("""
    UPDATE notifications SET address = split_part(address, '://', 1) || '://…'
    WHERE channel = ANY(CAST(:channels AS text[])) AND status NOT IN ('pending', 'sending', 'cancelled')
        AND address <> split_part(address, '://', 1) || '://…'
""")
LOCK = text("""
    SELECT id, channel, address FROM notifications
    WHERE channel = ANY(CAST(:channels AS text[])) AND status IN ('pending', 'sending', 'cancelled') ORDER BY id FOR NO KEY UPDATE
""")
SAVE = text("""
    UPDATE notifications n SET address = s.address FROM unnest(CAST(:ids AS uuid[]), CAST(:addresses AS text[])) AS s (id, address)
    WHERE n.id = s.id
""")


async def forget_addresses(tx: AsyncConnection, channels: Sequence[str]) -> None:
    await tx.execute(FORGET, {"channels": list(channels)})


async def lock_unsent(tx: AsyncConnection, channels: Sequence[str]) -> list[tuple[NotificationId, str, str]]:
    """(id, channel, address) of what may still be sent."""
    return [(NotificationId(r.id), r.channel, r.address) for r in await tx.execute(LOCK, {"channels": list(channels)})]


async def save_addresses(tx: AsyncConnection, addresses: Sequence[tuple[NotificationId, str]]) -> None:
    await tx.execute(SAVE, {"ids": [id for id, _ in addresses], "addresses": [address for _, address in addresses]})
