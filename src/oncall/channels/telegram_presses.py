"""Buttons of ours that somebody presses in Telegram, what is shown for it there, and how Telegram comes to tell us. Pure.

https://core.telegram.org/bots/api#callbackquery, #setwebhook, #webhookinfo
"""

import hmac
import json
import re
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from oncall.channels.render import one_line
from oncall.channels.telegram import BUTTON, TEXT_LIMIT, unmentioned
from oncall.kit.settings import Settings

HEADER = "X-Telegram-Bot-Api-Secret-Token"
PATH = "/replies/telegram"
SHOWN_LIMIT = 200
"""Characters of what is shown to whoever pressed."""
FRESH = timedelta(minutes=10)
"""A failure to reach us that is older tells nothing of now."""
_PURPOSE = b"oncall telegram webhook secret, version 1"


@dataclass(frozen=True, slots=True)
class TelegramBot:
    """Our bot; `secrets`: Telegram knows the first and sends it along, all are believed. `hook` is where it posts, None: nowhere."""

    token: str = field(repr=False)
    api_url: str
    secrets: tuple[str, ...] = field(repr=False)
    hook: str | None

    def method(self, name: str) -> str:
        """The address of a method. The token is a part of it, so it is never shown or logged."""
        return f"{self.api_url.rstrip('/')}/bot{self.token}/{name}"


@dataclass(frozen=True, slots=True)
class Press:
    """A button that somebody pressed: which, of which message in which chat, and the rows of buttons that the message has."""

    query_id: str
    presser: str
    presser_name: str
    chat: str
    message: int
    verb: str
    notification_id: UUID
    rows: tuple[tuple[Mapping[str, Any], ...], ...]

    @property
    def in_group(self) -> bool:
        return self.chat.startswith("-")


@dataclass(frozen=True, slots=True)
class Hook:
    """What is to be done so that presses are heard: `to_set` first. `heard` says whether buttons may act, and `why` not."""

    to_set: bool
    heard: bool
    why: str = ""


def read_telegram_bot(settings: Settings, ring: Sequence[str]) -> TelegramBot | None:
    """Our bot, if there is one. Telegram posts to public addresses with https only."""
    if settings.telegram_bot_token is None:
        return None
    secrets = tuple(hmac.digest(key.encode("utf-8", "surrogateescape"), _PURPOSE, "sha256").hex() for key in ring)
    hook = f"{settings.public_url}{PATH}" if settings.public_url and settings.public_url.startswith("https://") else None
    return TelegramBot(settings.telegram_bot_token.get_secret_value(), settings.telegram_api_url, secrets, hook)


def is_from_telegram(bot: TelegramBot, secret: str) -> bool:
    """Whether it says what only Telegram was told."""
    given = secret.encode("utf-8", "surrogatepass")
    matches = [hmac.compare_digest(known.encode(), given) for known in bot.secrets]
    return any(matches)


def hook_settings(bot: TelegramBot) -> dict[str, Any]:
    """The parameters of setWebhook."""
    return {"url": bot.hook, "secret_token": bot.secrets[0], "allowed_updates": ["callback_query"]}


def decide_hook(info: Mapping[str, Any], bot: TelegramBot, *, known: bool, now: datetime) -> Hook:
    """By what getWebhookInfo says. `known`: this node has set it before, so that it is with a secret of ours."""
    url = info.get("url")
    if isinstance(url, str) and url and not url.endswith(PATH):
        return Hook(to_set=False, heard=False, why="another program hears what happens to this bot: give oncall a bot of its own")
    failed, waiting, said = (info.get(name) for name in ("last_error_date", "pending_update_count", "last_error_message"))
    fails = isinstance(failed, int) and now.timestamp() - failed < FRESH.total_seconds() and isinstance(waiting, int) and waiting > 0
    if known and url == bot.hook and fails:
        why = one_line(said) if isinstance(said, str) else "it does not say why"
        return Hook(to_set=False, heard=False, why=f"Telegram cannot reach {PATH} under our public address: {why}")
    return Hook(to_set=not known or url != bot.hook, heard=True)


def read_press(body: bytes) -> Press | None:
    """The button that an update tells of; None of everything else."""
    try:
        said = json.loads(body)
    except (ValueError, RecursionError):
        return None
    query = _within(said, "callback_query")
    sender, message, data = _within(query, "from"), _within(query, "message"), query.get("data")
    found = BUTTON.fullmatch(data) if isinstance(data, str) else None
    numbers = (sender.get("id"), _within(message, "chat").get("id"), message.get("message_id"))
    id, name = query.get("id"), sender.get("first_name")
    if found is None or not isinstance(id, str) or not re.fullmatch("[0-9]{1,30}", id):
        return None
    if not all(isinstance(number, int) and not isinstance(number, bool) for number in numbers):
        return None
    rows = _within(message, "reply_markup").get("inline_keyboard")
    shown = tuple(tuple(one for one in row if isinstance(one, dict)) for row in _listed(rows) if isinstance(row, list))
    called = one_line(name, 60) if isinstance(name, str) else ""
    presser, chat, number = numbers
    return Press(id, str(presser), called or "somebody", str(chat), int(number or 0), found["verb"], UUID(found["id"]), shown)


def answered(press: Press, said: str, *, alert: bool) -> dict[str, Any]:
    """The parameters of answerCallbackQuery: shown to whoever pressed, in passing, or until they have seen it."""
    return {"callback_query_id": press.query_id, "text": said[:SHOWN_LIMIT], "show_alert": alert}


def keyboard(press: Press, *, left: Collection[str]) -> dict[str, Any]:
    """The parameters of editMessageReplyMarkup: of our buttons those that may still be pressed."""
    rows = [[button for button in row if _stays(button, left)] for row in press.rows]
    markup = {"inline_keyboard": [row for row in rows if row] if left else []}
    return {"chat_id": int(press.chat), "message_id": press.message, "reply_markup": markup}


def told_all(press: Press, said: str, *, who: str, known: bool) -> dict[str, Any]:
    """The parameters of sendMessage: in a group the others read, without a sound, who did what."""
    name = who if known else f"{press.presser_name} as {who}"
    return {
        "chat_id": int(press.chat),
        "text": unmentioned(f"{name}: {said}")[:TEXT_LIMIT],
        "link_preview_options": {"is_disabled": True},
        "disable_notification": True,
        "reply_parameters": {"message_id": press.message, "allow_sending_without_reply": True},
    }


def _stays(button: Mapping[str, Any], left: Collection[str]) -> bool:
    data = button.get("callback_data")
    found = BUTTON.fullmatch(data) if isinstance(data, str) else None
    return found["verb"] in left if found else "url" in button


def _listed(found: object) -> Sequence[object]:
    return found if isinstance(found, list) else ()


def _within(said: object, name: str) -> Mapping[str, Any]:
    found = said.get(name) if isinstance(said, dict) else None
    return found if isinstance(found, dict) else {}
