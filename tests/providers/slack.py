"""Slack's chat.postMessage: checks the token and the blocks, reads mrkdwn, and gives the errors Slack gives. It also has members, who
press the buttons of what was posted.
"""

import hashlib
import hmac
import json
import re
from typing import Any
from urllib.parse import urlencode

from httpx import AsyncClient, Response

from tests.providers.http import Answer, Received, WebhookSink

TOKEN = "xoxb-1234567890-fake-token-of-the-tests"
SECRET = "8f742231b10e8888abcd99yyyzzz85a5"
LIVELY = re.compile(r"<([^<>]*)>")
"""What Slack makes something of: links, and mentions."""


def refusal(error: str) -> Answer:
    return 200, [], {"ok": False, "error": error}


class SlackSink(WebhookSink):
    """Behaviours beside those of a `WebhookSink`: `error …` answers that error; `429` asks for patience; `no_blocks` takes none.

    Whoever presses a button is heard at `presses_to`, through `answer_to`; what comes back is in `told`, the newest last.
    """

    presses_to = "http://oncall.test/replies/slack/interactions"

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.answer_to: AsyncClient | None = None
        self.posted: list[dict[str, Any]] = []
        self.told: list[dict[str, Any]] = []

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour.startswith("error "):
            return refusal(behaviour.removeprefix("error "))
        if behaviour not in {"ok", "no_blocks"}:
            return None
        if request.path.startswith("/actions/"):
            self.told.append(request.json())
            if fault := _fault(self.told[-1].get("blocks", [])):
                return 400, [], fault
            return 200, [], {"ok": True}
        method = request.path.removeprefix("/api/chat.")
        if method not in {"postMessage", "update", "delete"}:
            return refusal("unknown_method")
        if request.headers.get("authorization") != f"Bearer {TOKEN}":
            return refusal("invalid_auth")
        said = request.json()
        if method != "postMessage":
            return self._changed(said)
        fault = "none today" if behaviour == "no_blocks" else _fault(said.get("blocks", []))
        if "blocks" in said and fault:
            return 200, [], {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [fault]}}
        if not said.get("text", "").strip():
            return refusal("no_text")
        stamp = f"1772937300.{len(self.requests):06d}"
        self.posted.append(said | {"ts": stamp})
        return 200, [], {"ok": True, "channel": said["channel"], "ts": stamp, "message": {"text": said["text"]}}

    def _changed(self, said: dict[str, Any]) -> Answer:
        """A message is changed, or is gone when no text is left of it."""
        found = [one for one in self.posted if (one["channel"], one["ts"]) == (said["channel"], said["ts"])]
        if not found:
            return refusal("message_not_found")
        if fault := _fault(said.get("blocks", [])):
            return 200, [], {"ok": False, "error": "invalid_blocks", "response_metadata": {"messages": [fault]}}
        if "text" in said:
            found[0] |= said
        else:
            self.posted.remove(found[0])
        return 200, [], {"ok": True, "channel": said["channel"], "ts": said["ts"]}

    # --- what it posts to us ------------------------------------------------------------------------------------------------

    def payload(self, button: dict[str, Any], message: dict[str, Any], member: str, **more: Any) -> dict[str, Any]:
        """https://docs.slack.dev/reference/interaction-payloads/block_actions-payload, of a button in a message."""
        said = {"text": message["text"], "ts": message["ts"], "bot_id": "B0123456789", "blocks": message["blocks"]}
        return {
            "type": "block_actions",
            "user": {"id": member, "username": "somebody", "name": "somebody", "team_id": "T0123456789"},
            "api_app_id": "A0123456789",
            "container": {"type": "message", "message_ts": message["ts"], "channel_id": message["channel"], "is_ephemeral": False},
            "trigger_id": "12466734323.1395872398",
            "team": {"id": "T0123456789", "domain": "example"},
            "channel": {"id": message["channel"], "name": "directmessage"},
            "message": {"type": "message", **said},
            "response_url": f"http://127.0.0.1:{self.port}/actions/T0123456789/1/abc",
            "actions": [{"block_id": "verbs", "type": "button", "action_ts": "1772937301.000001", **button}],
            **more,
        }

    async def press(
        self, verb: str, member: str, *, at: float, message: dict[str, Any] | None = None, **more: Any
    ) -> dict[str, Any] | None:
        """A member presses a button of the newest message, or of this one; returns what they, or all, are told for it."""
        message = message or self.posted[-1]
        [button] = [one for one in buttons(message) if one["action_id"] == verb]
        told = len(self.told)
        answer = await self.post({"payload": json.dumps(self.payload(button, message, member, **more))}, at=at)
        assert (answer.status_code, answer.content) == (200, b""), answer.text
        return self.told[-1] if len(self.told) > told else None

    async def post(self, form: dict[str, str], *, at: float, secret: str = SECRET, signature: str | None = None) -> Response:
        """One signed form, as Slack posts it."""
        body = urlencode(form).encode()
        headers = {
            "Content-Type": "application/x-www-form-urlencoded",
            "X-Slack-Request-Timestamp": f"{at:.0f}",
            "X-Slack-Signature": sign(secret, f"{at:.0f}", body) if signature is None else signature,
        }
        assert self.answer_to is not None
        return await self.answer_to.post(self.presses_to, content=body, headers=headers)


def sign(secret: str, timestamp: str, body: bytes) -> str:
    return "v0=" + hmac.new(secret.encode(), f"v0:{timestamp}:{body.decode()}".encode(), hashlib.sha256).hexdigest()


def buttons(message: dict[str, Any]) -> list[dict[str, Any]]:
    return [one for block in message.get("blocks", []) if block["type"] == "actions" for one in block["elements"]]


def _fault(blocks: list[dict[str, Any]]) -> str | None:
    for block in blocks:
        match block["type"]:
            case "section":
                if block["text"]["type"] != "mrkdwn" or not 1 <= len(block["text"]["text"]) <= 3000:
                    return "a section holds 1 to 3,000 characters"
            case "actions":
                if not 1 <= len(block["elements"]) <= 25:
                    return "1 to 25 elements"
                if any(len(one["text"]["text"]) > 75 or not _leads_somewhere(one) for one in block["elements"]):
                    return "a button that is none"
            case other:
                return f"unsupported type: {other}"
    return None


def _leads_somewhere(button: dict[str, Any]) -> bool:
    return button["url"].startswith("http") if "url" in button else 1 <= len(button["value"]) <= 2000


def lively(said: dict[str, Any]) -> list[str]:
    """Every link and mention in a message, as Slack would see it."""
    texts = [said["text"], *(block["text"]["text"] for block in said.get("blocks", []) if "text" in block)]
    return [found for text in texts for found in LIVELY.findall(text)]
