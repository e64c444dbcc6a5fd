"""Pushover's message API: checks every parameter as documented, and gives a receipt for an emergency."""

from urllib.parse import parse_qs

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
    """Behaviours beside those of a `WebhookSink`: those of `ERRORS`."""

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour != "ok":
            return ERRORS.get(behaviour)
        said = said_in(request)
        if request.path != "/1/messages.json" or said.get("token") != TOKEN:
            return ERRORS["bad_token"]
        if fault := _fault(said):
            return refusal(400, *fault)
        request_id = f"r{len(self.requests)}"
        receipt = {"receipt": f"receipt-{len(self.requests)}"} if said["priority"] == "2" else {}
        return 200, [], {"status": 1, "request": request_id} | receipt


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
