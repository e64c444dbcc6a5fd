"""What became of every event (`reliability.md` §3.1)."""

from collections import Counter
from collections.abc import Iterator

from tests.machine.invariants.seen import Seen

from oncall.incidents.values import Decision

OF_AN_ALERT = {"opened", "reopened", "deduplicated", "grouped", "broke_through"}


def i_02_every_event_has_one_decision(seen: Seen) -> Iterator[str]:
    """I-02: ∀ event in DB: exactly one recorded decision of `semantics.md` §2. Nothing unexplained."""
    known = {decision.value for decision in Decision}
    for event in seen.now.events:
        if event.decision not in known or not event.reason:
            yield f"event {event.id} is decided as {event.decision!r}: {event.reason!r}"
        if event.decision in OF_AN_ALERT and event.alert_id is None:
            yield f"event {event.id} is {event.decision}, and names no alert"
    there = {str(event.id): event for event in seen.now.events}
    for answer in seen.did.answers:
        for said in answer.body.get("events", []) if answer.status == 202 else []:
            event = there.get(said["id"])  # I-01: what was answered 202 is in the database
            if event is None or event.decision != said["decision"]:
                yield f"event {said['id']} was answered {said['decision']!r}, and is {event.decision if event else 'not there'}"
    for event in seen.before.events:
        if there.get(str(event.id)) != event:
            yield f"event {event.id} was rewritten"


def i_03_every_incident_is_born_with_what_comes_next(seen: Seen) -> Iterator[str]:
    """I-03: ∀ incident: `next_at`, or its stated reason, was set in the transaction of the event that opened it."""
    old = {incident.id for incident in seen.before.incidents}
    opened = {event.incident_id for event in seen.now.events if event.decision not in {"no_open_alert", "ignored"}}
    for incident in seen.now.incidents:
        if incident.id in old:
            continue
        if incident.is_open and incident.next_at is None and not incident.escalation_reason:
            yield f"#{incident.number} was born with nothing that comes next, and no reason"
        by_hand = seen.did.name == "pages"
        if (incident.id not in opened and not by_hand) or not seen.now.entries_of(incident, "opened"):
            yield f"#{incident.number} was opened by no event and by nobody, or its timeline does not say so"


def i_17_one_open_alert_for_a_key_and_its_count_is_exact(seen: Seen) -> Iterator[str]:
    """I-17: per (service, dedup_key) ≤ 1 open alert at any `seq`; `event_count` = number of trigger events linked."""
    for key, count in Counter((alert.service_id, alert.dedup_key) for alert in seen.now.alerts if alert.state == "open").items():
        if count > 1:
            yield f"{count} alerts of {key} are open"
    triggers = Counter(event.alert_id for event in seen.now.events if event.action == "trigger")
    for alert in seen.now.alerts:
        if alert.event_count != triggers[alert.id]:
            yield f"alert {alert.dedup_key} counts {alert.event_count} events, and {triggers[alert.id]} are linked to it"


def i_17_a_repeat_pages_nobody(seen: Seen) -> Iterator[str]:
    """I-17 with `semantics.md` §2: a repeat of an open alert updates the alert row only (count, last seen, severity), never locks the
    incident, and pages nobody, unless severity rose.
    """
    old = {event.id for event in seen.before.events}
    new = [event for event in seen.now.events if event.id not in old]
    if seen.did.name != "says" or len(new) != 1 or new[0].decision != "deduplicated" or new[0].action != "trigger":
        return
    were = {alert.id: alert.severity for alert in seen.before.alerts}
    rose = any(alert.id in were and alert.severity != were[alert.id] for alert in seen.now.alerts)
    if not rose and (seen.now.incidents != seen.before.incidents or seen.now.pages != seen.before.pages):
        yield f"a repeat of {new[0].dedup_key} did more than count"
