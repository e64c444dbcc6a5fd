"""Who was turned away for want of room: counted, and told to its owner by an alert."""

import asyncio
from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Self

from oncall.incidents.values import Body, Decided, Event
from oncall.intake.commands.waiting import Waiting
from oncall.intake.rules import bounded_key, turned_away
from oncall.intake.values import Reading
from oncall.kit.ids import EventId, IntegrationId, ServiceId, new_id
from oncall.kit.log import get_log
from oncall.kit.metrics import SHED

log = get_log("intake")

TELL_AFTER = 5.0
"""Seconds after which an owner is told what was turned away: all of a burst at once."""


@dataclass(frozen=True, slots=True)
class Sender:
    """Through which integration something came, and whose concern that is."""

    integration_id: IntegrationId
    name: str
    service_id: ServiceId

    @classmethod
    def of(cls, event: Event) -> Self:
        return cls(event.integration_id, event.integration_name, event.service_id)


class Shed:
    """Nobody is turned away in silence. `put` lets what waits for its commit into the queue, whatever room there is."""

    def __init__(self, put: Callable[[Waiting], None]) -> None:
        self._put = put
        self._counts: dict[Sender, int] = {}
        self._telling: asyncio.TimerHandle | None = None
        self._closed = False

    def turn_away(self, sender: Sender | None, count: int) -> None:
        """It is counted, and an alert tells the owner, as soon as it is known who that is."""
        SHED.labels(f"{sender.integration_id}" if sender else "unknown").inc(count)
        if sender is not None:
            self._tell_soon(sender, count)

    def close(self) -> None:
        """Tell what has not been told yet; from now on it is only logged."""
        self._tell_owners()
        self._closed = True

    def _tell_soon(self, sender: Sender, count: int) -> None:
        self._counts[sender] = self._counts.get(sender, 0) + count
        if self._telling is None and not self._closed:
            self._telling = asyncio.get_running_loop().call_later(TELL_AFTER, self._tell_owners)

    def _tell_owners(self) -> None:
        if self._telling:
            self._telling.cancel()
        counts, self._counts, self._telling = self._counts, {}, None
        for sender, count in counts.items():
            log.error("events were turned away", integration=sender.name, events=count)
            alert = saying(turned_away(sender.name, count), sender, Body(new_id(), "", b""), id=EventId(new_id()))
            waiting = Waiting([alert], asyncio.get_running_loop().create_future())
            waiting.answer.add_done_callback(partial(self._told, sender, count))
            self._put(waiting)

    def _told(self, sender: Sender, count: int, answer: asyncio.Future[list[Decided]]) -> None:
        """What could not be told is told later, together with what comes meanwhile."""
        if answer.cancelled() or answer.exception() is not None:
            self._tell_soon(sender, count)


def saying(says: Reading, sender: Sender, body: Body, *, id: EventId) -> Event:
    """An event of our own about what somebody sent."""
    return Event(
        id,
        sender.integration_id,
        sender.name,
        sender.service_id,
        says.action,
        bounded_key(says.dedup_key or f"{id}"),
        says.severity,
        says.summary,
        body,
        details=says.details,
        reason=says.reason,
        unreadable=says.unreadable,
    )
