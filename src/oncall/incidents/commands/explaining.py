"""What became of one event: everything that is known of it is gathered, and told."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands.alerts import NEWEST
from oncall.incidents.rules import explaining
from oncall.incidents.store import alert_lists
from oncall.incidents.store import events as event_store
from oncall.incidents.store import incidents as incident_store
from oncall.incidents.values import Action, Decision, EventSeen
from oncall.incidents.values.alerts import AlertAround, AlertFilter
from oncall.incidents.values.explaining import Arrival, Line, Story
from oncall.notifications import list_for_incident
from oncall.timeline import list_around

BEFORE, SINCE = 50, 40
"""How many timeline entries around an event are looked at: what is near to it."""

MOST_TRIGGERS = 10_000
SAME_KEY = 3

ASKS_FOR_ITS_KEY = {Decision.NO_OPEN_ALERT, Decision.DUPLICATE_DELIVERY}


async def explain(tx: AsyncConnection, event: EventSeen, arrival: Arrival, *, now: datetime) -> list[Line]:
    """The way of one event in sentences, in order."""
    story = await _story(tx, event, arrival)
    return explaining.explain(story, now=now)


async def _story(tx: AsyncConnection, event: EventSeen, arrival: Arrival) -> Story:
    alert = await alert_lists.find_alert(tx, event.alert_id) if event.alert_id else None
    incident = await incident_store.find_incident(tx, event.incident_id) if event.incident_id else None
    same_key = await _same_key(tx, event) if event.decision in ASKS_FOR_ITS_KEY else ()
    story = Story(event, arrival, alert, incident, same_key=same_key)
    if alert is not None and event.action is Action.TRIGGER:
        nth = await event_store.count_triggers(tx, alert.id, until=event.id, most=MOST_TRIGGERS + 1)
        story = replace(story, nth=min(nth, MOST_TRIGGERS), nth_is_least=nth > MOST_TRIGGERS)
    if incident is None:
        return story
    before, since = await list_around(tx, incident.id, event.received_at, before=BEFORE, after=SINCE + 1)
    cycles = {cycle for recorded in (*before, *since) if isinstance(cycle := recorded.entry.detail.get("cycle"), int)}
    messages = await list_for_incident(tx, incident.id, cycles=sorted(cycles)) if cycles else ()
    return replace(story, before=before, since=since[:SINCE], is_cut=len(since) > SINCE, messages=messages)


async def _same_key(tx: AsyncConnection, event: EventSeen) -> Sequence[AlertAround]:
    asked = AlertFilter(event.service_id, dedup_key=event.dedup_key)
    return await alert_lists.list_newest(tx, asked, before=NEWEST, limit=SAME_KEY)
