"""Changes pages that were sent, so that they say how their incident stands; apart from the senders, which never wait for it."""

import asyncio
from collections.abc import Mapping
from datetime import timedelta

from oncall.channels.ports import Channel, EditsMessages
from oncall.channels.values import Outcome
from oncall.engine import Pass, look
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.log import get_log
from oncall.kit.trouble import again
from oncall.notifications.commands import editing
from oncall.notifications.ports import MakeLinks
from oncall.notifications.rules.editing import standing_of, standing_of_list
from oncall.notifications.rules.messages import list_message, page_message
from oncall.notifications.values import Page
from oncall.notifications.values.editing import EDITS_AT_ONCE, Edit, Shown

log = get_log("notifications")


class Editor:
    """A due source. Each message: claim with a lease, change it with no transaction open, record fenced by what was to be said."""

    name = "message_edits"

    def __init__(self, channels: Mapping[str, Channel], *, database: Database, clock: Clock, links: MakeLinks, every: timedelta) -> None:
        self.every = every
        self._channels = {name: channel for name, channel in channels.items() if isinstance(channel, EditsMessages)}
        self._database, self._clock, self._links = database, clock, links

    async def run(self) -> Pass:
        if idle := await look(self._database, self._clock, editing.next_at):
            return idle
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            edits, shown, next_at = await editing.claim(tx, now=now, limit=EDITS_AT_ONCE)
        await asyncio.gather(*(self._change(edit, shown.get(edit.notification_id)) for edit in edits))
        if edits:
            async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
                next_at = await editing.next_at(tx)
        return Pass(len(edits), now, next_at)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass; of what a pass leaves undone the lease runs out."""

    async def _change(self, edit: Edit, shown: Shown | None) -> None:
        try:
            outcome = await self._on_the_wire(edit, shown)
        except Exception:
            log.exception("a channel raised, which is a defect", notification=str(edit.notification_id))
            outcome = None  # tried again as often as anything else, and then let be
        try:

            async def record() -> None:
                async with self._database.transaction(Pool.ENGINE) as tx:
                    await editing.record(tx, edit, outcome, now=await self._clock.now(tx))

            await again(record)
        except Exception:
            # When the lease runs out it is tried again.
            log.exception("that a message was changed is not recorded", notification=str(edit.notification_id))

    async def _on_the_wire(self, edit: Edit, shown: Shown | None) -> Outcome | None:
        if shown is None or shown.provider_id is None or shown.sent_at is None or not isinstance(shown.claimed.about, Page):
            return None
        channel, page = self._channels.get(shown.claimed.channel), shown.claimed.about
        if channel is None:
            return None
        if shown.listed:
            url, *_ = self._links(shown.listed[0].bundle_id, shown.claimed.acts_for)
            its_list = list_message(shown.claimed, shown.listed, url, shown.sent_at)
            return await channel.edit(shown.provider_id, its_list, standing_of_list(shown.listed, at=edit.at))
        message = page_message(shown.claimed, page, self._links(page.step, shown.claimed.acts_for), shown.sent_at)
        return await channel.edit(shown.provider_id, message, standing_of(edit))
