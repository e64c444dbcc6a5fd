"""Whoever reported an incident is asked, once it is resolved, whether it is well: one mail with a link, by which they say yes or no."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.records import get_records
from oncall.desk.rules.closing import asks_reporter
from oncall.desk.values import Process, Record, Verdict
from oncall.incidents.commands import acting, filing
from oncall.incidents.commands.letters import Desk, Letter, write
from oncall.incidents.commands.verbs import Done, get_incident, get_incidents
from oncall.incidents.store import mails as store
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.filing import Said
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.db import beside
from oncall.kit.ids import IncidentId
from oncall.kit.log import get_log
from oncall.timeline.ports import OnEntries

log = get_log("incidents")

OVER = {timeline.Kind.RESOLVED, timeline.Kind.SETTLED}
LONGEST_WORDS = 2_000


def asking(desk: Desk) -> OnEntries:
    """Of what is resolved, its reporter is asked in the same transaction; that they cannot be asked is logged, and it is resolved."""

    async def ask(tx: AsyncConnection, added: Sequence[tuple[UUID, timeline.Entry]]) -> None:
        over = {entry.incident_id: entry.at for _, entry in added if entry.kind in OVER}
        if over:
            async with beside(tx, log, "reporters are not asked whether it is well again", incidents=len(over)):
                await _ask_all(tx, over, desk)

    return ask


async def _ask_all(tx: AsyncConnection, over: Mapping[IncidentId, datetime], desk: Desk) -> None:
    incidents = [one for one in await get_incidents(tx, over) if one.status is Status.RESOLVED and one.process is Process.ITIL]
    records = await get_records(tx, [one.id for one in incidents])
    for one in incidents:
        record = records.get(one.id)
        if record is not None and asks_reporter(record):
            await _ask(tx, one, record, desk, now=over[one.id])


async def _ask(tx: AsyncConnection, incident: Incident, record: Record, desk: Desk, *, now: datetime) -> None:
    done = (f"What was done: {record.resolution_text}",) if record.resolution_text else ()
    letter = Letter(
        topic=now.isoformat(),
        subject="Is it well again?",
        says="What you reported is resolved.",
        then="Please say whether it is well again.",
        private=(f"It was: {incident.title}", *done),
        asks=True,
    )
    told = "is asked by email whether it is well again"
    await write(tx, incident, record, letter, desk, kind=timeline.Kind.REPORTER_ASKED, told=told, now=now)


async def see(tx: AsyncConnection, id: IncidentId) -> tuple[Incident, Record]:
    """What a reporter's page shows. Changes nothing."""
    incident = await get_incident(tx, id)
    return incident, (await get_records(tx, [id])).get(id) or Record(id)


async def answer(tx: AsyncConnection, id: IncidentId, verdict: Verdict, text: str, *, now: datetime) -> Done:
    """In the name of whoever reported it; raises NotReady where there is nothing to say any more. A no is acted on at once, and stands."""
    await acting.lock(tx, id)
    _, record = await see(tx, id)
    if record.reporter and asks_reporter(record):  # who pressed the link has read the mail that it came in
        await store.add_proof(tx, id, record.reporter.contact.strip().lower(), now=now)
    name = record.reporter.name if record.reporter else "the reporter"
    by = Actor(ActorKind.EXTERNAL, None, name, "link")
    return await filing.verify(tx, id, Said(verdict, text[:LONGEST_WORDS]), by=by, user_id=None, now=now)
