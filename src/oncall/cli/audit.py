"""`oncall audit`: what must always hold, looked at over all data, and the ledger of deliveries verified. Reads only."""

import asyncio

from oncall.cli import console, stop
from oncall.cli.database import UNUSABLE, database, unusable
from oncall.health.commands import examine
from oncall.health.values import Audit
from oncall.kit.clock import DatabaseClock
from oncall.kit.db import SIZES, Database, Pool
from oncall.kit.schema import is_current
from oncall.kit.settings import Settings
from oncall.notifications.values import Link

PATIENT = SIZES | {Pool.API: (1, 600_000, 630.0)}
"""Whole tables are read: no statement of a node may take so long."""


def run(settings: Settings, *, kept: str | None) -> None:
    """One line on stdout for each finding, and code 1 if there is any."""
    link = read_link(kept) if kept is not None else None
    with database(settings, create=False) as url:
        try:
            found = asyncio.run(_audit(url, link))
        except UNUSABLE as error:
            unusable(error)
    if found is None:
        stop("the database has another schema than this version: run `oncall migrate`.", code=1)
    for fault in found.faults:
        console.print(f"{fault.invariant}: {fault.sentence}", highlight=False, markup=False, soft_wrap=True)
    if found.faults:
        stop(f"{len(found.faults)} found that must not be.", code=1)
    end = f"{found.end.seq}:{found.end.hash.hex()}"
    console.print(f"All is as it must be. The delivery ledger ends at {end}", highlight=False, markup=False, soft_wrap=True)


def read_link(said: str) -> Link:
    """The end of a ledger as an audit printed it: SEQ:HASH."""
    seq, _, digest = said.partition(":")
    try:
        link = Link(int(seq), bytes.fromhex(digest))
    except ValueError:
        stop("--kept must be an end of the ledger as an audit printed it: SEQ:HASH.")
    if link.seq < 0 or len(link.hash) != 32:
        stop("--kept must be an end of the ledger as an audit printed it: SEQ:HASH, with 64 hexadecimal digits.")
    return link


async def _audit(url: str, kept: Link | None) -> Audit | None:
    db = Database(url, sizes=PATIENT)
    try:
        async with db.transaction(Pool.API, read_only=True) as tx:
            if not await is_current(tx):
                return None
            return await examine(tx, kept=kept, now=await DatabaseClock().now(tx))
    finally:
        await db.close()
