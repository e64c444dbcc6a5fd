"""The daily verbs' way to a server: the same HTTP API as everybody's, by ONCALL_URL and ONCALL_API_KEY; whatever fails is one line."""

import os
from collections.abc import Iterator, Mapping
from ipaddress import ip_address
from typing import Any, Self
from urllib.parse import urlsplit

import httpx

from oncall.cli import stop

URL, KEY = "ONCALL_URL", "ONCALL_API_KEY"
HERE = "http://127.0.0.1:8080"
PATIENCE = 30.0
MOST_NAMED = 5
PAGE = 100

JSON = dict[str, Any]
Params = Mapping[str, str | list[str]]


class Api:
    """A server, asked as whoever the key belongs to. `transport` stands in for the network in tests."""

    def __init__(self, *, transport: httpx.BaseTransport | None = None, patience: float = PATIENCE) -> None:
        self.patience = patience
        self.url = os.environ.get(URL, "").strip().rstrip("/") or HERE
        key = os.environ.get(KEY, "").strip()
        host = _host(self.url)
        if not key:
            stop(f"{KEY} is not set: it is the API key to ask {self.url} with; POST /api/v1/api-keys makes one.")
        if not key.isascii() or not key.isprintable():
            stop(f"{KEY} is no API key: it has characters that none has.")
        headers = {"Authorization": f"Bearer {key}", "Accept": "application/json"}
        # trust_env: a proxy of the user's is not for this very machine.
        self.http = httpx.Client(base_url=self.url, headers=headers, timeout=patience, trust_env=not _is_here(host), transport=transport)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.http.close()

    def get(self, path: str, params: Params | None = None) -> JSON:
        return self._ask("GET", path, params=dict(params or {}))

    def post(self, path: str, body: JSON | None = None) -> JSON:
        return self._ask("POST", path, json=body)

    def every(self, path: str, params: Params | None = None) -> Iterator[JSON]:
        """All items of a list, page by page."""
        asked: dict[str, str | list[str]] = {"limit": str(PAGE), **(params or {})}
        while True:
            answer = self.get(path, asked)
            yield from answer["items"]
            if answer["next_cursor"] is None:
                return
            asked["cursor"] = answer["next_cursor"]

    def find(self, path: str, said: str, *, kind: str) -> JSON:
        """The one that is meant by an id, a name or an e-mail address, or by how only one of them, or a word of it, begins; upper and
        lower case are the same.
        """
        wanted = said.strip().casefold()
        if not wanted:
            stop(f"say which {kind} is meant: a name, or an id.", code=1)
        everybody = list(self.every(path))
        called = [one for one in everybody if wanted in _called(one)]
        found = called or [one for one in everybody if any(_begins(name, wanted) for name in _called(one)[1:])]
        if not found:
            stop(f"there is no {kind} {said!r}.", code=1)
        if len(found) > 1:
            names = ", ".join(f"{one['name']} ({one.get('email') or one['id']})" for one in found[:MOST_NAMED])
            more = f" and {len(found) - MOST_NAMED} more" if len(found) > MOST_NAMED else ""
            stop(f"{kind} {said!r} may be any of {names}{more}: say which.", code=1)
        return found[0]

    def _ask(self, method: str, path: str, **what: Any) -> JSON:
        try:
            answer = self.http.request(method, f"/api/v1/{path}", **what)
        except httpx.TimeoutException:
            stop(f"{self.url} did not answer within {self.patience:.0f} s.", code=1)
        except (httpx.HTTPError, httpx.InvalidURL) as error:
            stop(f"{self.url} cannot be reached ({str(error) or type(error).__name__}): is it {URL}?", code=1)
        try:
            said = answer.json()
        except ValueError:
            said = None
        if not isinstance(said, dict):
            stop(f"{self.url} answered {answer.status_code}, and not as an oncall server does: is it {URL}?", code=1)
        if not answer.is_success:
            stop(str(said.get("detail") or f"{self.url} answered {answer.status_code}."), code=1)
        return said


def _host(url: str) -> str:
    try:
        parts = urlsplit(url)
        whole = parts.scheme in {"http", "https"} and parts.port != 0 and not parts.query and not parts.fragment
        host = parts.hostname if whole else None
    except ValueError:
        host = None
    if not host:
        stop(f"{URL} must be where the server is, such as https://oncall.example.com: {url} is not.")
    return host


def _is_here(host: str) -> bool:
    try:
        return host == "localhost" or ip_address(host).is_loopback
    except ValueError:
        return False


def _called(one: JSON) -> list[str]:
    """Its id first."""
    return [str(one[field]).casefold() for field in ("id", "name", "email") if one.get(field)]


def _begins(name: str, wanted: str) -> bool:
    """The name does, or a word of it: "ben" is Ben Okri, and no Reuben."""
    return f" {name}".find(f" {wanted}") >= 0
