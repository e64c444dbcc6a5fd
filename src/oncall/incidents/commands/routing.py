"""Where events go: by the routing rules of the very transaction that accepts them."""

from collections.abc import Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.compiled import Judging
from oncall.incidents.rules.dedup import ASIDE
from oncall.incidents.rules.routing import places, routed
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Action, Event, Key
from oncall.kit.ids import EventId, ServiceId

LONGEST_WAY = 500
"""Characters of the way in an event's reason; the routing rules themselves say all of it."""


async def route_events(tx: AsyncConnection, events: Sequence[Event], judging: Judging) -> Sequence[Event]:
    """The events as the rules leave them, in the order given. An acknowledgement or an end, which often says less than its trigger did,
    goes where its alert is open, be it since a moment ago in this very batch.
    """
    routing = await judging.routing.of(tx)
    concerned = [event for event in events if not event.way and routing.concerns(event.integration_id)]
    if not concerned:
        return events
    asking = {e.id: places(e, routing) for e in concerned if e.action is not Action.TRIGGER and e.action not in ASIDE}
    keys = sorted({(service, e.dedup_key) for e in concerned for service in asking.get(e.id, ())})
    opened = await alert_store.open_alerts(tx, keys) if keys else {}
    made: dict[EventId, Event] = {}
    lately: dict[Key, ServiceId] = {}
    for event in concerned:
        said = event.service_id, event.dedup_key
        if event.id in asking:
            there = [service for service in asking[event.id] if (service, event.dedup_key) in opened]
            made[event.id] = replace(event, service_id=lately.get(said) or next(iter(there), asking[event.id][0]))
            continue
        made[event.id] = _with_way(routed(event, routing))
        if event.action is Action.TRIGGER:
            lately[said] = made[event.id].service_id
    return [made.get(event.id, event) for event in events]


def _with_way(event: Event) -> Event:
    if not event.way:
        return event
    way = "; ".join(event.way)[:LONGEST_WAY]
    return replace(event, reason=f"{way}; {event.reason}" if event.reason else way)
