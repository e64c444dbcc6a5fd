"""Pages and notices through ntfy, whose buttons act without a browser (https://docs.ntfy.sh/publish/#publish-as-json)."""

import base64
import re
from typing import Any
from urllib.parse import unquote, urlsplit

from oncall.channels.brief import brief, fitted, is_update, plain, rings
from oncall.channels.calling import Calls, bad_address, said_in, words_in
from oncall.channels.values import BadAddress, FailedPermanently, Message, NoticeMessage, Outcome, Sent
from oncall.kit.http_client import HttpReply

SETTING = "ONCALL_NTFY_URL"
TOPIC = re.compile(r"[A-Za-z0-9_-]{1,64}")
MOST_ACTIONS = 3
"""Buttons that a server takes."""
MESSAGE_BYTES = 3_500
"""Beyond 4,096 a server makes an attachment of it."""

LOUD, USUAL, QUIET = 5, 3, 2
"""5 rings on, and through Do Not Disturb where its owner lets ntfy do so; 2 makes no sound."""


class NtfyChannel:
    """The address is a topic on the operator's server. Whoever knows a topic reads it: on a public server it is a secret."""

    name = "ntfy"
    takes_updates = True
    rings = False
    lacks: str | None = None

    def __init__(self, url: str, calls: Calls) -> None:
        """`url` may carry a user and a password, or an access token as the password of no user (`https://:tk_…@ntfy.example.com`)."""
        self._calls = calls
        self._url, self._headers = split_user(url)

    def check_address(self, address: str) -> str:
        """The topic; also taken out of its whole address, as the web app shows it."""
        topic = address.strip().removeprefix(f"{self._url}/")
        if not TOPIC.fullmatch(topic):
            raise BadAddress(
                f"This is not an ntfy topic: it is up to 64 letters, digits, - and _, and lies on {self._url} (no other server is used)."
            )
        return topic

    def signing_secret(self, address: str) -> None:
        """ntfy has no signatures."""

    async def send(self, message: Message) -> Outcome:
        try:
            topic = self.check_address(message.address)
        except BadAddress as error:
            return bad_address(str(error))
        reply = await self._calls.post_json(self._url, message, content(message, topic), self._headers)
        return self._meaning(reply) if isinstance(reply, HttpReply) else reply

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""

    def _meaning(self, reply: HttpReply) -> Outcome:
        """By status and by the `code` in it (https://github.com/binwiederhier/ntfy/blob/main/server/errors.go)."""
        said = said_in(reply)
        if 200 <= reply.status < 300 and said.get("event") == "message" and (id := words_in(said, "id")):
            return Sent(id, f"answered {reply.status}, message {id}")
        detail = f"answered {reply.status}: {words_in(said, 'error')}" if words_in(said, "error") else f"answered {reply.status}"
        match reply.status:
            case 401:
                return FailedPermanently(f"{detail}; look at the user in {SETTING}", code="not_authenticated", credential=True)
            case 403:
                # The topic is somebody else's: every other one may work.
                return FailedPermanently(f"{detail}; this topic takes nothing from us", code="topic_refused")
            case 404 | 405:
                return FailedPermanently(f"{detail}; is there an ntfy server at {SETTING}?", code="not_ntfy", credential=True)
            case status if 400 <= status < 500 and status != 429:
                return FailedPermanently(detail, code="refused")
            case _:
                return self._calls.otherwise(reply)


def content(message: Message, topic: str) -> dict[str, Any]:
    """The JSON that is published. A repeat has the `sequence_id` of the first try: newer servers show it in its place."""
    said = brief(message)
    lines = plain(said)
    published: dict[str, Any] = {
        "topic": topic,
        "title": said.line,
        "message": fitted(lines, MESSAGE_BYTES, size=lambda line: len(line.encode())) or said.line,
        "priority": LOUD if rings(message) else QUIET if is_update(message) else USUAL,
        "tags": _tags(message),
        "sequence_id": str(message.notification_id),
    }
    if click := said.incident_url or said.acknowledge_url or next((href for href, _ in said.links), None):
        published["click"] = click
    if actions := [_action(verb, label, url) for verb, label, url in said.buttons]:
        published["actions"] = actions[:MOST_ACTIONS]
    return published


def _action(verb: str, label: str, url: str) -> dict[str, Any]:
    """Our links act on POST, so that one press is enough; `clear` takes the notification away once it has."""
    if verb == "incident":
        return {"action": "view", "label": label, "url": url}
    return {"action": "http", "label": label, "url": url, "method": "POST", "clear": True}


def _tags(message: Message) -> list[str]:
    if isinstance(message, NoticeMessage):
        return [re.sub(r"[^a-z_]", "", message.kind)]
    return ["rotating_light" if rings(message) else "warning"]


def split_user(url: str) -> tuple[str, dict[str, str]]:
    """The address without its user, and the header that says who we are."""
    parts = urlsplit(url)
    userinfo, at, host = parts.netloc.rpartition("@")
    if not at:
        return url.rstrip("/"), {}
    user, _, password = userinfo.partition(":")
    credentials = f"{unquote(user)}:{unquote(password)}".encode()
    return parts._replace(netloc=host).geturl().rstrip("/"), {"Authorization": f"Basic {base64.b64encode(credentials).decode('ascii')}"}
