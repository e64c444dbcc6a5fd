"""The sender: claims due notifications of one channel and puts them on the wire, with no transaction open meanwhile."""

import asyncio
from collections import Counter
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from functools import partial
from typing import assert_never

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channel
from oncall.channels.values import (
    BundleMessage,
    FailedPermanently,
    FailedTemporarily,
    Message,
    Outcome,
)
from oncall.contacts.rules import sealed_part
from oncall.engine import Pass, look
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import BundleId, NotificationId
from oncall.kit.log import get_log
from oncall.kit.metrics import FIRST_PAGE, PAGES
from oncall.kit.sealing import CannotOpen
from oncall.kit.tasks import end
from oncall.kit.trouble import again
from oncall.notifications import commands
from oncall.notifications.commands import sealing, spending
from oncall.notifications.ports import GiveReplyCodes, MakeLinks, OnSent, OnUndeliverable, OpenSealed
from oncall.notifications.rules import decide_expiry, is_over, word_for
from oncall.notifications.rules.messages import bundle_message, has_reply_code, notice_message, page_message
from oncall.notifications.rules.spending import decide_cap
from oncall.notifications.values import Claimed, Done, Fate, Notice, Page
from oncall.notifications.values.spending import Cap

log = get_log("notifications")
SLOTS = 32
"""Messages of one channel that are on the wire at once; each channel has its own, so a slow one delays no other."""

BATCH = 1_000
"""Tries that are sealed in one transaction."""

OVERLAP = timedelta(minutes=10)
"""Longer than any transaction lives: what it wrote may be seen so much later than it says."""

LONG_AGO = datetime(1971, 1, 1, tzinfo=UTC)


class Sender:
    """A due source for one channel. Each message: claim with a lease, look again, send, record fenced by the attempt."""

    def __init__(
        self,
        channel: Channel,
        *,
        database: Database,
        clock: Clock,
        links: MakeLinks,
        open_sealed: OpenSealed,
        on_undeliverable: OnUndeliverable,
        lease: timedelta,
        every: timedelta,
        reply_codes: GiveReplyCodes | None = None,
        on_sent: OnSent | None = None,
        cap: Cap | None = None,
    ) -> None:
        self.name = f"notifications.{channel.name}"
        self._reply_codes, self._on_sent = reply_codes, on_sent
        self._cap = cap
        self.every = every
        self._channel, self._database, self._clock = channel, database, clock
        self._links, self._open_sealed, self._on_undeliverable, self._lease = links, open_sealed, on_undeliverable, lease
        self._in_flight: dict[asyncio.Task[None], tuple[Claimed, ...]] = {}

    async def run(self) -> Pass:
        """Fill the free slots; if there is none, wait until one is free."""
        if len(self._in_flight) >= SLOTS:
            await asyncio.wait(self._in_flight, return_when=asyncio.FIRST_COMPLETED)
        if idle := await look(self._database, self._clock, partial(commands.next_at, channel=self._channel.name)):
            return idle
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            claimed, next_at = await commands.claim(
                tx,
                channel=self._channel.name,
                in_flight=Counter(one.address for one, *_ in self._in_flight.values() if not one.is_update),
                updating=Counter(one.address for one, *_ in self._in_flight.values() if one.is_update),
                takes_updates=self._channel.takes_updates,
                rings=self._channel.rings,
                now=now,
                lease=self._lease,
                limit=SLOTS - len(self._in_flight),
            )
            claimed = await self._with_codes(tx, claimed, now=now)
        await failpoints.reach("send.post_claim")
        for bundle in claimed:
            task = asyncio.create_task(self._send(bundle), name=f"send {bundle[0].id}")
            self._in_flight[task] = bundle
            task.add_done_callback(self._in_flight.pop)
        return Pass(sum(map(len, claimed)), now, next_at)

    async def _with_codes(self, tx: AsyncConnection, bundles: list[tuple[Claimed, ...]], *, now: datetime) -> list[tuple[Claimed, ...]]:
        """Each with what a person answers it by; behind the address of a channel may be anybody, so it has only its link."""
        answered = {one.id: one.address for bundle in bundles for one in bundle if has_reply_code(one.about)}
        codes = await self._reply_codes(tx, answered, now=now) if self._reply_codes and answered else {}
        return [tuple(replace(one, reply_code=codes.get(one.id)) for one in bundle) for bundle in bundles] if codes else bundles

    async def settle(self) -> None:
        """Wait until nothing of ours is on the wire."""
        while self._in_flight:
            await asyncio.wait(self._in_flight)

    async def drain(self, *, timeout: float) -> None:
        """Let what is on the wire finish; what has not by then keeps its lease and is repeated, labelled, by another node."""
        if self._in_flight:
            _, late = await asyncio.wait(self._in_flight, timeout=timeout)
            await asyncio.gather(*(end(task) for task in late))
        await self._channel.close()

    async def _send(self, bundle: tuple[Claimed, ...]) -> None:
        try:
            now, bundle, list_id, spent = await self._look_again(bundle)
        except Exception:
            log.exception("given back before the wire", notification=str(bundle[0].id))
            await self._give_back(bundle)
            return
        if not bundle:
            return
        first = bundle[0]
        try:
            kept_back = decide_expiry(first.about, now=now) or decide_cap(self._cap, spent, now=now)
            outcome = kept_back or await self._on_the_wire(bundle, list_id, now)
            if not first.is_update:
                PAGES.labels(self._channel.name, word_for(outcome)).inc()
            await failpoints.reach("send.post_wire")
            await self._record(bundle, outcome)
        except Exception:
            # Not recorded: when the lease runs out its fate counts as unknown, and it is repeated with a label.
            log.exception("attempt not recorded; the lease will run out", notification=str(first.id))

    async def _look_again(self, bundle: tuple[Claimed, ...]) -> tuple[datetime, tuple[Claimed, ...], BundleId | None, int]:
        """Just before the wire: without what was acknowledged meanwhile, and nothing if this process has slept past its lease. Of what
        travels together the list is kept as it is printed. Also what was spent today, where that is limited.
        """
        async with self._database.transaction(Pool.ENGINE, read_only=len(bundle) == 1) as tx:
            now = await self._clock.now(tx)
            mine = await commands.still_mine(tx, bundle, now=now)
            list_id = await commands.print_list(tx, mine, now=now) if len(mine) > 1 else None
            spent = await spending.spent_today(tx, self._channel.name, now=now) if self._cap else 0
        return now, mine, list_id, spent

    async def _give_back(self, bundle: tuple[Claimed, ...]) -> None:
        try:
            async with self._database.transaction(Pool.ENGINE) as tx:
                now = await self._clock.now(tx)
                for claimed in bundle:
                    await commands.give_back(tx, claimed, now=now)
        except Exception as error:  # noqa: BLE001 — then its lease runs out instead
            log.warning("not even given back; the lease will run out", notification=str(bundle[0].id), error=type(error).__name__)

    async def _on_the_wire(self, bundle: tuple[Claimed, ...], list_id: BundleId | None, now: datetime) -> Outcome:
        try:
            bundle = (self._addressed(bundle[0]), *bundle[1:])
        except CannotOpen:
            return FailedPermanently("no secret key opens this address: put the old key back, or add it anew", code="cannot_open")
        try:
            return await self._channel.send(self._message(bundle[0], now) if list_id is None else self._list(bundle, list_id, now))
        except CannotOpen:
            return FailedPermanently("the secret key that sealed this code was taken away: ask for another one", code="cannot_open")
        except Exception as error:
            log.exception("a channel raised, which is a defect", channel=self._channel.name, notification=str(bundle[0].id))
            return FailedTemporarily(f"defect in channel {self._channel.name}: {type(error).__name__}", None)

    async def _record(self, bundle: tuple[Claimed, ...], outcome: Outcome) -> None:
        """Together what has left us or is tried again; one by one what has not, since each may have to let its incident go on."""
        if len(bundle) > 1 and not any(is_over(outcome, attempt=one.attempt) for one in bundle):
            fates = await again(lambda: self._record_together(bundle, outcome))
        else:
            found = [(one, await again(partial(self._record_one, one, outcome))) for one in bundle]
            fates = {one.id: fate for one, fate in found if fate is not None}
        for one in bundle:
            if one.id not in fates:
                continue
            fate, now = fates[one.id]
            page = one.about
            if not isinstance(fate, Done):
                log.warning("message not sent", channel=self._channel.name, notification=str(one.id), why=fate.reason)
            elif isinstance(page, Page) and (page.step.cycle, page.step.round, page.step.step, one.nth) == (1, 1, 0, 1):
                FIRST_PAGE.observe((now - page.subject.triggered_at).total_seconds())

    async def _record_together(self, bundle: tuple[Claimed, ...], outcome: Outcome) -> dict[NotificationId, tuple[Fate, datetime]]:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            fates = await commands.record_bundle(tx, bundle, outcome, on_sent=self._on_sent, now=now)
            await self._count(tx, outcome, now=now)
            await failpoints.reach("send.pre_record")
        return {id: (fate, now) for id, fate in fates.items()}

    async def _record_one(self, claimed: Claimed, outcome: Outcome) -> tuple[Fate, datetime] | None:
        """None if it was not ours any more."""
        try:
            async with self._database.transaction(Pool.ENGINE) as tx:
                now = await self._clock.now(tx)
                fate = await commands.record(tx, claimed, outcome, on_undeliverable=self._on_undeliverable, on_sent=self._on_sent, now=now)
                await self._count(tx, outcome, now=now)
                await failpoints.reach("send.pre_record")
        except commands.Fenced:
            async with self._database.transaction(Pool.ENGINE) as tx:
                now = await self._clock.now(tx)
                await commands.record_fenced(tx, claimed, outcome, now=now)
                await self._count(tx, outcome, now=now)
            return None
        return fate, now

    async def _count(self, tx: AsyncConnection, outcome: Outcome, *, now: datetime) -> None:
        if self._cap:
            await spending.count(tx, self._channel.name, outcome, now=now)

    def _addressed(self, claimed: Claimed) -> Claimed:
        """With the address as its channel needs it."""
        sealed = sealed_part(claimed.channel, claimed.address)
        return claimed if sealed is None else replace(claimed, address=self._open_sealed(sealed).decode())

    def _list(self, bundle: tuple[Claimed, ...], list_id: BundleId, now: datetime) -> BundleMessage:
        acknowledge_url, *_ = self._links(list_id, bundle[0].acts_for)
        return bundle_message(bundle, acknowledge_url, now)

    def _message(self, claimed: Claimed, now: datetime) -> Message:
        match claimed.about:
            case Page() as page:
                return page_message(claimed, page, self._links(page.step, claimed.acts_for), now)
            case Notice() as notice:
                code = self._open_sealed(notice.sealed.encode()).decode() if notice.sealed else None
                return notice_message(claimed, notice, code, now)
            case _:
                assert_never(claimed.about)


class Sealer:
    """Puts what was tried into the ledger, some seconds later and in a transaction of its own: it costs no sender anything."""

    name = "ledger"

    def __init__(self, *, database: Database, clock: Clock, every: timedelta) -> None:
        self.every = every
        self._database, self._clock = database, clock
        self._since = LONG_AGO

    async def run(self) -> Pass:
        """One batch. The first of a node look at everything; later ones at what may have been committed since the last."""
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            sealed = await sealing.seal_deliveries(tx, since=self._since, limit=BATCH, now=now)
        if sealed is None:
            return Pass(0, now, None)
        is_full = len(sealed) == BATCH
        self._since = min(sealed[-1], now - OVERLAP) if is_full else now - OVERLAP
        return Pass(BATCH if is_full else 0, now, None)  # what is less than a batch leaves nothing due

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""
