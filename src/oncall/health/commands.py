"""What can be asked about health."""

import asyncio
from collections.abc import Mapping
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.contacts.commands.reaching import count_unreached
from oncall.health import store
from oncall.health.values import (
    OVERDUE,
    UNREACHABLE_ON_CALL,
    UNREACHABLE_SENTENCE,
    WEBHOOKS_DISABLED,
    WEBHOOKS_SENTENCE,
    Audit,
    Fault,
    Red,
    Yellow,
)
from oncall.incidents.values import Decision
from oncall.kit.ids import UserId
from oncall.notifications.commands.sealing import verify_ledger
from oncall.notifications.values import Link
from oncall.services.compiled import Book, Wanted

INVARIANTS = frozenset({"no_next_at", "incidents_overdue", "notifications_overdue", "failing"})
"""What must never be; the other findings are states an operator must see, but the pager itself does its work."""


async def audit(tx: AsyncConnection, *, now: datetime) -> list[Red]:
    """Everything that is red right now; nothing if all is well."""
    return await store.findings(tx, now=now, overdue=OVERDUE)


MOST = 100
"""Of each kind of fault that are told: what is wrong so often has one cause."""

NAMES_AN_ALERT = (Decision.OPENED, Decision.REOPENED, Decision.DEDUPLICATED, Decision.GROUPED, Decision.BROKE_THROUGH)


async def examine(tx: AsyncConnection, *, kept: Link | None, now: datetime) -> Audit:
    """What every minute's audit finds of the invariants, and all that only reading whole tables can find. Writes nothing."""
    reds = [Fault(red.reason, red.sentence) for red in await audit(tx, now=now) if red.reason in INVARIANTS]
    faults = await store.faults(tx, known=[*Decision], with_alert=NAMES_AN_ALERT, limit=MOST)
    end, broken = await verify_ledger(tx, kept=kept, limit=MOST, now=now)
    return Audit((*reds, *faults, *(Fault("delivery_ledger", sentence) for sentence in broken)), end)


AT_ONCE = 100
"""Rows of the book that are read before others have a turn."""


async def warn(tx: AsyncConnection, book: Book, *, channels: Channels, now: datetime) -> list[Yellow]:
    """What is not red, and will be when it matters: people whom a service would page now, and whom not every page reaches."""
    on_call: set[UserId] = set()
    for n, duty in enumerate(book.duties(Wanted(service_ids=frozenset(book.services)), book.shifts_at(now)), 1):
        on_call.add(duty.user_id)
        if n % AT_ONCE == 0:
            await asyncio.sleep(0)
    counts = await count_unreached(tx, sorted(on_call), channels=channels) if on_call else None
    return [Yellow(UNREACHABLE_ON_CALL, counts.total(), _unreached(counts))] if counts else []


def _unreached(counts: Mapping[str, int]) -> str:
    """With how many it concerns for each reason, most first."""
    why = "; ".join(f"{reason} ({count})" for reason, count in sorted(counts.items(), key=lambda one: (-one[1], one[0])))
    return f"{sum(counts.values())} {UNREACHABLE_SENTENCE}: {why}: see the warnings of policies and schedules"


async def warn_of_webhooks(tx: AsyncConnection) -> list[Yellow]:
    """Programs that are told nothing any more."""
    count = await store.count_disabled_webhooks(tx)
    return [Yellow(WEBHOOKS_DISABLED, count, f"{count} {WEBHOOKS_SENTENCE}")] if count else []
