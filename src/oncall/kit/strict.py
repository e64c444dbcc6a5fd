"""Bodies under /api/v1 are read strictly, before anybody asks who sends them: size, time, media type, and JSON that means one thing.

Monitors are not asked for this much: what they send degrades instead of being refused.
"""

import asyncio
import json
import math
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from starlette.datastructures import Headers
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from oncall.kit.json_scan import deeper_than
from oncall.kit.problems import problem

PREFIX = "/api/v1"
BODY_LIMIT = 512 * 1024
BODY_SECONDS = 10.0
DEPTH_LIMIT = 32
KEYS_LIMIT = 1_000  # of one object
STRING_LIMIT = 64 * 1024  # bytes of UTF-8

# What is too large is still read, and thrown away, up to here, and the connection goes on; beyond, it is hung up on, as `kit.corked` does.
READ_AT_MOST = 4 * 1024 * 1024

MEDIA_TYPE = re.compile(r"application/json|[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+\+json")
CLOSE = {"Connection": "close"}


@dataclass(frozen=True, slots=True)
class Fault:
    """Why a body is not taken. Says what is wrong and never repeats what was sent."""

    code: str
    detail: str


TOO_DEEP = Fault("json_limit", f"Arrays and objects nest deeper than {DEPTH_LIMIT} levels.")
TOO_MANY_KEYS = Fault("json_limit", f"An object has more than {KEYS_LIMIT:,} keys.")
TOO_LONG_STRING = Fault("json_limit", f"A string is longer than {STRING_LIMIT // 1024} KiB.")
TOO_LONG_NUMBER = Fault("json_limit", "A number has more than 4,300 digits.")
NOT_UTF8 = Fault("malformed_json", "Send UTF-8 without a byte order mark.")
REPEATED_KEYS = Fault("malformed_json", "Keys repeat within one object; which of them is meant cannot be known.")
NOT_FINITE = Fault("malformed_json", "NaN, Infinity and numbers beyond a double are not JSON numbers; send null.")
NOT_TEXT = Fault("malformed_json", r"A string or key holds \u0000 or half a surrogate pair; no text does.")


class _Refused(Exception):
    def __init__(self, fault: Fault) -> None:
        self.fault = fault


def _object(pairs: Sequence[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > KEYS_LIMIT:
        raise _Refused(TOO_MANY_KEYS)
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Refused(REPEATED_KEYS)
    return found


def _constant(_name: str) -> None:
    raise _Refused(NOT_FINITE)


def _number(digits: str) -> float:
    value = float(digits)
    if not math.isfinite(value):
        raise _Refused(NOT_FINITE)
    return value


_DECODER = json.JSONDecoder(object_pairs_hook=_object, parse_constant=_constant, parse_float=_number)


def _strings(value: object) -> Iterator[str]:
    left = [value]
    while left:
        match left.pop():
            case str() as text:
                yield text
            case list() as members:
                left.extend(members)
            case dict() as fields:
                left.extend(fields)
                left.extend(fields.values())
            case _:
                continue


def fault_in(body: bytes) -> Fault | None:
    """What keeps these bytes from being JSON that every reader would read alike, and that our limits allow; None if nothing does."""
    if deeper_than(body, DEPTH_LIMIT):
        return TOO_DEEP
    try:
        text = body.decode()
        if text.startswith("\ufeff"):
            return NOT_UTF8
        value = _DECODER.decode(text)
    except UnicodeDecodeError:
        return NOT_UTF8
    except json.JSONDecodeError as error:
        return Fault("malformed_json", f"The body is not well-formed JSON: look at line {error.lineno}, column {error.colno}.")
    except _Refused as refused:
        return refused.fault
    except ValueError:  # from int(): Python's own limit, 4,300 digits
        return TOO_LONG_NUMBER
    # Raw control characters and encoded surrogates were refused above: only an escape can still bring one in.
    if b"\\u" in body or len(body) > STRING_LIMIT:
        for string in _strings(value):
            try:
                if len(string.encode()) > STRING_LIMIT:
                    return TOO_LONG_STRING
            except UnicodeEncodeError:
                return NOT_TEXT
            if "\0" in string:
                return NOT_TEXT
    return None


def is_json(content_type: str) -> bool:
    """application/json or anything +json, in UTF-8 if it names a charset at all."""
    media, *parameters = (part.strip().lower() for part in content_type.split(";"))
    named = [value.strip('"') for name, _, value in (p.partition("=") for p in parameters) if name.strip() == "charset"]
    return bool(MEDIA_TYPE.fullmatch(media)) and all(charset in {"utf-8", "utf8"} for charset in named)


class StrictBody:
    """ASGI middleware: reads the whole body, refuses it with problem+json, or hands exactly these bytes on."""

    def __init__(self, app: ASGIApp, *, seconds: float = BODY_SECONDS) -> None:
        self.app, self._seconds = app, seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or not f"{scope['path']}/".startswith(f"{PREFIX}/"):
            await self.app(scope, receive, send)
            return
        headers = Headers(scope=scope)
        if scope["http_version"].startswith("1") and "content-length" not in headers and "transfer-encoding" not in headers:
            await self.app(scope, receive, send)  # HTTP/1 frames a body by one of the two, so there is none
            return
        body = await self._read(headers, receive)
        answer = refusal_of(headers, body) if isinstance(body, bytes) else body
        if isinstance(answer, Response):
            await answer(scope, receive, send)
        elif isinstance(body, bytes):
            await self.app(scope, _replay(body, receive), send)
        # else the client has gone, and there is nobody to answer

    async def _read(self, headers: Headers, receive: Receive) -> bytes | Response | None:
        announced = headers.get("content-length", "0")
        if announced.isdecimal() and int(announced) > READ_AT_MOST:
            return _too_large(CLOSE)
        chunks: list[bytes] = []
        size, more = 0, True
        try:
            async with asyncio.timeout(self._seconds):
                while more and size <= READ_AT_MOST:
                    message = await receive()
                    if message["type"] == "http.disconnect":
                        return None
                    chunk, more = message.get("body", b""), message.get("more_body", False)
                    size += len(chunk)
                    if size <= BODY_LIMIT:
                        chunks.append(chunk)
                    else:
                        chunks.clear()
        except TimeoutError:
            detail = f"The body did not arrive within {self._seconds:g} seconds."
            return problem(408, "too_slow", "Too slow", detail, headers=CLOSE)
        return b"".join(chunks) if size <= BODY_LIMIT else _too_large(CLOSE if more else {})


def refusal_of(headers: Headers, body: bytes) -> Response | None:
    """The answer to a body that is encoded, of another media type, or not JSON as we take it; None if it is fine, or empty."""
    if not body:
        return None
    encodings = ",".join(headers.getlist("content-encoding")).split(",")
    if any(encoding.strip().lower() not in {"", "identity"} for encoding in encodings):
        detail = "Send the body as it is, without a Content-Encoding."
        return _unsupported(detail, {"Accept-Encoding": "identity"})
    if not is_json(", ".join(headers.getlist("content-type"))):
        return _unsupported("Send JSON: Content-Type application/json (or a +json type), in UTF-8.", {"Accept": "application/json"})
    fault = fault_in(body)
    return problem(400, fault.code, "Not the JSON we take", fault.detail) if fault else None


def _unsupported(detail: str, headers: dict[str, str]) -> Response:
    return problem(415, "unsupported_media_type", "Unsupported media type", detail, headers=headers)


def _too_large(headers: dict[str, str]) -> Response:
    return problem(413, "too_large", "Too large", f"A body may have at most {BODY_LIMIT // 1024} KiB.", headers=headers)


def _replay(body: bytes, receive: Receive) -> Receive:
    """The body as one message, then whatever the server says (that the client has gone)."""
    whole: list[Message] = [{"type": "http.request", "body": body, "more_body": False}]

    async def replay() -> Message:
        return whole.pop() if whole else await receive()

    return replay
