"""What comes next, in which order, and how soon (`reliability.md` §3.1)."""

from collections import Counter
from collections.abc import Iterator
from datetime import timedelta

from tests.machine.invariants.seen import EXECUTED, Seen, delay_after, executed
from tests.machine.reading import NEVER, Incident, Row
from tests.machine.wire import LEASE, RINGS

SAID = {"exhausted": "exhausted", "unroutable": "unroutable", "held": "held", "snoozed": "snoozed"}
STOPS = {"acknowledged", "resolved", "closed", "exhausted", "unroutable", "held", "snoozed", "merged", "settled"}
SENDING_SAYS = {"sent", "send_failed", "unreachable"}
RETRIED_WITHIN = timedelta(seconds=72)
"""The longest wait before another try, a minute, and a fifth of it."""


def i_04_nobody_is_forgotten(seen: Seen) -> Iterator[str]:
    """I-04: ∀ un-acked, un-resolved incident at any snapshot: `next_at` not null **or** state ∈ {exhausted, unroutable, held,
    snoozed(until)} with a log row saying why. (the core one)
    """
    for incident in seen.now.incidents:
        state = incident.escalation_state
        if state in SAID and not seen.now.entries_of(incident, SAID[state]):
            yield f"#{incident.number} is {state}, and its timeline does not say why"
        if incident.status == "triggered" and incident.next_at is None:
            switched_off = all(policy["exhausted_retry"] is None for policy in incident.policies[:1])
            if state != "exhausted" or not switched_off:
                yield f"#{incident.number} is triggered ({state}), and nothing comes next"
        waits = incident.status == "triggered" and state != "held" and incident.step_at and not incident.failures
        if waits and (incident.next_at is None or incident.next_at > max(incident.step_at, seen.at)):
            yield f"#{incident.number} is to escalate at {incident.step_at}, and is looked at only at {incident.next_at}"
        if incident.status == "triggered" and state == "stopped":
            yield f"#{incident.number} is triggered, and its escalation is stopped"
        if incident.failures:
            yield f"#{incident.number} could not be escalated"


def i_04_whoever_has_it_is_asked_again(seen: Seen) -> Iterator[str]:
    """I-04 with `semantics.md` §§1, 4: `next_at` = the earliest of …, ack time-out or snooze end; snooze replaces the time-out."""
    for incident in seen.now.incidents:
        if incident.status != "acknowledged":
            continue
        latest = _asked_again_at(incident)
        if latest is not None and (incident.next_at is None or incident.next_at > latest):
            yield f"#{incident.number} is acknowledged, is to be asked again at {latest:%H:%M:%S}, and comes next at {incident.next_at}"


def _asked_again_at(incident: Incident) -> object:
    if incident.snoozed_until is not None:
        return incident.snoozed_until
    if incident.confirm_by is not None:
        return incident.confirm_by
    if incident.urgency != "high" or incident.ack_seconds is None or incident.acknowledged_at is None:
        return None
    return (incident.affirmed_at or incident.acknowledged_at) + timedelta(seconds=incident.ack_seconds)


def i_05_escalation_stops_for_a_reason(seen: Seen) -> Iterator[str]:
    """I-05: escalation stops only by: ack, resolve, exhausted, snooze/maintenance by a user. Never by delivery status."""
    for before, after, new in seen.changed():
        kinds = {entry.kind for entry in new}
        ran = before.status == "triggered" and before.escalation_state in {"running", "low_urgency"}
        runs = after.status == "triggered" and after.escalation_state in {"running", "low_urgency"}
        if ran and not runs and not kinds & STOPS:
            yield f"#{after.number} does not escalate any more, and its timeline names no reason: {sorted(kinds)}"
        later = after.step_at is None or (before.step_at is not None and after.step_at > before.step_at)
        if ran and kinds and kinds <= SENDING_SAYS and later:
            yield f"#{after.number} escalates later, or not at all, because a message was {sorted(kinds)}"


def i_06_a_step_is_executed_once(seen: Seen) -> Iterator[str]:
    """I-06: `(incident, cycle, round, step)` has ≤ 1 `step_executed` log row."""
    steps = Counter((entry.incident_id, *entry.position) for entry in seen.now.entries if entry.kind in EXECUTED)
    for (incident, *position), count in steps.items():
        if count > 1:
            yield f"step {position} of incident {incident} was executed {count} times"


def i_07_nothing_is_planned_outside_the_database(seen: Seen) -> Iterator[str]:
    """I-07: no future action lives outside the DB: kill all processes, restart fresh ⇒ same next actions."""
    if seen.did.name == "restarts" and seen.now != seen.before:
        yield "what is planned is not what it was before all nodes were started anew"


def i_08_steps_come_in_order(seen: Seen) -> Iterator[str]:
    """I-08: steps are executed in order 0..n per round without gaps, except explicit `skipped:<reason>` rows."""
    for incident in seen.now.incidents:
        for one, following, between in executed(seen.now, incident):
            (cycle, round_, step), (next_cycle, next_round, next_step) = one.position, following.position
            said = {entry.kind for entry in between}
            if said & {"escalated", "acknowledged"} or (next_cycle, next_round, next_step) == (cycle, round_, step + 1):
                continue
            if (next_cycle, next_round) <= (cycle, round_):
                yield f"#{incident.number}: step {following.position} came after {one.position}"
            elif next_step != 0:
                yield f"#{incident.number}: round {next_round} of cycle {next_cycle} began with step {next_step}"
            elif next_cycle == cycle and next_round != round_ + 1:
                yield f"#{incident.number}: round {next_round} came after round {round_}"


FORCED = {"escalated", "reassigned", "severity_changed", "took_in", "resnapshot"}


def i_09_every_step_waits_its_time(seen: Seen) -> Iterator[str]:
    """I-09: ∀ consecutive steps of one incident: `at(k+1) - at(k) ≥ delay(k)` unless a log row {forced, nobody_on_call, unreachable}
    explains it.
    """
    for incident in seen.now.incidents:
        for one, following, between in executed(seen.now, incident):
            delay = delay_after(incident, one)
            if one.kind != "step_fired" or following.position[0] != one.position[0] or delay is None:
                continue
            lost = any("the next step is due now" in entry.reason for entry in between)
            if following.at - one.at < delay and not lost and not {entry.kind for entry in between} & FORCED:
                took = following.at - one.at
                yield f"#{incident.number}: step {following.position} came {took} after {one.position}, which waits {delay}"


LATER = {"reopened", "resnapshot", "released", "postponed", "severity_changed"}


HUSHED = {"digest", "storm_at_once"}
"""How pages go that share one call in five minutes of a storm."""


def i_16_a_failure_delays_nothing_else(seen: Seen) -> Iterator[str]:
    """I-16: failure of channel A never delays channel B or the next step: `at(step k+1)` equals its value in a run without the failure."""
    for incident in seen.now.incidents:
        entries = seen.now.entries_of(incident)
        steps = [entry for entry in entries if entry.kind == "step_fired" and entry.position[:2] == (incident.cycle, incident.round)]
        if incident.status != "triggered" or incident.escalation_state != "running" or not steps:
            continue
        last, delay = steps[-1], delay_after(incident, steps[-1])
        after = {entry.kind for entry in entries if entry.seq > last.seq}
        if delay is None or after & LATER or incident.step != last.position[2] + 1:
            continue
        if incident.step_at is None or incident.step_at > last.at + delay:
            then = last.at + delay
            yield f"#{incident.number}: after step {last.position} the next one is due at {then:%H:%M:%S}, and comes at {incident.step_at}"
    pages = seen.pages()
    stormed = {page.user_id for page in pages.values() if page.pace in HUSHED}
    were = {one.id: one for one in seen.before.notifications if one.status == "pending" and one.attempt == 0}
    for one in seen.now.notifications:
        was = were.get(one.id)
        page = pages[one.page_id] if one.page_id else None
        # What only waited to travel with others goes by the same one call in five minutes once a storm has begun.
        if one.channel == RINGS and page and (page.pace in HUSHED or (page.pace == "waits" and page.user_id in stormed)):
            continue
        if was and one.status == "pending" and one.attempt == 0 and one.next_at and was.next_at and one.next_at > was.next_at:
            yield f"notification {one.id} by {one.channel} was put off from {was.next_at} to {one.next_at}, untried"


OVERDUE = timedelta(seconds=2)


def i_16_a_node_that_stands_still_holds_up_no_other(seen: Seen) -> Iterator[str]:
    """I-16 with `architecture.md` §5: the API waits, the engine skips, but a row overdue by more than 2 s is claimed waiting."""
    did = seen.did
    if did.name == "stands_still" and did.args["meanwhile"] == "ticks" and did.waited:
        times = [one.next_at for one in seen.before.incidents]
        # One that gives up a message waits for its incident, which others decide meanwhile.
        gave_up = any(not call.arrived for call in seen.called)
        if not gave_up and not any(at is not None and at < seen.at - OVERDUE for at in times):
            yield "a node waited for another one's lock although nothing was overdue"


def i_10_nothing_is_stuck(seen: Seen) -> Iterator[str]:
    """I-10: ∀ notification with state pending/claimed: terminal within bound (see 3.2) — none stuck."""
    status = {one.id: one.status for one in seen.now.notifications}
    for one in seen.now.notifications:
        if (one.status in {"pending", "sending"}) != (one.next_at is not None):
            yield f"notification {one.id} is {one.status}, and is looked at again at {one.next_at}"
        elif one.status == "sending" and one.next_at and one.next_at > seen.at + LEASE:
            yield f"notification {one.id} is claimed until {one.next_at}, longer than any lease"
        elif one.status == "pending" and one.attempt and one.next_at and one.next_at > max(seen.at + RETRIED_WITHIN, one.due_at):
            yield f"notification {one.id} is tried again only at {one.next_at}"
        elif one.next_at == NEVER and status.get(one.stands_in_for) == "failed":
            yield f"notification {one.id} stands in for {one.stands_in_for}, which has failed, and is never sent"
    if seen.did.rested and not seen.waiting:
        rows: list[tuple[str, Row]] = [("incident", one) for one in seen.now.incidents if one.next_at and one.next_at <= seen.at]
        rows += [("notification", one) for one in seen.now.notifications if one.next_at and one.next_at <= seen.at]
        for what, row in rows:
            yield f"a node has done all it could, and {what} {row} is due"
