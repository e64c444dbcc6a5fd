"""Pushover's message API: checks every parameter as documented, and gives a receipt for an emergency."""

import re
from collections.abc import Mapping
from typing import Any
from urllib.parse import parse_qs, urlsplit

from tests.providers.http import Answer, Received, WebhookSink
from tests.providers.telegram import Shown

TOKEN = "azGDORePK8gMaC0QOYAMyEEuzJnyUi"
ALLOWED = {"token", "user", "title", "message", "html", "timestamp", "priority", "retry", "expire", "url", "url_title"}


def refusal(status: int, parameter: str, error: str) -> Answer:
    return status, [], {parameter: "invalid", "errors": [error], "status": 0, "request": "e460545a8b333d0da2f3602aff3133d6"}


ERRORS: dict[str, Answer] = {
    "bad_user": refusal(400, "user", "user identifier is not a valid user, group, or subscribed user key"),
    "bad_token": refusal(400, "token", "application token is invalid, see https://pushover.net/api"),
    "used_up": refusal(429, "user", "your account is over its message limit"),
    "internal": (500, [], {}),
}


def said_in(request: Received) -> dict[str, str]:
    return {name: values[0] for name, values in parse_qs(request.body.decode(), strict_parsing=True).items()}


class PushoverSink(WebhookSink):
    """Behaviours beside those of a `WebhookSink`: those of `ERRORS`. An emergency rings, until somebody acknowledges it in the app
    (`acknowledge`), or it is cancelled.
    """

    def __init__(self, **more: Any) -> None:
        super().__init__(**more)
        self.receipts: dict[str, dict[str, Any]] = {}
        self.pushed: list[dict[str, str]] = []
        self.asked = 0
        """How often a receipt was asked for."""

    def acknowledge(self, user: str, receipt: str, *, at: int = 1_772_937_300) -> None:
        """Somebody presses Acknowledge in the app."""
        self.receipts[receipt] |= {"acknowledged": 1, "acknowledged_at": at, "acknowledged_by": user, "acknowledged_by_device": "phone"}

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour != "ok":
            return ERRORS.get(behaviour)
        if found := re.fullmatch(r"/1/receipts/(\w+)(/cancel)?\.json", urlsplit(request.path).path):
            return self._receipt(found[1], request, cancels=found[2] is not None)
        said = said_in(request)
        if request.path != "/1/messages.json" or said.get("token") != TOKEN:
            return ERRORS["bad_token"]
        if fault := _fault(said):
            return refusal(400, *fault)
        request_id = f"r{len(self.requests)}"
        self.pushed.append(said)
        receipt = {"receipt": f"receipt{len(self.requests):023d}"} if said["priority"] == "2" else {}
        if receipt:
            self.receipts[receipt["receipt"]] = dict(RINGING)
        return 200, [], {"status": 1, "request": request_id} | receipt

    def _receipt(self, id: str, request: Received, *, cancels: bool) -> Answer:
        token = said_in(request) if cancels else {name: value for name, [value] in parse_qs(urlsplit(request.path).query).items()}
        if token.get("token") != TOKEN:
            return ERRORS["bad_token"]
        if id not in self.receipts:
            return refusal(404, "receipt", "receipt not found; may be invalid or expired")
        if cancels:
            self.receipts[id]["expired"] = 1
            return 200, [], {"status": 1, "request": "c1"}
        self.asked += 1
        return 200, [], {"status": 1, "request": "g1"} | self.receipts[id]


RINGING: Mapping[str, Any] = {
    "acknowledged": 0,
    "acknowledged_at": 0,
    "acknowledged_by": "",
    "acknowledged_by_device": "",
    "last_delivered_at": 1_772_937_299,
    "expired": 0,
    "expires_at": 1_772_937_600,
    "called_back": 0,
    "called_back_at": 0,
}
"""https://pushover.net/api/receipts"""


def _fault(said: dict[str, str]) -> tuple[str, str] | None:
    if set(said) - ALLOWED:
        return "parameters", f"unknown: {set(said) - ALLOWED}"
    for name, limit in (("title", 250), ("message", 1024), ("url", 512), ("url_title", 100)):
        if len(said.get(name, "x")) > limit or not said.get(name, "x").strip():
            return name, f"{name} cannot be blank or longer than {limit}"
    shown = Shown()
    shown.feed(said["message"])
    shown.close()
    if shown.fault or shown.open:
        return "message", shown.fault
    if said["priority"] == "2" and not (int(said["retry"]) >= 30 and int(said["expire"]) <= 10_800):
        return "retry", "retry and expire must be supplied with emergency priority"
    return None
