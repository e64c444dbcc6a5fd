"""What the record says: how everything stood when a range began, what people did in it, and what became of each incident."""

from collections.abc import AsyncIterator, Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.escalation.rules import next_cycle
from oncall.escalation.values import LOW_URGENCY_REMINDER, UNROUTABLE_RETRY, EscalationState, Position
from oncall.incidents.rules.dedup import RANK
from oncall.kit.actors import ActorKind
from oncall.kit.ids import AlertId, IncidentId, ServiceId, UserId
from oncall.services.rules.support import urgency_of
from oncall.services.values import Service
from oncall.services.values.judging import LONGEST
from oncall.simulate.commands.reading import find_range
from oncall.simulate.rules.world.time import BEGINS
from oncall.simulate.store import records as store
from oncall.simulate.store.events import Range
from oncall.simulate.store.records import AlertStored, EntryStored, IncidentStored
from oncall.simulate.values.replaying import EPOCH, Act, AlertBefore, Beginning, Outcome, Paged, Verb
from oncall.timeline.values import Kind

AT_ONCE = 500

HAD = {Kind.ACKNOWLEDGED, Kind.SNOOZED}
AGAIN = {Kind.REOPENED, Kind.UNACKNOWLEDGED, Kind.ESCALATED, Kind.REASSIGNED, Kind.ACK_TIMEOUT, Kind.SNOOZE_ENDED}
STANDING = {Kind.OPENED, *HAD, *AGAIN, Kind.RESOLVED, Kind.SETTLED}
"""What says in which status an incident is from then on."""

STATUS = {**dict.fromkeys(HAD, "acknowledged"), Kind.RESOLVED: "resolved"}
ENDED = {Kind.EXHAUSTED: EscalationState.EXHAUSTED, Kind.UNROUTABLE: EscalationState.UNROUTABLE}
TOLD_BY = [kind.value for kind in (*STANDING, *ENDED, Kind.PAGED, Kind.HELD, Kind.RELEASED, Kind.BROKE_THROUGH, Kind.FLAPPING)]
ACTED = {Kind.ACKNOWLEDGED.value: Verb.ACKNOWLEDGE, Kind.RESOLVED.value: Verb.RESOLVE}
PEOPLE = {ActorKind.USER, ActorKind.API_KEY}
RISEN = [Kind.SEVERITY_CHANGED.value, Kind.URGENCY_RAISED.value]


async def beginnings(tx: AsyncConnection, services: Mapping[ServiceId, Service], since: datetime, until: datetime) -> list[Beginning]:
    """Every incident that was open at `since`, or might still be reopened."""
    there = await store.incidents_at(tx, since)
    first = (await find_range(tx, since - LONGEST, since)).first
    found: list[Beginning] = []
    for some in (there[n : n + AT_ONCE] for n in range(0, len(there), AT_ONCE)):
        ids = [one.id for one in some]
        entries = _by_incident(await store.entries_of(tx, ids, TOLD_BY, since=EPOCH, until=since))
        risen = {entry.incident_id for entry in await store.entries_of(tx, ids, RISEN, since=since, until=until + LONGEST)}
        alerts = await store.alerts_at(tx, ids, since)
        lately = await store.lately(tx, [alert.id for alert in alerts], first=first, since=since - LONGEST, until=since)
        for one in some:
            its = [alert for alert in alerts if alert.incident_id == one.id]
            if its:
                found.append(_beginning(one, services.get(one.service_id), entries.get(one.id, ()), its, lately, risen=one.id in risen))
    return _without_taken_groups(found)


def _without_taken_groups(found: Sequence[Beginning]) -> list[Beginning]:
    """Of those with one grouping key the newest has it: nothing joins the others any more."""
    newest = {(one.service_id, one.group_key): one.id for one in sorted(found, key=lambda one: one.triggered_at)}
    return [one if newest[one.service_id, one.group_key] == one.id else replace(one, group_key=None) for one in found]


def _beginning(
    one: IncidentStored,
    service: Service | None,
    entries: Sequence[EntryStored],
    alerts: Sequence[AlertStored],
    lately: Sequence[tuple[AlertId, datetime, str, str]],
    *,
    risen: bool,
) -> Beginning:
    standing = [entry for entry in entries if entry.kind in STANDING]
    last = standing[-1] if standing else None
    status = STATUS.get(Kind(last.kind), "triggered") if last else "triggered"
    if last is not None and last.kind == Kind.SETTLED and all(alert.last_action == "resolve" for alert in alerts):
        status = "resolved"
    paged = [entry for entry in entries if entry.kind == Kind.PAGED]
    held = [entry for entry in entries if entry.kind in {Kind.HELD, Kind.RELEASED}]
    by_others = [entry.at for entry in entries if entry.kind == Kind.RESOLVED and entry.actor.kind is not ActorKind.INTEGRATION]
    ended = max(by_others, default=EPOCH)
    changes = [(id, at) for id, at, _, decision in lately if decision in {"resolved", "reopened", "held_flapping"}]
    # A severity only rises: what it is now it was then, unless it rose since.
    severity = max((alert.severity for alert in alerts), key=RANK.__getitem__) if risen else one.severity
    urgency = (
        urgency_of(service, severity.value, now=one.triggered_at)
        if risen and service is not None and one.urgency is Urgency.HIGH
        else one.urgency
    )
    position, step_at, state = _escalation(one, urgency, entries)
    ids = {alert.id for alert in alerts}
    group = next((entry.detail.get("group") for entry in entries if entry.kind == Kind.OPENED), None)
    return Beginning(
        one.id,
        one.title,
        one.service_id,
        one.snapshot,
        urgency,
        severity,
        one.ack_timeout,
        one.reopen_window,
        str(group) if group else None,
        one.triggered_at,
        status,
        last.at if last else one.triggered_at,
        last.actor if last else None,
        bool(paged),
        position,
        step_at,
        state,
        held_at=held[-1].at if held and held[-1].kind == Kind.HELD else None,
        told_at=max((entry.at for entry in entries if entry.kind == Kind.BROKE_THROUGH), default=None),
        flapping_since=_flapping_since(entries),
        alerts=[_alert(alert, ended, [at for id, at in changes if id == alert.id]) for alert in alerts],
        triggers=[at for id, at, action, _ in lately if id in ids and action == "trigger"],
        recorded=(one.urgency, one.severity),
    )


def _escalation(one: IncidentStored, urgency: Urgency, entries: Sequence[EntryStored]) -> tuple[Position, datetime | None, EscalationState]:
    """The step it would fire next, when, and how its escalation stands: by the last step that paged, or by where it came to its end."""
    last = next((entry for entry in reversed(entries) if entry.kind == Kind.PAGED or entry.kind in ENDED), None)
    if last is None:
        return Position(), one.triggered_at, EscalationState.RUNNING
    policy, position = one.snapshot.policy, _position(last)
    if (anew := _began_anew(entries)) is not None and anew > last.at:
        return next_cycle(position), anew, EscalationState.RUNNING
    if last.kind in ENDED:
        retry = policy.exhausted_retry if last.kind == Kind.EXHAUSTED else UNROUTABLE_RETRY
        return next_cycle(position), last.at + retry if retry else None, ENDED[Kind(last.kind)]
    if urgency is Urgency.LOW and not policy.escalate_low:
        reminder = replace(position, round=position.round + 1, step=0)
        return reminder, last.at + LOW_URGENCY_REMINDER, EscalationState.LOW_URGENCY
    delay = policy.steps[position.step].delay if position.step < len(policy.steps) else UNROUTABLE_RETRY
    reopened = max((entry.at for entry in entries if entry.kind == Kind.REOPENED), default=last.at)
    return replace(position, step=position.step + 1), max(last.at + delay, reopened), EscalationState.RUNNING


def _began_anew(entries: Sequence[EntryStored]) -> datetime | None:
    """When it last began a cycle that something may have held: it settled and still fires, nobody has it after all, or
    it was reopened after somebody had it.
    """
    standing = [entry for entry in entries if entry.kind in STANDING]
    for n, entry in reversed(list(enumerate(standing))):
        if entry.kind in {Kind.SETTLED, Kind.UNACKNOWLEDGED}:
            return entry.at
        if entry.kind == Kind.REOPENED and n >= 2:  # behind what opened it, and what resolved it
            by_hand = standing[n - 1].actor.kind is not ActorKind.INTEGRATION
            if by_hand or standing[n - 2].kind in HAD:
                return entry.at
    return None


def _position(entry: EntryStored) -> Position:
    def number(name: str) -> int:
        said = entry.detail.get(name)
        return said if isinstance(said, int) else 0

    return Position(number("cycle"), number("round"), number("step"))


def _flapping_since(entries: Sequence[EntryStored]) -> datetime | None:
    about = [entry for entry in entries if entry.kind in {Kind.FLAPPING, Kind.SETTLED, Kind.RESOLVED}]
    return about[-1].at if about and about[-1].kind == Kind.FLAPPING else None


def _alert(alert: AlertStored, ended: datetime, changes: Sequence[datetime]) -> AlertBefore:
    """`ended`: when its incident was last resolved other than by a monitor, which ends all of its alerts."""
    resolved_at = alert.last_at if alert.last_action == "resolve" else ended if ended >= alert.last_at else None
    opened_at = alert.reopened_at or alert.first_seen_at
    return AlertBefore(
        alert.id,
        alert.service_id,
        alert.dedup_key,
        alert.integration_id,
        alert.severity,
        alert.summary,
        alert.source,
        alert.labels,
        resolved_at is None,
        alert.acknowledged_at is not None and alert.acknowledged_at >= opened_at,
        opened_at,
        resolved_at,
        alert.expires_at,
        changes,
    )


async def acts_in(tx: AsyncConnection, asked: Range, there: Iterable[IncidentId]) -> list[Act]:
    """What people did in a range, in order, to the incidents that were there and to those that were opened in it."""
    acts: list[Act] = []
    async for ids in _incidents_in(tx, asked, there):
        entries = await store.entries_of(tx, ids, list(ACTED), since=asked.since, until=asked.until)
        acts += [Act(one.at, ACTED[one.kind], one.incident_id, one.actor) for one in entries if one.actor.kind in PEOPLE]
    return sorted(acts, key=lambda act: act.at)


async def outcomes_in(tx: AsyncConnection, asked: Range, there: Iterable[Beginning]) -> dict[IncidentId, Outcome]:
    """What became of incidents in a range. What a severity or an urgency was at its end is not said where it rose since."""
    outcomes = {one.id: Outcome(one.id, one.service_id, *one.recorded, one.triggered_at) for one in there}
    paged_before = {one.id for one in there if one.is_paged}
    after = UUID(int=max(asked.first.int - 1, 0))
    while born := await store.incidents_born(tx, after=after, last=asked.last, since=asked.since, until=asked.until, limit=AT_ONCE):
        after = born[-1].id
        outcomes |= {one.id: Outcome(one.id, one.service_id, one.urgency, one.severity, one.triggered_at) for one in born}
    ids = list(outcomes)
    kinds = [*BEGINS, Kind.PAGED.value, Kind.HELD.value]
    for some in (ids[n : n + AT_ONCE] for n in range(0, len(ids), AT_ONCE)):
        for entry in await store.entries_of(tx, some, RISEN, since=asked.until, until=asked.until + timedelta(days=366)):
            outcomes[entry.incident_id].severity = outcomes[entry.incident_id].urgency = None
        entries = await store.entries_of(tx, some, kinds, since=asked.since, until=asked.until)
        for id, its in _by_incident(entries).items():
            outcomes[id].pages += _pages(its, paged=id in paged_before)
    return outcomes


def _pages(entries: Sequence[EntryStored], *, paged: bool) -> list[Paged]:
    """Pages that began something, by what else happened in their instant; and the first one, whatever it was for."""
    at_once: dict[datetime, tuple[set[str], list[UserId]]] = {}
    for entry in entries:
        kinds, users = at_once.setdefault(entry.at, (set(), []))
        kinds.add(entry.kind)
        if entry.kind == Kind.PAGED:
            users.append(UserId(UUID(str(entry.detail["user_id"]))))
    pages: list[Paged] = []
    for at, (kinds, users) in sorted(at_once.items()):
        if users and (not paged or not kinds.isdisjoint(BEGINS)):
            pages.append(Paged(at, tuple(users)))
        paged = paged or bool(users)
    return pages


async def _incidents_in(tx: AsyncConnection, asked: Range, there: Iterable[IncidentId]) -> AsyncIterator[Sequence[IncidentId]]:
    ids = list(there)
    for some in (ids[n : n + AT_ONCE] for n in range(0, len(ids), AT_ONCE)):
        yield some
    after = UUID(int=max(asked.first.int - 1, 0))
    while born := await store.incidents_born(tx, after=after, last=asked.last, since=asked.since, until=asked.until, limit=AT_ONCE):
        after = born[-1].id
        yield [one.id for one in born]


def _by_incident(entries: Iterable[EntryStored]) -> Mapping[IncidentId, list[EntryStored]]:
    found: dict[IncidentId, list[EntryStored]] = {}
    for entry in entries:
        found.setdefault(entry.incident_id, []).append(entry)
    return found
