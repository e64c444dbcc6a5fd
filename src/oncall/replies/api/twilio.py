"""Where Twilio posts what people answer: signed forms in, TwiML out. Whatever happens, whoever answered is told."""

from collections.abc import Mapping
from typing import Annotated
from urllib.parse import parse_qsl

from fastapi import APIRouter, Depends, Query, Request
from starlette.responses import Response

from oncall.channels import twiml
from oncall.channels.twilio_settings import Callbacks, TwilioAccount
from oncall.channels.twilio_signing import HEADER, is_signed
from oncall.kit.http import AckTx, AgainRoute, now_in
from oncall.kit.ids import NotificationId
from oncall.kit.log import get_log
from oncall.replies.api.bodies import read_body
from oncall.replies.api.pressed import PressedRoute
from oncall.replies.commands import telephones
from oncall.replies.values import MOST_ASKED, NOT_NOW, NotAForm, NotSigned

log = get_log("replies")
SIGNED_BY = "it is made with the auth token over the exact public URL and the form."
BODY_LIMIT = 64 * 1024
MOST_FIELDS = 200


class ToldRoute(PressedRoute):
    """Whoever has written, or is on the telephone, hears also that something could not be done."""

    @staticmethod
    def sorry(request: Request) -> Response:
        return _twiml(twiml.answered(NOT_NOW) if request.url.path.endswith("/sms") else twiml.said(NOT_NOW))


async def _signed_form(request: Request) -> Mapping[str, str]:
    """What was posted, if Twilio has signed it. Judged before anything else: junk takes no connection away from those who acknowledge."""
    account: TwilioAccount | None = request.app.state.twilio
    body = await read_body(request, limit=BODY_LIMIT)
    try:
        posted = body.decode()
        fields = parse_qsl(posted, keep_blank_values=True, max_num_fields=MOST_FIELDS)
    except ValueError:
        raise NotAForm(f"This is not a form of at most {MOST_FIELDS} fields.") from None
    query = f"?{request.url.query}" if request.url.query else ""
    url = f"{request.app.state.settings.base_url}{request.url.path}{query}"
    if account is None or not is_signed(request.headers.get(HEADER, ""), url, fields, account.tokens):
        raise NotSigned(SIGNED_BY)
    form = dict(fields)
    if form.get("AccountSid") != account.sid:
        raise NotSigned(SIGNED_BY)
    return form


SignedForm = Annotated[Mapping[str, str], Depends(_signed_form)]
router = APIRouter(prefix="/replies/twilio", tags=["replies"], route_class=ToldRoute)
receipts = APIRouter(prefix="/replies/twilio", tags=["replies"], route_class=AgainRoute)


@router.post("/sms", response_class=Response, responses={200: {"content": {"text/xml": {}}}})
async def take_text(form: SignedForm, request: Request, tx: AckTx) -> Response:
    """A text message to our number: `4317` acknowledges, `4317 R` resolves, `4317 E` escalates. Answered with what came of it."""
    now = await now_in(request, tx)
    return _twiml(twiml.answered(await telephones.take_text(tx, form.get("From", "")[:64], form.get("Body", ""), now=now)))


@router.post("/keys/{notification_id}", response_class=Response, responses={200: {"content": {"text/xml": {}}}})
async def take_key(
    form: SignedForm, request: Request, notification_id: NotificationId, tx: AckTx, again: Annotated[int, Query(ge=0, le=MOST_ASKED)] = 0
) -> Response:
    """A key pressed in a call: 4 acknowledges, 6 resolves, 5 escalates; of a test, whether it rang. Answered with what is said then."""
    now = await now_in(request, tx)
    spoken = await telephones.take_key(tx, notification_id, form.get("Digits", ""), called=form.get("To", ""), again=again, now=now)
    if spoken.again:
        url = Callbacks(request.app.state.settings.base_url).keys(notification_id, again=again + 1)
        keys = twiml.KEYS_OF_TEST if spoken.of_test else twiml.KEYS
        return _twiml(twiml.asked_again(spoken.text, keys_url=url, keys=keys))
    return _twiml(twiml.said(spoken.text))


@receipts.post("/status/{notification_id}", status_code=204)
async def take_status(form: SignedForm, request: Request, notification_id: NotificationId, tx: AckTx) -> None:
    """What has become of a message or a call. It stops nothing, and acknowledges nothing."""
    now = await now_in(request, tx)
    await telephones.take_status(tx, notification_id, form, now=now)


def _twiml(text: str) -> Response:
    return Response(text, media_type="text/xml", headers={"Cache-Control": "no-store"})
