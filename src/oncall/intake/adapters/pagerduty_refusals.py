"""What PagerDuty's Events API answers 400, in its words: version 2, its change events, and version 1."""

from collections.abc import Sequence

from oncall.intake.adapters.pagerduty import ACTIONS
from oncall.intake.values import InvalidEvent

SEVERITIES = ("critical", "error", "warning", "info")
KEY_LENGTH = 32
MAX_DEDUP_KEY = 255
INVALID = ("invalid event", "Event object is invalid")


def check(value: object) -> str:
    """The routing key of an event that the original would accept; raises InvalidEvent otherwise."""
    if not isinstance(value, dict):
        raise not_recognised()
    key, action, dedup_key = value.get("routing_key"), value.get("event_action"), value.get("dedup_key")
    errors = _errors_in_key(key)
    if _blank(action):
        errors.append("'event_action' is missing or blank")
    elif not isinstance(action, str) or action not in ACTIONS:
        errors.append("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
    elif action != "trigger" and _blank(dedup_key):
        errors.append("'dedup_key' is missing or blank")
    if isinstance(dedup_key, str) and len(dedup_key) > MAX_DEDUP_KEY:
        errors.append(f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)")
    if action == "trigger":
        errors += _errors_in_payload(value.get("payload"), ("summary", "source", "severity"))
    return _accepted(key, errors)


def check_change(value: object) -> str:
    """The routing key of a change event; raises InvalidEvent for what the original refuses."""
    if not isinstance(value, dict):
        raise not_recognised()
    key = value.get("routing_key")
    return _accepted(key, _errors_in_key(key) + _errors_in_payload(value.get("payload"), ("summary",)))


def check_v1(value: object) -> str:
    """The service key of an event of version 1; raises InvalidEvent for what the original refuses."""
    if not isinstance(value, dict):
        raise not_recognised()
    key, action = value.get("service_key"), value.get("event_type")
    errors = []
    if not isinstance(key, str) or not key.strip():
        errors.append("Service key can't be blank")
    elif len(key) != KEY_LENGTH:
        errors.append(f"Service key is the wrong length (should be {KEY_LENGTH} characters)")
    if not isinstance(action, str) or action not in ACTIONS:
        errors.append("Event type must be one of: trigger, acknowledge, resolve")
    elif action == "trigger" and _blank(value.get("description")):
        errors.append("Description can't be blank")
    elif action != "trigger" and _blank(value.get("incident_key")):
        errors.append("Incident key can't be blank")
    return _accepted(key, errors)


def not_recognised() -> InvalidEvent:
    """Not JSON at all, or not an object."""
    return InvalidEvent("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])


def _accepted(key: object, errors: Sequence[str]) -> str:
    if errors or not isinstance(key, str):
        raise InvalidEvent(*INVALID, errors)
    return key


def _errors_in_key(key: object) -> list[str]:
    if not isinstance(key, str) or not key.strip():
        return ["'routing_key' cannot be blank"]
    wrong = f"Length of 'routing_key' is incorrect (should be {KEY_LENGTH} characters)"
    return [wrong] if len(key) != KEY_LENGTH else []


def _errors_in_payload(payload: object, needed: Sequence[str]) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [f"'payload.{name}' is missing or blank" for name in needed if _blank(payload.get(name))]
    severity = payload.get("severity")
    if "severity" in needed and not _blank(severity) and severity not in SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
    return errors


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())
