"""What routing rules make of an event. Pure."""

from dataclasses import replace

from oncall.incidents.values import Event, Severity
from oncall.kit.ids import ServiceId
from oncall.services.rules.routing import Routing, route
from oncall.services.values.routing import Routable, Routed


def routable(event: Event) -> Routable:
    """An event as rules see it: its labels and, where it has none of that name, these fields and its severity."""
    fields = {
        "summary": event.summary,
        "source": event.source,
        "component": event.component,
        "group": event.group,
        "class": event.class_,
        "dedup_key": event.dedup_key,
        "integration": event.integration_name,
        "action": event.action.value,
    }
    return Routable(event.integration_id, event.service_id, event.severity.value, event.labels, fields)


def routed(event: Event, routing: Routing) -> Event:
    """The event as the rules leave it; as it came where none is about it."""
    if not routing.concerns(event.integration_id):
        return event
    return as_routed(event, route(routing, routable(event)))


def as_routed(event: Event, made: Routed) -> Event:
    """The event as its way leaves it."""
    if not made.way:
        return event
    return replace(
        event,
        service_id=made.service_id,
        severity=Severity(made.severity),
        labels=dict(made.labels),
        urgency=made.urgency,
        group_labels=made.group_labels,
        way=tuple(tried.sentence for tried in made.way),
    )


def places(event: Event, routing: Routing) -> tuple[ServiceId, ...]:
    """Where the alert may be that an acknowledgement or an end is about, the likeliest first; `event` is as it came.

    An end often says less than the trigger did (PagerDuty's has no labels, some have no severity), so that the rules would send it
    elsewhere. Whoever looks for its alert looks in all of these.
    """
    likely = dict.fromkeys([routed(event, routing).service_id, event.service_id])
    return (*likely, *sorted(routing.services_of(event.integration_id) - likely.keys()))
