"""The other side of some of Apprise's URLs: which each is for, and what such a server makes of what it gets."""

import json
from typing import Any
from urllib.parse import parse_qs

from tests.providers.http import Answer, Received, WebhookSink


class AppriseSink(WebhookSink):
    """A chat server of any of these kinds, by the address it is called at."""

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour != "ok":
            return None
        path = request.path.partition("?")[0]
        if path.startswith("/_matrix/"):
            return _matrix(path)
        if path.startswith("/message"):  # Gotify
            return 200, [], {"id": len(self.requests), "appid": 1, **request.json()}
        if path.startswith("/v2/send"):  # signal-cli
            return 201, [], {"timestamp": "1772937300"}
        if path.startswith("/push"):  # Bark
            return 200, [], {"code": 200, "message": "success"}
        if path.startswith("/workflows/"):  # Teams, through Power Automate
            return 202, [], {}
        if path.startswith("/api/webhooks/"):  # Discord
            return 200, [], {"id": "1"}
        return 200, [], "ok"  # Mattermost, Rocket.Chat


def _matrix(path: str) -> Answer:
    if path.endswith("/whoami"):
        return 200, [], {"user_id": "@oncall:matrix.test", "device_id": "ONCALL"}
    if "/join" in path:
        return 200, [], {"room_id": "!ops:matrix.test"}
    return 200, [], {"event_id": "$1"}


def urls(port: int) -> dict[str, str]:
    """One Apprise URL of each kind, of a server on this machine."""
    host = f"127.0.0.1:{port}"
    return {
        "Mattermost": f"mmost://{host}/3ccdd113474722377935511fc85d3dd4",
        "Gotify": f"gotify://{host}/A2rEsFY_jhTuR9E",
        "Rocket.Chat": f"rocket://Rjgx8Xkt6hLDmG8mL/9cXzMuJBaeNBBMTAPGtz@{host}/%23ops",
        "Signal": f"signal://{host}/351912345678/351912345679",
        "Bark": f"bark://{host}/nDw6hLDmG8mLcXzMuJBaeN",
        "Matrix": f"matrix://syt_b25jYWxs_token@{host}/!ops:matrix.test?e2ee=no",
    }


def texts(request: Received) -> list[str]:
    """Every text in the body of a request, whatever its form."""
    if request.headers.get("content-type", "").startswith("application/x-www-form-urlencoded"):
        fields = [value for values in parse_qs(request.body.decode()).values() for value in values]
        return [text for field in fields for text in (_strings(json.loads(field)) if field.startswith("{") else [field])]
    return _strings(request.json())


def _strings(said: Any) -> list[str]:
    match said:
        case str():
            return [said]
        case dict():
            return [text for value in said.values() for text in _strings(value)]
        case list():
            return [text for value in said for text in _strings(value)]
    return []
