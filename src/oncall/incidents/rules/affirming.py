"""Whoever has an incident says that they are still on it: their time to resolve it begins anew (`semantics.md` §4). Pure."""

from datetime import datetime, timedelta

from oncall.incidents.rules.returning import said
from oncall.incidents.rules.timers import time_out_at, timed
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.acting import Change
from oncall.kit.actors import Actor
from oncall.timeline.values import Kind

SAME_WORD = timedelta(minutes=1)
"""Said again that soon, it is the same word: a button pressed twice, or a request that was sent again."""


def affirm(incident: Incident, by: Actor, *, now: datetime) -> Change | None:
    """None if they do not have it, if nothing would time out, or if they have just said so."""
    has_it = incident.acknowledged_by
    if incident.status is not Status.ACKNOWLEDGED or has_it is None or (has_it.kind, has_it.id) != (by.kind, by.id):
        return None
    last = incident.affirmed_at or incident.acknowledged_at
    if time_out_at(incident) is None or last is None or now - last < SAME_WORD:
        return None
    why = f"{said('acknowledged again', by)}: still on it"
    return Change(timed(incident.but(affirmed_at=now)), Kind.ACKNOWLEDGED, why, cancels=False)
