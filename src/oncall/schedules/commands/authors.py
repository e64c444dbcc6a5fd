"""Who writes: the name that stays with what was written."""

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.teams.commands import names_of


async def author_of(tx: AsyncConnection, caller: Caller) -> str:
    """The person, if the key belongs to one; else the key."""
    if caller.user_id is None:
        return caller.name
    return (await names_of(tx, [caller.user_id])).get(caller.user_id, caller.name)
