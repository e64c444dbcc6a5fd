"""Sees to it that answers are heard: Telegram is told where to post them, and providers are asked for what they do not tell."""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.calling import as_json, said_in, words_in
from oncall.channels.ports import AnswersInquiries, Channel
from oncall.channels.telegram import TelegramChannel
from oncall.channels.telegram_presses import TelegramBot, decide_hook, hook_settings
from oncall.engine import Pass
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.http_client import HttpClient, NoAnswer, NotSent
from oncall.kit.ids import NotificationId
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed
from oncall.kit.trouble import again
from oncall.replies.commands import asking
from oncall.replies.values import Inquiry

log = get_log("replies")
LOOKED_EVERY = timedelta(minutes=5)
ASKED_AT_ONCE = 16
ASK_LEASE = timedelta(seconds=30)
"""Longer than an inquiry may take."""
TRIED_EVERY = timedelta(minutes=1)


class TelegramHook:
    """A source that is due every few minutes, on every node that sends: each knows for itself whether its buttons are heard."""

    name = "telegram_hook"
    every = TRIED_EVERY

    def __init__(self, channel: TelegramChannel, bot: TelegramBot, client: HttpClient, *, database: Database, clock: Clock) -> None:
        self._channel, self._bot, self._client = channel, bot, client
        self._database, self._clock = database, clock
        self._known, self._why = False, ""
        self._due: datetime | None = None

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
            now = await self._clock.now(tx)
        # A clock that jumped back must not silence it.
        if self._due is not None and self._due - LOOKED_EVERY <= now < self._due:
            return Pass(0, now, self._due)
        why = await self._look(now)
        if why != self._why and why:
            log.warning("buttons in Telegram open our page, and do not act", why=why)
        self._why = why
        self._due = now + (LOOKED_EVERY if self._channel.presses else TRIED_EVERY)
        return Pass(0, now, self._due)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass."""

    async def _look(self, now: datetime) -> str:
        """Why presses are not heard; empty if they are. Where Telegram does not answer, all stays as it was."""
        info, why = await self._ask("getWebhookInfo", {})
        if info is None:
            return why
        hook = decide_hook(info, self._bot, known=self._known, now=now)
        if hook.to_set:
            done, why = await self._ask("setWebhook", hook_settings(self._bot))
            if done is None:
                return why
        self._known = self._known or hook.to_set
        self._channel.presses = hook.heard
        return hook.why

    async def _ask(self, method: str, said: Mapping[str, object]) -> tuple[Mapping[str, Any] | None, str]:
        """What is answered, or None and why not. What is refused, and not only for now, is not heard any more."""
        try:
            reply = await self._client.request(
                "POST", self._bot.method(method), headers={"Content-Type": "application/json"}, content=as_json(said)
            )
        except (AddressNotAllowed, NotSent, NoAnswer) as error:
            return None, f"{method}: {error}"
        answer = said_in(reply)
        if answer.get("ok") is True:
            result = answer.get("result")
            return (result if isinstance(result, dict) else {}), ""
        if 400 <= reply.status < 500 and reply.status != 429:
            self._channel.presses = self._known = False
        return None, f"{method}: answered {reply.status} {words_in(answer, 'description')}".rstrip()


class Asker:
    """A source of inquiries: each is claimed with a lease, asked with no transaction open, and what was said is kept in one of its own.
    No page waits for it.
    """

    name = "inquiries"

    def __init__(self, channels: Mapping[str, Channel], *, database: Database, clock: Clock, every: timedelta) -> None:
        self.every = every
        self._channels = {name: channel for name, channel in channels.items() if isinstance(channel, AnswersInquiries)}
        self._database, self._clock = database, clock

    async def note_sent(self, tx: AsyncConnection, id: NotificationId, *, channel: str, provider_id: str, now: datetime) -> None:
        """A message was taken by a provider that can be asked about it."""
        asked = self._channels.get(channel)
        if asked and (after := asked.inquiries(provider_id)):
            await asking.plan_inquiry(tx, id, channel=channel, provider_id=provider_id, after=after, now=now)

    async def run(self) -> Pass:
        async with self._database.transaction(Pool.ENGINE) as tx:
            now = await self._clock.now(tx)
            due, next_at = await asking.claim(tx, now=now, lease=ASK_LEASE, limit=ASKED_AT_ONCE)
        await asyncio.gather(*map(self._ask, due))
        if due:
            async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
                next_at = await asking.next_at(tx)
        return Pass(len(due), now, next_at)

    async def drain(self, *, timeout: float) -> None:
        """Nothing outlives a pass; of what a pass leaves undone the lease runs out."""

    async def _ask(self, inquiry: Inquiry) -> None:
        channel = self._channels.get(inquiry.channel)
        try:
            if channel is None:
                async with self._database.transaction(Pool.ENGINE) as tx:
                    await asking.end(tx, [inquiry.notification_id])
                return
            async with self._database.transaction(Pool.ENGINE, read_only=True) as tx:
                over = await asking.is_over(tx, inquiry)
            if over and await channel.silence(inquiry.provider_id):
                async with self._database.transaction(Pool.ENGINE) as tx:
                    await asking.end(tx, [inquiry.notification_id])
                return
            said = await channel.inquire(inquiry.provider_id)
            after = channel.inquiries(inquiry.provider_id)

            async def take() -> None:
                async with self._database.transaction(Pool.ENGINE) as tx:
                    await asking.take_answer(tx, inquiry, said, after=after, now=await self._clock.now(tx))

            await again(take)
        except Exception:
            # When the lease runs out it is asked again.
            log.exception("an inquiry came to nothing", notification=str(inquiry.notification_id))
