"""What ends a request to join an incident by itself: that it is over, or that whoever was asked has it. Also how an answer is written."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.incidents.rules.responders import KINDS, answered, words_of
from oncall.incidents.store import responders as store
from oncall.incidents.values.responders import Request, RequestState
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import cancel_requests


async def write(tx: AsyncConnection, requests: Sequence[Request], *, now: datetime) -> None:
    """They were answered or cancelled: nothing more is sent of their pages, and the timeline says so."""
    if not requests:
        return
    await store.save_answers(tx, requests)
    await cancel_requests(tx, [(one.incident_id, one.cycle, one.nth) for one in requests])
    entries = [
        timeline.Entry(one.incident_id, now, KINDS[one.state], one.answered_by or ENGINE, words_of(one), {"user_id": f"{one.user_id}"})
        for one in requests
    ]
    await timeline.add(tx, entries)


async def over(tx: AsyncConnection, incident_ids: Sequence[IncidentId], *, now: datetime) -> None:
    """These incidents are resolved, or have been merged: nobody needs to join them any more."""
    if not incident_ids:
        return
    open = await store.lock_open(tx, sorted(set(incident_ids)))
    ended = [answered(one, RequestState.CANCELLED, ENGINE, reason="the incident is over", now=now) for one in open]
    await write(tx, [one for one in ended if one is not None], now=now)


async def acknowledged(tx: AsyncConnection, incident_id: IncidentId, by: Actor, *, now: datetime) -> None:
    """Whoever acknowledges what they were asked to join has joined it, also if somebody else has it already."""
    if by.kind is not ActorKind.USER or by.id is None:
        return
    open = await store.lock_open(tx, [incident_id], user_id=UserId(by.id))
    joined = [answered(one, RequestState.ACCEPTED, by, reason=f"by acknowledging it through {by.via}", now=now) for one in open]
    await write(tx, [one for one in joined if one is not None], now=now)
