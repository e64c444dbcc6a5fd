"""An ntfy server: takes what is published as JSON as the real one does, and refuses what that refuses."""

import re

from tests.providers.http import Answer, Received, WebhookSink

ERRORS: dict[str, Answer] = {
    "unauthorized": (401, [], {"code": 40101, "http": 401, "error": "unauthorized"}),
    "forbidden": (403, [], {"code": 40301, "http": 403, "error": "forbidden"}),
    "not_found": (404, [], {"code": 40401, "http": 404, "error": "page not found"}),
    "too_many": (429, ["Retry-After: 7"], {"code": 42901, "http": 429, "error": "limit reached: too many requests, please be nice"}),
    "too_large": (413, [], {"code": 41303, "http": 413, "error": "JSON body too large"}),
    "internal": (500, [], {"code": 50001, "http": 500, "error": "internal server error"}),
}
FIELDS = {"topic", "title", "message", "priority", "tags", "click", "actions", "sequence_id"}


class NtfySink(WebhookSink):
    """Publish to `sink.base`. Behaviours beside those of a `WebhookSink`: those of `ERRORS`."""

    @property
    def base(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour != "ok":
            return ERRORS.get(behaviour)
        if request.method != "POST" or request.path != "/":
            return ERRORS["not_found"]
        if fault := _fault(request):
            return 400, [], {"http": 400, "error": fault}
        said = request.json()
        return 200, [], {"id": f"m{len(self.requests)}", "time": 1772937300, "event": "message", **said}


def _fault(request: Received) -> str | None:
    said = request.json()
    if set(said) - FIELDS:
        return f"fields that are none: {set(said) - FIELDS}"
    if not re.fullmatch(r"[-_A-Za-z0-9]{1,64}", said["topic"]):
        return "invalid request: topic invalid"
    if said["priority"] not in range(1, 6):
        return "invalid priority parameter"
    if len(said["message"].encode()) > 4096:
        return "it would become an attachment"
    actions = said.get("actions", [])
    if len(actions) > 3 or any(action["action"] not in {"view", "http"} or not action["label"] or not action["url"] for action in actions):
        return "invalid request: actions invalid"
    return None
