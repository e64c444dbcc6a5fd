"""Repeats of open alerts, which touch nothing but their alert: most of what a storm consists of."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.routing import RoutedLately, route_events
from oncall.incidents.compiled import Judging
from oncall.incidents.rules.dedup import decide_repeats, key_of, sensible_instant
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import events as event_store
from oncall.incidents.store.events import Repeats
from oncall.incidents.values import Action, Alert, AlertChange, Decided, Event, Key
from oncall.kit import failpoints
from oncall.kit.clock import Clock
from oncall.kit.ids import EventId
from oncall.kit.quick import dataclass
from oncall.kit.trouble import ConcurrentChange

ALERTS_KEPT = 4_096
LABELS_KEPT = 1_024
"""Characters in the labels of an alert that is kept."""


class OpenLately:
    """Open alerts that are repeated, as they were a moment ago. Nothing rests on it: what counts repeats sees whether they still are.
    And how routing rules left the events that repeat them.
    """

    def __init__(self) -> None:
        self._alerts: dict[Key, Alert] = {}
        self.routed = RoutedLately()

    def find(self, keys: Iterable[Key]) -> dict[Key, Alert]:
        return {key: alert for key in keys if (alert := self._alerts.get(key)) is not None}

    def keep(self, alerts: Mapping[Key, Alert]) -> None:
        self._alerts.update({key: alert for key, alert in alerts.items() if sum(map(len, alert.labels.values())) <= LABELS_KEPT})
        while len(self._alerts) > ALERTS_KEPT:
            del self._alerts[next(iter(self._alerts))]

    def forget(self, keys: Iterable[Key]) -> None:
        for key in keys:
            self._alerts.pop(key, None)


@dataclass(frozen=True, slots=True)
class Accepted:
    """The repeats that are stored, by their ids, and when they were received; None: there are none."""

    decided: Mapping[EventId, Decided]
    received_at: datetime | None


async def accept_repeats(tx: AsyncConnection, events: Sequence[Event], judging: Judging, lately: OpenLately, clock: Clock) -> Accepted:
    """Decide and store those events whose key, and whose body, has nothing but repeats in it; what is left is for `accept_events`.

    Alerts are as they were lately, routing rules those at hand, nothing is locked, and the one statement that writes undoes itself if it
    rests on what is no longer so: no transaction need be around it. Then alerts are read anew; if it was not for them, ConcurrentChange is
    raised, and nothing was written.
    """
    revision, routing = await judging.routing.at_hand(tx)
    events = await route_events(tx, events, routing, lately.routed)
    runs = _plain_runs(events)

    async def accepted(known: Mapping[Key, Alert]) -> Accepted:
        unread = [key for key in runs if key not in known]
        opened = {**known, **(await alert_store.open_alerts(tx, unread) if unread else {})}
        repeated = {key: its for key, alert in opened.items() if (its := decide_repeats(runs[key], alert)) is not None}
        alerts = {key: opened[key] for key in repeated}
        lately.keep({key: alerts[key] for key in unread if key in alerts})
        lately.forget(opened.keys() - alerts.keys())  # it is about to change
        _keep_bodies_whole(events, alerts)
        decided: dict[EventId, Decided] = {}
        changes: list[tuple[Alert, AlertChange]] = []
        for key, alert in alerts.items():
            decisions, change = repeated[key]
            decided |= {d.event_id: d for d in decisions}
            changes.append((alert, change))
        repeats = [event for event in events if event.id in decided]
        received_at: datetime | None = None
        if repeats:
            about = clock.about()
            occurred_ats = [sensible_instant(event.occurred_at, now=about) for event in repeats]
            await failpoints.reach("intake.pre_commit")
            rests_on = Repeats(changes, {judging.routing.topic: revision})
            received_at = await event_store.add_events(tx, repeats, decided, occurred_ats, repeats=rests_on, now=clock.fixed())
        return Accepted(decided, received_at)

    known = lately.find(runs)
    try:
        return await accepted(known)
    except ConcurrentChange:
        if not known:
            raise
        lately.forget(known)
    return await accepted({})


def _plain_runs(events: Sequence[Event]) -> dict[Key, list[Event]]:
    """Key by key the events, where all of them are plain triggers. An event that may be about an alert with another key must keep its
    place among all the others.
    """
    if any(event.among is not None for event in events):
        return {}
    runs: dict[Key, list[Event]] = {}
    other: set[Key] = set()
    for event in events:
        key = key_of(event)
        runs.setdefault(key, []).append(event)
        if event.action is not Action.TRIGGER or event.delivery_id:
            other.add(key)
    return {key: run for key, run in runs.items() if key not in other}


def _keep_bodies_whole(events: Sequence[Event], alerts: dict[Key, Alert]) -> None:
    """Leave out what came in one body with something that is no repeat, so that the body is stored once, with all that it said."""
    while spoilt := {event.body.id for event in events if key_of(event) not in alerts}:
        left_out = {key for event in events if event.body.id in spoilt and (key := key_of(event)) in alerts}
        if not left_out:
            return
        for key in left_out:
            del alerts[key]
