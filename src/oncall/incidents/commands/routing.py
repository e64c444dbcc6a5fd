"""Where events go: by the routing rules as they are in the very transaction that accepts them."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.routing import is_end, likeliest, routed, routed_all
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Action, Event
from oncall.kit.quick import Copies
from oncall.services.rules.routing import Routing

LONGEST_WAY = 500
"""Characters of the way in an event's reason; the routing rules themselves say all of it."""


KEPT = 1_024
"""Events whose way is remembered."""


class RoutedLately:
    """How rules left what came a moment ago, for what is like it: they ask for nothing but what it says, and for no other event."""

    def __init__(self) -> None:
        self._routing: Routing | None = None
        self._made: dict[int, tuple[Event, Copies[Event]]] = {}  # by the identity of the event, which lives as long as it is here

    def routed(self, event: Event, routing: Routing) -> Event:
        """A trigger as these rules leave it."""
        if event.like is None:
            return _routed(event, routing)
        if routing is not self._routing:
            self._routing = routing
            self._made.clear()
        known = self._made.get(id(event.like))
        if known is None:
            if len(self._made) >= KEPT:
                del self._made[next(iter(self._made))]
            known = self._made[id(event.like)] = event.like, Copies(_routed(event, routing), "id", "body")
        return known[1](event.id, event.body)


def _routed(event: Event, routing: Routing) -> Event:
    made = event if event.way else routed(event, routing)
    return _with_way(made) if made is not event else event


async def route_events(
    tx: AsyncConnection, events: Sequence[Event], routing: Routing, lately: RoutedLately | None = None
) -> Sequence[Event]:
    """The events as the rules leave them, in the order given; what ends something goes where that is open. Our own know where. Where all
    are triggers, `lately` may know of some.
    """
    asking = [(event, likeliest(event, routing)) for event in events if is_end(event) and not event.way]
    if not asking and not any(routing.concerns(event.integration_id) for event in events):
        return events
    if lately is not None and all(event.action is Action.TRIGGER for event in events):
        return [lately.routed(event, routing) for event in events]
    opened = await alert_store.open_for(tx, asking) if asking else {}
    return [_with_way(event) if tried else event for event, tried in routed_all(events, routing, opened)]


def _with_way(event: Event) -> Event:
    way = "; ".join(event.way)[:LONGEST_WAY]
    return replace(event, reason=f"{way}; {event.reason}" if event.reason else way)
