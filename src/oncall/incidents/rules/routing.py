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

    An acknowledgement or an end, which often says less than its trigger did, goes where its alert is open: in the likeliest of its
    `places`, else wherever its integration has one, since rules may be others by now than when it opened. `opened` says of each end where
    that is; what its own batch opened and ended before it counts as well. No rule is asked about what has a way already: it is ours.
    """
    since: dict[tuple[IntegrationId, str], dict[ServiceId, bool]] = {}
    for event in events:
        lately = since.setdefault((event.integration_id, event.dedup_key), {})
        tried: Sequence[RuleTried] = ()
        if is_end(event):
            there, likely = opened.get(event.id, ()), (event.service_id,) if event.way else places(event, routing)
            found = (service for service in dict.fromkeys([*likely, *there]) if lately.get(service, service in there))
            service = next(found, likely[0])
            reason = event.reason if service == likely[0] else because(event.reason, ELSEWHERE)
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


def places(event: Event, routing: Routing) -> tuple[ServiceId, ...]:
    """Where the rules of now say an alert may be that an acknowledgement or an end is about, the likeliest first; `event` is as it came.

    An end often says less than the trigger did (PagerDuty's has no labels, some have no severity), so that the rules would send it
    elsewhere. Whoever looks for its alert looks in all of these.
    """
    likely = dict.fromkeys([routed(event, routing).service_id, event.service_id])
    return (*likely, *sorted(routing.services_of(event.integration_id) - likely.keys()))
