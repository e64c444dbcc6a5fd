"""PagerDuty Events API v2 (https://developer.pagerduty.com/docs/events-api-v2/overview/), and the words of v1, which agents still send."""

from collections.abc import Mapping, Sequence

from oncall.incidents.values import Action
from oncall.intake.rules import instant_of, labels_of, links_of, one_line, severity_of, text_of, title_of
from oncall.intake.values import Dialect, InvalidEvent, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

ACTIONS = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}
SEVERITIES = ("critical", "error", "warning", "info")
ROUTING_KEY_LENGTH = 32
MAX_DEDUP_KEY = 255


def read(value: object, _: Received) -> list[Reading]:
    """One event, read as tolerantly as intake must; what the original would refuse, `check` says."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    action, payload = value.get("event_action") or value.get("event_type"), value.get("payload")
    if not action and not isinstance(payload, dict):
        raise Unreadable("it has neither an event_action nor a payload")
    said: Mapping[str, object] = payload if isinstance(payload, dict) else {}
    details = said.get("custom_details") or value.get("details")
    links = [(link.get("href"), link.get("text")) for link in _objects(value.get("links"))]
    links += [(image.get("src"), image.get("alt") or "image") for image in _objects(value.get("images"))]
    contexts = _objects(value.get("contexts"))  # v1's links and images
    links += [(context.get("href") or context.get("src"), context.get("text") or context.get("alt")) for context in contexts]
    return [
        Reading(
            ACTIONS.get(text_of(action).strip().lower(), Action.TRIGGER),
            title_of(said.get("summary") or value.get("description")) or "event without a summary",
            dedup_key=text_of(value.get("dedup_key") or value.get("incident_key")) or None,
            severity=severity_of(said.get("severity")),
            source=one_line(said.get("source")),
            component=one_line(said.get("component")),
            group=one_line(said.get("group")),
            class_=one_line(said.get("class")),
            labels=labels_of(details) if isinstance(details, dict) else {},
            links=links_of([*links, (value.get("client_url"), value.get("client"))]),
            occurred_at=instant_of(said.get("timestamp")),
            details={"custom_details": details} if details else {},
        )
    ]


def check(value: object) -> str:
    """The routing key of what the original would accept; raises InvalidEvent, in its words, for what it answers 400."""
    if not isinstance(value, dict):
        raise not_recognised()
    key, action, dedup_key = value.get("routing_key"), value.get("event_action"), value.get("dedup_key")
    errors = []
    if not isinstance(key, str) or not key.strip():
        errors.append("'routing_key' cannot be blank")
    elif len(key) != ROUTING_KEY_LENGTH:
        errors.append(f"Length of 'routing_key' is incorrect (should be {ROUTING_KEY_LENGTH} characters)")
    if _blank(action):
        errors.append("'event_action' is missing or blank")
    elif not isinstance(action, str) or action not in ACTIONS:
        errors.append("'event_action' is invalid (must be one of the following: 'trigger', 'acknowledge' or 'resolve')")
    elif action != "trigger" and _blank(dedup_key):
        errors.append("'dedup_key' is missing or blank")
    if isinstance(dedup_key, str) and len(dedup_key) > MAX_DEDUP_KEY:
        errors.append(f"'dedup_key' is too long (maximum is {MAX_DEDUP_KEY} characters)")
    if action == "trigger":
        errors += _errors_in_payload(value.get("payload"))
    if errors or not isinstance(key, str):
        raise InvalidEvent("invalid event", "Event object is invalid", errors)
    return key


def not_recognised() -> InvalidEvent:
    """Not JSON at all, or not an object."""
    return InvalidEvent("Unrecognized object", "Event object format is unrecognized", ["JSON parse error"])


def _errors_in_payload(payload: object) -> Sequence[str]:
    if not isinstance(payload, dict):
        return ["'payload' is missing or blank"]
    errors = [f"'payload.{name}' is missing or blank" for name in ("summary", "source", "severity") if _blank(payload.get(name))]
    severity = payload.get("severity")
    if not _blank(severity) and severity not in SEVERITIES:
        errors.append("'payload.severity' is invalid (must be one of the following: 'critical', 'warning', 'error' or 'info')")
    return errors


def _blank(value: object) -> bool:
    return value is None or (isinstance(value, str) and not value.strip())


def _objects(value: object) -> list[Mapping[str, object]]:
    return [element for element in value if isinstance(element, dict)] if isinstance(value, list) else []


def knows(value: object, _: Received) -> bool:
    """By a payload and an action (v2), or an action and the words of v1."""
    if not isinstance(value, dict):
        return False
    v2 = isinstance(value.get("payload"), dict) and "event_action" in value
    return v2 or (value.get("event_type") in ACTIONS and ("service_key" in value or "incident_key" in value))


GUIDE = """
Whatever speaks PagerDuty's Events API needs two changes: the base URL is `{host}`, and the routing key (v1: service key) is `{key}`.

```sh
curl -sS {host}/v2/enqueue -d '{"routing_key": "{key}", "event_action": "trigger",
  "dedup_key": "checkout/errors", "payload": {"summary": "Error rate is 42 %", "source": "prod-1", "severity": "critical"}}'
```
"""

EXAMPLE = """{
  "routing_key": "INTEGRATION_KEY", "event_action": "trigger", "dedup_key": "checkout/errors",
  "payload": {"summary": "Error rate is 42 %", "source": "prod-1", "severity": "critical"}
}"""

DIALECT = Dialect(
    type=IntegrationType.PAGERDUTY,
    name="PagerDuty Events API v2 and v1",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="Send `event_action: resolve` with the same `dedup_key`.",
    guide=GUIDE,
    example=EXAMPLE,
)
