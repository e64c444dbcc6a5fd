"""Requests that are, to the byte, what came a moment ago: whoever knows them answers before anything of them is read."""

import re
from asyncio import CancelledError, Future
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Generic, TypeVar

from starlette.responses import Response
from uvicorn.protocols.http.httptools_impl import STATUS_LINE

from oncall.kit.corked import Corked

T = TypeVar("T")

AGAIN = "again"
"""The name under which the state of an application's lifespan holds who knows such requests: `Knows`."""

WHOLE = "whole"
"""The name under which a request's scope holds all its bytes, if they came at once: what to know it by."""

ACCEPTED = "accepted"
"""The name under which the scope of a request that was known, and failed, holds what became of it: its endpoint says how."""


@dataclass(frozen=True, slots=True)
class Awaited(Generic[T]):
    """What a known request waits for, and how that is answered."""

    result: Future[T]
    said: Callable[[T], Response]


UPGRADE = re.compile(rb"\r\nupgrade:", re.IGNORECASE)

Knows = Callable[[bytes], Awaited[Any] | None]
"""From all bytes of a request to what it waits for; None if it must be read."""


class Again(Corked):
    """A connection that asks about each request first; what is not known goes the usual way, and so does what fails, which says why."""

    def __init__(self, *args: Any, **more: Any) -> None:
        super().__init__(*args, **more)
        self._knows: Knows | None = self.app_state.get(AGAIN)
        self._awaited: Awaited[Any] | None = None
        self._whole = b""
        self._later: list[bytes] = []
        self._begun = 0
        self._leaves = False

    def on_message_begin(self) -> None:
        self._begun += 1
        super().on_message_begin()

    def data_received(self, data: bytes) -> None:
        if self._awaited is not None:
            self._later.append(data)
            self.flow.pause_reading()
        elif not self._is_free():
            super().data_received(data)
        elif self._knows is not None and (awaited := self._knows(data)):
            self._unset_keepalive_if_required()
            self._awaited, self._whole = awaited, data
            awaited.result.add_done_callback(self._answer)
        else:
            self._begun = 0
            super().data_received(_without_upgrade(data))
            if self._begun == 1 and self._cork.is_told and self._is_plain():
                self._note(WHOLE, data)

    def shutdown(self) -> None:
        """The node leaves as soon as nobody waits here."""
        if self._awaited is None:
            super().shutdown()
        else:
            self._leaves = True

    def _is_free(self) -> bool:
        """Whether a request begins with the next byte, nobody waits for an answer, and answers are read."""
        has_answered = self.cycle is None or self.cycle.response_complete
        return has_answered and self._cork.is_told and not self._cork.is_leaving and not self.flow.write_paused

    def _is_plain(self) -> bool:
        """Whether what has just been read asks nothing of its connection: its end, another protocol, or an answer before its body."""
        return not self.parser.should_upgrade() and self.cycle.keep_alive and not self.expect_100_continue

    def _note(self, name: str, said: object) -> None:
        """Beside the request that has just been read, whose application runs in the next round of the loop."""
        scope: dict[str, Any] = self.scope  # type: ignore[assignment]  # which has room for more than its type says
        scope[name] = said

    def _answer(self, result: "Future[Any]") -> None:
        awaited, self._awaited = self._awaited, None
        if awaited is None or self.transport.is_closing():
            return
        try:
            response = awaited.said(result.result())
        except (Exception, CancelledError):  # noqa: BLE001 — its endpoint meets the same, and says so
            super().data_received(self._whole)
            self._note(ACCEPTED, result)
            self.cycle.keep_alive = self.cycle.keep_alive and not self._leaves
        else:
            self._say(response)
        later = b"".join(self._later)
        self._later.clear()
        if later and not self._leaves:  # nothing is taken on a connection that is told to close: its sender sends it again elsewhere
            self.data_received(later)

    def _say(self, response: Response) -> None:
        headers = [*self.server_state.default_headers, *response.raw_headers]
        if self._leaves:
            headers.append((b"connection", b"close"))
        lines = [b"%b: %b\r\n" % header for header in headers]
        self._cork.send(b"".join([STATUS_LINE[response.status_code], *lines, b"\r\n", response.body]))
        if self._leaves:
            self.transport.close()
        self.on_response_complete()


def _without_upgrade(data: bytes) -> bytes:
    """We speak no other protocol, and may ignore who asks for one (RFC 9110, 7.8): Java's own client does in its first request. The parser
    would take all behind the head for that protocol, and a monitor's event would be lost.
    """
    head, end, body = data.partition(b"\r\n\r\n")
    return UPGRADE.sub(b"\r\nx-no-upgrade:", head) + end + body if UPGRADE.search(head) else data
