"""PagerDuty's outgoing webhooks v3, v2 and v1, https://developer.pagerduty.com/docs/webhooks-overview: its incidents, mirrored."""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, Paths, one_line, read_each, read_fields, said_at, text_of, word_at
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

EVENTS = {
    **dict.fromkeys(("trigger", "triggered", "unacknowledge", "unacknowledged", "reopened"), "triggered"),
    **dict.fromkeys(("acknowledge", "acknowledged"), "acknowledged"),
    **dict.fromkeys(("resolve", "resolved"), "resolved"),
}
"""What an event makes of an incident: v1 and v2 say it in the imperative, v3 in the past."""

IGNORED = {
    **dict.fromkeys(("assign", "reassigned", "delegate", "delegated"), "the incident was given to somebody else inside PagerDuty"),
    **dict.fromkeys(("escalate", "escalated"), "an escalation inside PagerDuty"),
    **dict.fromkeys(("annotate", "annotated"), "a note on an incident is no alert"),
    "status_update_published": "a status update is no alert",
    **dict.fromkeys(("responder.added", "responder.replied", "role.assigned", "role.removed"), "responders inside PagerDuty"),
    **dict.fromkeys(
        ("conference_bridge.updated", "custom_field_values.updated", "incident_type.changed"), "an incident's fields were edited"
    ),
    **dict.fromkeys(("workflow.started", "workflow.completed"), "a workflow ran inside PagerDuty"),
    **dict.fromkeys(("action_invocation.created", "action_invocation.terminated", "action_invocation.updated"), "an automation ran"),
}

FIELDS = Fields(
    title=("incident.title", "incident.trigger_summary_data.subject", "incident.trigger_summary_data.description", "incident.description"),
    # Its key is not unique: another service may have an incident with the same one.
    identity={"pagerduty_incident_id": ("incident.id",)},
    state=("state",),
    states={"acknowledged": Action.ACKNOWLEDGE, "resolved": Action.RESOLVE},
    severity=("incident.priority.summary", "incident.priority.name", "incident.urgency"),
    component=("incident.service.name", "incident.service.summary"),
    links={"incident.html_url": "incident in PagerDuty", "incident.trigger_details_html_url": "what triggered it"},
    occurred_at=("at",),
    untitled="",
)

KEPT: Mapping[str, Paths] = {
    "number in PagerDuty": ("incident_number", "number"),
    "status": ("status",),
    "urgency": ("urgency",),
    "priority": ("priority.summary", "priority.name"),
    "incident key": ("incident_key",),
    "resolve reason": ("resolve_reason.type", "resolve_reason"),
}


def read(value: object, _: Received) -> list[Reading]:
    """One event for each message, in their order: acknowledge and resolve of one incident may come in one body."""
    match value:
        case {"event": dict(event)} if "event_type" in event:
            return [_read_v3(event)]
        case {"messages": []}:
            return [Reading(Action.IGNORE, "no messages", reason="the list of messages is empty")]
        case {"messages": list(messages)}:
            return read_each(messages, _read_message)
        case _:
            raise Unreadable("it has neither an event nor messages")


def _read_v3(event: Mapping[str, object]) -> Reading:
    kind, inner, id = word_at(event, ("event_type",)), event.get("data"), text_of(event.get("id"))
    if kind == "pagey.ping":  # somebody pressed the button to see a page
        return Reading(Action.TRIGGER, one_line(said_at(event, ("data.message",))) or "test", delivery_id=id)
    if not kind.startswith("incident."):
        return Reading(Action.IGNORE, one_line(f"PagerDuty: {kind or 'an event'}"), reason="it is not about an incident", delivery_id=id)
    return _read_incident(kind, inner, event.get("occurred_at"), id)


def _read_message(message: Mapping[str, object]) -> Reading:
    incident = said_at(message, ("incident", "data.incident"))
    return _read_incident(word_at(message, ("event", "type")), incident, message.get("created_on"), text_of(message.get("id")))


def _read_incident(kind: str, said: object, at: object, delivery_id: str) -> Reading:
    """An event that says nothing of the state leaves it to the incident's own status."""
    what = kind.removeprefix("incident.")
    incident = said_at(said, ("incident",)) or said  # v3 speaks of notes and responders as things of an incident
    state = EVENTS.get(what) or word_at(incident, ("status",))
    reading = read_fields({"incident": incident, "state": state, "at": at}, FIELDS)
    reason = IGNORED.get(what, "")
    return replace(
        reading,
        action=Action.IGNORE if reason else reading.action,
        reason=reason,
        summary=reading.summary or f"incident of {reading.component or 'a service'}",
        details={name: value for name, paths in KEPT.items() if (value := said_at(incident, paths)) is not None},
        delivery_id=delivery_id,
    )


def knows(value: object, _: Received) -> bool:
    """v3 by an event of a type that PagerDuty has and its resource; v2 and v1 by messages about an incident."""
    match value:
        case {"event": {"event_type": str(kind), "resource_type": _, "data": _}}:
            return kind.startswith(("incident.", "service.", "pagey."))
        case {"messages": [{"event": str(kind), "incident": dict()}, *_] | [{"type": str(kind), "data": {"incident": dict()}}, *_]}:
            return kind.startswith("incident.")
        case _:
            return False


GUIDE = """
For moving over: PagerDuty keeps receiving from the monitors, and mirrors its incidents here until the monitors themselves point here. In
PagerDuty: **Integrations → Generic Webhooks (v3) → New Webhook**, *Webhook URL* `{url}`, *Scope* the account, a team or a service, and
of the *Event Subscription* at least `incident.triggered`, `incident.acknowledged`, `incident.unacknowledged`, `incident.reopened`,
`incident.resolved`, `incident.priority_updated`. *Send Test Event* pages, as it should. Webhooks of v2 and v1 are understood as well.

PagerDuty shows a secret when the webhook is made: with it in `"authentication": {"scheme": "pagerduty", "secrets": ["…"]}` nobody else
[is let in](../how-to/authenticate-senders.md).

An incident is one alert, by its id. Severity is its priority (P1 critical, P2 error, P3 warning, the rest info), else its urgency: high
counts as error, low as info. Reassignments, escalations, notes and responders inside PagerDuty are ignored. Do not mirror a service whose
monitors already send here: PagerDuty would tell of each problem a second time.
"""

EXAMPLE = """{
  "event": {
    "id": "01EXAMPLE0EVENT", "event_type": "incident.triggered", "resource_type": "incident", "occurred_at": "2026-03-01T03:12:00.000Z",
    "agent": null, "client": null,
    "data": {
      "id": "QEXAMPLE42", "type": "incident", "number": 42, "status": "triggered", "title": "Checkout fails", "urgency": "high",
      "incident_key": "shop/checkout", "html_url": "https://example.pagerduty.com/incidents/QEXAMPLE42",
      "created_at": "2026-03-01T03:12:00Z", "service": {"id": "PEXAMPLE", "summary": "Shop", "type": "service_reference"},
      "priority": {"id": "P42", "summary": "P1", "type": "priority_reference"}, "resolve_reason": null
    }
  }
}"""

DIALECT = Dialect(
    type=IntegrationType.PAGERDUTY_WEBHOOK,
    name="PagerDuty's outgoing webhooks",
    group="Paging tools",
    read=read,
    knows=knows,
    resolves="Sends `incident.resolved` for the same incident.",
    guide=GUIDE,
    example=EXAMPLE,
)
