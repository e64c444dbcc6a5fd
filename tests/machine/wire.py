"""The providers: channels that answer as they are told to, and keep a journal of what came and of what the database said just then."""

import asyncio
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, NoticeMessage, Outcome, Sent, Unknown
from oncall.kit.clock import ManualClock

MODES = ("ok", "error", "drop", "slow", "refuse")
"""It sends; says 500; sends and never says so; sends and takes its time to say so; says that there is no such address."""


@dataclass(frozen=True, slots=True)
class Row:
    """A notification as it is in the database at the moment its message is on the wire."""

    status: str
    attempt: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider was given. `arrived`: somebody has it on their phone."""

    at: datetime
    message: Message
    arrived: bool
    row: Row | None

    @property
    def id(self) -> UUID:
        return self.message.notification_id

    @property
    def is_page(self) -> bool:
        return not isinstance(self.message, NoticeMessage)


@dataclass(slots=True)
class Providers:
    """How each channel behaves, for all nodes; and everything they were given, in order."""

    clock: ManualClock
    look: Callable[[UUID], Awaitable[Row | None]]
    modes: dict[str, str]
    journal: list[Call]
    answered: asyncio.Event

    def answer(self) -> None:
        """Whoever waits for an answer gets it."""
        self.answered.set()
        self.answered = asyncio.Event()


class Wire:
    """One node's way to one provider."""

    takes_updates, rings = True, False

    def __init__(self, name: str, providers: Providers) -> None:
        self.name, self._providers = name, providers
        self.waiting = 0
        """Messages that this node has given away and has no answer for."""

    def check_address(self, address: str) -> str:
        return address.strip()

    def signing_secret(self, address: str) -> str | None:
        return None

    async def send(self, message: Message) -> Outcome:
        its = self._providers
        mode = its.modes[self.name]
        row = await its.look(message.notification_id)
        its.journal.append(Call(its.clock.at, message, mode in {"ok", "drop", "slow"}, row))
        match mode:
            case "error":
                return FailedTemporarily("500 from the provider", None)
            case "refuse":
                return FailedPermanently("no such address", code="no_such_address")
            case "drop":
                return Unknown("the connection was closed before an answer came")
            case "slow":
                await self._wait(its.answered)
        return Sent(None, "accepted by the fake")

    async def _wait(self, answered: asyncio.Event) -> None:
        self.waiting += 1
        try:
            await answered.wait()
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        """Nothing is open."""


LEASE = timedelta(seconds=30)
