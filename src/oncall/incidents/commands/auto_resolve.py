"""Alerts of monitors that never resolve: over some time after their last word, where the integration says so."""

from datetime import datetime

import msgspec
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.accept import accept_events
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.holding import spoken
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.values import Action, Body, Event
from oncall.kit.ids import EventId, new_id
from oncall.services.commands.integrations import auto_resolving

AT_ONCE = 500

NOTHING_HEARD = "nothing was heard of it for"
"""How the reason of each of its events begins."""


async def resolve_silent(tx: AsyncConnection, judging: Judging, *, now: datetime) -> int:
    """Resolve what is over, at most `AT_ONCE`, as an event of its integration; returns how many. Raises ConcurrentChange where a monitor
    was quicker.
    """
    asked = {id: (name, after) for id, name, after in await auto_resolving(tx)}
    if not asked:
        return 0
    silent = await alert_store.silent(tx, {id: now - after for id, (_, after) in asked.items()}, limit=AT_ONCE)
    events = []
    for alert in silent:
        name, after = asked[alert.integration_id]
        why = f"{NOTHING_HEARD} {spoken(after)}, after which this integration's alerts are over"
        said = msgspec.json.encode({"dedup_key": alert.dedup_key, "last_seen_at": alert.last_seen_at, "reason": why})
        events.append(
            Event(
                EventId(new_id()), alert.integration_id, name, alert.service_id, Action.RESOLVE, alert.dedup_key, alert.severity,
                alert.summary, Body(new_id(), "application/json", said), reason=why, way=(why,),
            )
        )  # fmt: skip
    if events:
        await accept_events(tx, events, judging, now=now)
        await alert_store.check_silent(tx, silent)  # a repeat locks no incident, and may have come in between
    return len(events)
