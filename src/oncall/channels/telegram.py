"""Pages and notices as messages of a Telegram bot (https://core.telegram.org/bots/api#sendmessage)."""

import html
import re
from datetime import timedelta
from typing import Any
from uuid import UUID

from oncall.channels.brief import Brief, brief, fitted, is_update, standing_brief
from oncall.channels.calling import Calls, bad_address, lack, not_configured, said_in, words_in
from oncall.channels.values import (
    BadAddress,
    BundleMessage,
    FailedPermanently,
    FailedTemporarily,
    Message,
    NoticeMessage,
    Outcome,
    PageMessage,
    Sent,
    Standing,
)
from oncall.channels.webhook import RETRY_AFTER_LIMIT
from oncall.kit.http_client import HttpReply

SETTING = "ONCALL_TELEGRAM_BOT_TOKEN"
CHAT = re.compile(r"-?[1-9][0-9]{0,19}")
MENTION = re.compile(r"(?<!\w)@(?=\w)")
BUTTON = re.compile(r"(?P<verb>acknowledge|resolve|escalate):(?P<id>[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12})")
"""What a button of ours carries; 64 bytes are the most it could."""
TEXT_LIMIT = 4_000
"""The API takes 4,096 characters after its mark-up is read; ours is counted before."""


class TelegramChannel:
    """The address is the number of a chat with the bot. Telegram knows no idempotency: a repeat is a second message, and says so."""

    name = "telegram"
    takes_updates = True
    rings = False

    def __init__(self, token: str | None, url: str, calls: Calls) -> None:
        """Without a `token` everything but sending works."""
        self._calls = calls
        self.presses = False
        """Whether Telegram tells us which button was pressed; until it does they are links."""
        # The token is a part of the address, so that address is never shown or logged.
        self._method = f"{url.rstrip('/')}/bot{token}/sendMessage" if token else None
        self._edit_method = f"{url.rstrip('/')}/bot{token}/editMessageText"

    @property
    def lacks(self) -> str | None:
        return None if self._method is not None else lack("Telegram", SETTING)

    def check_address(self, address: str) -> str:
        chat = address.strip()
        if not CHAT.fullmatch(chat):
            raise BadAddress(
                "This is not the id of a Telegram chat: it is a number such as 123456789, or -1001234567890 for a group; "
                "write to the bot first, then ask @userinfobot for yours."
            )
        return chat

    def signing_secret(self, address: str) -> None:
        """Telegram vouches for the bot."""

    async def send(self, message: Message) -> Outcome:
        if self._method is None:
            return not_configured("Telegram", SETTING)
        try:
            chat = self.check_address(message.address)
        except BadAddress as error:
            return bad_address(str(error))
        reply = await self._calls.post_json(self._method, message, content(message, chat, presses=self.presses))
        if isinstance(reply, HttpReply) and _dislikes_buttons(reply):
            # It takes no buttons to hosts without a public name; a page with links to copy is better than none.
            reply = await self._calls.post_json(self._method, message, content(message, chat, buttons=False))
        return self._meaning(reply) if isinstance(reply, HttpReply) else reply

    async def edit(self, provider_id: str, message: PageMessage | BundleMessage, standing: Standing) -> Outcome:
        """https://core.telegram.org/bots/api#editmessagetext"""
        if self._method is None:
            return not_configured("Telegram", SETTING)
        reply = await self._edit(provider_id, message, standing, buttons=True)
        if isinstance(reply, HttpReply) and _dislikes_buttons(reply):
            reply = await self._edit(provider_id, message, standing, buttons=False)
        if not isinstance(reply, HttpReply):
            return reply
        if reply.status == 400 and "message is not modified" in words_in(said_in(reply), "description"):
            return Sent(provider_id, "it said so already")
        return self._meaning(reply)

    async def _edit(
        self, provider_id: str, message: PageMessage | BundleMessage, standing: Standing, *, buttons: bool
    ) -> HttpReply | Outcome:
        changed = content(message, message.address, buttons=buttons, presses=self.presses, standing=standing)
        changed.pop("disable_notification")
        changed.setdefault("reply_markup", {"inline_keyboard": []})
        return await self._calls.post_json(self._edit_method, message, changed | {"message_id": int(provider_id)})

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""

    def _meaning(self, reply: HttpReply) -> Outcome:
        """By `ok`, `error_code` and `parameters` (https://core.telegram.org/bots/api#making-requests, #responseparameters)."""
        said = said_in(reply)
        result = said.get("result")
        if said.get("ok") is True and isinstance(result, dict) and isinstance(id := result.get("message_id"), int):
            return Sent(str(id), f"answered {reply.status}, message {id}")
        if said.get("ok") is not False:
            return self._by_status(reply, "")
        parameters = said.get("parameters")
        parameters = parameters if isinstance(parameters, dict) else {}
        description = words_in(said, "description")
        if isinstance(wait := parameters.get("retry_after"), int) and reply.status == 429:
            return FailedTemporarily(f"answered 429: {description}", min(timedelta(seconds=min(max(wait, 0), 3600)), RETRY_AFTER_LIMIT))
        if isinstance(moved := parameters.get("migrate_to_chat_id"), int):
            return FailedPermanently(f"the group became a supergroup: its chat id is {moved} now", code="moved")
        return self._by_status(reply, f": {description}" if description else "")

    def _by_status(self, reply: HttpReply, why: str) -> Outcome:
        detail = f"answered {reply.status}{why}"
        match reply.status:
            case 401 | 404:  # a token that is none is an address that is none
                return FailedPermanently(f"{detail}; look at {SETTING}", code="not_authenticated", credential=True)
            case 403:
                return FailedPermanently(f"{detail}; whoever it is must write to the bot first, and not block it", code="not_welcome")
            case status if 400 <= status < 500 and status != 429:
                return FailedPermanently(detail, code="refused")
            case _:
                return self._calls.otherwise(reply)


def content(
    message: Message, chat: str, *, buttons: bool = True, presses: bool = False, standing: Standing | None = None
) -> dict[str, Any]:
    """The parameters of sendMessage. With `presses` the buttons act: they carry the verb and the id of the message. With a `standing` a
    page or a list says how it stands now.
    """
    said = standing_brief(message, standing) if standing and not isinstance(message, NoticeMessage) else brief(message)
    lines = _lines(said, buttons=buttons)
    if presses and buttons and said.acknowledge_url:
        lines.insert(
            1 + len(said.marks), f'<a href="{html.escape(said.acknowledge_url)}">open in the browser</a>'
        )  # for whoever cannot press; it must fit
    sent: dict[str, Any] = {
        "chat_id": int(chat),
        "text": fitted(lines, TEXT_LIMIT),
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": is_update(message),
    }
    if buttons and said.buttons:
        acts = message.notification_id if presses else None
        sent["reply_markup"] = {"inline_keyboard": [[_button(*button, acts) for button in said.buttons]]}
    return sent


def _button(verb: str, label: str, url: str, id: UUID | None) -> dict[str, str]:
    """What only shows something is a link. Who pressed, and in which chat, Telegram says."""
    return {"text": label, "callback_data": f"{verb}:{id}"} if id and verb != "incident" else {"text": label, "url": url}


def _lines(said: Brief, *, buttons: bool) -> list[str]:
    """HTML as Telegram knows it: everything that was said by others is escaped, so that none of it is mark-up or a mention."""
    copied = () if buttons else said.buttons  # before the rest, so that they fit
    return [
        f"<b>{_escaped(said.line)}</b>",
        *(f"<i>{_escaped(mark)}</i>" for mark in said.marks),
        *(f"{label}: {html.escape(url)}" for _, label, url in copied),
        *(_escaped(paragraph) for paragraph in said.paragraphs),
        *(f"{_escaped(name)}: {_escaped(value)}" for name, value in said.facts),
        *(f'<a href="{html.escape(href)}">{_escaped(words)}</a>' for href, words in said.links),
    ]


def _escaped(text: str) -> str:
    """An @ before a word would notify whoever is called so: a word joiner, which nobody sees, keeps it from being a name."""
    return html.escape(unmentioned(text))


def unmentioned(text: str) -> str:
    return MENTION.sub("@\u2060", text)


def _dislikes_buttons(reply: HttpReply) -> bool:
    return reply.status == 400 and re.search(r"button|wrong http url", words_in(said_in(reply), "description"), re.IGNORECASE) is not None
