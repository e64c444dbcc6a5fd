"""Time and incidents: fire what is due, page the people, write the decisions as a set."""

from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from functools import partial
from typing import Self

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.escalation import busy_turns, gather_people, take_turns
from oncall.escalation.rules import in_last_round, policies_of
from oncall.escalation.values import EscalationState, Note, People, PlannedPage, Position
from oncall.incidents.commands.beside import told_of
from oncall.incidents.commands.holding import find_holds
from oncall.incidents.commands.inhibiting import in_turn, source_over
from oncall.incidents.commands.so_far import words_so_far
from oncall.incidents.commands.updating import tell
from oncall.incidents.compiled import Judging
from oncall.incidents.rules import life, timers
from oncall.incidents.rules.conditions import with_support
from oncall.incidents.rules.considering import Considering, goes_on_regardless
from oncall.incidents.rules.going_on import told_in
from oncall.incidents.rules.holding import Hold, counting, counts_triggers, hold_of
from oncall.incidents.rules.inhibiting import counts_as_source
from oncall.incidents.rules.life import Outcome
from oncall.incidents.rules.telling import facts_of
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Incident, Status, Told, Triggers
from oncall.kit.actors import ENGINE
from oncall.kit.db import notify
from oncall.kit.ids import ContactMethodId, IncidentId, ServiceId, UserId
from oncall.kit.metrics import INCIDENTS
from oncall.kit.quick import dataclass
from oncall.notifications import NewPage, Subject, abandon, cancel_for, find_heard, list_unfinished_of, page_people, revive_for
from oncall.services.commands import get_supported
from oncall.services.values import Service

LINKS_TOLD = 5
"""A message is read on a phone; all of them are in the API."""

NONE_OPENED: Mapping[IncidentId, Told] = {}
ESCALATING = {Status.TRIGGERED, Status.ACKNOWLEDGED}


async def run_due(tx: AsyncConnection, due: Sequence[Incident], judging: Judging, *, now: datetime) -> None:
    """Decide locked incidents whose `next_at` has come: first those that may inhibit others of them, if their own hold is over."""
    mutings = await judging.mutings.of(tx)
    for part in await in_turn(tx, due, mutings):
        escalating = [i for i in part if i.status in ESCALATING]
        services = await get_supported(tx, sorted({i.service_id for i in escalating}), now=now) if escalating else {}
        holds = await find_holds(tx, escalating, services, mutings, judging, now=now)
        await alert_store.watch(tx, sorted(counting(escalating, services, holds)), watched=True)
        await run_steps(tx, part, services, holds, now=now)


async def run_steps(
    tx: AsyncConnection,
    due: Sequence[Incident],
    services: Mapping[ServiceId, Service],
    holds: Mapping[IncidentId, Hold],
    *,
    opened: Mapping[IncidentId, Told] = NONE_OPENED,
    now: datetime,
) -> None:
    """Decide locked incidents of which one knows what holds them. `opened` are those that this transaction has opened for a monitor, with
    what people are told of them.

    As a set: incidents, pages and timeline are written with a few statements.
    """
    steps = await decide(tx, due, services, holds, now=now)
    outcomes = steps.outcomes
    await store.save_incidents(tx, [outcome.incident for outcome in outcomes], before=due)
    await _keep_back(tx, due, outcomes, now=now)
    await source_over(tx, _sources_over(due, outcomes, now=now), now=now)
    # Nobody has reported what was opened just now, and it has no bridge yet.
    told = {**opened, **await told_of(tx, [o.incident.id for o in outcomes if o.pages and o.incident.id not in opened])}
    await carry_out(tx, steps, services, told, now=now)


@dataclass(frozen=True, slots=True)
class Steps:
    """What is decided of incidents that were due, and whom that takes into account; nothing of it is written yet."""

    due: Sequence[Incident]
    outcomes: Sequence[Outcome]
    people: People

    def of_written(self, written: Sequence[Incident]) -> Self:
        """The same, of incidents that have their numbers now."""
        by_id = {incident.id: incident for incident in written}
        return replace(self, outcomes=[replace(outcome, incident=by_id[outcome.incident.id]) for outcome in self.outcomes])


async def decide_first(
    tx: AsyncConnection, born: Sequence[Incident], services: Mapping[ServiceId, Service], *, now: datetime
) -> tuple[Steps, Mapping[IncidentId, Hold]]:
    """The first step of incidents that are not written yet, where nothing mutes them: with what holds them, if that is a delay. Those
    whose triggers count, and those that are not in turn, are left for when they are written.
    """
    free = await not_in_turn(tx, [i for i in born if not counts_triggers(i, services[i.service_id])])
    holds = {i.id: hold for i in free if (hold := hold_of(i, services[i.service_id], None, Triggers(), now=now)) is not None}
    return await decide(tx, free, services, holds, now=now), holds


async def decide(
    tx: AsyncConnection, due: Sequence[Incident], services: Mapping[ServiceId, Service], holds: Mapping[IncidentId, Hold], *, now: datetime
) -> Steps:
    """People are resolved now, when the step fires; the policy is the snapshot each incident triggered with."""
    escalating = [i for i in due if i.status in ESCALATING]
    also = {i.owner_id for i in escalating if i.status is Status.ACKNOWLEDGED and i.owner_id}
    also |= {i.assigned_to_id for i in escalating if i.assigned_to_id}
    teams = {i.assigned for i in escalating if i.assigned and i.assigned_team_id}
    snapshots = {id(i.snapshot): i.snapshot for i in escalating}.values()
    people = await gather_people(tx, snapshots, also=also, targets=teams, now=now)
    ending = {i.id: i.position.cycle for i in escalating if i.status is Status.TRIGGERED and in_last_round(i.snapshot, i.position)}
    unheard = ending.keys() - await find_heard(tx, ending, now=now)
    people = with_support(people, services.values(), now=now)
    quiet = await _quiet(tx, due, now=now)
    outcomes: list[Outcome] = []
    for i in due:
        outcome = life.decide_due(i, people, now=now, heard=i.id not in unheard, hold=holds.get(i.id), firing=i.id not in quiet)
        people = people.after(outcome.turns)
        outcomes.append(outcome)
    return Steps(due, outcomes, people)


async def carry_out(
    tx: AsyncConnection,
    steps: Steps,
    services: Mapping[ServiceId, Service],
    told: Mapping[IncidentId, Told],
    *,
    before: Sequence[timeline.Entry] = (),
    now: datetime,
) -> None:
    """Page whom these steps page, and record what they did: after what happened `before`. The incidents are written already."""
    outcomes, people = steps.outcomes, steps.people
    again = [outcome.incident for outcome in outcomes if outcome.pages and outcome.incident.position.cycle > 1]
    so_far = await words_so_far(tx, again)  # in a first cycle nobody has handed it on
    pages = [
        page
        for was, outcome in zip(steps.due, outcomes, strict=True)
        if outcome.pages
        for its in (told.get(outcome.incident.id, Told()),)
        for page in _pages(outcome, services, its, so_far.get(outcome.incident.id, ""), due_at=timers.next_at(was) or now)
    ]
    await page_people(tx, pages, people.reach, now=now)
    await take_turns(tx, [turn for outcome in outcomes for turn in outcome.turns])
    considering = Considering(people)
    await tell(tx, [*before, *(entry for outcome in outcomes for entry in _entries(outcome, people, considering, now=now))], now=now)
    for outcome in outcomes:
        for note in outcome.notes:
            if note.kind in {"exhausted", "unroutable", "ack_timeout", "closed"}:
                INCIDENTS.labels(note.kind).inc()


async def _quiet(tx: AsyncConnection, due: Sequence[Incident], *, now: datetime) -> set[IncidentId]:
    """Of those that flapped and have settled, the ones none of whose alerts is open."""
    settling = [incident.id for incident in due if incident.settle_at is not None and incident.settle_at <= now]
    counts = await alert_store.tally(tx, settling) if settling else {}
    return {id for id in settling if id not in counts or not counts[id].open}


def _sources_over(due: Sequence[Incident], outcomes: Sequence[Outcome], *, now: datetime) -> list[IncidentId]:
    """Those whose alerts inhibit no longer, since it is held now, or nobody is reached, or it has settled."""
    return [
        before.id
        for before, outcome in zip(due, outcomes, strict=True)
        if counts_as_source(before, None, now=now) and not counts_as_source(outcome.incident, None, now=now)
    ]


async def _keep_back(tx: AsyncConnection, due: Sequence[Incident], outcomes: Sequence[Outcome], *, now: datetime) -> None:
    """What is still to be sent for an incident that is held now is not, and is after all when nothing holds it any more: also if its next
    step is due by then, since those of the last one were never told.
    """
    pairs = [(before, outcome.incident) for before, outcome in zip(due, outcomes, strict=True)]
    held = EscalationState.HELD
    muted = [(before, o) for before, o in zip(due, outcomes, strict=True) if o.incident.escalation_state is held and not o.keeps_messages]
    await cancel_for(tx, [before.id for before, o in muted if before.escalation_state is not held or o.notes])
    released = {
        after.id: told_in(before)
        for before, after in pairs
        if before.escalation_state is held and after.escalation_state is not held and after.status is Status.TRIGGERED
    }
    await revive_for(tx, released, now=now)


async def page_undeliverable(
    tx: AsyncConnection,
    incident_id: IncidentId,
    position: Position,
    *,
    step_is_lost: Callable[[], Awaitable[bool]],
    reason: str,
    now: datetime,
) -> None:
    """A message of this step cannot be delivered. If nobody else of the step was or can be reached, the next step is due now.

    The incident is locked before anybody looks at the other messages, so that two that fail together cannot each wait for the other.
    """
    incident = (await store.lock_incidents(tx, [incident_id])).get(incident_id)
    if incident is None or not await step_is_lost():
        return
    moved = life.step_lost(incident, position, now=now)
    if moved is incident:
        return
    await store.save_incidents(tx, [moved])
    why = f"nobody paged by step {position.step + 1} can be reached ({reason}); the next step is due now"
    lost = {**_where(position), "step_is_lost": True}
    await tell(tx, [timeline.Entry(incident_id, now, timeline.Kind.UNREACHABLE, ENGINE, why, lost)], now=now)
    await notify(tx, "incidents")


async def nobody_there(
    tx: AsyncConnection, user_id: UserId, contact_method_id: ContactMethodId | None = None, *, reason: str, now: datetime
) -> None:
    """A person, or one of their addresses, was removed: nothing more is sent there, and a step that waits for nobody else goes on."""
    for step in await list_unfinished_of(tx, user_id, contact_method_id):
        await page_undeliverable(
            tx,
            step.incident_id,
            Position(step.cycle, step.round, step.step),
            step_is_lost=partial(abandon, tx, step, user_id, contact_method_id, now=now),
            reason=reason,
            now=now,
        )


def _pages(outcome: Outcome, services: Mapping[ServiceId, Service], told: Told, so_far: str, *, due_at: datetime) -> list[NewPage]:
    subject = subject_of(outcome.incident, services, told, so_far)
    return [page_of(outcome.incident, page, subject, due_at=due_at) for page in outcome.pages]


def page_of(incident: Incident, page: PlannedPage, subject: Subject, *, due_at: datetime) -> NewPage:
    """What is to be sent of a page that was decided."""
    at = page.position
    return NewPage(
        incident.id,
        page.user_id,
        at.cycle,
        at.round,
        at.step,
        page.reason,
        due_at,
        subject,
        page.until_resolved,
        repeats=not goes_on_regardless(incident, page),
        may_bundle=page.may_bundle,
        directly=at.round == 0 or incident.opened_by is not None,
    )


def subject_of(incident: Incident, services: Mapping[ServiceId, Service], told: Told, so_far: str = "") -> Subject:
    """What every message about this incident says of it; first what was done so far, for whoever gets it from others."""
    return Subject(
        incident.number,
        incident.title,
        services[incident.service_id].name,
        incident.severity.value,
        incident.urgency.value,
        incident.triggered_at,
        told.source,
        (*((("so far", so_far),) if so_far else ()), *facts_of(told, title=incident.title)),
        told.links[:LINKS_TOLD],
    )


def _entries(outcome: Outcome, people: People, considering: Considering, *, now: datetime) -> list[timeline.Entry]:
    incident = outcome.incident
    notes = [
        timeline.Entry(
            incident.id, now, timeline.Kind(note.kind), ENGINE, note.reason, _where(note.position) | _whom(incident, note, considering)
        )
        for note in outcome.notes
    ]
    paged = [
        timeline.Entry(
            incident.id,
            now,
            timeline.Kind.PAGED,
            ENGINE,
            f"{people.reach[page.user_id].name} is paged: {page.reason}",
            {
                "user_id": str(people.reach[page.user_id].team_id or page.user_id),
                **_where(page.position),
                **considering.ways_to(page.user_id, incident.urgency, repeats=not goes_on_regardless(incident, page)),
            },
        )
        for page in outcome.pages
    ]
    return notes + paged


def _whom(incident: Incident, note: Note, considering: Considering) -> dict[str, object]:
    """Whom a step considered, which nobody can look up later; and how one stands that has settled."""
    if note.kind == timeline.Kind.SETTLED:
        return {"status": incident.status.value}
    if note.position is None or note.kind not in {timeline.Kind.STEP_FIRED, timeline.Kind.STEP_SKIPPED}:
        return {}
    return {"considered": considering.considered(incident.snapshot, note.position, incident.urgency)}


def _where(position: Position | None) -> dict[str, object]:
    return {"cycle": position.cycle, "round": position.round, "step": position.step} if position else {}


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Incident]:
    """Those that are due, nobody else has locked, and go by no policy in which somebody else is deciding whose turn it is."""
    return await not_in_turn(tx, await store.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting))


async def not_in_turn(tx: AsyncConnection, due: Sequence[Incident]) -> list[Incident]:
    """Locked incidents but for those that wait for whoever decides whose turn it is: they stay due, as those do that others have locked."""
    snapshots = {id(incident.snapshot): incident.snapshot for incident in due if incident.status in ESCALATING}
    busy = await busy_turns(tx, snapshots.values())
    if not busy:
        return list(due)
    waiting = {key for key, snapshot in snapshots.items() if any(policy.id in busy for policy in policies_of(snapshot))}
    return [incident for incident in due if id(incident.snapshot) not in waiting]


async def next_due_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def postpone(tx: AsyncConnection, incident: Incident, *, now: datetime, delay: timedelta, error: Exception) -> None:
    """This incident cannot be escalated now: look again after `delay`, and say so where people look."""
    why = f"{type(error).__name__}: {error}"[:500]
    await store.postpone(tx, incident.id, next_at=now + delay, error=why)
    reason = f"could not be escalated (try {incident.failures + 1}), will be tried again: {type(error).__name__}"
    await tell(tx, [timeline.Entry(incident.id, now, timeline.Kind.POSTPONED, ENGINE, reason)], now=now)
