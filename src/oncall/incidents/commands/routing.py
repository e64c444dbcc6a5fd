"""Where events go: by the routing rules as they are in the very transaction that accepts them."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.routing import is_end, likeliest, routed_all
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Event
from oncall.services.rules.routing import Routing

LONGEST_WAY = 500
"""Characters of the way in an event's reason; the routing rules themselves say all of it."""


async def route_events(tx: AsyncConnection, events: Sequence[Event], routing: Routing) -> Sequence[Event]:
    """The events as the rules leave them, in the order given; what ends something goes where that is open. Our own know where."""
    asking = [(event, likeliest(event, routing)) for event in events if is_end(event) and not event.way]
    if not asking and not any(routing.concerns(event.integration_id) for event in events):
        return events
    opened = await alert_store.open_for(tx, asking) if asking else {}
    return [_with_way(event) if tried else event for event, tried in routed_all(events, routing, opened)]


def _with_way(event: Event) -> Event:
    way = "; ".join(event.way)[:LONGEST_WAY]
    return replace(event, reason=f"{way}; {event.reason}" if event.reason else way)
