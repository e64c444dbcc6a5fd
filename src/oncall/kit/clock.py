"""The one place that reads a clock: the database's, once per transaction."""

import time
from datetime import datetime, timedelta
from typing import Protocol

from sqlalchemy import text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.relying import relied_of

NOW = text("SELECT clock_timestamp()")
# Of a transaction that relies on what seldom changes (`kit/relying.py`), with all that is said and asked as it begins.
BEGUN = text("""
    SELECT now.at, now.waits, r.topic, r.revision
    FROM (SELECT clock_timestamp() AS at, set_config('lock_timeout', :milliseconds, true) AS waits) AS now LEFT JOIN revisions r ON true
""")


class Clock(Protocol):
    """A port: production reads the database, tests move time by hand."""

    async def now(self, tx: AsyncConnection) -> datetime:
        """The instant this transaction works with, in UTC. Called once, at its beginning, and passed on as `now`."""
        ...

    def fixed(self) -> datetime | None:
        """For a statement that is a transaction by itself: its instant, or None if it reads the database's clock."""
        ...

    def about(self) -> datetime:
        """Roughly now, without asking the database: for a look-up's default, a message's date, and what a monitor says is over by then."""
        ...


class DatabaseClock:
    """All nodes agree on the time because they ask the same server; a node's own wall clock is never used."""

    def __init__(self) -> None:
        self._last: tuple[datetime, float] | None = None

    async def now(self, tx: AsyncConnection) -> datetime:
        relied = relied_of(tx)
        now: datetime = relied.at if relied else (await tx.execute(NOW)).scalar_one()
        self._last = (now, time.monotonic())
        return now

    def fixed(self) -> None:
        return None

    def about(self) -> datetime:
        """The last database `now` plus the monotonic time since."""
        if self._last is None:
            raise RuntimeError("the database's clock has not been read yet; the node reads it at start")
        at, then = self._last
        return at + timedelta(seconds=time.monotonic() - then)


class ManualClock:
    """For tests: stands still until it is moved."""

    def __init__(self, start: datetime) -> None:
        self.at = start

    async def now(self, tx: AsyncConnection) -> datetime:  # noqa: ARG002 — the port's shape
        return self.at

    def fixed(self) -> datetime:
        return self.at

    def about(self) -> datetime:
        return self.at

    def advance(self, by: timedelta) -> None:
        self.at += by
