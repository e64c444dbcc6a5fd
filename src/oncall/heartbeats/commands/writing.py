"""Writing what was decided about heartbeats: how they are, what happened to them, and the events that open or resolve their alerts."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.heartbeats import rules
from oncall.heartbeats.store import heartbeats as store
from oncall.heartbeats.store import history
from oncall.heartbeats.values import Heartbeat, Kind, Outcome
from oncall.incidents.commands.accept import accept_events
from oncall.incidents.compiled import Judging
from oncall.incidents.values import Action, Event
from oncall.kit.ids import EventId, new_id
from oncall.kit.metrics import EVENTS, HEARTBEATS

COUNTED = {Kind.EXPIRED, Kind.RECOVERED, Kind.EXCUSED}


async def write(tx: AsyncConnection, outcomes: Sequence[Outcome], judging: Judging, *, now: datetime) -> None:
    """All of it as a set, in the caller's transaction, which holds the heartbeats locked: heartbeats first, then incidents, then alerts.

    Raises ConcurrentChange where another event of the same alert was quicker: the caller does its whole transaction again.
    """
    if not outcomes:
        return
    await store.save_heartbeats(tx, [(one.heartbeat, rules.next_at(one.heartbeat, now=now)) for one in outcomes])
    await tell(tx, outcomes, judging, now=now)


async def tell(tx: AsyncConnection, outcomes: Sequence[Outcome], judging: Judging, *, now: datetime) -> None:
    """What happened, for the history and for the alerts."""
    changes = [(new_id(), one.heartbeat.id, change) for one in outcomes for change in one.changes]
    await history.add_changes(tx, changes)
    await _send(tx, [event for one in outcomes for event in _events(one)], judging, now=now)
    for _, _, change in changes:
        if change.kind in COUNTED:
            HEARTBEATS.labels(change.kind.value).inc()


async def resolve_alert(tx: AsyncConnection, beat: Heartbeat, summary: str, reason: str, judging: Judging, *, now: datetime) -> None:
    await _send(tx, [_event(beat, Action.RESOLVE, (summary, reason))], judging, now=now)


def _events(outcome: Outcome) -> list[Event]:
    said = ((Action.TRIGGER, outcome.opens), (Action.RESOLVE, outcome.resolves))
    return [_event(outcome.heartbeat, action, words) for action, words in said if words]


def _event(beat: Heartbeat, action: Action, words: tuple[str, str]) -> Event:
    return rules.event_of(beat, action, words, id=EventId(new_id()), body_id=new_id())


async def _send(tx: AsyncConnection, events: Sequence[Event], judging: Judging, *, now: datetime) -> None:
    if not events:
        return
    for decided in await accept_events(tx, events, judging, now=now):
        EVENTS.labels(decided.decision.value).inc()
