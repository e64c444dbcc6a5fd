"""Telegram's Bot API: sendMessage with the HTML it knows, the buttons it takes and the errors it gives."""

import re
from html.parser import HTMLParser

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
    """Behaviours beside those of a `WebhookSink`: those of `ERRORS`; `public_only` takes no buttons to hosts without a public name."""

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour not in {"ok", "public_only"}:
            return ERRORS.get(behaviour)
        if request.path != f"/bot{TOKEN}/sendMessage":
            return refusal(404, "Not Found")
        said = request.json()
        if fault := self._fault(said, behaviour):
            return refusal(400, f"Bad Request: {fault}")
        return 200, [], {"ok": True, "result": {"message_id": len(self.requests), "chat": {"id": said["chat_id"]}, "text": said["text"]}}

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
            if behaviour == "public_only" or not re.fullmatch(r"https?://\S+", button["url"]):
                return f"inline keyboard button URL '{button['url']}' is invalid: Wrong HTTP URL"
        return None


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
