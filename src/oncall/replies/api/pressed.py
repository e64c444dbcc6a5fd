"""What the routes of answers have in common: whoever answered is told what came of it, whatever happens; of buttons after the commit."""

import json
from collections.abc import Callable, Coroutine, Mapping, Sequence
from typing import Any

from fastapi import Request
from fastapi.exceptions import RequestValidationError
from starlette.background import BackgroundTask
from starlette.responses import Response

from oncall.kit.errors import Refusal
from oncall.kit.http import AgainRoute
from oncall.kit.http_client import HttpClient, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed

log = get_log("replies")
Call = tuple[str, Mapping[str, object]]
"""An address of the provider, and what is posted there."""


class PressedRoute(AgainRoute):
    """Whoever answered is told also that it could not be done: an error they would see as a sign without words, or not at all."""

    @staticmethod
    def sorry(request: Request) -> Response:
        """What is answered then."""
        raise NotImplementedError

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        run = super().get_route_handler()

        async def run_and_tell(request: Request) -> Response:
            try:
                return await run(request)
            except (Refusal, RequestValidationError):
                raise
            except Exception as error:
                log.exception("an answer could not be taken", path=request.url.path, error=type(error).__name__)
                return self.sorry(request)

        return run_and_tell


def answered(request: Request, calls: Sequence[Call]) -> Response:
    """Nothing, and after it what the provider is told."""
    return Response(background=BackgroundTask(_tell, request.app.state.client, calls) if calls else None)


async def _tell(client: HttpClient, calls: Sequence[Call]) -> None:
    """Each once: it is done whether they read it or not, and page updates tell of it as well."""
    for url, said in calls:
        body = json.dumps(said, ensure_ascii=False).encode("utf-8", "replace")
        try:
            reply = await client.request("POST", url, headers={"Content-Type": "application/json; charset=utf-8"}, content=body)
        except (AddressNotAllowed, NotSent, NoAnswer) as error:
            log.warning("not told what came of a button", error=str(error))
            continue
        if reply.status != 200:
            log.warning("what came of a button was not taken", status=reply.status)
