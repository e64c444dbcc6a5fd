"""What routing rules make of an event, and where an end finds its alert. Pure."""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import replace

from oncall.incidents.rules.dedup import ASIDE, because
from oncall.incidents.values import Action, Event, Severity
from oncall.kit.ids import EventId, IntegrationId, ServiceId
from oncall.services.rules.routing import Routing, route
from oncall.services.values.routing import Routable, Routed, RuleTried

ELSEWHERE = "its alert is open in another service than the one it would be sent to"


def is_end(event: Event) -> bool:
    """Whether it acknowledges or ends what another event began."""
    return event.action is not Action.TRIGGER and event.action not in ASIDE


def routed_all(
    events: Sequence[Event], routing: Routing, opened: Mapping[EventId, Collection[ServiceId]]
) -> Iterator[tuple[Event, Sequence[RuleTried]]]:
    """Events of one batch as the rules leave them, in order, each with its way through the rules.

    An acknowledgement or an end often says less than its trigger did (PagerDuty's has no labels, some have no severity), and rules may be
    others by now: where no alert is open at its `likeliest`, it goes wherever its own integration has one with its key. `opened` says of
    each end where one is; what its batch opened and ended before it counts as well. What has a way already is ours, and no rule is asked.
    """
    since: dict[tuple[IntegrationId, str], dict[ServiceId, bool]] = {}
    for event in events:
        lately = since.setdefault((event.integration_id, event.dedup_key), {})
        tried: Sequence[RuleTried] = ()
        if is_end(event):
            likely, there = likeliest(event, routing), opened.get(event.id, ())
            found = (service for service in dict.fromkeys([likely, *there, *lately]) if lately.get(service, service in there))
            service = next(found, likely)
            reason = event.reason if service == likely else because(event.reason, ELSEWHERE)
            made = replace(event, service_id=service, reason=reason)
        elif routing.concerns(event.integration_id) and not event.way:
            way = route(routing, routable(event))
            made, tried = as_routed(event, way), way.way
        else:
            made = event
        if event.action is Action.TRIGGER or event.action is Action.RESOLVE:
            lately[made.service_id] = event.action is Action.TRIGGER
        yield made, tried


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


def likeliest(event: Event, routing: Routing) -> ServiceId:
    """Where the rules of now would send it, as it came."""
    return event.service_id if event.way else routed(event, routing).service_id
