"""Alerta's API, https://docs.alerta.io/api/reference.html: alerts, heartbeats, and the configuration its clients ask for first."""

from typing import Any

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from oncall.incidents.values import Decided, Decision
from oncall.intake.adapters import alerta
from oncall.intake.commands import as_sent, object_in
from oncall.intake.hot.receiving import Refused, accept, answer, as_original, received, signed, whole_body
from oncall.intake.values import Reading, Received, Unreadable
from oncall.services.values import IntegrationRef

SEVERITIES = {
    "security": 0, "critical": 1, "major": 2, "minor": 3, "warning": 4, "indeterminate": 5, "informational": 6, "normal": 7, "ok": 7,
    "cleared": 7, "debug": 8, "trace": 9, "unknown": 10,
}  # fmt: skip
CONFIG = {
    "auth_required": True,
    "provider": "basic",
    "customer_views": False,
    "signup_enabled": False,
    "alarm_model": {"name": "Alerta 8", "severity": SEVERITIES, "defaults": {"status": "open", "normal_severity": "normal"}},
    "severity": SEVERITIES,
    "colors": {},
    "columns": ["severity", "status", "lastReceiveTime", "duplicateCount", "environment", "service", "resource", "event", "value"],
    "actions": [],
    "refresh_interval": 5000,
}


def _shape(refused: Refused) -> object:
    return {"status": "error", "message": str(refused), "code": refused.status, "errors": refused.errors}


@as_original(_shape)
async def alert(request: Request) -> Response:
    """201 with the alert as it was taken."""
    integration, key = await _signed(request)
    came, (value, readings) = await received(request, await whole_body(request, integration), _read)
    (decided,) = await accept(request, as_sent(readings, came, integration, key=key))
    id = str(decided.alert_id or decided.event_id)
    return answer({"status": "ok", "id": id, "alert": _alert(id, value, readings[0], decided, came)}, 201)


@as_original(_shape)
async def heartbeat(request: Request) -> Response:
    """201 with the heartbeat; it is recorded."""
    integration, key = await _signed(request)
    came, (value, readings) = await received(request, await whole_body(request, integration), _read)
    (decided,) = await accept(request, as_sent(readings, came, integration, key=key))
    id, now = str(decided.event_id), _instant(came)
    defaults = {"origin": "", "tags": [], "attributes": {}, "type": "Heartbeat", "timeout": 86400, "createTime": now, "customer": None}
    said = {name: said for name, said in value.items() if said is not None}
    beat = {**defaults, **said, "id": id, "status": "ok", "receiveTime": now, "latency": 0, "since": 0}
    return answer({"status": "ok", "id": id, "heartbeat": beat}, 201)


async def config(_: Request) -> Response:
    """What clients ask before they do anything; it tells nothing about anybody."""
    return answer(CONFIG, 200)


async def _signed(request: Request) -> tuple[IntegrationRef, str]:
    word, _, said = request.headers.get("authorization", "").partition(" ")
    key = said.strip() if word.lower() == "key" else ""
    key = key or request.headers.get("x-api-key", "") or request.query_params.get("api-key", "")
    integration = await signed(request, key, message="No integration has this API key: copy it again, or make a new integration.")
    return integration, key


def _read(came: Received) -> tuple[dict[str, Any], list[Reading]]:
    try:
        value = object_in(came)
        return value, alerta.read(value, came)
    except Unreadable as why:
        raise Refused(400, str(why)) from None


def _instant(came: Received) -> str:
    return came.at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{came.at.microsecond // 1000:03}Z"


def _alert(id: str, value: dict[str, Any], reading: Reading, decided: Decided, came: Received) -> dict[str, Any]:
    """The alert as the original shows it: what was said, with defaults, and what became of it."""
    now = _instant(came)
    is_over = decided.decision in {Decision.RESOLVED, Decision.NO_OPEN_ALERT}
    defaults = {
        "correlate": [], "service": [], "tags": [], "attributes": {}, "group": "Misc", "value": "", "text": "", "origin": "",
        "type": "exceptionAlert", "createTime": now, "timeout": 86400, "rawData": None, "customer": None, "severity": "normal",
    }  # fmt: skip
    return {
        **defaults,
        **{name: said for name, said in value.items() if said is not None},
        "id": id,
        "status": "closed" if is_over else "open",
        "duplicateCount": int(decided.decision is Decision.DEDUPLICATED),
        "repeat": decided.decision is Decision.DEDUPLICATED,
        "previousSeverity": "indeterminate",
        "trendIndication": "noChange",
        "receiveTime": now,
        "lastReceiveTime": now,
        "lastReceiveId": str(decided.event_id),
        "updateTime": now,
        "history": [],
        "href": f"urn:oncall:incident:{decided.incident_id}" if decided.incident_id else "",
        "event": value.get("event") or reading.class_,
    }


ROUTES = [
    Route(f"{prefix}{path}{slash}", endpoint, methods=methods)
    for prefix in ("/api", "")
    for path, endpoint, methods in (("/alert", alert, ["POST"]), ("/heartbeat", heartbeat, ["POST"]), ("/config", config, ["GET"]))
    for slash in ("", "/")
]
