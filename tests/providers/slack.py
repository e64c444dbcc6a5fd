"""Slack's chat.postMessage: checks the token and the blocks, reads mrkdwn, and gives the errors Slack gives."""

import re
from typing import Any

from tests.providers.http import Answer, Received, WebhookSink

TOKEN = "xoxb-1234567890-fake-token-of-the-tests"
LIVELY = re.compile(r"<([^<>]*)>")
"""What Slack makes something of: links, and mentions."""


def refusal(error: str) -> Answer:
    return 200, [], {"ok": False, "error": error}


class SlackSink(WebhookSink):
    """Behaviours beside those of a `WebhookSink`: `error …` answers that error; `429` asks for patience; `no_blocks` takes none."""

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour.startswith("error "):
            return refusal(behaviour.removeprefix("error "))
        if behaviour not in {"ok", "no_blocks"}:
            return None
        if request.path != "/api/chat.postMessage":
            return refusal("unknown_method")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal("invalid_auth")
        said = request.json()
        fault = "none today" if behaviour == "no_blocks" else _fault(said.get("blocks", []))
        if "blocks" in said and fault:
            return 200, [], {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [fault]}}
        if not said.get("text", "").strip():
            return refusal("no_text")
        stamp = f"1772937300.{len(self.requests):06d}"
        return 200, [], {"ok": True, "channel": said["channel"], "ts": stamp, "message": {"text": said["text"]}}


def _fault(blocks: list[dict[str, Any]]) -> str | None:
    for block in blocks:
        match block["type"]:
            case "section":
                if block["text"]["type"] != "mrkdwn" or not 1 <= len(block["text"]["text"]) <= 3000:
                    return "a section holds 1 to 3,000 characters"
            case "actions":
                if not 1 <= len(block["elements"]) <= 25:
                    return "1 to 25 elements"
                if any(len(one["text"]["text"]) > 75 or not one["url"].startswith("http") for one in block["elements"]):
                    return "a button that is none"
            case other:
                return f"unsupported type: {other}"
    return None


def lively(said: dict[str, Any]) -> list[str]:
    """Every link and mention in a message, as Slack would see it."""
    texts = [said["text"], *(block["text"]["text"] for block in said.get("blocks", []) if "text" in block)]
    return [found for text in texts for found in LIVELY.findall(text)]
