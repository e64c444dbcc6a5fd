"""PagerDuty Events API v2: https://developer.pagerduty.com/docs/events-api-v2/overview/."""

from oncall.incidents.values import Action
from oncall.intake.rules import instant_of, labels_of, one_line, severity_of, text_of
from oncall.intake.values import Reading, Unreadable

ACTIONS = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}
SEVERITIES = ("critical", "error", "warning", "info")
KEY_LENGTH = 32


def read(value: object) -> list[Reading]:
    """One event, read as tolerantly as intake must; what the original would refuse, `errors_in` says."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    payload = value.get("payload")
    said: dict[str, object] = payload if isinstance(payload, dict) else {}
    links = [(text_of(link.get("href")), text_of(link.get("text"))) for link in _list(value.get("links")) if isinstance(link, dict)]
    client_url = text_of(value.get("client_url"))
    custom = said.get("custom_details")
    return [
        Reading(
            ACTIONS.get(text_of(value.get("event_action")), Action.TRIGGER),
            one_line(said.get("summary")) or "event without a summary",
            dedup_key=text_of(value.get("dedup_key")) or None,
            severity=severity_of(said.get("severity")),
            source=one_line(said.get("source")),
            component=one_line(said.get("component")),
            group=one_line(said.get("group")),
            class_=one_line(said.get("class")),
            labels=labels_of(custom),
            links=tuple((href, text or href) for href, text in [*links, (client_url, text_of(value.get("client")))] if href),
            occurred_at=instant_of(said.get("timestamp")),
            details={"custom_details": custom} if custom else {},
        )
    ]


def errors_in(value: object) -> list[str]:
    """What the original answers 400 for, in its words; empty if it would accept the event."""
    if not isinstance(value, dict):
        return ["Event object is not a JSON object"]
    errors = []
    key, action = value.get("routing_key"), value.get("event_action")
    if not isinstance(key, str) or not key.strip():
        errors.append("'routing_key' is missing or blank")
    elif len(key) != KEY_LENGTH:
        errors.append(f"Length of 'routing_key' is incorrect (should be {KEY_LENGTH} characters)")
    if action is None or action == "":
        errors.append("'event_action' is missing or blank")
    elif not isinstance(action, str) or action not in ACTIONS:
        errors.append("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
    dedup_key = value.get("dedup_key")
    if isinstance(dedup_key, str) and len(dedup_key) > 255:
        errors.append("'dedup_key' is too long (maximum is 255 characters)")
    if action in ("acknowledge", "resolve") and not dedup_key:
        errors.append("'dedup_key' is missing or blank")
    return errors + (_errors_in_payload(value.get("payload")) if action == "trigger" else [])


def _errors_in_payload(payload: object) -> list[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [
        f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity") if not text_of(payload.get(name)).strip()
    ]
    severity = payload.get("severity")
    if severity and severity not in SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
    return errors


def _list(value: object) -> list[object]:
    return value if isinstance(value, list) else []
