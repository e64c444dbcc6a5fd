"""New alerts: which incident each belongs to, one that is open or one of its own, and both written."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.matrix import get_matrix
from oncall.desk.commands.records import add_records
from oncall.desk.rules.grading import USUAL, Matrix
from oncall.desk.values import Grading
from oncall.escalation import take_snapshots
from oncall.incidents.commands import promising
from oncall.incidents.commands.escalate import carry_out, decide_first
from oncall.incidents.commands.inhibiting import mark_sources
from oncall.incidents.rules.considering import why_opened
from oncall.incidents.rules.filing import first_record
from oncall.incidents.rules.holding import Hold
from oncall.incidents.rules.placing import Birth, Run, actor_of, born_as, placed
from oncall.incidents.store import alerts as alert_store
from oncall.incidents.store import incidents as store
from oncall.incidents.values import Event, GroupKey, Incident, Told
from oncall.kit.ids import IncidentId, PolicyId, ServiceId, TeamId
from oncall.kit.metrics import INCIDENTS
from oncall.kit.trouble import ConcurrentChange
from oncall.services.values import Service
from oncall.silences.rules.muting import Mutings

Owners = dict[ServiceId, tuple[PolicyId, TeamId | None]]

TOLD_OF = 5
"""Keys of alerts that one entry of the timeline names; all of them are in the API."""


@dataclass(frozen=True, slots=True)
class Opened:
    """What was opened and is due at once; what people are told of all that was opened; whether anything was decided before it was written,
    and what holds of that.
    """

    due: Sequence[Incident] = ()
    told: Mapping[IncidentId, Told] = field(default_factory=dict)
    decided: bool = False
    holds: Mapping[IncidentId, Hold] = field(default_factory=dict)


async def open_alerts(
    tx: AsyncConnection,
    runs: Sequence[Run],
    hosts: Mapping[GroupKey, IncidentId],
    locked: dict[IncidentId, Incident],
    services: Mapping[ServiceId, Service],
    *,
    decided: bool,
    now: datetime,
) -> Opened:
    """Write new alerts, each into the locked incident that has its key, or into a new one; each run is told its incident, and `locked` is
    brought up to date. What is opened is `decided` before it is written, as if nothing mutes it and where no threshold counts, so that it
    is written once; else it is due at once.
    """
    if not runs:
        return Opened()
    counts = await alert_store.tally(tx, list(hosts.values())) if hosts else {}
    numbers = {id: its.open + its.resolved for id, its in counts.items()}
    born = placed(runs, {group: locked[id] for group, id in hosts.items()}, numbers, services, now=now)
    left = [birth.follows[0].id for birth in born if birth.follows]
    await store.let_go(tx, sorted(left))
    locked |= {id: locked[id].but(group_key=None) for id in left}
    made, matrix = await _made(tx, born, services, now=now)
    steps, holds = await decide_first(tx, made, services, now=now) if decided else (None, {})
    moved = {outcome.incident.id: outcome.incident for outcome in steps.outcomes} if steps else {}
    opened = await _add_incidents(tx, [moved.get(incident.id, incident) for incident in made], services, matrix, now=now)
    alerts = [(run.events[0], run.change, run.incident_id) for run in runs]
    told = await alert_store.add_alerts(tx, alerts, [incident.id for incident in opened], now=now)
    openings = [_opened(incident, birth, services, now=now) for incident, birth in zip(opened, born, strict=True)]
    entries = [*openings, *_joined(runs, now=now)]
    if steps:
        await carry_out(tx, steps.of_written(opened), services, told, before=entries, now=now)
    else:
        await timeline.add(tx, entries)
    INCIDENTS.labels("opened").inc(len(opened))
    return Opened([incident for incident in opened if incident.id not in moved], told, bool(moved), holds)


async def mark_opened(tx: AsyncConnection, runs: Sequence[Run], services: Mapping[ServiceId, Service], mutings: Mutings) -> None:
    """New alerts that inhibit others say so from now on."""
    await mark_sources(tx, [run.opened for run in runs if run.alert is None], services, mutings)


async def _made(
    tx: AsyncConnection, born: Sequence[Birth], services: Mapping[ServiceId, Service], *, now: datetime
) -> tuple[list[Incident], Matrix]:
    """New incidents as they are before anything is decided of them, and by what they were graded."""
    if not born:
        return [], USUAL
    concerned = {birth.runs[0].service_id for birth in born}
    owners: Owners = {id: (services[id].escalation_policy_id, services[id].team_id) for id in concerned}
    snapshots = await take_snapshots(tx, owners.values())
    if not snapshots.keys() >= set(owners.values()):
        raise ConcurrentChange("a service changed its escalation policy meanwhile")
    matrix = (await get_matrix(tx)).cells if any(services[id].filing.grading != Grading() for id in concerned) else USUAL
    made = []
    for birth in born:
        service = services[birth.runs[0].service_id]
        made.append(born_as(birth, service, snapshots[owners[service.id]], matrix, now=now))
    return made, matrix


async def _add_incidents(
    tx: AsyncConnection, made: Sequence[Incident], services: Mapping[ServiceId, Service], matrix: Matrix, *, now: datetime
) -> list[Incident]:
    """Returns them with their numbers."""
    if not made:
        return []
    added = await store.add_incidents(tx, made)
    filings = {one.service_id: services[one.service_id].filing for one in made}
    await add_records(tx, [first_record(i, filings[i.service_id], matrix) for i in added if filings[i.service_id].keeps_records])
    promised = {one.id: its for one in added if (its := filings[one.service_id].sla_id)}
    await promising.start(tx, promised, added, now=now)
    return added


def _opened(incident: Incident, birth: Birth, services: Mapping[ServiceId, Service], *, now: datetime) -> timeline.Entry:
    first = birth.runs[0].events[0]
    reason = f"alert {first.dedup_key}: {incident.title}"
    if birth.follows:
        before, why = birth.follows
        reason += f"; it follows #{before.number}, which nothing joins any more: {why}"
    detail = why_opened(incident, birth.runs, services[incident.service_id])
    return timeline.Entry(incident.id, now, timeline.Kind.OPENED, actor_of(first), reason, detail)


def _joined(runs: Sequence[Run], *, now: datetime) -> list[timeline.Entry]:
    """One entry for all alerts that joined an incident together."""
    joined: dict[IncidentId, list[Event]] = {}
    for run in runs:
        if run.joins:
            joined.setdefault(run.incident_id, []).append(run.events[0])
    entries = []
    for id, events in joined.items():
        named = ", ".join(event.dedup_key for event in events[:TOLD_OF])
        rest = f" and {len(events) - TOLD_OF} more" if len(events) > TOLD_OF else ""
        reason = f"{len(events)} alert{'s' if len(events) > 1 else ''} joined: {named}{rest}"
        entries.append(timeline.Entry(id, now, timeline.Kind.ALERT_JOINED, actor_of(events[0]), reason))
    return entries
