"""Cloudflare's notifications to a webhook, https://developers.cloudflare.com/notifications/reference/webhook-payload-schema/."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, labels_of, named_key, one_line, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

STATE = ("alert_event", "data.new_status", "data.new_health", "data.status", "data.alert_state", "data.incident_status")
OVER = {"alert_state_event_end", "healthy", "tunnel_status_type_healthy", "resolved", "incident_status_resolved"}

# What an alert is about, where its data names that; it is the same for down and up.
ABOUT = ("health_check_id", "tunnel_id", "incident_id", "pool_id", "load_balancer_id")

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
    """By a text of a policy, with the kind of alert and the account."""
    return isinstance(value, dict) and {"text", "policy_id", "alert_type", "account_id"} <= value.keys()


def read(value: object, _: Received) -> list[Reading]:
    """One event. What the button for a test sends is but a text."""
    if not isinstance(value, dict) or not isinstance(value.get("text"), str):
        raise Unreadable("it has no text")
    reading = read_fields(value, FIELDS)
    said = value.get("data")
    return [
        replace(
            reading,
            action=Action.RESOLVE if any(word_at(value, (path,)) in OVER for path in STATE) else Action.TRIGGER,
            summary=_title(value) or reading.summary,
            dedup_key=_key(value),
            labels={name: text for name, text in labels_of(said if isinstance(said, dict) else None).items() if 0 < len(text) <= 200},
        )
    ]


def _title(value: Mapping[str, object]) -> str:
    """The policy and the first line, since the text goes on at length."""
    policy, line = one_line(said_at(value, ("name", "policy_name"))), one_line(text_of(value.get("text")).strip().partition("\n")[0])
    return one_line(f"{policy}: {line}" if policy and line else policy or line)


def _key(value: Mapping[str, object]) -> str | None:
    for name in ABOUT:
        if (about := said_at(value, (f"data.{name}",))) is not None:
            return named_key({name: about})
    if correlation := text_of(value.get("alert_correlation_id")):
        return correlation
    return named_key({name: value.get(name) for name in ("policy_id", "alert_type")}) if value.get("policy_id") else None


GUIDE = """
In the Cloudflare dashboard: **Notifications → Destinations → Webhooks → Create**, URL `{url}`. Then **All Notifications → Add**, choose
what to be told of, and the webhook. For health checks choose *Becomes healthy or unhealthy*, so that the end is told as well.

`ALERT_STATE_EVENT_END`, `Healthy` and `Resolved` resolve, anything else triggers. An alert is known by the health check, tunnel, pool or
incident in its data, else by `alert_correlation_id`, else by its policy and kind. The severity is `data.severity`, or the impact of an
incident.
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
    resolves="Sends `ALERT_STATE_EVENT_END` or `Healthy` for the kinds that have an end; resolve others by hand or with auto-resolve.",
    guide=GUIDE,
    example=EXAMPLE,
)
