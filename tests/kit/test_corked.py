"""What is written in one round of the event loop leaves in one write; who is still sending when we hang up is heard out, within bounds."""

import asyncio
import socket
import struct
import tracemalloc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from typing import Any

import pytest
import uvicorn
from uvicorn.server import ServerState

from oncall.kit import corked
from oncall.kit.corked import HEARD_AT_MOST, HELD_AT_MOST, Corked, _Cork


class Wire:
    """Stands for the transport: what it was told, in order."""

    def __init__(self) -> None:
        self.told: list[Any] = []
        self.is_gone = False

    def is_closing(self) -> bool:
        return self.is_gone

    def write(self, data: bytes) -> None:
        self.told.append(data)

    def close(self) -> None:
        self.told.append("close")

    def get_extra_info(self, name: str) -> str:
        return f"its {name}"


async def test_head_and_body_leave_together_in_the_next_round() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"head ")
    cork.write(b"body")
    assert wire.told == []
    await asyncio.sleep(0)
    assert wire.told == [b"head body"]
    cork.write(b"more")
    await asyncio.sleep(0)
    assert wire.told == [b"head body", b"more"]


async def test_what_is_large_is_not_held_back() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"head ")
    cork.write(b"x" * HELD_AT_MOST)
    assert wire.told == [b"head " + b"x" * HELD_AT_MOST]
    await asyncio.sleep(0)
    assert len(wire.told) == 1


async def test_nothing_is_lost_by_closing() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"goodbye")
    cork.close()
    await asyncio.sleep(0)
    assert wire.told == [b"goodbye", "close"]


async def test_to_whoever_is_gone_meanwhile_nothing_is_written() -> None:
    wire = Wire()
    cork = _Cork(wire, asyncio.get_running_loop())  # type: ignore[arg-type]
    cork.write(b"nobody reads this")
    wire.is_gone = True
    await asyncio.sleep(0)
    assert wire.told == []


@asynccontextmanager
async def served(app: Any) -> AsyncIterator[int]:
    """Its port; whoever is still connected at the end is not waited for."""
    server = uvicorn.Server(uvicorn.Config(app, host="127.0.0.1", port=0, http=Corked, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    yield server.servers[0].sockets[0].getsockname()[1]
    server.should_exit = True
    async with asyncio.timeout(5):
        await serving


async def _refuse(scope: Any, receive: Any, send: Any) -> None:
    """Says no before it has heard anything."""
    await send({"type": "http.response.start", "status": 413, "headers": [(b"content-length", b"2"), (b"connection", b"close")]})
    await send({"type": "http.response.body", "body": b"no"})


async def _nothing(scope: Any, receive: Any, send: Any) -> None:
    """An application that is never asked."""


async def test_a_client_that_has_said_its_last_word_still_reads_what_is_held() -> None:
    class Bare(Wire):
        def get_extra_info(self, name: str) -> Any:
            return None

    wire, config = Bare(), uvicorn.Config(_nothing, log_config=None)
    config.load()
    protocol = Corked(config, ServerState(), {}, asyncio.get_running_loop())
    protocol.connection_made(wire)  # type: ignore[arg-type]
    protocol.transport.write(b"answer")
    protocol.eof_received()
    assert wire.told == [b"answer"]


async def test_clients_that_break_off_are_no_faults_of_ours() -> None:
    """Over real connections of the loop that nodes run on, each reset while an answer is being written."""
    loop, faults = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, fault: faults.append(fault))

    async def answer(scope: Any, receive: Any, send: Any) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": []})
        for _ in range(100):
            await send({"type": "http.response.body", "body": b"x" * 30_000, "more_body": True})
            await asyncio.sleep(0)
        await send({"type": "http.response.body", "body": b""})

    async with served(answer) as port:
        for _ in range(50):
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.write(b"GET / HTTP/1.1\r\nHost: oncall.test\r\n\r\n")
            await asyncio.sleep(0.002)
            writer.transport.abort()
    assert faults == []


async def test_whatever_else_is_asked_the_transport_answers() -> None:
    cork = _Cork(Wire(), asyncio.get_running_loop())  # type: ignore[arg-type]
    assert cork.get_extra_info("peername") == "its peername"


HEAD = b"POST / HTTP/1.1\r\nHost: oncall.test\r\nContent-Length: 999999999999\r\n\r\n"


async def send_on(port: int, most: int) -> tuple[bytes, int]:
    """What a client hears that sends on and on, and how many bytes it got rid of before it was hung up on, or `most`."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(HEAD)
    heard, sent = await reader.read(-1), 0
    try:
        while sent < most:
            writer.write(b"x" * HELD_AT_MOST)
            await writer.drain()
            sent += HELD_AT_MOST
            await asyncio.sleep(0)
    except ConnectionError:
        pass
    writer.transport.abort()
    return heard, sent


async def test_who_is_still_sending_hears_the_answer_and_its_end_at_once_and_may_go_on_a_while_in_no_memory() -> None:
    async with served(_refuse) as port:
        tracemalloc.start()
        heard, sent = await send_on(port, HEARD_AT_MOST - HELD_AT_MOST)
        _, most = tracemalloc.get_traced_memory()
        tracemalloc.stop()
    assert (heard.startswith(b"HTTP/1.1 413 "), heard.endswith(b"no"), sent) == (True, True, HEARD_AT_MOST - HELD_AT_MOST)
    assert most < HEARD_AT_MOST / 4


async def test_who_never_ends_is_hung_up_on() -> None:
    async with served(_refuse) as port:
        _, sent = await send_on(port, 4 * HEARD_AT_MOST)
    assert HEARD_AT_MOST <= sent < 2 * HEARD_AT_MOST


async def trickle(writer: asyncio.StreamWriter) -> None:
    """A byte now and then, for some seconds."""
    for _ in range(300):
        writer.write(b"x")
        await writer.drain()
        await asyncio.sleep(0.01)


async def test_so_is_who_takes_too_long(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(corked, "HEARD_FOR", 0.05)
    async with served(_refuse) as port:
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        with pytest.raises(ConnectionError):
            await trickle(writer)
        writer.transport.abort()


async def test_a_node_that_leaves_waits_for_nobody_who_has_their_answer() -> None:
    async with served(_refuse) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        assert await reader.read(-1)
    writer.transport.abort()


async def test_nor_does_it_hear_out_whoever_it_answers_after_that(monkeypatch: pytest.MonkeyPatch) -> None:
    """Its last answer leaves, and it hangs up."""
    protocols: list[Corked] = []
    made = Corked.connection_made
    monkeypatch.setattr(Corked, "connection_made", lambda self, transport: (protocols.append(self), made(self, transport))[1])
    asked, may_answer = asyncio.Event(), asyncio.Event()

    async def answer_late(scope: Any, receive: Any, send: Any) -> None:
        asked.set()
        await may_answer.wait()
        await _refuse(scope, receive, send)

    async with served(answer_late) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD)
        await asked.wait()
        protocols[0].shutdown()
        may_answer.set()
        assert (await reader.read(-1)).startswith(b"HTTP/1.1 413 ")
        assert protocols[0]._cork._transport.is_closing()
        assert not protocols[0]._cork.is_leaving
        writer.transport.abort()


async def test_who_breaks_off_while_being_heard_out_is_no_fault_of_ours() -> None:
    loop, faults = asyncio.get_running_loop(), []
    loop.set_exception_handler(lambda _, fault: faults.append(fault))
    async with served(_refuse) as port:
        for pause in (0, 0.001, 0.002, 0.005) * 10:
            _, writer = await asyncio.open_connection("127.0.0.1", port)
            writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
            writer.write(HEAD + b"x" * HELD_AT_MOST)
            await asyncio.sleep(pause)
            writer.transport.abort()
    assert faults == []


async def test_what_follows_a_request_after_which_we_hang_up_is_not_done() -> None:
    asked = []

    async def app(scope: Any, receive: Any, send: Any) -> None:
        asked.append(scope["path"])
        await _refuse(scope, receive, send)

    async with served(app) as port:
        reader, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.write(HEAD.replace(b"999999999999", b"3"))
        await reader.read(-1)
        writer.write(b"xyzGET /second HTTP/1.1\r\nHost: oncall.test\r\n\r\n")
        await asyncio.sleep(0.05)
        writer.transport.abort()
    assert asked == ["/"]
