"""The few routes that must be fast: found with one look-up, and past all that only the other routes need."""

import re
from collections.abc import Mapping, Sequence
from typing import Any

from fastapi import FastAPI
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Receive, Scope, Send

from oncall.kit.problems import failed
from oncall.kit.turns import Turns

POSTS_A_ROUND = 2
"""Posts that are begun in one round of the event loop: about a millisecond of work."""


class HotRequest(Request):
    """A request whose headers are a plain mapping by their lower-case names; of one that is said twice the last stands."""

    @property
    def headers(self) -> Mapping[str, str]:  # type: ignore[override]  # Starlette's own decodes them all at each look-up
        plain: dict[str, str] | None = self.__dict__.get("_plain")
        if plain is None:
            plain = self._plain = {name.decode("latin-1"): said.decode("latin-1") for name, said in self.scope["headers"]}
        return plain


class Answer(Response):
    """A response that is ready to be sent, made without what others work out for themselves."""

    def __init__(self, body: bytes, status: int, headers: Mapping[str, str] | None = None, *, media_type: str = "application/json") -> None:
        self.status_code, self.body, self.background = status, body, None
        more = {"content-length": f"{len(body)}", "content-type": media_type, **(headers or {})}
        self.raw_headers = [(name.lower().encode("latin-1"), said.encode("latin-1")) for name, said in more.items()]


class HotApp(FastAPI):
    """An application with hot routes: each takes a request, answers it, and may raise what every other route may raise.

    They are among its routes as well, so that a method they do not take is answered 405 and nobody need know which routes are hot.
    """

    def __init__(self, *, hot: Sequence[Route], **more: Any) -> None:
        super().__init__(**more)
        self.router.routes[:0] = hot
        self.turns = Turns(POSTS_A_ROUND)
        self._exact = {route.path: route for route in hot if not route.param_convertors}
        # Starlette's own patterns stop at a line break, which somebody may well have in an address.
        self._patterns = [(re.compile(route.path_regex.pattern, re.DOTALL), route) for route in hot if route.param_convertors]

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        route = self._find(scope) if scope["type"] == "http" else None
        if route is None:
            await super().__call__(scope, receive, send)
            return
        if scope["method"] == "POST":
            await self.turns.mine()
        scope["app"] = self
        request = HotRequest(scope, receive)
        try:
            response = await route.endpoint(request)
        except Exception as error:  # noqa: BLE001 — answered as the same error is anywhere else
            response = failed(request, error)
        await response(scope, receive, send)

    def _find(self, scope: Scope) -> Route | None:
        exact = self._exact.get(scope["path"])
        if exact is not None and scope["method"] in (exact.methods or ()):
            return exact
        for pattern, route in self._patterns:
            if scope["method"] in (route.methods or ()) and (found := pattern.fullmatch(scope["path"])):
                scope["path_params"] = found.groupdict()
                return route
        return None
