"""PagerDuty Events API v2, its change events, and v1, which agents still send. https://developer.pagerduty.com/docs/events-api-v2/."""

from collections.abc import Mapping

from oncall.incidents.values import Action
from oncall.intake.rules import action_of, instant_of, labels_of, links_of, objects_of, one_line, severity_of, text_of, title_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

ACTIONS = {"trigger": Action.TRIGGER, "acknowledge": Action.ACKNOWLEDGE, "resolve": Action.RESOLVE}
CHANGES = "/change/enqueue"


def read(value: object, received: Received) -> list[Reading]:
    """One event, read as tolerantly as intake must; what the original refuses, `pagerduty_refusals` says. Only the path tells a change."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    action, payload = value.get("event_action") or value.get("event_type"), value.get("payload")
    if not action and not isinstance(payload, dict):
        raise Unreadable("it has neither an event_action nor a payload")
    is_change = received.path.rstrip("/").endswith(CHANGES)
    said: Mapping[str, object] = payload if isinstance(payload, dict) else {}
    details = said.get("custom_details") or value.get("details")
    links = [(link.get("href"), link.get("text")) for link in objects_of(value.get("links"))]
    links += [(image.get("src"), image.get("alt") or "image") for image in objects_of(value.get("images"))]
    contexts = objects_of(value.get("contexts"))  # v1's links and images
    links += [(context.get("href") or context.get("src"), context.get("text") or context.get("alt")) for context in contexts]
    return [
        Reading(
            Action.CHANGE if is_change else action_of(action),
            title_of(said.get("summary") or value.get("description") or value.get("summary") or value.get("title"))
            or "event without a summary",
            dedup_key=text_of(value.get("dedup_key") or value.get("incident_key")) or None,
            severity=severity_of(said.get("severity"), *_severities_of_v1(details)),
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


def _severities_of_v1(details: object) -> list[object]:
    """Version 1 has no severity, but agents say it in the details: of Zabbix, AppDynamics, Nagios' services and hosts."""
    if not isinstance(details, dict):
        return []
    said = details
    host = text_of(said.get("HOSTSTATE")).strip().lower()
    return [said.get("severity"), said.get("SERVICESTATE"), "critical" if host in {"down", "unreachable"} else host]


def knows(value: object, _: Received) -> bool:
    """By a routing key or an action with a payload (v2), or an action with a service key or an incident key (v1)."""
    if not isinstance(value, dict):
        return False
    v2 = "event_action" in value and (isinstance(value.get("payload"), dict) or "routing_key" in value)
    change = "routing_key" in value and isinstance(value.get("payload"), dict)
    v1 = "event_type" in value and (
        "service_key" in value or ("incident_key" in value and text_of(value["event_type"]).strip().lower() in ACTIONS)
    )
    return v2 or change or v1


GUIDE = """
Whatever speaks PagerDuty's Events API needs two changes: the base URL is `{host}`, and the routing key (v1: service key) is `{key}`.

```sh
curl -sS {host}/v2/enqueue -d '{"routing_key": "{key}", "event_action": "trigger",
  "dedup_key": "checkout/errors", "payload": {"summary": "Error rate is 42 %", "source": "prod-1", "severity": "critical"}}'
```

`/v2/enqueue`, `/v2/change/enqueue` and version 1's `/generic/2010-04-15/create_event.json` take the same bodies and answer as the original
does: 202 (v1: 200), 400 with `errors` for what it would refuse, 413 over 512 KB; 503 means: not stored, send it again. A change event pages
nobody. Some clients refuse plain http (the PyPI package `pagerduty` 7 does): put oncall behind a proxy that speaks TLS.
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
    comes_again=True,
    has_keys=True,
)
