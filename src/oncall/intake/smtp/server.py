"""The port where mails come in: who may connect, and how sessions end when the node does."""

import asyncio
from collections import Counter
from typing import cast

from oncall.intake.smtp.door import Door
from oncall.intake.smtp.listening import Listening
from oncall.intake.smtp.session import Session
from oncall.kit.limits import network_of
from oncall.kit.log import get_log

log = get_log("mail")

MAX_SESSIONS, MAX_PER_NETWORK = 100, 50
DRAIN_SECONDS = 8.0
FULL = b"421 4.7.0 Too many connections; try again shortly.\r\n"


class MailServer:
    """Listens from `start()` to `stop()`, in the node's own event loop."""

    def __init__(self, listening: Listening, door: Door, *, shares_port: bool = False) -> None:
        """With `shares_port` other processes of this node may listen there as well."""
        self._listening, self._door, self._shares_port = listening, door, shares_port
        self._server: asyncio.Server | None = None
        self._sessions: dict[Session, str] = {}
        self._networks: Counter[str] = Counter()
        self._emptied = asyncio.Event()

    @property
    def port(self) -> int:
        """The port it has, which is another one if the settings say 0."""
        sockets = self._server.sockets if self._server else ()
        return int(sockets[0].getsockname()[1]) if sockets else self._listening.port

    async def start(self) -> None:
        loop, at = asyncio.get_running_loop(), self._listening
        self._server = await loop.create_server(lambda: _Arrival(self), at.host, at.port, reuse_port=self._shares_port or None)
        log.info("mails are taken", host=at.host, port=self.port, starttls=at.tls is not None)

    async def stop(self) -> None:
        """No new sessions; those that are taking a mail answer it, the others are told to come again."""
        if self._server is None:
            return
        self._server.close()
        for session in list(self._sessions):
            session.leave()
        try:
            async with asyncio.timeout(DRAIN_SECONDS):
                while self._sessions:
                    self._emptied.clear()
                    await self._emptied.wait()
        except TimeoutError:
            log.warning("mails that did not arrive in time were not taken; their senders send them again", sessions=len(self._sessions))
            for session in list(self._sessions):
                session.abort()

    def open(self, network: str) -> Session | None:
        """A session for whoever has connected; None if there are too many."""
        if len(self._sessions) >= MAX_SESSIONS or self._networks[network] >= MAX_PER_NETWORK:
            return None
        session = Session(self._door, self._listening, network, gone=self._left)
        self._sessions[session] = network
        self._networks[network] += 1
        return session

    def _left(self, session: Session) -> None:
        network = self._sessions.pop(session, None)
        if network is not None:
            self._networks[network] -= 1
            self._networks += Counter()  # forgets who has none left
        if not self._sessions:
            self._emptied.set()


class _Arrival(asyncio.Protocol):
    """A connection until it is known from where."""

    def __init__(self, server: MailServer) -> None:
        self._server = server

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        peer = transport.get_extra_info("peername")
        session = self._server.open(network_of(peer[0] if peer else None))
        if session is None:
            cast("asyncio.WriteTransport", transport).write(FULL)
            transport.close()
            return
        transport.set_protocol(session)
        session.connection_made(transport)
