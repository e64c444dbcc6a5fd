"""The library `requests`, as other libraries use it in threads of ours, calls out through kit.http_client and in no other way.

So what they send is judged, bounded and timed as everything else is, and what was answered is known here.
"""

import asyncio
from urllib.parse import urlsplit

import requests
import requests.adapters
import requests.sessions
from requests.structures import CaseInsensitiveDict

from oncall.channels.guarded import CALLING, Calling, Exchange
from oncall.kit.http_client import HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

OURS = frozenset({"accept-encoding", "connection", "content-length", "host", "transfer-encoding", "expect"})
"""Headers that are said by whoever makes the connection."""


class GuardedAdapter(requests.adapters.BaseAdapter):
    """What a session of `requests` sends with: outside a guarded thread nothing."""

    def send(
        self,
        request: requests.PreparedRequest,
        stream: bool = False,  # noqa: ARG002, FBT — the signature of requests
        timeout: object = None,  # noqa: ARG002
        verify: object = True,  # noqa: ARG002
        cert: object = None,  # noqa: ARG002
        proxies: object = None,  # noqa: ARG002
    ) -> requests.Response:
        calling = CALLING.get()
        if calling is None or calling.over or calling.left <= 0:
            raise requests.ConnectionError("nothing is sent this way: kit.http_client is the way out")
        calling.begun = True
        done = asyncio.run_coroutine_threadsafe(_exchange(calling, request), calling.loop).result(calling.left + 1)
        calling.exchanges.append(done)
        if not isinstance(done, HttpReply):
            raise requests.ConnectionError(str(done))
        return _response(request, done)

    def close(self) -> None:
        """Connections belong to the client."""


async def _exchange(calling: Calling, request: requests.PreparedRequest) -> Exchange:
    parts = urlsplit(request.url or "")
    url = parts._replace(netloc=parts.netloc.rpartition("@")[2]).geturl()  # who we are is in a header by now
    body = request.body.encode() if isinstance(request.body, str) else request.body or b""
    headers = {_text(name): _text(value) for name, value in request.headers.items() if _text(name).lower() not in OURS}
    if not isinstance(body, bytes):
        return AddressNotAllowed("files are not sent this way.")
    try:
        return await calling.client.request(
            request.method or "GET", url, headers=headers | dict(calling.headers), content=body, deadline=max(calling.left, 0.01)
        )
    except (AddressNotAllowed, NotSent, NoAnswer) as error:
        return error
    except (ValueError, TypeError) as error:  # a header that cannot be written
        return NotSent(f"the request cannot be written: {type(error).__name__}")


def _text(value: str | bytes) -> str:
    return value.decode("latin-1") if isinstance(value, bytes) else value


def _response(request: requests.PreparedRequest, reply: HttpReply) -> requests.Response:
    response = requests.Response()
    response.status_code, response.request, response.url = reply.status, request, request.url or ""
    # Without it, no redirect is followed.
    response.headers = CaseInsensitiveDict({name: value for name, value in reply.headers.items() if name != "location"})
    response.encoding = requests.utils.get_encoding_from_headers(response.headers)
    response.reason = ""
    response._content, response._content_consumed = reply.body, True
    return response


def guard() -> None:
    """From here on every session of `requests` in this process sends by the guarded adapter."""
    requests.sessions.HTTPAdapter = GuardedAdapter  # type: ignore[attr-defined, assignment]
