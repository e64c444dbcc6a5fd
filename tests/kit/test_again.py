"""A request that is known by its bytes is answered before it is read; all others, and those that fail, go the usual way."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import pytest
import uvicorn

from oncall.kit.again import ACCEPTED, AGAIN, WHOLE, Again, Awaited
from oncall.kit.hot import Answer

Wire = tuple[asyncio.StreamReader, asyncio.StreamWriter]


def post(path: str, body: bytes = b"{}", *headers: str, version: str = "1.1") -> bytes:
    return "\r\n".join([f"POST {path} HTTP/{version}", "Host: a.test", f"Content-Length: {len(body)}", *headers, "", ""]).encode() + body


KNOWN = post("/known")


@dataclass
class Desk:
    """Knows one request, and what it waits for; and is the application behind, which notes what it is asked."""

    awaited: list["asyncio.Future[str]"] = field(default_factory=list)
    asked: list[tuple[str, bytes | None, bool]] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def knows(self, whole: bytes) -> Awaited[str] | None:
        if whole != KNOWN:
            return None
        self.awaited.append(asyncio.get_running_loop().create_future())
        return Awaited(self.awaited[-1], lambda said: Answer(said.encode(), 202))

    async def __call__(self, scope: Any, receive: Any, send: Any) -> None:
        self.asked.append((scope["path"], scope.get(WHOLE), ACCEPTED in scope))
        body, more = b"", True
        while more:
            message = await receive()
            body, more = body + message.get("body", b""), message.get("more_body", False)
        self.bodies.append(body)
        said = f"read {scope['path']}".encode()
        await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"%d" % len(said))]})
        await send({"type": "http.response.body", "body": said})


@asynccontextmanager
async def connected(desk: Desk) -> AsyncIterator[tuple[Wire, uvicorn.Server]]:
    server = uvicorn.Server(uvicorn.Config(desk, host="127.0.0.1", port=0, http=Again, lifespan="off", log_config=None))
    serving = asyncio.create_task(server._serve())
    while not server.started:
        await asyncio.sleep(0.01)
    server.lifespan.state[AGAIN] = desk.knows
    wire = await asyncio.open_connection("127.0.0.1", server.servers[0].sockets[0].getsockname()[1])
    try:
        yield wire, server
    finally:
        wire[1].transport.abort()
        server.should_exit = True
        async with asyncio.timeout(5):
            await serving


async def heard(wire: Wire) -> tuple[int, bytes, bool]:
    """Status and body of the next answer, and whether it is the last."""
    async with asyncio.timeout(5):
        status, *lines = (await wire[0].readuntil(b"\r\n\r\n")).decode().lower().splitlines()
        headers = dict(line.split(": ", 1) for line in lines if line)
        assert "date" in headers
        return int(status.split()[1]), await wire[0].readexactly(int(headers["content-length"])), headers.get("connection") == "close"


async def until(there: Any) -> None:
    async with asyncio.timeout(5):
        while not there():
            await asyncio.sleep(0.001)


async def test_what_is_known_is_answered_when_it_is_done_and_never_read() -> None:
    desk = Desk()
    async with connected(desk) as (wire, _):
        for n in range(3):
            wire[1].write(KNOWN)
            await until(lambda n=n: len(desk.awaited) > n)
            desk.awaited[-1].set_result(f"done {n}")
            assert await heard(wire) == (202, f"done {n}".encode(), False)
        wire[1].write(post("/other"))
        assert await heard(wire) == (200, b"read /other", False)
    assert [path for path, _, _ in desk.asked] == ["/other"]


@pytest.mark.parametrize(
    ("what", "pieces", "by"),
    [
        ("one, at once", [post("/a")], [post("/a")]),
        ("in two pieces", [post("/a")[:-1], post("/a")[-1:]], [None]),
        ("two at once", [post("/a") + post("/b")], [None, None]),
        ("one and the beginning of another", [post("/a") + post("/b")[:9], post("/b")[9:]], [None, None]),
        ("known, but not alone", [KNOWN + post("/b")], [None, None]),
        ("the last on its connection", [post("/a", b"{}", "Connection: close")], [None]),
        ("of an older version", [post("/a", version="1.0")], [None]),
        ("from one who asks first", [post("/a", b"{}", "Expect: 100-continue")], [None]),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_what_a_request_can_be_known_by(what: str, pieces: list[bytes], by: list[bytes | None]) -> None:
    desk = Desk()
    async with connected(desk) as (wire, _):
        for piece in pieces:
            wire[1].write(piece)
            await asyncio.sleep(0.05)
        await until(lambda: len(desk.asked) == len(by))
    assert [whole for _, whole, _ in desk.asked] == by


@pytest.mark.parametrize("pieces", [1, 2])
async def test_what_asks_for_another_protocol_is_read_in_ours(pieces: int) -> None:
    """Java's own client asks so in its first request, and its body is an event."""
    desk = Desk()
    request = post("/a", b"an event", "Connection: Upgrade, HTTP2-Settings", "Upgrade: h2c", "HTTP2-Settings: AAEAAEAA")
    async with connected(desk) as (wire, _):
        for piece in [request] if pieces == 1 else [request[:-8], request[-8:]]:
            wire[1].write(piece)
            await asyncio.sleep(0.05)
        assert await heard(wire) == (200, b"read /a", False)
        wire[1].write(post("/b"))
        assert await heard(wire) == (200, b"read /b", False)
    assert desk.bodies == [b"an event", b"{}"]


async def test_what_comes_meanwhile_is_answered_after_it_in_order() -> None:
    desk = Desk()
    async with connected(desk) as (wire, _):
        wire[1].write(KNOWN)
        await until(lambda: desk.awaited)
        wire[1].write(post("/a"))
        await asyncio.sleep(0.02)
        wire[1].write(post("/b"))
        await asyncio.sleep(0.02)
        assert desk.asked == []
        desk.awaited[0].set_result("done")
        assert [await heard(wire) for _ in range(3)] == [(202, b"done", False), (200, b"read /a", False), (200, b"read /b", False)]
        wire[1].write(KNOWN)
        await until(lambda: len(desk.awaited) == 2)


@pytest.mark.parametrize("fails", ["refused", "cancelled", "not told"])
async def test_what_fails_goes_the_usual_way_and_what_comes_after_it_too(fails: str) -> None:
    desk = Desk()
    async with connected(desk) as (wire, _):
        wire[1].write(KNOWN)
        await until(lambda: desk.awaited)
        wire[1].write(post("/a"))
        await asyncio.sleep(0.02)
        match fails:
            case "refused":
                desk.awaited[0].set_exception(ValueError("no room"))
            case "cancelled":
                desk.awaited[0].cancel()
            case _:
                desk.awaited[0].set_result("\ud800")  # cannot be told
        assert [await heard(wire) for _ in range(2)] == [(200, b"read /known", False), (200, b"read /a", False)]
    assert [(path, is_accepted) for path, _, is_accepted in desk.asked] == [("/known", True), ("/a", False)]


@pytest.mark.parametrize("fails", [False, True])
async def test_a_node_that_leaves_answers_before_and_takes_nothing_more(fails: bool) -> None:
    desk = Desk()
    async with connected(desk) as (wire, server):
        wire[1].write(KNOWN)
        await until(lambda: desk.awaited)
        [here] = server.server_state.connections
        assert isinstance(here, Again)
        wire[1].write(post("/later"))
        await until(lambda: here._later)
        server.should_exit = True
        await until(lambda: here._leaves)
        if fails:
            desk.awaited[0].set_exception(ValueError("no room"))
        else:
            desk.awaited[0].set_result("done")
        assert await heard(wire) == ((200, b"read /known", True) if fails else (202, b"done", True))
        assert await wire[0].read() == b""
    assert "/later" not in [path for path, _, _ in desk.asked]


async def test_whoever_is_gone_is_not_answered() -> None:
    desk, faults = Desk(), []
    asyncio.get_running_loop().set_exception_handler(lambda _, fault: faults.append(fault))
    async with connected(desk) as (wire, server):
        wire[1].write(KNOWN)
        await until(lambda: desk.awaited)
        wire[1].transport.abort()
        await until(lambda: not server.server_state.connections)
        desk.awaited[0].set_exception(ValueError("nobody hears it"))
        desk.awaited[0].exception()
        await asyncio.sleep(0.02)
    assert (desk.asked, faults) == ([], [])
