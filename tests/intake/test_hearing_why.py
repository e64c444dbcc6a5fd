"""Who is refused while still sending hears why, on a real socket: closing at once would reset the connection, and lose the answer."""

import asyncio
import json
from http.client import HTTPConnection

import pytest
from tests.intake.senders import listening
from tests.system import System, to

MIB = 1024 * 1024


def posted(port: int, path: str, headers: dict[str, str], body: bytes) -> tuple[int, str]:
    """Status and code, as a client gets them that sends all of its body first, such as Python's own."""
    connection = HTTPConnection("127.0.0.1", port, timeout=10)
    try:
        connection.request("POST", path, body, headers)
        answer = connection.getresponse()
        said = json.loads(answer.read())
        return answer.status, str(said.get("code", said.get("status")))
    finally:
        connection.close()


@pytest.mark.parametrize("connection", ["close", "keep-alive"])
@pytest.mark.parametrize(
    ("what", "path", "size", "expected"),
    [
        ("more than a monitor may say", "/intake/{key}", 12 * MIB, (413, "too_large")),
        ("with a key that nobody has", "/intake/nobody", 3 * MIB, (401, "unauthorized")),
        ("more than the original takes", "/v2/enqueue", 12 * MIB, (413, "invalid event")),
        ("more than the API takes", "/api/v1/services", 12 * MIB, (413, "too_large")),
        ("at an address that is not there", "/nowhere", 3 * MIB, (404, "not_found")),
    ],
)
async def test_who_is_refused_while_sending_hears_why(
    system: System, what: str, path: str, size: int, expected: tuple[int, str], connection: str
) -> None:
    made = await system.service([to(await system.user("Ana"))], type="generic")
    async with listening(system.node.app) as port:
        heard = await asyncio.to_thread(
            posted, port, path.format(key=made["key"]), {"Connection": connection, "Content-Type": "application/json"}, b"x" * size
        )
    assert heard == expected
