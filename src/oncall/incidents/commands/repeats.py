"""Repeats of open alerts, which touch nothing but their alert: most of what a storm consists of."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.dedup import decide_run, key_of, needs_incident, sensible_instant
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.values import Action, Alert, AlertChange, Decided, Event, Key
from oncall.kit import failpoints
from oncall.kit.ids import EventId


async def accept_repeats(tx: AsyncConnection, events: Sequence[Event], *, now: datetime) -> list[Decided] | None:
    """Decide and store events that are all repeats; None, and nothing is written, if one is anything else (`accept_events` takes all).

    What is read is not locked, and the one statement that writes undoes itself if it rests on what is no longer so: no transaction
    need be around it. Then ConcurrentChange is raised, and the caller begins anew.
    """
    runs: dict[Key, list[Event]] = {}
    for event in events:
        if event.action is not Action.TRIGGER or event.delivery_id or event.among is not None:
            return None
        runs.setdefault(key_of(event), []).append(event)
    alerts = await alert_store.open_alerts(tx, list(runs))
    if len(alerts) < len(runs) or any(needs_incident(run, alerts[key]) for key, run in runs.items()):
        return None
    decided: dict[EventId, Decided] = {}
    changes: list[tuple[Alert, AlertChange]] = []
    for key, run in runs.items():
        decisions, change = decide_run(run, alerts[key])
        decided |= {d.event_id: d for d in decisions}
        if change is not None:
            changes.append((alerts[key], change))
    occurred_ats = [sensible_instant(event.occurred_at, now=now) for event in events]
    await failpoints.reach("intake.pre_commit")
    await event_store.add_events(tx, events, decided, occurred_ats, repeats=changes, now=now)
    return [decided[event.id] for event in events]
