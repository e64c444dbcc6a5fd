"""Telegram's Bot API: sendMessage with the HTML it knows, the buttons it takes and the errors it gives. People in its chats press the
buttons of what was sent, and the bot's webhook is told.
"""

import json
import re
from html.parser import HTMLParser
from typing import Any

from httpx import AsyncClient, Response

from tests.providers.http import Answer, Received, WebhookSink

TOKEN = "123456789:AAEfake-token-of-the-tests-0123456789"


def refusal(status: int, description: str, **parameters: int) -> Answer:
    said = {"ok": False, "error_code": status, "description": description}
    return status, [], said | ({"parameters": parameters} if parameters else {})


ERRORS: dict[str, Answer] = {
    "chat_not_found": refusal(400, "Bad Request: chat not found"),
    "blocked": refusal(403, "Forbidden: bot was blocked by the user"),
    "unauthorized": refusal(401, "Unauthorized"),
    "too_many": refusal(429, "Too Many Requests: retry after 7", retry_after=7),
    "far_too_many": refusal(429, "Too Many Requests: retry after 86400", retry_after=86_400),
    "moved": refusal(400, "Bad Request: group chat was upgraded to a supergroup chat", migrate_to_chat_id=-1001234567890),
    "internal": refusal(500, "Internal Server Error"),
    "odd": (200, [], {"ok": False}),
    "odder": (429, [], {"ok": False, "parameters": [], "description": 7}),
}
TAGS = {"b": set(), "i": set(), "a": {"href"}}


class TelegramSink(WebhookSink):
    """Behaviours beside those of a `WebhookSink`: those of `ERRORS`; `public_only` takes no buttons to hosts without a public name.

    The webhook it was told of is reached through `answer_to`; `info` is what getWebhookInfo says of it. What whoever pressed was shown is
    in `toasts`, the newest last.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.answer_to: AsyncClient | None = None
        self.info: dict[str, Any] = {"url": "", "has_custom_certificate": False, "pending_update_count": 0}
        self.secret = ""
        self.messages: list[dict[str, Any]] = []
        self.toasts: list[dict[str, Any]] = []

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour not in {"ok", "public_only"}:
            return ERRORS.get(behaviour)
        bot, _, method = request.path.rpartition("/")
        take = {
            "sendMessage": self._take_message,
            "getWebhookInfo": lambda _said, _behaviour: self.info,
            "setWebhook": self._take_webhook,
            "answerCallbackQuery": self._take_toast,
            "editMessageReplyMarkup": self._take_markup,
            "editMessageText": self._take_text,
        }.get(method)
        if bot != f"/bot{TOKEN}" or take is None:
            return refusal(404, "Not Found")
        result = take(request.json(), behaviour)
        return refusal(400, f"Bad Request: {result}") if isinstance(result, str) else (200, [], {"ok": True, "result": result})

    def _take_message(self, said: dict, behaviour: str) -> object:
        if fault := self._fault(said, behaviour):
            return fault
        self.messages.append(said | {"message_id": len(self.messages) + 1})
        return {"message_id": len(self.messages), "chat": {"id": said["chat_id"]}, "text": said["text"]}

    def _take_webhook(self, said: dict, _behaviour: str) -> object:
        if not said["url"].startswith("https://"):
            return "bad webhook: An HTTPS URL must be provided for webhook"
        if not re.fullmatch("[A-Za-z0-9_-]{1,256}", said["secret_token"]):
            return "secret token contains unallowed characters"
        self.info["url"], self.secret = said["url"], said["secret_token"]
        return True

    def _take_toast(self, said: dict, _behaviour: str) -> object:
        if not 0 < len(said["text"]) <= 200:
            return "MESSAGE_TOO_LONG"
        self.toasts.append(said)
        return True

    def _take_markup(self, said: dict, _behaviour: str) -> object:
        message = self.messages[said["message_id"] - 1]
        if message["chat_id"] != said["chat_id"]:
            return "message to edit not found"
        if message["reply_markup"] == said["reply_markup"]:
            return "message is not modified"
        message["reply_markup"] = said["reply_markup"]
        return {"message_id": said["message_id"]}

    def _take_text(self, said: dict, behaviour: str) -> object:
        message = self.messages[said["message_id"] - 1]
        if message["chat_id"] != said["chat_id"]:
            return "message to edit not found"
        if fault := self._fault(said, behaviour):
            return fault
        if (message["text"], message.get("reply_markup")) == (said["text"], said["reply_markup"]):
            return "message is not modified: specified new message content and reply markup are exactly the same"
        message |= said
        return {"message_id": said["message_id"], "chat": {"id": said["chat_id"]}, "text": said["text"]}

    # --- what it posts to us ------------------------------------------------------------------------------------------------

    def update(self, data: str, message: dict[str, Any], sender: int, *, chat: int | None = None, name: str = "Somebody") -> dict[str, Any]:
        """https://core.telegram.org/bots/api#update, of a button with this data below a message."""
        shown = {"message_id": message["message_id"], "date": 1_772_937_300, "text": "…", "reply_markup": message.get("reply_markup")}
        return {
            "update_id": 10_000,
            "callback_query": {
                "id": "4382000000000000009",
                "from": {"id": sender, "is_bot": False, "first_name": name},
                "message": shown | {"chat": {"id": message["chat_id"] if chat is None else chat, "type": "private"}},
                "chat_instance": "1",
                "data": data,
            },
        }

    async def press(self, verb: str, sender: int, *, message: dict[str, Any] | None = None, **more: Any) -> dict[str, Any] | None:
        """Somebody presses a button of the newest message, or of this one; returns what they are shown."""
        message = message or self.messages[-1]
        [data] = [one["callback_data"] for one in buttons(message) if one.get("callback_data", "").startswith(verb)]
        shown = len(self.toasts)
        answer = await self.post(self.update(data, message, sender, **more))
        assert (answer.status_code, answer.content) == (200, b""), answer.text
        return self.toasts[-1] if len(self.toasts) > shown else None

    async def post(self, update: object, *, secret: str | None = None) -> Response:
        """An update, as Telegram posts it."""
        assert self.answer_to is not None
        headers = {"X-Telegram-Bot-Api-Secret-Token": self.secret if secret is None else secret, "Content-Type": "application/json"}
        return await self.answer_to.post(self.info["url"], content=json.dumps(update).encode(), headers=headers)

    def _fault(self, said: dict, behaviour: str) -> str | None:
        if not isinstance(said["chat_id"], int):
            return "chat not found"
        shown = Shown()
        shown.feed(said["text"])
        shown.close()
        if shown.fault or shown.open:
            return f"can't parse entities: {shown.fault or shown.open}"
        if not shown.text.strip() or len(shown.text) > 4096:
            return "message is too long, or empty"
        for button in (button for row in said.get("reply_markup", {}).get("inline_keyboard", []) for button in row):
            if "callback_data" in button:
                if not 1 <= len(button["callback_data"].encode()) <= 64 or "url" in button:
                    return "BUTTON_DATA_INVALID"
            elif behaviour == "public_only" or not re.fullmatch(r"https?://\S+", button["url"]):
                return f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL"
        return None


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [button for row in message.get("reply_markup", {}).get("inline_keyboard", []) for button in row]


class Shown(HTMLParser):
    """The text as it is read, or what is wrong with its mark-up."""

    def __init__(self) -> None:
        super().__init__()
        self.text, self.fault, self.open, self.links = "", "", [], []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in TAGS or {name for name, _ in attrs} - TAGS[tag]:
            self.fault = f'unsupported start tag "{tag}"'
        self.open.append(tag)
        self.links += [value for name, value in attrs if name == "href"]

    def handle_endtag(self, tag: str) -> None:
        if not self.open or self.open.pop() != tag:
            self.fault = f'unmatched end tag "{tag}"'

    def handle_data(self, data: str) -> None:
        self.text += data
