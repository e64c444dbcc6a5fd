"""Whoever has an incident has done something for it: their time to resolve it begins anew (`semantics.md` §4)."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.affirming import affirm
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident
from oncall.kit.actors import Actor


async def still_on_it(tx: AsyncConnection, incident: Incident, by: Actor, *, now: datetime) -> Incident:
    """The locked incident, as it is after a note, a task or an update by its acknowledger; what others do changes nothing. The entry of
    what they did says it.
    """
    change = affirm(incident, by, now=now)
    if change is None:
        return incident
    await store.save_incidents(tx, [change.incident])
    return change.incident
