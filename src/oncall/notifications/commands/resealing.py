"""The secret addresses in messages, sealed anew as those of contact methods are."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands.sealing import open_address, seal_address
from oncall.contacts.values import SECRET_ADDRESSES
from oncall.kit.sealing import CannotOpen, Sealing
from oncall.notifications.store import resealing as store


async def reseal(tx: AsyncConnection, sealing: Sealing) -> tuple[int, list[str]]:
    """What may still be sent; of the rest only what is shown is kept. How many, and in words of how many the address cannot be opened."""
    channels = sorted(SECRET_ADDRESSES)
    await store.forget_addresses(tx, channels)
    anew, lost = [], 0
    for id, channel, address in await store.lock_unsent(tx, channels):
        try:
            anew.append((id, seal_address(channel, open_address(channel, address, sealing), sealing)[0]))
        except CannotOpen:
            lost += 1
    await store.save_addresses(tx, anew)
    return len(anew), [f"{lost} messages that may still be sent"] if lost else []
