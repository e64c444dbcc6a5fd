"""Atlassian Statuspage's webhook, https://support.atlassian.com/statuspage/docs/enable-webhook-notifications/, and that of its imitators.

A page that one depends on tells of an incident, of planned maintenance, which looks like one, or of a component. Instatus sends the same
to those who subscribe to its pages, with the words written together and in capitals. Better Stack
(https://betterstack.com/docs/uptime/subscribing-to-status-updates/subscribing-with-webhooks) does too, but without the state of an
incident: only the page's own tells when all is well.
"""

from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.rules import Fields, read_fields, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

PAGE = {"page.url": "status page"}
SOURCE = ("page.name", "page.url", "page.id")

INCIDENT = Fields(
    title=("incident.name",),
    identity={"statuspage_incident": ("incident.id",)},
    state=("incident.status",),
    severity=("incident.impact",),
    source=SOURCE,
    links={"incident.shortlink": "incident", "incident.url": "incident", **PAGE},
    occurred_at=("incident.updated_at", "incident.created_at"),
    untitled="incident without a name",
)
MAINTENANCE = Fields(
    title=("maintenance.name",),
    state=("maintenance.status",),
    source=SOURCE,
    links={"maintenance.shortlink": "maintenance", "maintenance.url": "maintenance", **PAGE},
    untitled="maintenance without a name",
)
COMPONENT = Fields(
    title=("component.name",),
    identity={"statuspage_component": ("component.id", "component_update.component_id")},
    state=("component_update.new_status", "component.status"),
    severity=("component_update.new_status", "component.status"),
    source=SOURCE,
    component=("component.name",),
    links=PAGE,
    occurred_at=("component_update.created_at", "component.updated_at"),
    untitled="component without a name",
)
KINDS = {"component_update": COMPONENT, "incident": INCIDENT, "maintenance": MAINTENANCE}
"""By the member that only it has."""

# Being monitored is not over yet; a postmortem is only written once it is
OVER = {"resolved", "postmortem", "operational"}
ALL_WELL = "operational"
"""What Better Stack says of a page on which nothing is down, degraded or in maintenance."""
IGNORED = {
    **dict.fromkeys(("scheduled", "notstartedyet"), "maintenance is planned"),
    **dict.fromkeys(("inprogress", "verifying"), "maintenance is under way"),
    "completed": "maintenance is over",
    **dict.fromkeys(("undermaintenance", "maintenance"), "the component is in maintenance"),
}
SEVERITIES = {
    **dict.fromkeys(("critical", "majoroutage", "downtime"), Severity.CRITICAL),
    **dict.fromkeys(("major", "partialoutage"), Severity.ERROR),
    **dict.fromkeys(("minor", "degradedperformance", "degraded"), Severity.WARNING),
    **dict.fromkeys(("none", "maintenance"), Severity.INFO),
}


def knows(value: object, _: Received) -> bool:
    """By a page with its state, or how to unsubscribe from it, and what its message is about."""
    if not isinstance(value, dict) or not any(isinstance(value.get(kind), dict) for kind in KINDS):
        return False
    page, meta = value.get("page"), value.get("meta")
    return isinstance(page, dict) and isinstance(meta, dict) and ("status_indicator" in page or "unsubscribe" in meta)


def read(value: object, _: Received) -> list[Reading]:
    """One event; the id of the incident, or of the component, is its identity."""
    kind = next((kind for kind in KINDS if isinstance(value, dict) and isinstance(value.get(kind), dict)), None)
    if not isinstance(value, dict) or kind is None:
        raise Unreadable("it has neither an incident, nor a maintenance, nor a component_update")
    # The address in meta unsubscribes whoever opens it.
    reading = read_fields({name: said for name, said in value.items() if name != "meta"}, KINDS[kind])
    state, impact = (word_at(value, paths).replace("_", "").replace(" ", "") for paths in (KINDS[kind].state, KINDS[kind].severity))
    if kind == "incident" and not state and word_at(value, ("page.status_indicator",)) == ALL_WELL:
        state = ALL_WELL
    reason = IGNORED.get(state, "") or ("maintenance is planned" if kind == "maintenance" else "")
    return [
        replace(
            reading,
            action=Action.IGNORE if reason else Action.RESOLVE if state in OVER else Action.TRIGGER,
            severity=SEVERITIES.get(impact, Severity.UNKNOWN),
            reason=reason,
        )
    ]


GUIDE = """
On the status page that you depend on: **Subscribe to updates → Webhook**, and enter `{url}` (and an e-mail address, for when it fails).

An incident is one alert from *investigating* over *identified* and *monitoring* until it is *resolved*; severity is its impact: critical,
major (error), minor (warning), none (info). A component is an alert while it is not *operational*: a major outage is critical, a partial
one an error, degraded performance a warning. Planned maintenance is recorded and pages nobody. Pages of Instatus send the same.

Pages of Better Stack do not say how an incident stands: an update resolves it once the whole page is *operational*. If something else on
the page is down or in maintenance by then, resolve by hand; an incident that is announced while the page is still *operational* pages
nobody. Their incidents have no severity.
"""

EXAMPLE = """{
  "meta": {"unsubscribe": "https://status.example.com/?unsubscribe=x", "generated_at": "2026-03-01T03:12:01Z"},
  "page": {"id": "examplepage1", "status_indicator": "major", "status_description": "Partial System Outage"},
  "incident": {"id": "exampleinc01", "name": "Mail is delayed", "status": "investigating", "impact": "major",
    "created_at": "2026-03-01T03:12:00Z", "updated_at": "2026-03-01T03:12:00Z", "shortlink": "https://stspg.example.com/x",
    "incident_updates": [{"id": "exampleupd01", "status": "investigating", "body": "We are looking into it."}]}
}"""

DIALECT = Dialect(
    type=IntegrationType.STATUSPAGE,
    name="Statuspage",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends *resolved* for an incident, *operational* for a component; Better Stack says only that the page is *operational*.",
    guide=GUIDE,
    example=EXAMPLE,
)
