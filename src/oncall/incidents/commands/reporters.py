"""Whoever reported an incident is asked, once it is resolved, whether it is well: one mail with a link, by which they say yes or no."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.access.rules import sign_link
from oncall.access.values import LinkToken, LinkVerb
from oncall.contacts.values import Urgency
from oncall.desk.commands.records import get_records
from oncall.desk.rules.closing import asks_reporter
from oncall.desk.values import Process, Record, Verdict
from oncall.incidents.commands import acting, filing
from oncall.incidents.commands.verbs import Done, get_incident, get_incidents
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.filing import Said
from oncall.kit.actors import ENGINE, Actor, ActorKind
from oncall.kit.db import beside
from oncall.kit.ids import IncidentId, UserId
from oncall.kit.log import get_log
from oncall.notifications import NewNotice
from oncall.notifications.commands.outside import send_outside
from oncall.timeline.ports import OnEntries

log = get_log("incidents")

OVER = {timeline.Kind.RESOLVED, timeline.Kind.SETTLED}
OF_USE = timedelta(days=3)
LONGEST_WORDS = 2_000


@dataclass(frozen=True, slots=True)
class Desk:
    """What a reporter's link begins with and is signed by."""

    base_url: str
    keys: Sequence[bytes]

    def link(self, id: IncidentId) -> str:
        """A reporter has no account: the link stands for whoever reported this incident."""
        return f"{self.base_url}/l/{sign_link(LinkToken(id, UserId(id), LinkVerb.VERIFY, 0, 0), self.keys)}"


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
    reporter = record.reporter
    if reporter is None:
        return
    done = (f"What was done: {record.resolution_text}",) if record.resolution_text else ()
    notice = NewNotice(
        user_id=UserId(incident.id),
        kind="reporter",
        topic=f"reporter/{incident.id}/{now.isoformat()}",
        urgency=Urgency.LOW.value,
        subject=f"Is it well again? #{incident.number} {incident.title}",
        paragraphs=(f"What you reported, “{incident.title}”, is resolved.", *done, "Please say whether it is well again."),
        links=((desk.link(incident.id), "Say whether it is well again"),),
        expires_at=now + OF_USE,
    )
    await send_outside(tx, notice, name=reporter.name, channel="email", address=reporter.contact, now=now)
    said = f"{reporter.name}, who reported it, is asked by email whether it is well again"
    await timeline.add(tx, [timeline.Entry(incident.id, now, timeline.Kind.REPORTER_ASKED, ENGINE, said)])


async def see(tx: AsyncConnection, id: IncidentId) -> tuple[Incident, Record]:
    """What a reporter's page shows. Changes nothing."""
    incident = await get_incident(tx, id)
    return incident, (await get_records(tx, [id])).get(id) or Record(id)


async def answer(tx: AsyncConnection, id: IncidentId, verdict: Verdict, text: str, *, now: datetime) -> Done:
    """In the name of whoever reported it; raises NotReady where there is nothing to say any more. A no is acted on at once, and stands."""
    await acting.lock(tx, id)
    _, record = await see(tx, id)
    name = record.reporter.name if record.reporter else "the reporter"
    by = Actor(ActorKind.EXTERNAL, None, name, "link")
    return await filing.verify(tx, id, Said(verdict, text[:LONGEST_WORDS]), by=by, user_id=None, now=now)
