"""Which bodies under /api/v1 reach a route, and what the others are told."""

import asyncio
import json
import socket
from collections.abc import Iterable
from dataclasses import dataclass, field

import pytest
import uvicorn
from hypothesis import given
from hypothesis import strategies as st
from starlette.types import Message, Receive, Scope, Send

from oncall.kit.json_scan import deeper_than
from oncall.kit.strict import BODY_LIMIT, KEYS_LIMIT, READ_AT_MOST, STRING_LIMIT, StrictBody, fault_in, is_json

JSON = {"content-type": "application/json"}
CHUNKED = JSON | {"transfer-encoding": "chunked"}


@dataclass
class Answer:
    """What the client was told, and what the route behind the middleware was given (None: it was never called)."""

    status: int = 0
    headers: dict[str, str] = field(default_factory=dict)
    body: bytes = b""
    received: bytes | None = None

    @property
    def code(self) -> str:
        assert self.headers["content-type"] == "application/problem+json"
        return str(json.loads(self.body)["code"])


async def send_to(
    path: str = "/api/v1/users",
    body: bytes | Iterable[bytes] = b"",
    headers: dict[str, str] | None = None,
    *,
    ends: str = "complete",
    seconds: float = 5.0,
) -> Answer:
    """Call the middleware as a server would; a body that `ends` "silent" never finishes, one that ends "gone" is hung up on."""
    answer = Answer()
    chunks = [body] if isinstance(body, bytes) else list(body)
    sent = JSON | {"content-length": str(len(body))} if isinstance(body, bytes) else CHUNKED
    messages: list[Message] = [
        {"type": "http.request", "body": chunk, "more_body": ends != "complete" or n < len(chunks)} for n, chunk in enumerate(chunks, 1)
    ]

    async def receive() -> Message:
        if messages:
            return messages.pop(0)
        if ends == "silent":
            await asyncio.Event().wait()
        return {"type": "http.disconnect"}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            answer.status = message["status"]
            answer.headers = {name.decode(): value.decode() for name, value in message["headers"]}
        else:
            answer.body += message["body"]

    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        answer.received = b""
        while (message := await receive())["type"] == "http.request":
            answer.received += message.get("body", b"")
            if not message.get("more_body"):
                break
        await send({"type": "http.response.start", "status": 204, "headers": []})
        await send({"type": "http.response.body", "body": b""})

    scope: Scope = {
        "type": "http",
        "http_version": "1.1",
        "method": "POST",
        "path": path,
        "headers": [(name.encode(), value.encode()) for name, value in (sent if headers is None else headers).items()],
    }
    await StrictBody(route, seconds=seconds)(scope, receive, send)
    return answer


# --- JSON -------------------------------------------------------------------------------------------------------------------


def nested(levels: int) -> bytes:
    return b"[" * levels + b"]" * levels


def keys(count: int) -> bytes:
    return json.dumps({str(n): 0 for n in range(count)}).encode()


@pytest.mark.parametrize(
    ("what", "body", "expected"),
    [
        ("an object", b'{"name": "Ana"}', None),
        ("a scalar", b"1", None),
        ("text of any language, and its escapes", '{"é": "日本 \\u00e9 \\ud83d\\ude00 \\n"}'.encode(), None),
        ("the word NUL inside a string", b'"\\\\u0000"', None),
        ("brackets inside a string are text", b'"' + b"[" * 99 + b'\\""', None),
        ("32 levels", nested(32), None),
        ("33 levels", nested(33), "json_limit"),
        ("objects nest as well", b'{"a":' * 33 + b"1" + b"}" * 33, "json_limit"),
        ("100,000 levels", nested(100_000), "json_limit"),
        ("100,000 levels that never close", b"[" * 100_000, "json_limit"),
        ("1,000 keys", keys(KEYS_LIMIT), None),
        ("1,001 keys", keys(KEYS_LIMIT + 1), "json_limit"),
        ("1,001 keys in many objects", json.dumps([{"a": 0}] * 1_001).encode(), None),
        ("64 KiB in one string", json.dumps("x" * STRING_LIMIT).encode(), None),
        ("one byte more", json.dumps("x" * (STRING_LIMIT + 1)).encode(), "json_limit"),
        ("one byte more, in UTF-8", json.dumps("é" + "x" * (STRING_LIMIT - 1), ensure_ascii=False).encode(), "json_limit"),
        ("one byte more, in a key", json.dumps({"x" * (STRING_LIMIT + 1): 0}).encode(), "json_limit"),
        ("4,300 digits", b"9" * 4_300, None),
        ("4,301 digits", b"9" * 4_301, "json_limit"),
        ("half a document", b'{"a": ', "malformed_json"),
        ("two documents", b"1 2", "malformed_json"),
        ("single quotes", b"{'a': 1}", "malformed_json"),
        ("bytes that are not UTF-8", b'"\xff"', "malformed_json"),
        ("a byte order mark", b"\xef\xbb\xbf{}", "malformed_json"),
        ("UTF-16", '{"a": 1}'.encode("utf-16"), "malformed_json"),
        ("an encoded surrogate", b'"\xed\xa0\x80"', "malformed_json"),
        ("a key twice", b'{"a": 1, "a": 2}', "malformed_json"),
        ("a key twice, once escaped", b'{"a": 1, "\\u0061": 2}', "malformed_json"),
        ("a key twice, deep inside", b'[{"b": {"a": 1, "a": 1}}]', "malformed_json"),
        ("NaN", b'{"a": NaN}', "malformed_json"),
        ("Infinity", b"[-Infinity]", "malformed_json"),
        ("a number that becomes infinite", b"1e999", "malformed_json"),
        ("NUL in a string", b'"\\u0000"', "malformed_json"),
        ("NUL in a key", b'{"\\u0000": 1}', "malformed_json"),
        ("a raw NUL", b'"\x00"', "malformed_json"),
        ("half a surrogate pair", b'["\\ud83d"]', "malformed_json"),
        ("half a surrogate pair in a key", b'{"\\ude00": 1}', "malformed_json"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_json(what: str, body: bytes, expected: str | None) -> None:
    fault = fault_in(body)
    assert (fault.code if fault else None) == expected


def test_repeated_keys_are_told_by_what_they_do_and_not_by_what_they_hold() -> None:
    fault = fault_in(b'{"password": "hunter2", "password": "hunter3"}')
    assert fault
    assert "Keys repeat" in fault.detail
    assert "hunter" not in fault.detail
    assert "password" not in fault.detail


TEXT = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))
VALUES = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | TEXT,
    lambda inner: st.lists(inner) | st.dictionaries(TEXT, inner),
)


@given(value=VALUES, ascii_only=st.booleans(), indent=st.sampled_from([None, 2]))
def test_json_that_any_library_writes_is_taken(value: object, ascii_only: bool, indent: int | None) -> None:
    assert fault_in(json.dumps(value, ensure_ascii=ascii_only, indent=indent).encode()) is None


@given(body=st.binary() | st.text('{}[]",:\\u0aeN1-. \n').map(str.encode))
def test_no_bytes_crash_it_and_what_it_takes_is_json(body: bytes) -> None:
    if fault_in(body) is None:
        json.dumps(json.loads(body), allow_nan=False).encode()


@given(value=VALUES, limit=st.integers(0, 4))
def test_depth_is_what_a_parser_would_find(value: object, limit: int) -> None:
    assert deeper_than(json.dumps(value).encode(), limit) == (depth(value) > limit)


def depth(value: object) -> int:
    match value:
        case list():
            return 1 + max(map(depth, value), default=0)
        case dict():
            return 1 + max(map(depth, value.values()), default=0)
        case _:
            return 0


# --- HTTP -------------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("content_type", "taken"),
    [
        ("application/json", True),
        ("Application/JSON; charset=UTF-8", True),
        ('application/json;charset="utf-8"', True),
        ("application/merge-patch+json", True),
        ("", False),
        ("text/plain", False),
        ("application/jsonp", False),
        ("text/html, application/json", False),
        ("application/json; charset=utf-16", False),
        ("application/x-www-form-urlencoded", False),
    ],
)
def test_media_types(content_type: str, taken: bool) -> None:
    assert is_json(content_type) is taken


LARGEST = b'"' + b"x" * 60_000 + b'",'
LARGEST = b"[" + LARGEST * 8 + b'"' + b"y" * (BODY_LIMIT - 8 * len(LARGEST) - 4) + b'"]'


@pytest.mark.parametrize(
    ("what", "body", "headers", "expected"),
    [
        ("512 KiB", LARGEST, None, None),
        ("one byte more", LARGEST + b" ", None, (413, "too_large")),
        ("one byte more, in chunks of no announced length", [LARGEST, b" "], None, (413, "too_large")),
        ("announced as endless: not even read", b"", JSON | {"content-length": "99999999999"}, (413, "too_large")),
        ("compressed", b"\x1f\x8b", JSON | {"content-length": "2", "content-encoding": "gzip"}, (415, "unsupported_media_type")),
        ("identity is no encoding", b"{}", JSON | {"content-length": "2", "content-encoding": "identity"}, None),
        ("a form", b"a=1", {"content-length": "3", "content-type": "text/plain"}, (415, "unsupported_media_type")),
        ("a body of no type", b"{}", {"content-length": "2"}, (415, "unsupported_media_type")),
        ("no body needs no type", b"", {}, None),
        ("an empty body needs no type", b"", {"content-length": "0"}, None),
        ("chunks that are JSON together", [b'{"a"', b": ", b"1}"], None, None),
        ("JSON that means nothing", b"{", None, (400, "malformed_json")),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
async def test_requests(what: str, body: bytes | list[bytes], headers: dict[str, str] | None, expected: tuple[int, str] | None) -> None:
    answer = await send_to(body=body, headers=headers)
    if expected is None:
        assert (answer.status, answer.received) == (204, body if isinstance(body, bytes) else b"".join(body))
    else:
        assert (answer.status, answer.code, answer.received) == (*expected, None)


async def test_a_compressed_body_is_told_which_encoding_would_do() -> None:
    answer = await send_to(body=b"\x1f\x8b", headers=JSON | {"content-length": "2", "content-encoding": "gzip"})
    assert answer.headers["accept-encoding"] == "identity"


@pytest.mark.parametrize("path", ["/intake/key", "/api/v10/users", "/v2/enqueue", "/"])
async def test_other_paths_are_none_of_its_business(path: str) -> None:
    assert (await send_to(path, b"not json")).received == b"not json"


async def test_a_body_that_stalls_is_given_up_and_the_connection_with_it() -> None:
    answer = await send_to(body=[b"{"], ends="silent", seconds=0.01)
    assert (answer.status, answer.code, answer.headers["connection"]) == (408, "too_slow", "close")


async def test_a_body_that_never_ends_is_given_up_and_the_connection_with_it() -> None:
    answer = await send_to(body=[b"x" * 100_000] * (READ_AT_MOST // 100_000 + 1), ends="silent")
    assert (answer.status, answer.headers["connection"]) == (413, "close")


async def test_nobody_is_answered_when_the_client_hangs_up() -> None:
    answer = await send_to(body=[b"{"], ends="gone")
    assert (answer.status, answer.received) == (0, None)


async def test_over_a_real_socket_a_slow_body_is_answered_and_hung_up_on_and_a_large_one_hears_why() -> None:
    async def route(scope: Scope, receive: Receive, send: Send) -> None:
        raise AssertionError("no such body may get here")

    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        server = uvicorn.Server(uvicorn.Config(StrictBody(route, seconds=0.1), lifespan="off", log_config=None))
        serving = asyncio.create_task(server.serve(sockets=[listening]))
        port = listening.getsockname()[1]
        try:
            head = b"POST /api/v1/users HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            assert (await exchange(port, head + b"Content-Length: 9\r\n\r\n{")).startswith(b"HTTP/1.1 408 ")
            chunk = b"20000\r\n" + b" " * 0x20000 + b"\r\n"
            large = head + b"Transfer-Encoding: chunked\r\nConnection: close\r\n\r\n" + chunk * 10 + b"0\r\n\r\n"
            assert (await exchange(port, large)).startswith(b"HTTP/1.1 413 ")
        finally:
            server.should_exit = True
            await serving


async def exchange(port: int, request: bytes) -> bytes:
    """Everything the server says until it hangs up."""
    reader, writer = await asyncio.open_connection("127.0.0.1", port)
    writer.write(request)
    async with asyncio.timeout(5):
        answer = await reader.read(-1)
    writer.close()
    return answer
