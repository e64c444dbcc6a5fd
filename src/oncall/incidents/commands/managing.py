"""Promises and time: a mark that is due is told, and whoever manages the service is asked to join, beside the running escalation."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.contacts.values import Urgency
from oncall.desk.commands import promises as desk
from oncall.desk.commands.slas import Terms, get_terms
from oncall.desk.rules.targets import decide_due
from oncall.desk.values import SlaId
from oncall.desk.values.slas import Mark, Promises, Told
from oncall.escalation import People, Position, Snapshot, advance, busy_turns, gather_people, take_turns
from oncall.escalation.commands import get_policies
from oncall.escalation.values import PlannedPage, Turn
from oncall.incidents.commands import joining
from oncall.incidents.commands.beside import told_of
from oncall.incidents.commands.escalate import page_of, subject_of
from oncall.incidents.rules import responders as rules
from oncall.incidents.rules.conditions import about, with_support
from oncall.incidents.rules.considering import Considering
from oncall.incidents.rules.promising import asker, graver_first, to_ask_anew
from oncall.incidents.rules.quiet import spared
from oncall.incidents.store import incidents as store
from oncall.incidents.store import responders as responder_store
from oncall.incidents.values import Incident
from oncall.incidents.values import Told as Words
from oncall.incidents.values.responders import BESIDE, Request, RequestId, RequestState
from oncall.kit.actors import ENGINE, Actor
from oncall.kit.ids import IncidentId, PolicyId, UserId, new_id
from oncall.kit.metrics import SLA_MARKS
from oncall.notifications import page_people
from oncall.services.commands import get_services, get_supported

KINDS = {Mark.AT_RISK: timeline.Kind.SLA_AT_RISK, Mark.BREACHED: timeline.Kind.SLA_BREACHED}


@dataclass(frozen=True, slots=True)
class Due:
    """A locked incident of which a mark is due, and what is promised of it."""

    incident: Incident
    promises: Promises


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> list[Due]:
    """First the incidents, as everybody locks them; then their records, which nobody else has then. Those whose managers take turns that
    somebody else is deciding at this very moment stay due.
    """
    ids = await desk.due(tx, due_by=due_by, limit=limit)
    if not ids:
        return []
    incidents = await store.lock_incidents(tx, ids) if waiting else await store.lock_free(tx, ids)
    promises = await desk.lock_due(tx, sorted(incidents), due_by=due_by)
    due = [Due(incidents[id], its) for id, its in promises.items()]
    snapshots = await _tracks(tx, await get_terms(tx, {one.promises.sla_id for one in due}, now=due_by))
    busy = await busy_turns(tx, snapshots.values())
    return [one for one in due if (its := snapshots.get(one.promises.sla_id)) is None or its.policy.id not in busy]


async def run_due(tx: AsyncConnection, due: Sequence[Due], *, now: datetime) -> None:
    """Decide which marks are due, and write them, whom they page and the timeline as a set."""
    terms = await get_terms(tx, {one.promises.sla_id for one in due}, now=now)
    snapshots = await _tracks(tx, terms)
    services = await get_supported(tx, sorted({one.incident.service_id for one in due}), now=now)
    people = with_support(await gather_people(tx, snapshots.values(), now=now), services.values(), now=now)
    kept, told = [], []
    for one in due:
        sla, _ = terms[one.promises.sla_id]
        track = snapshots.get(sla.id)
        after, marks = decide_due(one.promises, steps=len(track.policy.steps) if track else 0, now=now)
        kept.append(after)
        told += [_Told(one.incident, mark, sla.settings.name, track) for mark in graver_first(marks)]
    await desk.save_promises(tx, kept)
    await timeline.add(tx, [_entry(its, now=now) for its in told])
    await _ask(tx, [its for its in told if its.mark.step >= 0 and its.track], people, now=now)
    for its in told:
        SLA_MARKS.labels(its.mark.goal.value, its.mark.mark.value).inc()


async def postpone(tx: AsyncConnection, due: Due, error: Exception, *, until: datetime) -> None:
    await desk.postpone(tx, due.incident.id, until=until, error=error)


async def next_due_at(tx: AsyncConnection) -> datetime | None:
    return await desk.next_due_at(tx)


@dataclass(frozen=True, slots=True)
class _Told:
    incident: Incident
    mark: Told
    sla: str
    track: Snapshot | None


def _entry(one: _Told, *, now: datetime) -> timeline.Entry:
    detail: dict[str, object] = {
        "target": one.mark.goal.value,
        "by": one.mark.by.isoformat(),
        "late_seconds": int(one.mark.late / timedelta(seconds=1)),
        "sla": one.sla,
    }
    return timeline.Entry(one.incident.id, now, KINDS[one.mark.mark], ENGINE, f"SLA {one.sla}: {one.mark.reason}", detail)


async def _tracks(tx: AsyncConnection, terms: Mapping[SlaId, Terms]) -> dict[SlaId, Snapshot]:
    """The manager policies as they are now: people are asked by what holds today, not by what held when the incident opened."""
    wanted: dict[SlaId, PolicyId] = {id: its for id, (sla, _) in terms.items() if (its := sla.settings.manager_policy_id)}
    policies = await get_policies(tx, sorted(set(wanted.values()))) if wanted else {}
    return {id: Snapshot(policies[policy]) for id, policy in wanted.items()}


async def _ask(tx: AsyncConnection, told: Sequence[_Told], people: People, *, now: datetime) -> None:
    """Page whom the steps mean, with everything that keeps a page beside the policy: they are asked until they answer or it is over."""
    if not told:
        return
    before = await responder_store.list_requests_of(tx, sorted({one.incident.id for one in told}))
    withdrawn: list[Request] = []
    made: list[Request] = []
    planned: list[tuple[Incident, PlannedPage]] = []
    entries: list[timeline.Entry] = []
    turns: list[Turn] = []
    paged: set[tuple[IncidentId, UserId]] = set()
    for one in told:
        incident, track = one.incident, one.track
        if track is None:
            continue
        then = advance(
            track,
            Position(step=one.mark.step),
            urgency=Urgency.HIGH,
            about=about(incident, people),
            people=people,
            now=now,
        )
        turns += then.turns
        people = people.after(then.turns)
        its = before.get(incident.id, [])
        by = asker(one.sla, one.mark.goal)
        fresh = [page.user_id for page in then.pages if (incident.id, page.user_id) not in paged]
        paged |= {(incident.id, user) for user in fresh}
        users = [user for user in fresh if people.reach[user].team_id is None]
        stale = to_ask_anew(its, users)
        over = [rules.answered(old, RequestState.CANCELLED, ENGINE, reason="they are asked anew", now=now) for old in stale]
        withdrawn += [old for old in over if old is not None]
        standing = [old for old in its if old not in stale]
        number = max((old.nth for old in its), default=-1) + 1
        asked = rules.new_requests(
            [RequestId(new_id()) for _ in users],
            incident,
            dict.fromkeys(users),
            {user: people.reach[user].name for user in users},
            standing,
            one.mark.reason,
            by,
            now=now,
            first=number,
        )
        before[incident.id] = [*standing, *asked, *[old for old in over if old is not None]]
        made += asked
        planned += [(incident, rules.page_for(request)) for request in asked]
        planned += [(incident, _to_channel(incident, user, by, one.mark, now=now)) for user in fresh if user not in users]
        entries += _told_of(one, asked, by, then.reason if not then.pages else "", now=now)
    await take_turns(tx, turns)
    await joining.write(tx, withdrawn, now=now)
    if made:
        await responder_store.add_requests(tx, made)
    await _page(tx, planned, people, entries, now=now)


def _to_channel(incident: Incident, channel: UserId, by: Actor, mark: Told, *, now: datetime) -> PlannedPage:
    """A channel is nobody who could answer: it is told once, at a place of its own."""
    nth = 1_000 + int((now - incident.triggered_at) / timedelta(seconds=1))
    return PlannedPage(channel, Position(incident.position.cycle, BESIDE, nth), f"{by.name}: {mark.reason}", until_resolved=True)


def _told_of(one: _Told, asked: Sequence[Request], by: Actor, nobody: str, *, now: datetime) -> list[timeline.Entry]:
    entries = [
        timeline.Entry(
            one.incident.id,
            now,
            timeline.Kind.RESPONDER_REQUESTED,
            by,
            f"{request.user_name} is asked to join: {request.message}",
            {"user_id": f"{request.user_id}"},
        )
        for request in asked
    ]
    if nobody and one.track:
        reason = f"nobody of policy {one.track.policy.name} is told that its SLA suffers: {nobody}"
        entries.append(timeline.Entry(one.incident.id, now, timeline.Kind.UNREACHABLE, ENGINE, reason))
    return entries


async def _page(
    tx: AsyncConnection,
    planned: Sequence[tuple[Incident, PlannedPage]],
    people: People,
    entries: Sequence[timeline.Entry],
    *,
    now: datetime,
) -> None:
    services = await get_services(tx, sorted({incident.service_id for incident, _ in planned})) if planned else {}
    words = await told_of(tx, sorted({incident.id for incident, _ in planned})) if planned else {}
    pages = [(incident, spared(page, people, incident.urgency, now=now)) for incident, page in planned]
    new = [page_of(i, page, subject_of(i, services, words.get(i.id, Words())), due_at=now) for i, page in pages]
    await page_people(tx, new, people.reach, now=now)
    considering = Considering(people)
    paged = []
    for incident, page in pages:
        at, reach = page.position, people.reach[page.user_id]
        where: dict[str, object] = {"user_id": f"{reach.team_id or page.user_id}", "cycle": at.cycle, "round": at.round, "step": at.step}
        ways = considering.ways_to(page.user_id, incident.urgency)
        paged.append(timeline.Entry(incident.id, now, timeline.Kind.PAGED, ENGINE, f"{reach.name} is paged: {page.reason}", where | ways))
    await timeline.add(tx, [*entries, *paged])
