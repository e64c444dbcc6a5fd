"""AppDynamics' HTTP request templates, https://help.splunk.com/en/appdynamics-saas: ours, and the one shaped as PagerDuty's first API."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import pagerduty
from oncall.intake.rules import Fields, named_key, one_line, read_fields, said_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

KINDS = ("policy", "anomaly")
LEVELS = {"_warning": Severity.WARNING, "_critical": Severity.CRITICAL}

FIELDS = Fields(
    title=("health_rule", "event_name", "summary"),
    state=("event_type",),
    states={f"{kind}_{end}{level}": Action.RESOLVE for kind in KINDS for end in ("close", "canceled") for level in ("", *LEVELS)}
    | dict.fromkeys(("application_deployment", "application_config_change"), Action.CHANGE),
    severity=("event_type", "severity"),
    severities={f"{kind}_{how}{level}": word for kind in KINDS for how in ("open", "continues") for level, word in LEVELS.items()}
    | {f"{kind}_upgraded": Severity.CRITICAL for kind in KINDS}
    | {f"{kind}_downgraded": Severity.WARNING for kind in KINDS},
    source=("node_name", "tier_name", "application_name"),
    component=("tier_name",),
    group=("application_name",),
    class_=("event_type",),
    links={"link": "event", "controller_url": "controller"},
    untitled="event without a name",
)


def knows(value: object, _: Received) -> bool:
    """By the names of our template; the one in PagerDuty's shape is PagerDuty's."""
    return isinstance(value, dict) and {"application_name", "event_type", "event_name", "controller_url"} <= value.keys()


def read(value: object, received: Received) -> list[Reading]:
    """One event, known by the incident of the health rule."""
    if not isinstance(value, dict):
        raise Unreadable("it is not a JSON object")
    if pagerduty.knows(value, received):
        return [_as_of_pagerduty(reading, value) for reading in pagerduty.read(value, received)]
    if not {"event_type", "event_name", "application_name"} & value.keys():
        raise Unreadable("it has neither an event_type nor an application_name")
    reading = read_fields(value, FIELDS)
    where = next(filter(None, (reading.source, reading.group)), "")
    return [replace(reading, summary=one_line(f"{reading.summary} on {where}" if where else reading.summary), dedup_key=_key(value))]


def _as_of_pagerduty(reading: Reading, value: Mapping[str, object]) -> Reading:
    """What AppDynamics says in the details, beside what PagerDuty would read."""
    details = value.get("details")
    about = read_fields(details if isinstance(details, dict) else {}, FIELDS)
    severity = about.severity if about.severity is not Severity.UNKNOWN else reading.severity
    return replace(reading, severity=severity, source=about.source, component=about.component, group=about.group, class_=about.class_)


def _key(value: Mapping[str, object]) -> str | None:
    application = said_at(value, ("application_name",))
    if (incident := said_at(value, ("incident_id",))) is not None:
        return named_key({"appdynamics_incident_id": incident, "application": application})
    rule = said_at(value, ("health_rule",))
    what = rule or said_at(value, ("event_type",))
    where = {"application": application, "tier": said_at(value, ("tier_name",)), "node": said_at(value, ("node_name",))}
    return named_key({f"appdynamics_{'health_rule' if rule else 'event_type'}": what, **where}) if what and any(where.values()) else None


GUIDE = """
In AppDynamics: **Alert & Respond → HTTP Request Templates → New**, method *POST*, raw URL `{url}`, payload of type *application/json*:

```json
{
  "event_type": "${latestEvent.eventType}", "severity": "${latestEvent.severity}", "incident_id": "${latestEvent.incident.id}",
  "link": "${latestEvent.deepLink}", "controller_url": "${controllerUrl}", "application_name": "${latestEvent.application.name}",
  "tier_name": "${latestEvent.tier.name}", "node_name": "${latestEvent.node.name}", "event_name": "${latestEvent.displayName}",
  "health_rule": "${latestEvent.healthRule.name}"
}
```

Tick *One Request Per Event*. Then add a policy whose events are *Health Rule Violation Started*, *Upgraded*, *Downgraded*, *Ended* and
*Canceled*, with this template as its action. Add no message of an event (`summaryMessage`, `eventMessage`): AppDynamics does not escape
it, and a quotation mark or line break in it would make a body that is no JSON.

`POLICY_CLOSE…` and `POLICY_CANCELED…` resolve, deployments and new configurations are changes, everything else triggers. An alert is
known by the incident of the health rule. `…_CRITICAL` is critical, `…_WARNING` a warning; otherwise `ERROR`, `WARN` and `INFO` count. The
template for PagerDuty's first API works as well.
"""

EXAMPLE = """{
  "event_type": "POLICY_OPEN_CRITICAL", "event_name": "Health Rule Violation Started - Critical", "severity": "ERROR",
  "application_name": "Shop", "tier_name": "checkout", "node_name": "checkout-1", "health_rule": "Response time", "incident_id": "4200",
  "link": "https://controller.example.com/controller/#/incident=4200", "controller_url": "https://controller.example.com"
}"""

DIALECT = Dialect(
    type=IntegrationType.APPDYNAMICS,
    name="AppDynamics",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends *Health Rule Violation Ended* or *Canceled* if the policy has these events.",
    guide=GUIDE,
    example=EXAMPLE,
)
