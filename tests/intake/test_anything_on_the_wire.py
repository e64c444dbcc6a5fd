"""Any bytes for headers, address and body, on a real socket: what is HTTP is taken; what is not is refused, and hurts nobody else."""

import asyncio
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from tests.intake.senders import GONE, Line, listening
from tests.intake.strange import FRAMING, TOKEN, Sent, legal, posts
from tests.system import System, to

from oncall.kit.db import Database

EVENTS = text("SELECT count(*) FROM events")
TARGET = bytes(byte for byte in range(0x21, 0x7F))
"""What may stand in the first line of a request."""


@dataclass(slots=True)
class Wire:
    port: int
    key: str
    database: Database
    line: Line

    async def stored(self) -> int:
        async with self.database.transaction(read_only=True) as tx:
            count: int = (await tx.execute(EVENTS)).scalar_one()
            return count


@pytest.fixture
async def wire(system: System, database: Database) -> AsyncIterator[Wire]:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    async with listening(system.node.app) as port:
        line = Line(port)
        yield Wire(port, made["key"], database, line)
        line.close()


def request(target: bytes, headers: list[tuple[bytes, bytes]], body: bytes) -> bytes:
    head = [b"POST " + target + b" HTTP/1.1", b"Host: oncall.test", *(name + b": " + said for name, said in headers)]
    return b"\r\n".join([*head, b"Content-Length: %d" % len(body), b"", b""]) + body


cases = st.sampled_from([bytes, bytes.upper, bytes.title])


@given(sent=posts(), case=cases, below=st.lists(st.sampled_from(TARGET.replace(b"#", b"")), max_size=20).map(bytes))
async def test_whatever_legal_headers_and_the_address_hold_it_is_taken(wire: Wire, sent: Sent, case: object, below: bytes) -> None:
    before = await wire.stored()
    target = b"/intake/" + wire.key.encode() + (b"/" + below if below else b"") + (b"?" + sent.query if sent.query else b"")
    headers = [(case(name), said) for name, said in sent.headers]  # type: ignore[operator]
    answered = await wire.line.send(request(target, headers, sent.body))
    assert answered.status in {200, 202}, answered
    assert await wire.stored() > before


async def send_raw(wire: Wire, raw: bytes) -> tuple[int, bytes]:
    """What comes back on a connection of its own; 0 if it is only closed."""
    line = Line(wire.port)
    try:
        answered = await asyncio.wait_for(line.send(raw), 5)
    except GONE:
        return 0, b""
    finally:
        line.close()
    return answered.status, answered.body


@given(name=st.binary(min_size=1, max_size=20), said=st.binary(max_size=40))
async def test_headers_of_any_bytes_are_taken_or_no_http(wire: Wire, name: bytes, said: bytes) -> None:
    """One that would end the head, or say how long the body is, makes another request of it: that is not meant here."""
    if b"\n" in name + said or b"\r" in name + said or name.strip().lower() in FRAMING:
        return
    before = await wire.stored()
    status, body = await send_raw(wire, request(b"/intake/" + wire.key.encode(), [(name, said)], b"Disk full"))
    is_legal = all(byte in TOKEN for byte in name.lower()) and legal_value(said)
    assert status in ({202} if is_legal else {202, 400, 0}), (status, body)
    assert (await wire.stored() > before) == (status == 202)


def legal_value(said: bytes) -> bool:
    return all(byte == 0x09 or (byte >= 0x20 and byte != 0x7F) for byte in said)


@given(raw=st.binary(max_size=200) | st.builds(request, st.binary(max_size=40), st.lists(st.tuples(legal, legal), max_size=3), st.binary()))
async def test_any_bytes_at_all_are_no_5xx_and_the_next_request_is_served(wire: Wire, raw: bytes) -> None:
    line = Line(wire.port)
    try:
        answered = await asyncio.wait_for(line.send(raw + b"\r\n\r\n"), 0.2)
        assert answered.status < 500, answered
    except (*GONE, TimeoutError):
        pass  # no request, or the beginning of one
    finally:
        line.close()
    assert (await wire.line.send(request(b"/intake/" + wire.key.encode(), [], b"Disk full"))).status == 202
