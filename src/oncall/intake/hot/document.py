"""What OpenAPI says of the routes monitors post to, which FastAPI does not know."""

from typing import Any

from oncall.intake.hot.receiving import JSON

ACCEPTED = {"status": "accepted", "events": [{"id": "0198…", "dedup_key": "disk", "decision": "opened", "incident_id": "0198…"}]}
LATER = {"503": {"description": "Cannot be stored just now; send it again"}}
LARGE = {"413": {"description": "Larger than 512 KB"}}
PROCESSED = {"result": "Request will be processed", "took": 0.01, "requestId": "0198…"}


def _path(*names: str) -> list[dict[str, Any]]:
    return [{"name": name, "in": "path", "required": True, "schema": {"type": "string"}} for name in names]


def _said(description: str, example: object = None) -> dict[str, Any]:
    return {"description": description} | ({"content": {JSON: {"example": example}}} if example is not None else {})


def _operation(summary: str, responses: dict[str, Any], *names: str, body: bool = True) -> dict[str, Any]:
    takes: dict[str, Any] = {"requestBody": {"content": {"*/*": {"schema": {}}}}} if body else {}
    return {"tags": ["intake"], "summary": summary, "parameters": _path(*names), **takes, "responses": responses}


_OFTEN = {"429": _said("Too many requests with a wrong key or proof came from this address; a good one is taken at any time")}
_REFUSED = {"400": _said("The event is refused; `errors` says why"), **_OFTEN, **LARGE, **LATER}
_UNSIGNED = {"401": _said("No integration has this key, or its sender does not prove what it asks for"), **_OFTEN}
_INTAKE = {**_UNSIGNED, "413": _said("Larger than 4 MiB; an alert was opened that says so"), **LATER}
_OPSGENIE = {"202": _said("Stored", PROCESSED), "422": _said("Not processable; `errors` says why"), **_UNSIGNED, **LATER}

DOCUMENT: dict[str, Any] = {
    "/intake/{integration_key}": {
        "post": _operation(
            "Events from a monitor; the integration's type chooses the dialect",
            {"202": _said("Stored; the decision of each event.", ACCEPTED), **_INTAKE},
            "integration_key",
        ),
        "get": _operation(
            "An event in the query, from monitors that can only open an address",
            {"202": _said("Stored; the decision of each event.", ACCEPTED), "405": _said("There is no query"), **_INTAKE},
            "integration_key",
            body=False,
        ),
    },
    "/intake": {
        "post": _operation(
            "The same with the key in `Authorization` (Bearer, GenieKey, Key, Token, Basic) or `X-Api-Key`",
            {"202": _said("Stored; the decision of each event.", ACCEPTED), **_INTAKE},
        )
    },
    "/intake/{integration_key}/api/v2/alerts": {
        "post": _operation("Alerts from Prometheus itself", {"200": _said("Stored"), **_INTAKE}, "integration_key")
    },
    "/intake/{integration_key}/{rest}": {
        "post": _operation(
            "Events from a sender that adds the path of the API it speaks to the address",
            {"202": _said("Stored; the decision of each event.", ACCEPTED), **_INTAKE},
            "integration_key",
            "rest",
        )
    },
    "/intake/{integration_key}/{routing_key}": {
        "post": _operation(
            "An alert from a VictorOps sender",
            {"200": _said("Stored", {"result": "success", "entity_id": "disk"}), **_INTAKE},
            "integration_key",
            "routing_key",
        )
    },
    "/integrations/generic/{version}/alert/{integration_key}/{routing_key}": {
        "post": _operation(
            "VictorOps REST endpoint; its version is 20131114",
            {"200": _said("Stored", {"result": "success", "entity_id": "disk"}), **_UNSIGNED, **LARGE, **LATER},
            "version",
            "integration_key",
            "routing_key",
        )
    },
    "/v2/enqueue": {
        "post": _operation(
            "PagerDuty Events API v2: trigger, acknowledge, resolve",
            {"202": _said("Stored", {"status": "success", "message": "Event processed", "dedup_key": "disk"}), **_REFUSED},
        )
    },
    "/v2/change/enqueue": {
        "post": _operation(
            "PagerDuty Events API v2: a change, which pages nobody",
            {"202": _said("Stored", {"status": "success", "message": "Change event processed"}), **_REFUSED},
        )
    },
    "/generic/2010-04-15/create_event.json": {
        "post": _operation(
            "PagerDuty Events API v1",
            {"200": _said("Stored", {"status": "success", "message": "Event processed", "incident_key": "disk"}), **_REFUSED},
        )
    },
    "/v2/alerts": {
        "post": _operation("Opsgenie Alert API: create an alert", _OPSGENIE),
        "get": _operation("Opsgenie Alert API: list alerts", {"200": _said("Alerts, newest first"), **_UNSIGNED}, body=False),
    },
    "/v2/alerts/{identifier}": {
        "get": _operation(
            "Opsgenie Alert API: one alert, by id, alias or tiny id",
            {"200": _said("The alert"), "404": _said("There is none"), **_UNSIGNED},
            "identifier",
            body=False,
        ),
        "delete": _operation("Opsgenie Alert API: resolve an alert, as nothing is forgotten here", _OPSGENIE, "identifier", body=False),
    },
    "/v2/alerts/{identifier}/{verb}": {
        "post": _operation("Opsgenie Alert API: close, acknowledge, notes, snooze, …", _OPSGENIE, "identifier", "verb"),
        "put": _operation("Opsgenie Alert API: message, description, priority", _OPSGENIE, "identifier", "verb"),
        "delete": _operation("Opsgenie Alert API: tags, details", _OPSGENIE, "identifier", "verb", body=False),
    },
    "/v2/alerts/requests/{request_id}": {
        "get": _operation(
            "Opsgenie Alert API: what became of a request",
            {"200": _said("What was decided"), "404": _said("There is none"), **_UNSIGNED},
            "request_id",
            body=False,
        )
    },
    "/v1/json/integrations/webhooks/{name}": {
        "post": _operation(
            "Opsgenie's webhooks of its integrations: a body in the monitor's own words, the key as `apiKey` in the query",
            {"200": _said("Stored", {"result": "Integration Webhook processed", "took": 0.01, "requestId": "0198…"}), **_UNSIGNED, **LATER},
            "name",
        )
    },
    "/v2/heartbeats/{name}/ping": {
        method: _operation(
            "Opsgenie Heartbeat API: a check-in",
            {"202": _said("Recorded", {"result": "PONG - Heartbeat received", "took": 0.01, "requestId": "0198…"}), **_UNSIGNED, **LATER},
            "name",
            body=False,
        )
        for method in ("get", "post")
    },
    "/api/alert": {
        "post": _operation(
            "Alerta API: an alert",
            {
                "201": _said("Stored", {"status": "ok", "id": "0198…", "alert": {}}),
                "400": _said("Something is missing"),
                **_UNSIGNED,
                **LATER,
            },
        )
    },
    "/api/heartbeat": {
        "post": _operation(
            "Alerta API: a check-in", {"201": _said("Recorded", {"status": "ok", "id": "0198…", "heartbeat": {}}), **_UNSIGNED, **LATER}
        )
    },
    "/api/config": {"get": _operation("Alerta API: what its clients ask first", {"200": _said("Severities and their order")}, body=False)},
}

# The same under another address.
for alias, path in {
    "/intake/{integration_key}/api/v1/alerts": "/intake/{integration_key}/api/v2/alerts",
    "/integrations/generic/{version}/alert/{integration_key}": "/integrations/generic/{version}/alert/{integration_key}/{routing_key}",
    "/alert": "/api/alert",
    "/heartbeat": "/api/heartbeat",
    "/config": "/api/config",
}.items():
    DOCUMENT[alias] = DOCUMENT[path]
