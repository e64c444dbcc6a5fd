"""Repeats of open alerts, which touch nothing but their alert: most of what a storm consists of."""

from collections.abc import Callable, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.dedup import decide_run, key_of, needs_incident, sensible_instant
from oncall.incidents.store import repeats as store
from oncall.incidents.values import Action, AlertChange, Decided, Event, Key
from oncall.kit import failpoints
from oncall.kit.ids import EventId


async def accept_repeats(tx: AsyncConnection, events: Sequence[Event], *, seen: Callable[[datetime], datetime]) -> list[Decided] | None:
    """Decide and store events that are all repeats; None, and nothing is written, if one is anything else (`accept_events` takes all).

    Two statements: what is read is not locked, and the one that writes undoes itself if it was decided on what is no longer so. So it
    needs no transaction around it; `seen` is what becomes of the database's `now`.
    """
    runs: dict[Key, list[Event]] = {}
    for event in events:
        if event.action is not Action.TRIGGER or event.delivery_id or event.among is not None:
            return None
        runs.setdefault(key_of(event), []).append(event)
    alerts, now = await store.open_alerts_and_now(tx, list(runs))
    if any(needs_incident(run, alerts.get(key)) or key not in alerts for key, run in runs.items()):
        return None
    now = seen(now)
    decided: dict[EventId, Decided] = {}
    changes: list[AlertChange] = []
    for key, run in runs.items():
        decisions, change = decide_run(run, alerts[key])
        decided |= {d.event_id: d for d in decisions}
        if change is not None:
            changes.append(change)
    occurred_ats = [sensible_instant(event.occurred_at, now=now) for event in events]
    await failpoints.reach("intake.pre_commit")
    await store.add_repeats(tx, changes, events, decided, occurred_ats, now=now)
    return [decided[event.id] for event in events]
