"""The providers: channels that answer as they are told to, and keep a journal of what came and of what the database said just then."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, NoticeMessage, Outcome, Sent, Unknown
from oncall.kit.clock import ManualClock

MODES = ("ok", "error", "drop", "slow", "refuse")
"""It sends; says 500; sends and never says so; sends and takes its time to say so; says that there is no such address."""


RINGS = "webhook"
"""A message on this channel is a call."""


@dataclass(frozen=True, slots=True)
class Row:
    """A notification as it is in the database at the moment its message is on the wire."""

    incident_id: UUID | None
    status: str
    attempt: int
    next_at: datetime | None


@dataclass(frozen=True, slots=True)
class Call:
    """What a provider was given. `arrived`: somebody has it on their phone. Of a list each page that it carries has a row."""

    at: datetime
    channel: str
    message: Message
    arrived: bool
    row: Row | None
    carried: Mapping[UUID, Row]

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
    look: Callable[[Sequence[UUID]], Awaitable[Mapping[UUID, Row]]]
    travelling: Callable[[], Mapping[UUID, int]]
    """What the sender that asks has put into the message it sends: (id, the how-manieth try)."""
    modes: dict[str, str]
    journal: list[Call]
    answered: asyncio.Event

    def answer(self) -> None:
        """Whoever waits for an answer gets it."""
        self.answered.set()
        self.answered = asyncio.Event()


class Wire:
    """One node's way to one provider. One that rings takes no updates of pages."""

    def __init__(self, name: str, providers: Providers, *, rings: bool) -> None:
        self.name, self._providers = name, providers
        self.rings, self.takes_updates = rings, not rings
        self.lacks: str | None = None
        self.waiting = 0
        """Messages that this node has given away and has no answer for."""

    def check_address(self, address: str) -> str:
        return address.strip()

    def signing_secret(self, address: str) -> str | None:
        return None

    async def send(self, message: Message) -> Outcome:
        its = self._providers
        mode = its.modes[self.name]
        tries = its.travelling()
        rows = await its.look([message.notification_id, *tries])
        carried = {id: row for id, row in rows.items() if row.status == "sending" and row.attempt == tries.get(id)}
        arrived = mode in {"ok", "drop", "slow"}
        number = len(its.journal)
        its.journal.append(Call(its.clock.at, self.name, message, arrived, rows.get(message.notification_id), carried))
        match mode:
            case "error":
                return FailedTemporarily("500 from the provider", None)
            case "refuse":
                return FailedPermanently("no such address", code="no_such_address")
            case "drop":
                return Unknown("the connection was closed before an answer came")
            case "slow":
                await self._wait(its.answered)
        return Sent(f"{self.name}-{number}", "accepted by the fake")

    async def _wait(self, answered: asyncio.Event) -> None:
        self.waiting += 1
        try:
            await answered.wait()
        finally:
            self.waiting -= 1

    async def close(self) -> None:
        """Nothing is open."""


LEASE = timedelta(seconds=30)
