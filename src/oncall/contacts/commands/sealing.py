"""Addresses that are secrets lie sealed: whoever has a dump of the database cannot write in anybody's name."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.rules import sealed_part
from oncall.contacts.store import sealing as store
from oncall.contacts.values import SECRET_ADDRESSES, shown_address
from oncall.kit.sealing import CannotOpen, Sealing


def seal_address(channel: str, address: str, sealing: Sealing) -> tuple[str, bytes | None]:
    """As it is stored, and its mark: what is shown of a secret, and the whole of it sealed; any other as it is."""
    if channel not in SECRET_ADDRESSES:
        return address, None
    plain = address.encode()
    return f"{shown_address(channel, address)}{sealing.seal(plain).decode()}", sealing.mark(plain)


async def reseal(tx: AsyncConnection, sealing: Sealing) -> tuple[int, list[str]]:
    """Every secret address sealed with the first key of the ring, those that were stored before they were sealed as well: how many, and
    whose cannot be opened.
    """
    sealed, lost = 0, []
    for id, channel, address, whose in await store.lock_secret(tx, sorted(SECRET_ADDRESSES)):
        try:
            plain = open_address(channel, address, sealing)
        except CannotOpen:
            lost.append(f"{channel} contact method of {whose}")
            continue
        anew, mark = seal_address(channel, plain, sealing)
        await store.save_address(tx, id, anew, mark)
        sealed += 1
    return sealed, lost


def open_address(channel: str, address: str, sealing: Sealing) -> str:
    """To be used at once, and shown to nobody. Raises CannotOpen."""
    part = sealed_part(channel, address)
    return address if part is None else sealing.open(part).decode()
