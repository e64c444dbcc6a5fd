"""A message of a page turns out afterwards never to arrive: whoever is told so says it here."""

from collections.abc import Awaitable, Callable
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.values import Position
from oncall.incidents.commands.escalate import page_undeliverable
from oncall.kit.ids import NotificationId
from oncall.notifications.commands.receiving import take_back
from oncall.notifications.values import Step
from oncall.notifications.values.receipts import Receipt


async def never_arrives(tx: AsyncConnection, id: NotificationId, receipt: Receipt, *, channel: str, now: datetime) -> None:
    """Kept as a receipt; its person's next way, or the next step, is due now."""

    async def on_undeliverable(
        tx: AsyncConnection, at: Step, *, step_is_lost: Callable[[], Awaitable[bool]], reason: str, now: datetime
    ) -> None:
        position = Position(at.cycle, at.round, at.step)
        await page_undeliverable(tx, at.incident_id, position, step_is_lost=step_is_lost, reason=reason, now=now)

    await take_back(tx, id, receipt, channel=channel, on_undeliverable=on_undeliverable, now=now)
