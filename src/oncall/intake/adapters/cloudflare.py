"""Cloudflare's notifications to a webhook, https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, named_key, one_line, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

STATE = ("alert_event", "data.new_status", "data.new_health", "data.status", "data.alert_state", "data.incident_status")
OVER = {"alert_state_event_end", "healthy", "tunnel_status_type_healthy", "resolved", "incident_status_resolved"}

# What an alert is about, where its data has a number of it; it is the same for down and up.
NUMBERED = ("health_check_id", "tunnel_id", "incident_id", "load_balancer_id")
POOL = ("pool_id", "origin_name", "event_source")
"""A pool and each origin in it are problems of their own."""

# Where there is none, one policy watches many things, and each of them is another problem.
ABOUT = (
    "data.unreachable_zones.0.zone_name",
    "data.unreachable_zones.0.host",
    "data.zone_id",
    "data.zone_name",
    "data.zones.0",
    "data.hostnames.0",
    "data.target_hostname",
    "data.project_name",
    "data.project_id",
    "data.maintenance_id",
    "data.tunnel_name",
    "data.name",
)
EVENT = ("data.event", "data.event_type", "data.maintenance_status", "data.status", "data.maintenance.status")
IGNORED = {
    "event_deployment_started": "a deployment began",
    "maintenance_status_completed": "a maintenance is over",
    "maintenance_event_type_completed": "a maintenance is over",
    "completed": "a maintenance is over",
}
DEPLOYED = {"event_deployment_success"}
MAINTENANCE = "maintenance_event_notification"

FIELDS = Fields(
    title=("text", "name"),
    severity=("data.severity", "data.incident_impact", "data.impact"),
    severities={
        "incident_impact_critical": Severity.CRITICAL,
        "incident_impact_major": Severity.ERROR,
        "incident_impact_minor": Severity.WARNING,
        "incident_impact_none": Severity.INFO,
    },
    source=(
        "data.zone_name",
        "data.zones.0",
        "data.unreachable_zones.0.zone_name",
        "data.tunnel_name",
        "data.name",
        "data.target_hostname",
    ),
    component=("alert_type",),
    group=("account_name", "account_id"),
    class_=("alert_type",),
    links={"data.dashboard_link": "dashboard", "data.incident_url": "incident", "data.link": "more"},
    occurred_at=("ts",),
)


def knows(value: object, _: Received) -> bool:
    """By a text of a policy, with the kind of alert and the account, or with the number that joins begin and end."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        return False
    return {"policy_id", "alert_type", "account_id"} <= value.keys() or {"alert_event", "alert_correlation_id"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event. What the button for a test sends is but a text."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise Unreadable("it has no text")
    reading = read_fields(value, FIELDS)
    said = value.get("data")
    action, reason = _action(value)
    return [
        replace(
            reading,
            action=action,
            reason=reason,
            summary=_title(value) or reading.summary,
            dedup_key=_key(value),
            labels={name: text for name, text in labels_of(said if isinstance(said, dict) else None).items() if 0 < len(text) <= 200},
        )
    ]


def _action(value: Mapping[str, object]) -> tuple[Action, str]:
    """Deployments that succeed and maintenances that are over need nobody; that one failed, or begins, somebody asked to be told."""
    if any(word_at(value, (path,)) in OVER for path in STATE):
        return Action.RESOLVE, ""
    words = [word_at(value, (path,)) for path in EVENT]
    if not DEPLOYED.isdisjoint(words):
        return Action.CHANGE, ""
    is_known = word_at(value, ("alert_type",)) == MAINTENANCE
    reason = next((IGNORED[word] for word in words if word in IGNORED and (is_known or word != "completed")), "")
    return (Action.IGNORE if reason else Action.TRIGGER), reason


def _title(value: Mapping[str, object]) -> str:
    """The policy and the first line, since the text goes on at length."""
    policy, line = one_line(said_at(value, ("name", "policy_name"))), one_line(text_of(value.get("text")).strip().partition("\n")[0])
    return one_line(f"{policy}: {line}" if policy and line else policy or line)


def _key(value: Mapping[str, object]) -> str | None:
    if said_at(value, ("data.pool_id",)) is not None:
        return named_key({f"cloudflare_{name}" if name == POOL[0] else name: said_at(value, (f"data.{name}",)) for name in POOL})
    for name in NUMBERED:
        if (about := said_at(value, (f"data.{name}",))) is not None:
            return named_key({f"cloudflare_{name}": about})
    if correlation := text_of(value.get("alert_correlation_id")):
        return correlation
    policy = said_at(value, ("policy_id",))
    fallback = {"cloudflare_policy_id": policy, "alert_type": value.get("alert_type"), "about": said_at(value, ABOUT)}
    return named_key(fallback) if policy is not None else None


GUIDE = """
In the Cloudflare dashboard: **Notifications → Destinations → Webhooks → Create**, URL `{url}`. Then **All Notifications → Add**, choose
what to be told of, and the webhook. For health checks choose *Becomes healthy or unhealthy*, so that the end is told as well.

`ALERT_STATE_EVENT_END`, `Healthy` and `Resolved` resolve, a deployment that succeeded is a change, one that began and a maintenance that
is over are recorded, anything else triggers. An alert is known by the health check, tunnel, incident, load balancer, or pool and origin in
its data, else by `alert_correlation_id`, else by its policy, its kind and the zone, hostname or project that it is about. The severity is
`data.severity`, or the impact of an incident.
"""

EXAMPLE = """{
  "name": "Shop health", "text": "The health check of shop.example.com is Unhealthy", "ts": 1772334720, "account_id": "0042",
  "policy_id": "c0ffee42", "policy_name": "Shop health", "alert_type": "health_check_status_notification",
  "data": {"health_check_id": "42aa", "name": "shop.example.com", "status": "Unhealthy", "reason": "Response code mismatch error"}
}"""

DIALECT = Dialect(
    type=IntegrationType.CLOUDFLARE,
    name="Cloudflare",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `ALERT_STATE_EVENT_END` or `Healthy` for the kinds that have an end; resolve others by hand.",
    guide=GUIDE,
    example=EXAMPLE,
)
