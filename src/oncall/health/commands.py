"""What can be asked about health."""

import asyncio
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import find_unreachable
from oncall.health import store
from oncall.health.values import OVERDUE, UNREACHABLE_ON_CALL, UNREACHABLE_SENTENCE, Red, Yellow
from oncall.kit.ids import UserId
from oncall.services.compiled import Book, Wanted

INVARIANTS = frozenset({"no_next_at", "incidents_overdue", "notifications_overdue", "failing"})
"""What must never be; the other findings are states an operator must see, but the pager itself does its work."""


async def audit(tx: AsyncConnection, *, now: datetime) -> list[Red]:
    """Everything that is red right now; nothing if all is well."""
    return await store.findings(tx, now=now, overdue=OVERDUE)


AT_ONCE = 100
"""Rows of the book that are read before others have a turn."""


async def warn(tx: AsyncConnection, book: Book, *, now: datetime) -> list[Yellow]:
    """What is not red, and will be when it matters: people whom a service would page now, and whom no page reaches."""
    on_call: set[UserId] = set()
    for n, duty in enumerate(book.duties(Wanted(service_ids=frozenset(book.services)), book.shifts_at(now)), 1):
        on_call.add(duty.user_id)
        if n % AT_ONCE == 0:
            await asyncio.sleep(0)
    count = len(await find_unreachable(tx, sorted(on_call))) if on_call else 0
    return [Yellow(UNREACHABLE_ON_CALL, count, f"{count} {UNREACHABLE_SENTENCE}")] if count else []
