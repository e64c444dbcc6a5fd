"""What OpenAPI says of the hot look-up, which FastAPI does not know."""

from typing import Any

from oncall.services.hot.questions import MOST_IDS, NAMES

_ID = {"type": "string", "format": "uuid"}
_TIME = {"type": "string", "format": "date-time"}
_NAMED = {"type": ["object", "null"], "properties": {"id": _ID, "name": {"type": "string"}}}
_INSTANT = {"type": ["string", "null"], "format": "date-time"}
_ROW = {
    "type": "object",
    "properties": {
        "user": _NAMED,
        "schedule": _NAMED,
        "escalation_policy": _NAMED,
        "level": {"type": ["integer", "null"]},
        "start": _INSTANT,
        "end": _INSTANT,
    },
}
_ROWS = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": _ROW}, "next_cursor": {"type": ["string", "null"]}},
}
_RESPONSES = {
    "200": {"description": "Who is on call, level by level", "content": {"application/json": {"schema": _ROWS}}},
    "401": {"description": "Not signed in"},
    "404": {"description": "An id that nobody has"},
    "422": {"description": "A filter that does not exist, or a range of more than a year"},
}
_TIMES = {
    "at": "an instant (default: now)",
    "since": "with until: every shift that touches the range, each whole",
    "until": "see since",
    "as_known_at": "as it was known, or planned, then",
}


def _query(name: str, schema: dict[str, Any], description: str) -> dict[str, Any]:
    return {"name": name, "in": "query", "required": False, "description": description, "schema": schema}


_TIME_PARAMETERS = [_query(name, _TIME, said) for name, said in _TIMES.items()]
_FILTERS = [_query(f"{name}_id", {"type": "array", "items": _ID}, "may be repeated") for name in NAMES]
_BODY = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        **{f"{name}_ids": {"type": "array", "maxItems": MOST_IDS, "items": _ID} for name in NAMES},
        **{name: _TIME | {"description": said} for name, said in _TIMES.items()},
    },
}

DOCUMENT = {
    "/api/v1/oncalls": {
        "get": {"tags": ["on call"], "summary": "Who is on call", "parameters": [*_FILTERS, *_TIME_PARAMETERS], "responses": _RESPONSES},
        "post": {
            "tags": ["on call"],
            "summary": "Who is on call, for many schedules, services, teams, policies or people in one call; changes nothing",
            "requestBody": {"required": True, "content": {"application/json": {"schema": _BODY}}},
            "responses": _RESPONSES,
        },
    },
    "/api/v1/services/{service_id}/oncall": {
        "get": {
            "tags": ["on call"],
            "summary": "Whom the service's policy would page",
            "parameters": [{"name": "service_id", "in": "path", "required": True, "schema": _ID}, *_TIME_PARAMETERS],
            "responses": _RESPONSES,
        }
    },
}
