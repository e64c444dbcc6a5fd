"""E-mails of ours that came back: the page is not lost, its person's next way is due."""

from oncall.channels.bounces import ReturnPath, read_failure
from oncall.incidents.commands.undelivered import never_arrives
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import NotificationId
from oncall.kit.log import get_log
from oncall.kit.trouble import again
from oncall.notifications.values.receipts import Receipt, ReceiptState, UnknownMessage

log = get_log("mail")


class Bounces:
    """One for all sessions of a node. Only what came to the signed return path of a message says anything about it."""

    def __init__(self, returns: ReturnPath, database: Database, clock: Clock) -> None:
        self._returns, self._database, self._clock = returns, database, clock

    def find(self, address: str) -> NotificationId | None:
        """Of which message this is the return path."""
        id = self._returns.read(address)
        return NotificationId(id) if id else None

    async def take(self, id: NotificationId, content: bytes) -> None:
        """Note that it will never arrive, if that is what it says; committed before the report is answered."""
        why = read_failure(content)
        if why is None:
            log.info("what came to a return path is no report of a failure, and is let be", notification=str(id))
            return

        async def note() -> None:
            async with self._database.transaction(Pool.API) as tx:
                now = await self._clock.now(tx)
                try:
                    await never_arrives(tx, id, Receipt(ReceiptState.FAILED, now, why), channel="email", now=now)
                except UnknownMessage:
                    log.info("a report tells of a message that is kept no longer", notification=str(id))

        await again(note)
