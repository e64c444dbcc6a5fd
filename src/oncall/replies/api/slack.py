"""Where Slack posts which button was pressed. It is answered at once with nothing; what came of it is told where Slack waits for it."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qs

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from oncall.channels import slack_presses as slack
from oncall.channels.slack_presses import Press, SlackApp
from oncall.channels.slack_signing import SIGNATURE, TIMESTAMP, is_signed
from oncall.kit.clock import Clock
from oncall.kit.http import AckTx, now_in
from oncall.replies.api.bodies import read_body
from oncall.replies.api.pressed import PressedRoute, answered
from oncall.replies.commands.pressing import press_token
from oncall.replies.values import NOT_NOW, Came, NotAForm, NotSigned, Presser

SIGNED_BY = "it is made with the app's signing secret over the time, within five minutes, and the body."
BODY_LIMIT = 256 * 1024
"""A payload repeats the message whose button was pressed."""


class WhisperingRoute(PressedRoute):
    """Whoever pressed, and nobody else, reads what could not be done."""

    @staticmethod
    def sorry(request: Request) -> Response:
        return _answered(request, request.state.press, slack.whispered(NOT_NOW))


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
    return answered(request, [(press.response_url, said)] if press and press.response_url else [])
