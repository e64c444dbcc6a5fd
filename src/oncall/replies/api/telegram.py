"""Where Telegram posts which button was pressed. It is answered at once with nothing; what came of it is told by calls of our own."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Depends, Request
from starlette.responses import Response

from oncall.channels import telegram_presses as telegram
from oncall.channels.telegram_presses import HEADER, PATH, Press, TelegramBot
from oncall.kit.http import AckTx, now_in
from oncall.kit.ids import NotificationId
from oncall.replies.api.bodies import read_body
from oncall.replies.api.pressed import Call, PressedRoute, answered
from oncall.replies.commands.pressing import press_message
from oncall.replies.values import NOT_NOW, Came, NotSigned, Presser, Verb

SIGNED_BY = f"Telegram says in {HEADER} what oncall told it."
BODY_LIMIT = 256 * 1024
"""An update repeats the message whose button was pressed."""


class AlertingRoute(PressedRoute):
    """Whoever pressed reads what could not be done. It is not posted again: they press again themselves."""

    @staticmethod
    def sorry(request: Request) -> Response:
        bot: TelegramBot = request.app.state.telegram
        press: Press | None = request.state.press
        return answered(request, [_toast(bot, press, NOT_NOW, alert=True)] if press else [])


async def _press(request: Request) -> Press | None:
    """The button that was pressed, if it is Telegram who says so. Judged before anything else: junk takes no connection away."""
    bot: TelegramBot | None = request.app.state.telegram
    request.state.press = None
    if bot is None or not telegram.is_from_telegram(bot, request.headers.get(HEADER, "")):
        raise NotSigned(SIGNED_BY)
    request.state.press = telegram.read_press(await read_body(request, limit=BODY_LIMIT))
    press: Press | None = request.state.press
    return press


router = APIRouter(tags=["replies"], route_class=AlertingRoute)


@router.post(PATH, response_class=Response)
async def take_update(press: Annotated[Press | None, Depends(_press)], request: Request, tx: AckTx) -> Response:
    """A button below a message of our bot. What came of it is shown to whoever pressed, and buttons that are over are taken away."""
    if press is None:
        return Response()
    now = await now_in(request, tx)
    came = await press_message(
        tx, NotificationId(press.notification_id), Verb(press.verb), Presser("telegram", press.presser), chat=press.chat, now=now
    )
    return answered(request, _calls(request.app.state.telegram, press, came))


def _calls(bot: TelegramBot, press: Press, came: Came) -> Sequence[Call]:
    calls = [_toast(bot, press, came.text, alert=not came.did)]
    if came.left is not None:
        calls.append((bot.method("editMessageReplyMarkup"), telegram.keyboard(press, left={verb.value for verb in came.left})))
    if came.did and press.in_group:
        calls.append((bot.method("sendMessage"), telegram.told_all(press, came.text, who=came.who, known=came.known)))
    return calls


def _toast(bot: TelegramBot, press: Press, said: str, *, alert: bool) -> Call:
    return bot.method("answerCallbackQuery"), telegram.answered(press, said, alert=alert)
