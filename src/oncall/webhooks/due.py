"""The deliverer: puts due deliveries on the wire, with no transaction open meanwhile; and whoever clears the log."""

import asyncio
from collections import Counter
from collections.abc import Callable
from datetime import datetime, timedelta
from functools import partial

from oncall.channels.signing import signed_headers
from oncall.channels.webhook import retry_after
from oncall.engine import Pass, look, was_lately
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed
from oncall.kit.sealing import CannotOpen
from oncall.kit.tasks import end
from oncall.kit.trouble import again
from oncall.webhooks import rules
from oncall.webhooks.commands import delivering
from oncall.webhooks.ports import TellPeople
from oncall.webhooks.values import RETRY_AFTER_LIMIT, Claimed, Delivered, Tried, TryOutcome

log = get_log("webhooks")

SLOTS = 16
"""Deliveries of a node that are on the wire at once, all webhooks together."""

EACH = 4
"""Of these to one webhook, so that a slow one delays no other; they are about different incidents."""

AT_ONCE = 2
"""Transactions at a time: pages come first, and draw on the same connections."""

TIDIED_EVERY = timedelta(minutes=1)
"""How often what was added behind a failure is put off with it."""

DEADLINE = 10.0
"""Seconds in which a receiver must have answered."""

REPLY_LIMIT = 4 * 1024
"""Bytes of an answer that are read before it is cut off; none of them is kept."""


class Deliverer:
    """A due source. Each delivery: claim with a lease, look again, send, record fenced by the attempt."""

    name = "webhooks"

    def __init__(
        self,
        client: HttpClient,
        *,
        database: Database,
        clock: Clock,
        open_sealed: Callable[[bytes], bytes],
        tell_people: TellPeople,
        lease: timedelta,
        every: timedelta,
        heard: Callable[[str], None],
    ) -> None:
        """`heard` is called with our name when a delivery is through, and the next of its incident may go."""
        self.every = every
        self._client, self._database, self._clock = client, database, clock
        self._open_sealed, self._tell_people, self._lease, self._heard = open_sealed, tell_people, lease, heard
        self._in_flight: dict[asyncio.Task[None], Claimed] = {}
        self._tidied: datetime | None = None
        self._turns = asyncio.Semaphore(AT_ONCE)

    async def run(self) -> Pass:
        """Fill the free slots; if there is none, wait until one is free."""
        if len(self._in_flight) >= SLOTS:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        busy = Counter(one.webhook_id for one in self._in_flight.values())
        idle = await look(self._database, self._clock, partial(delivering.next_at, busy=busy, each=EACH))
        if idle and was_lately(self._tidied, TIDIED_EVERY, now=idle.now):
            return idle
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            claimed, next_at = await delivering.claim(
                tx,
                busy=busy,
                each=EACH,
                now=now,
                lease=self._lease,
                limit=SLOTS - len(self._in_flight),
            )
            if not was_lately(self._tidied, TIDIED_EVERY, now=now):
                await delivering.hold_back_late(tx, now=now)
                self._tidied = now
        await failpoints.reach("webhook.post_claim")
        for one in claimed:
            task = asyncio.create_task(self._deliver(one), name=f"deliver {one.id}")
            self._in_flight[task] = one
            task.add_done_callback(self._done)
        return Pass(len(claimed), now, next_at)

    def _done(self, task: asyncio.Task[None]) -> None:
        self._in_flight.pop(task)
        self._heard(self.name)

    async def settle(self) -> None:
        """Wait until nothing of ours is on the wire."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self, *, timeout: float) -> None:
        """Let what is on the wire finish; what has not by then keeps its lease and is sent again, with the same id, by another node."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            await asyncio.gather(*(end(task) for task in late))

    async def _deliver(self, claimed: Claimed) -> None:
        try:
            now = await self._look_again(claimed)
            if now is None:
                return
            tried = await self._on_the_wire(claimed, now)
            await failpoints.reach("webhook.post_wire")
            await again(lambda: self._record(claimed, tried))
        except Exception:
            # Not recorded: when the lease runs out nobody knows whether it arrived, and it is sent again with the same id.
            log.exception("delivery not recorded; the lease will run out", delivery=str(claimed.id))

    async def _look_again(self, claimed: Claimed) -> datetime | None:
        """Just before the wire: None if the webhook is off by now, or this process has slept past its lease."""
        async with self._turns, self._database.transaction(Pool.ENGINE, read_only=True) as tx:
            now = await self._clock.now(tx)
            return now if await delivering.is_still_mine(tx, claimed, now=now) else None

    async def _on_the_wire(self, claimed: Claimed, now: datetime) -> Tried:
        content = claimed.body.encode()
        try:
            secrets = [self._open_sealed(sealed).decode() for sealed in rules.signing(claimed.secrets, now=now)]
            signed = signed_headers(secrets, message_id=str(claimed.id), at=now, body=content)
            headers = {"Content-Type": "application/json"} | signed
            reply = await self._client.request("POST", claimed.url, headers=headers, content=content, deadline=DEADLINE, limit=REPLY_LIMIT)
        except CannotOpen:
            return Tried(TryOutcome.NOT_SENT, "the secret key that sealed its secret was taken away: put it back, or rotate the secret")
        except (AddressNotAllowed, NotSent) as error:
            return Tried(TryOutcome.NOT_SENT, f"not sent: {error}")
        except NoAnswer as error:
            return Tried(TryOutcome.UNKNOWN, f"sent, but {error}")
        return tried_of(reply, now=now)

    async def _record(self, claimed: Claimed, tried: Tried) -> None:
        async with self._turns, self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            fate = await delivering.record(tx, claimed, tried, tell_people=self._tell_people, now=now)
            await failpoints.reach("webhook.pre_record")
        if not isinstance(fate, Delivered):
            log.warning("not delivered", webhook=str(claimed.webhook_id), delivery=str(claimed.id), why=tried.detail)


def tried_of(reply: HttpReply, *, now: datetime) -> Tried:
    """What a receiver's status means; a redirect is not followed, and no success."""
    detail = f"answered {reply.status}"
    if 200 <= reply.status < 300:
        return Tried(TryOutcome.DELIVERED, detail, reply.status)
    if 300 <= reply.status < 400:
        detail += ": redirects are not followed; use the final URL"
    wait = retry_after(reply.headers.get("retry-after"), now=now, limit=RETRY_AFTER_LIMIT)
    return Tried(TryOutcome.REFUSED, detail, reply.status, wait)


PRUNED_EVERY = timedelta(hours=1)
PRUNED_AT_ONCE = 1_000


class Pruner:
    """Clears the log of deliveries that were finished long ago, hourly."""

    name = "webhook_log"
    every = timedelta(minutes=5)

    def __init__(self, *, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock
        self._due: datetime | None = None

    async def run(self) -> Pass:
        """A batch, if it is time; the next at once if it was full."""
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            # A clock that jumped back more than a period must not silence us.
            if self._due is not None and self._due - PRUNED_EVERY <= now < self._due:
                return Pass(0, now, self._due)
            pruned = await delivering.prune(tx, limit=PRUNED_AT_ONCE, now=now)
        self._due = None if pruned >= PRUNED_AT_ONCE else now + PRUNED_EVERY
        return Pass(pruned if self._due is None else 0, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
