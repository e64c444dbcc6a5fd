"""The delivery ledger: sealing what was tried, and proving that nothing of it was changed."""

from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.notifications.rules import broken, mask, seal
from oncall.notifications.store import ledger
from oncall.notifications.values import Link

VERIFIED_AT_ONCE = 5_000
SEALED_WITHIN = timedelta(minutes=15)
"""A try that is older and not in the ledger was kept out of it, or nobody seals."""


async def seal_deliveries(tx: AsyncConnection, *, since: datetime, limit: int, now: datetime) -> list[datetime] | None:
    """Seal tries that are committed and not in the ledger yet, in the order of their instants; returns these, or None if another node is
    at it. Of two that commit out of order the later one is sealed first, which does no harm: the chain is in the order of sealing.
    """
    if not await ledger.list_unsealed(tx, since=since, limit=1, now=now):
        return []
    if not await ledger.lock(tx):
        return None
    tries = await ledger.list_unsealed(tx, since=since, limit=limit, now=now)  # what was sealed before the lock was ours is not among them
    last, rows = await ledger.head(tx), []
    for one in tries:
        rows.append(seal(last, replace(one, address=mask(one.address))))
        last = rows[-1].link
    if rows:
        await ledger.add(tx, rows)
    return [one.at for one in tries]


async def verify_ledger(tx: AsyncConnection, *, kept: Link | None, limit: int, now: datetime) -> tuple[Link, list[str]]:
    """The last link, and what is wrong with the ledger: with its chain, with the tries it tells of, and with a link that was `kept`."""
    last = first = await ledger.anchor(tx)
    wrong: list[str] = []
    met = first if kept and kept.seq == first.seq else None
    while rows := await ledger.list_sealed(tx, after=last.seq, limit=VERIFIED_AT_ONCE):
        wrong += broken(last, rows)
        last = rows[-1].link
        met = next((row.link for row in rows if kept and row.link.seq == kept.seq), met)
    if kept and met != kept:
        wrong.append(_lost(kept, met, first))
    wrong += await ledger.list_otherwise(tx, limit=limit)
    if unsealed := await ledger.count_unsealed(tx, now=now, older_than=SEALED_WITHIN):
        minutes = SEALED_WITHIN.seconds // 60
        wrong.append(f"{unsealed} tries are not in the delivery ledger although they are over {minutes} minutes old: is an engine running?")
    return last, wrong[:limit]


def _lost(kept: Link, met: Link | None, first: Link) -> str:
    if kept.seq < first.seq:
        return f"row {kept.seq} of the delivery ledger was pruned, and cannot be compared any more: keep a newer link"
    there = "has another hash than the one that was kept" if met else "is not there"
    return f"row {kept.seq} of the delivery ledger {there}: the ledger was made anew, or its end was cut off"
