"""The whole way of one event in sentences, for an engineer at three in the morning. Pure: what is known in, lines out."""

import re
from collections.abc import Iterator
from datetime import datetime
from itertools import dropwhile, takewhile
from typing import assert_never

from oncall.incidents.rules import timers
from oncall.incidents.rules.meanings import advice, meaning
from oncall.incidents.rules.recounting import instant, last_paged, names_in, recount, sentence, standing
from oncall.incidents.rules.set_going import is_repeat, set_going, with_it
from oncall.incidents.values import STANDS_IN, Action, Decision, EventSeen, Incident, Status
from oncall.incidents.values.explaining import Line, Stage, Story
from oncall.timeline.values import Kind

BEGIN = {
    Kind.OPENED,
    Kind.REOPENED,
    Kind.ALERT_JOINED,
    Kind.BROKE_THROUGH,
    Kind.SEVERITY_CHANGED,
    Kind.URGENCY_RAISED,
    Kind.HELD,
    Kind.STEP_FIRED,
    Kind.PAGED,
}
"""What no end of an alert does."""

OF_ITS_INTEGRATION = re.compile(r" integration=[0-9a-f]{8}$")


def explain(story: Story, *, now: datetime) -> list[Line]:
    """In the order of its way: received, read, said, decided, and what came of it. For every decision, and without a body as well."""
    return [*_received(story), *_said(story), *_decided(story), *_became(story, now=now), *_advice(story)]


def _refs(event: EventSeen) -> dict[str, str]:
    return {"event_id": f"{event.id}"}


# --- how it came ------------------------------------------------------------------------------------------------------------


def _received(story: Story) -> Iterator[Line]:
    event, came = story.event, story.arrival
    through = (
        f'integration "{came.integration}" ({came.type})'
        if came.integration is not None
        else "no integration that there is (it was deleted, or this is of a heartbeat)"
    )
    to = f'service "{came.service}"' if came.service is not None else "a service that is deleted by now"
    refs = _refs(event) | {"integration_id": f"{event.integration_id}", "service_id": f"{event.service_id}"}
    yield Line(Stage.RECEIVED, event.received_at, f"Received at {instant(event.received_at)} through {through}, for {to}.", refs)
    if came.body_gone is not None or came.size is None:
        words = came.body_gone or "its body is not kept"
    else:
        words = f"its body has {came.size:,} byte{'' if came.size == 1 else 's'}"
        words += f" of {came.content_type}" * bool(came.content_type) + f", {came.sent_as}" * bool(came.sent_as)
    yield Line(Stage.READ, None, sentence(words), _refs(event))
    why = came.only_recorded
    if event.decision is Decision.UNREADABLE:
        why = event.reason.rpartition(": ")[0] or event.reason  # behind it stands why that opened an alert, or did not
    if why is not None:
        yield Line(Stage.READ, None, sentence(f"it could not be read: {why}"), _refs(event))
    elif came.reads_as is not None:
        yield Line(Stage.READ, None, sentence(f"it is read by {came.reads_as}"), _refs(event))


# --- what it said -----------------------------------------------------------------------------------------------------------


def _said(story: Story) -> Iterator[Line]:
    event = story.event
    if story.arrival.only_recorded is not None:
        return
    yield Line(Stage.SAID, None, sentence(_words(event)), _refs(event))
    if event.action not in {Action.CHANGE, Action.IGNORE, Action.CHECK_IN}:
        yield Line(Stage.SAID, None, sentence(_key(event)), _refs(event))
    if event.occurred_at != event.received_at:
        yield Line(Stage.SAID, event.occurred_at, f"By its monitor's clock that was at {instant(event.occurred_at)}.", _refs(event))


def _words(event: EventSeen) -> str:
    match event.action:
        case Action.TRIGGER:
            return f'it reports a problem (trigger) of severity {event.severity.value}: "{event.summary}"'
        case Action.ACKNOWLEDGE:
            return f'it says that somebody has the problem (acknowledge): "{event.summary}"'
        case Action.RESOLVE:
            return f'it says that the problem is over (resolve): "{event.summary}"'
        case Action.CHANGE:
            return f'it tells of a change: "{event.summary}"'
        case Action.CHECK_IN:
            return f'it checks in: "{event.summary}"'
        case Action.IGNORE:
            return f'it says nothing that asks for action (ignore): "{event.summary}"'
        case _:
            assert_never(event.action)


def _key(event: EventSeen) -> str:
    if event.dedup_key == f"{event.id}":
        return "it names no problem, so its dedup key is its own id: nothing repeats it, and no resolve of its monitor ends it"
    if event.dedup_key.startswith(STANDS_IN):
        return f'its dedup key is "{event.dedup_key}": ours, since we speak for what its sender could not say'
    if OF_ITS_INTEGRATION.search(event.dedup_key):
        return f'its dedup key is "{event.dedup_key}": made of what its monitor counts, and of its integration, whose own that count is'
    return f'its dedup key is "{event.dedup_key}"'


# --- what was decided, and what came of it ----------------------------------------------------------------------------------


def _decided(story: Story) -> Iterator[Line]:
    event = story.event
    yield Line(
        Stage.DECIDED,
        event.received_at,
        sentence(f"decided: {event.decision.value}{event.reason and f', since {event.reason}'}"),
        _refs(event),
    )
    yield Line(Stage.DECIDED, None, sentence(meaning(event, story.arrival, is_mere=not set_going(story))), _refs(event))


def _became(story: Story, *, now: datetime) -> Iterator[Line]:
    event = story.event
    match event.decision:
        case (
            Decision.OPENED
            | Decision.REOPENED
            | Decision.UNREADABLE
            | Decision.DEDUPLICATED
            | Decision.GROUPED
            | Decision.BROKE_THROUGH
            | Decision.MUTED
            | Decision.HELD_MAINTENANCE
            | Decision.HELD_FLAPPING
            | Decision.HELD_THRESHOLD
            | Decision.HELD_DELAY
        ):
            yield from _problem(story, now=now)
            yield from _paging(story)
        case Decision.ACKNOWLEDGED | Decision.RESOLVED:
            yield from _problem(story, now=now)
            yield from _ended(story)
        case Decision.NO_OPEN_ALERT | Decision.DUPLICATE_DELIVERY | Decision.IGNORED | Decision.QUARANTINED:
            yield from _problem(story, now=now)
            yield from _others(story)
        case Decision.CHANGE_RECORDED | Decision.CHECKED_IN:
            return
        case _:
            assert_never(event.decision)


def _problem(story: Story, *, now: datetime) -> Iterator[Line]:
    if (around := story.alert) is not None:
        alert = around.alert
        met = f'alert "{alert.summary}"'
        if story.nth is not None:
            met += f": this was its trigger number {story.nth:,}{' or a later one' if story.nth_is_least else ''}"
        times = f"seen {alert.event_count:,} time{'' if alert.event_count == 1 else 's'}, last at {instant(alert.last_seen_at)}"
        stale = "; stale: its monitor spoke until then and has said nothing since" if alert.is_stale(now) else ""
        state = f"resolved since {instant(alert.resolved_at)}" if alert.resolved_at else f"open{stale}"
        yield Line(Stage.ALERT, alert.first_seen_at, sentence(f"{met}; {times}; now {state}"), {"alert_id": f"{alert.id}"})
    if (incident := story.incident) is not None:
        refs = {"incident_id": f"{incident.id}"}
        yield Line(Stage.INCIDENT, incident.triggered_at, sentence(_standing(incident)), refs)
        if story.alert is not None and story.alert.incident_id != incident.id:
            refs = {"incident_id": f"{story.alert.incident_id}"}
            words = f"Its alert belongs to incident #{story.alert.number} by now, which is {story.alert.status.value}."
            yield Line(Stage.INCIDENT, None, words, refs)


def _standing(incident: Incident) -> str:
    stands = f'incident #{incident.number} "{incident.title}", {incident.urgency.value} urgency, is {incident.status.value} now'
    match incident.status:
        case Status.TRIGGERED:
            return f"{stands}; its escalation is {standing(incident.escalation_state.value, incident.escalation_reason)}"
        case Status.ACKNOWLEDGED | Status.RESOLVED | Status.CLOSED:
            return f"{stands}: {incident.escalation_reason}"
        case _:
            assert_never(incident.status)


def _paging(story: Story) -> Iterator[Line]:
    """Who was paged because of it, or why nobody was."""
    incident = story.incident
    if incident is None:
        return
    happened = set_going(story)
    if happened:
        yield from recount(happened, story.messages, names=_names(story))
    if story.is_cut and happened and happened[-1] is story.since[-1]:
        more = f"More happened since: GET /api/v1/incidents/{incident.number}/timeline."
        yield Line(Stage.HAPPENED, None, more, {"incident_id": f"{incident.id}"})
    if not any(recorded.entry.kind is Kind.PAGED for recorded in happened):
        earlier = last_paged(story.before) or last_paged(with_it(story))
        why = _why_nobody(story, incident, is_mere=not happened, is_told=bool(earlier))
        yield Line(Stage.PAGED, None, sentence(why), {"incident_id": f"{incident.id}"})
        yield from recount(earlier, story.messages, names=_names(story), stage=Stage.BEFORE)
    yield from _next(incident)


def _why_nobody(story: Story, incident: Incident, *, is_mere: bool, is_told: bool) -> str:
    if is_mere and is_repeat(story):
        told = "those below had been paged before it" if is_told else "and nobody had been paged before it"
        return f"nobody was paged because of it: a repeat pages nobody; {told}"
    if incident.status is Status.TRIGGERED:
        why = standing(incident.escalation_state.value, incident.escalation_reason)
        return f"nobody was paged because of it so far: its escalation is {why}"
    if story.event.decision is Decision.BROKE_THROUGH:
        at = f", next at {instant(incident.tell_at)}" if incident.tell_at else ""
        return f"nobody was paged because of it at once: whoever has its incident is told of what is new at most once in ten minutes{at}"
    return f"nobody was paged because of it: it was {incident.status.value} before anybody was, {incident.escalation_reason}"


def _names(story: Story) -> frozenset[str]:
    return names_in([*story.before, *story.since], story.messages)


def _next(incident: Incident) -> Iterator[Line]:
    if incident.status is not Status.TRIGGERED:
        return
    refs, actions = {"incident_id": f"{incident.id}"}, timers.pending_actions(incident)
    for action in actions:
        yield Line(Stage.NEXT, action.at, f"Next, if nobody acts: {action.action} at {instant(action.at)}.", refs)
    if not actions:
        yield Line(Stage.NEXT, None, "Nothing more happens by itself: acknowledge or resolve it.", refs)


def _ended(story: Story) -> Iterator[Line]:
    """What an acknowledge or a resolve did to the incident; it goes on while another alert of it does."""
    incident = story.incident
    if incident is None:
        return
    ends = Kind.RESOLVED if story.event.decision is Decision.RESOLVED else Kind.ACKNOWLEDGED
    # What came in the same body may have opened it in this transaction, or bring it back: that is not told as if an end had done it.
    since_it = dropwhile(lambda one: one.entry.kind is not ends, with_it(story))
    happened = list(takewhile(lambda one: one.entry.kind not in BEGIN, since_it))
    yield from recount(happened, story.messages, names=_names(story))
    if not happened:
        word = "resolved" if ends is Kind.RESOLVED else "acknowledged"
        words = f"its incident was not {word} by it: it was so already, or another of its alerts is not"
        yield Line(Stage.HAPPENED, None, sentence(words), {"incident_id": f"{incident.id}"})
    yield from _next(incident)


def _others(story: Story) -> Iterator[Line]:
    """Where its key is known from."""
    event = story.event
    for around in story.same_key:
        alert = around.alert
        state = f"resolved at {instant(alert.resolved_at)}" if alert.resolved_at else "open now"
        words = f"an alert with its key is in incident #{around.number}, first seen at {instant(alert.first_seen_at)}; {state}"
        refs = {"alert_id": f"{alert.id}", "incident_id": f"{around.incident_id}"}
        yield Line(Stage.ALERT, alert.first_seen_at, sentence(words), refs)
    if not story.same_key and event.decision is Decision.NO_OPEN_ALERT:
        yield Line(Stage.ALERT, None, "No alert of this service ever had its key.", {"service_id": f"{event.service_id}"})


def _advice(story: Story) -> Iterator[Line]:
    if words := advice(story.event, story.arrival):
        yield Line(Stage.ADVICE, None, sentence(words), _refs(story.event))
