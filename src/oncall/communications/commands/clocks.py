"""When the next update is owed, by whom, and that they are reminded."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.communications.rules import cadences as rules
from oncall.communications.store import cadences as store
from oncall.communications.store import updates as update_store
from oncall.communications.values.cadences import Cadence, Clock, Owed, Remind, Wait
from oncall.contacts.commands import load_reach
from oncall.contacts.values import Urgency
from oncall.desk.values.roles import Role
from oncall.incidents.commands.roles import holders_of
from oncall.incidents.commands.verbs import get_incidents, list_graded
from oncall.incidents.values import Incident, Status
from oncall.kit.actors import ENGINE, ActorKind
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import NewNotice, send_notices
from oncall.teams.commands import names_of
from oncall.teams.rules import check_version

NO_USE_AFTER = timedelta(days=1)
"""A reminder that could not be sent for so long is not sent any more."""

WATCHED = 1_000
"""Incidents with a priority that are looked at in one go."""

OPEN = frozenset({Status.TRIGGERED, Status.ACKNOWLEDGED})


async def get_cadence(tx: AsyncConnection) -> Cadence:
    return await store.get_cadence(tx)


async def set_cadence(tx: AsyncConnection, wanted: Cadence, *, expected_version: int | None) -> Cadence:
    """What is owed already stays as it is until the next update."""
    current = await store.get_cadence(tx)
    check_version(current.version, expected_version)
    edited = replace(wanted, version=current.version + 1)
    await store.save_cadence(tx, edited)
    return edited


async def cadence_of(tx: AsyncConnection, incident: Incident) -> tuple[str | None, timedelta | None]:
    """The priority of an incident, and how often it is to be told of for that."""
    return incident.priority and incident.priority.value, (await store.get_cadence(tx)).of(_counted_as(incident))


def _counted_as(incident: Incident) -> str | None:
    """A major incident is told of as often as one of P1."""
    return "P1" if incident.is_major else incident.priority and incident.priority.value


async def set_clock(tx: AsyncConnection, id: IncidentId, clock: Clock | None) -> None:
    """As it is after an update of this incident."""
    if clock is None:
        await store.stop_clocks(tx, [id])
    else:
        await store.save_clocks(tx, [(clock, rules.next_look(clock))])


async def is_in_time(tx: AsyncConnection, incident: Incident, *, now: datetime) -> bool | None:
    """Whether an update that comes now is in time; None: none is owed. One that comes before its clock has begun is."""
    clocks = await store.find_clocks(tx, [incident.id])
    if not clocks:
        return (await cadence_of(tx, incident))[1] is not None or None
    return None if clocks[0].due_at is None else now <= clocks[0].due_at


async def owed_of(tx: AsyncConnection, incident: Incident) -> Owed:
    """When the next update of it is due, and who owes it."""
    clocks = await store.find_clocks(tx, [incident.id])
    if not clocks or clocks[0].due_at is None:
        return Owed(None)
    user = (await _owing(tx, [incident])).get(incident.id)
    names = await names_of(tx, [user] if user else [])
    return Owed(clocks[0].due_at, user, names.get(user, "") if user else "")


async def _owing(tx: AsyncConnection, incidents: Sequence[Incident]) -> Mapping[IncidentId, UserId]:
    """Whoever is communications, else has the incident, else told of it last; of one that nobody has and nobody told of, nobody."""
    found: dict[IncidentId, UserId] = {incident.id: incident.owner_id for incident in incidents if incident.owner_id}
    found |= await holders_of(tx, [incident.id for incident in incidents], Role.COMMUNICATIONS)
    for incident in incidents:
        if incident.id in found:
            continue
        last = await update_store.last_author(tx, incident.id)
        if last is not None and last.kind is ActorKind.USER and last.id is not None:
            found[incident.id] = UserId(last.id)
    return found


async def claim_due(tx: AsyncConnection, *, due_by: datetime, limit: int, waiting: bool) -> Sequence[Clock]:
    return await store.claim_due(tx, due_by=due_by, limit=limit, waiting=waiting)


async def remind_due(tx: AsyncConnection, clocks: Sequence[Clock], *, now: datetime) -> None:
    """Those who owe an update are reminded; the clock of what is over stops."""
    incidents = {found.id: found for found in await get_incidents(tx, {clock.incident_id for clock in clocks})}
    over = [clock.incident_id for clock in clocks if not _is_open(incidents.get(clock.incident_id))]
    if over:
        await store.stop_clocks(tx, over)
    running = [clock for clock in clocks if clock.incident_id not in set(over)]
    decided = [(clock, rules.decide_reminder(clock, now=now)) for clock in running]
    if decided:
        await store.save_clocks(tx, [(_after(clock, decision), decision.next_at) for clock, decision in decided])
    reminded = [(clock, decision) for clock, decision in decided if isinstance(decision, Remind)]
    await _remind(tx, reminded, incidents, now=now)


def _is_open(incident: Incident | None) -> bool:
    return incident is not None and incident.status in OPEN


def _after(clock: Clock, decision: Remind | Wait) -> Clock:
    return replace(clock, reminded=decision.nth) if isinstance(decision, Remind) else clock


async def _remind(
    tx: AsyncConnection, reminded: Sequence[tuple[Clock, Remind]], incidents: Mapping[IncidentId, Incident], *, now: datetime
) -> None:
    owing = await _owing(tx, [incidents[clock.incident_id] for clock, _ in reminded])
    names = await names_of(tx, owing.values())
    notices, entries = [], []
    for clock, decision in reminded:
        incident, user = incidents[clock.incident_id], owing.get(clock.incident_id)
        whom = names.get(user, "somebody who is gone") if user else "nobody, since nobody has this incident"
        reason = f"{decision.reason}; reminded: {whom}"
        detail: dict[str, object] = {"in_time": False} if clock.due_at is not None and now >= clock.due_at else {}
        entries.append(timeline.Entry(incident.id, now, timeline.Kind.UPDATE_REMINDED, ENGINE, reason, detail))
        if user is not None:
            notices.append(_notice(clock, decision, incident, user, now=now))
    if notices:
        await send_notices(tx, notices, await load_reach(tx, sorted({notice.user_id for notice in notices})), now=now)
    await timeline.add(tx, entries)


def _notice(clock: Clock, decision: Remind, incident: Incident, user: UserId, *, now: datetime) -> NewNotice:
    path = f"/api/v1/incidents/{incident.number}/status-updates"
    return NewNotice(
        user_id=user,
        kind="update_due",
        topic=f"update_due/{incident.id}/{clock.since.isoformat()}/{decision.nth}/{user}",
        urgency=Urgency.LOW.value,
        subject=f"Status update due: #{incident.number} {incident.title}"[:200],
        paragraphs=(
            f"For #{incident.number} {decision.reason}, and you owe it.",
            f"Tell how it stands, also if nothing is new: POST {path}. A resolved update ends these reminders.",
        ),
        expires_at=now + NO_USE_AFTER,
    )


async def postpone(tx: AsyncConnection, clock: Clock, *, until: datetime) -> None:
    await store.postpone(tx, clock.incident_id, until=until)


async def next_at(tx: AsyncConnection) -> datetime | None:
    return await store.next_at(tx)


async def watch(tx: AsyncConnection, *, after: IncidentId | None, now: datetime) -> IncidentId | None:
    """Clocks of open incidents as their priorities ask for: begun where there is none, changed where the priority is another one. Returns
    where to go on next time; None: from the beginning.
    """
    incidents = await list_graded(tx, after=after, limit=WATCHED)
    cadence = await store.get_cadence(tx)
    clocks = {clock.incident_id: clock for clock in await store.find_clocks(tx, [incident.id for incident in incidents])}
    wanted = []
    for incident in incidents:
        every, clock = cadence.of(_counted_as(incident)), clocks.get(incident.id)
        if every is not None:
            after_it = rules.followed(clock, every) if clock else rules.begun(incident.id, every, since=now)
            if after_it != clock:
                wanted.append((after_it, rules.next_look(after_it)))
    if wanted:
        await store.save_clocks(tx, wanted)
    return incidents[-1].id if len(incidents) == WATCHED else None
