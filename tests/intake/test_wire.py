"""The same routes on a real socket: what clients do to a connection, and what they see of our answer."""

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from httpx import AsyncClient
from sqlalchemy import text
from tests.intake import senders
from tests.intake.hostile import ALL
from tests.system import System, to

from oncall.intake.hot import receiving
from oncall.kit.db import Database

EVENTS = text("SELECT count(*) FROM events")
BODY = json.dumps(ALL).encode()


@dataclass
class Listening:
    port: int
    key: str

    def request(self, *headers: str, body: bytes = b"") -> bytes:
        head = [f"POST /intake/{self.key} HTTP/1.1", "Host: oncall.test", *headers, "", ""]
        return "\r\n".join(head).encode() + body

    async def open(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        return await asyncio.open_connection("127.0.0.1", self.port)


@pytest.fixture
async def listening(system: System) -> AsyncIterator[Listening]:
    """The system behind uvicorn, as `oncall serve` runs it."""
    made = await system.service([to(await system.user("Ana"))], type="alertmanager")
    await system.node.compilation.refresh()  # its keys are known, as they are of a node that has run for a second
    async with senders.listening(system.node.app) as port:
        yield Listening(port, made["key"])


async def status(reader: asyncio.StreamReader) -> tuple[int, bytes]:
    """Of the next answer, its status and its head."""
    head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 5)
    return int(head.split()[1]), head.lower()


async def stored(database: Database) -> int:
    async with database.transaction() as tx:
        count: int = (await tx.execute(EVENTS)).scalar_one()
        return count


async def test_a_body_in_chunks(listening: Listening, database: Database) -> None:
    reader, writer = await listening.open()
    chunks = b"".join(b"%x\r\n%s\r\n" % (len(part), part) for part in (BODY[:7], BODY[7:]))
    writer.write(listening.request("Transfer-Encoding: chunked", body=chunks + b"0\r\n\r\n"))
    assert (await status(reader))[0] == 202
    assert await stored(database) == 1
    writer.close()


async def test_two_requests_in_one_packet(listening: Listening, database: Database) -> None:
    reader, writer = await listening.open()
    writer.write(listening.request(f"Content-Length: {len(BODY)}", body=BODY) * 2)
    assert (await status(reader))[0] == 202
    await reader.readuntil(b"}]}")
    assert (await status(reader))[0] == 202
    assert await stored(database) == 2
    writer.close()


async def test_a_body_that_drips_is_given_up_and_the_connection_closed(listening: Listening, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(receiving, "BODY_TIMEOUT", 0.2)
    reader, writer = await listening.open()
    writer.write(listening.request("Content-Length: 1000"))
    for _ in range(3):
        await asyncio.sleep(0.05)
        writer.write(b"x")
    code, head = await status(reader)
    assert (code, b"connection: close" in head) == (503, True)
    await asyncio.wait_for(reader.read(), 5)
    assert reader.at_eof()
    writer.close()


async def test_six_mebibytes_get_their_answer(listening: Listening) -> None:
    async def chunks() -> AsyncIterator[bytes]:
        for _ in range(96):
            yield b"x" * 64 * 1024

    async with AsyncClient(base_url=f"http://127.0.0.1:{listening.port}") as client:
        for content in (b"x" * 6 * 1024 * 1024, chunks()):
            answer = await client.post(f"/intake/{listening.key}", content=content)
            assert (answer.status_code, answer.json()["code"]) == (413, "too_large")
        assert (await client.post(f"/intake/{listening.key}", content=BODY)).status_code == 202, "the connection still serves"


async def test_a_client_that_goes_in_the_middle_of_its_body_leaves_nothing_and_is_no_error(
    listening: Listening, database: Database, capsys: pytest.CaptureFixture[str]
) -> None:
    for _ in range(3):
        _, writer = await listening.open()
        writer.write(listening.request("Content-Length: 1000", body=BODY[:10]))
        await writer.drain()
        await asyncio.sleep(0.05)
        writer.transport.abort()
    await asyncio.sleep(0.1)
    assert await stored(database) == 0
    assert "unhandled error" not in capsys.readouterr().out


async def test_a_client_that_goes_before_its_answer_does_not_lose_its_event(listening: Listening, database: Database) -> None:
    _, writer = await listening.open()
    writer.write(listening.request(f"Content-Length: {len(BODY)}", body=BODY))
    await writer.drain()
    writer.close()
    async with asyncio.timeout(5):
        while not await stored(database):
            await asyncio.sleep(0.02)


async def test_http_1_0_and_a_sender_that_asks_before_it_sends(listening: Listening, database: Database) -> None:
    reader, writer = await listening.open()
    writer.write(listening.request(f"Content-Length: {len(BODY)}", body=BODY).replace(b"HTTP/1.1", b"HTTP/1.0"))
    assert (await status(reader))[0] == 202
    writer.close()
    reader, writer = await listening.open()
    writer.write(listening.request(f"Content-Length: {len(BODY)}", "Expect: 100-continue"))
    assert (await status(reader))[0] == 100
    writer.write(BODY)
    assert (await status(reader))[0] == 202
    writer.close()
    assert await stored(database) == 2


async def test_a_length_that_is_wrong_on_the_wire_hurts_only_its_own_request(
    listening: Listening, database: Database, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(receiving, "BODY_TIMEOUT", 0.2)
    for headers, body, code in (
        ([f"Content-Length: {len(BODY) + 5}"], BODY, 503),  # more is announced than comes
        ([f"Content-Length: {len(BODY) - 5}"], BODY, 400),  # less: what follows is no request
        (["Content-Length: -1"], BODY, 400),
        (["Content-Length: 5", "Content-Length: 7"], BODY, 400),
        (["Transfer-Encoding: chunked"], b"zz\r\n", 400),
        ([], b"", 202),  # an empty body pages as well
    ):
        reader, writer = await listening.open()
        writer.write(listening.request(*headers, body=body))
        assert (await status(reader))[0] == code, headers
        writer.close()
    assert await stored(database) == 2
