"""What is written in one round of the event loop leaves in one write."""

import asyncio
import socket
import struct
from typing import Any

import uvicorn
from uvicorn.server import ServerState

from oncall.kit.corked import HELD_AT_MOST, Corked, _Cork


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

    server = uvicorn.Server(uvicorn.Config(answer, host="127.0.0.1", port=0, http=Corked, lifespan="off", log_config=None))
    serving = asyncio.create_task(server.serve())
    while not server.started:
        await asyncio.sleep(0.01)
    port = server.servers[0].sockets[0].getsockname()[1]
    for _ in range(50):
        _, writer = await asyncio.open_connection("127.0.0.1", port)
        writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        writer.write(b"GET / HTTP/1.1\r\nHost: oncall.test\r\n\r\n")
        await asyncio.sleep(0.002)
        writer.transport.abort()
    server.should_exit = True
    await serving
    assert faults == []


async def test_whatever_else_is_asked_the_transport_answers() -> None:
    cork = _Cork(Wire(), asyncio.get_running_loop())  # type: ignore[arg-type]
    assert cork.get_extra_info("peername") == "its peername"
