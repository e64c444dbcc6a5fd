"""Where Slack posts which button was pressed. It is answered at once with nothing; what came of it is told where Slack waits for it."""

import json
from collections.abc import Callable, Coroutine, Mapping
from typing import Annotated, Any
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from starlette.background import BackgroundTask
from starlette.responses import Response

from oncall.channels import slack_presses as slack
from oncall.channels.slack_presses import Press, SlackApp
from oncall.channels.slack_signing import SIGNATURE, TIMESTAMP, is_signed
from oncall.kit.clock import Clock
from oncall.kit.errors import Refusal
from oncall.kit.http import AckTx, AgainRoute, now_in
from oncall.kit.http_client import HttpClient, NoAnswer, NotSent
from oncall.kit.log import get_log
from oncall.kit.outbound import AddressNotAllowed
from oncall.replies.api.bodies import read_body
from oncall.replies.commands.pressing import press_token
from oncall.replies.values import NOT_NOW, Came, NotAForm, NotSigned, Presser

log = get_log("replies")
SIGNED_BY = "it is made with the app's signing secret over the time, within five minutes, and the body."
BODY_LIMIT = 256 * 1024
"""A payload repeats the message whose button was pressed."""


class WhisperingRoute(AgainRoute):
    """Whoever pressed is told also that it could not be done: an error they would see as a sign without words."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        run = super().get_route_handler()

        async def run_and_tell(request: Request) -> Response:
            try:
                return await run(request)
            except Refusal:
                raise
            except Exception as error:
                log.exception("a button in Slack could not be taken", error=type(error).__name__)
                return _answered(request, request.state.press, slack.whispered(NOT_NOW))

        return run_and_tell


async def _signed_press(request: Request) -> Press | None:
    """The button that was pressed, if Slack has signed that. Judged before anything else: junk takes no connection away."""
    app: SlackApp | None = request.app.state.slack
    clock: Clock = request.app.state.clock
    request.state.press = None
    body = await read_body(request, limit=BODY_LIMIT)
    said = request.headers
    if app is None or not is_signed(said.get(SIGNATURE, ""), said.get(TIMESTAMP, ""), body, app.secrets, now=clock.about()):
        raise NotSigned(SIGNED_BY)
    try:
        form = parse_qs(body.decode(), max_num_fields=10)
    except ValueError:
        raise NotAForm("This is not a form with a payload.") from None
    request.state.press = slack.read_press(form.get("payload", [""])[0], app)
    press: Press | None = request.state.press
    return press


router = APIRouter(prefix="/replies/slack", tags=["replies"], route_class=WhisperingRoute)


@router.post("/interactions", response_class=Response)
async def take_press(press: Annotated[Press | None, Depends(_signed_press)], request: Request, tx: AckTx) -> Response:
    """A button in a message of ours. What came of it replaces the message, or is told to whoever pressed."""
    if press is None:
        return Response()
    now = await now_in(request, tx)
    came = await press_token(tx, press.value, request.app.state.link_keys, Presser("slack", press.member), now=now)
    return _answered(request, press, _shown(press, came))


def _shown(press: Press, came: Came) -> Mapping[str, object]:
    if not came.for_all:
        return slack.whispered(came.text)
    said = slack.for_all(came.text, who=came.who, press=press, did=came.did, known=came.known)
    return slack.replaced(press, said, left=None if came.left is None else {verb.value for verb in came.left})


def _answered(request: Request, press: Press | None, said: Mapping[str, object]) -> Response:
    """Nothing, and after it what Slack is told: by then it is committed."""
    if press is None or press.response_url is None:
        return Response()
    return Response(background=BackgroundTask(_tell, request.app.state.client, press.response_url, said))


async def _tell(client: HttpClient, url: str, said: Mapping[str, object]) -> None:
    """Once: it is done whether they read it or not, and page updates tell of it as well."""
    body = json.dumps(said, ensure_ascii=False).encode()
    try:
        reply = await client.request("POST", url, headers={"Content-Type": "application/json; charset=utf-8"}, content=body, deadline=10.0)
    except (AddressNotAllowed, NotSent, NoAnswer) as error:
        log.warning("Slack was not told what came of a button", error=str(error))
        return
    if reply.status != 200:
        log.warning("Slack did not take what came of a button", status=reply.status)
