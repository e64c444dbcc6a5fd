"""What people write by mail: an incident is logged, what they answer becomes a note, and after the end another incident follows."""

from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.commands.records import get_records
from oncall.desk.rules.closing import closure_of
from oncall.desk.values import Closure, Record
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.asking import tell_person
from oncall.incidents.commands.letters import Desk, Letter, write
from oncall.incidents.commands.logging import log
from oncall.incidents.commands.notes import add_note
from oncall.incidents.commands.verbs import get_incident
from oncall.incidents.rules.filing import resolved_as
from oncall.incidents.rules.mails import answered_late, is_by_reporter, is_over, logged_from, note_from, why_not_taken, writer_of
from oncall.incidents.store import incidents as incident_store
from oncall.incidents.store import mails as store
from oncall.incidents.values import Incident, Status, UnknownIncident
from oncall.incidents.values.filing import Logged
from oncall.incidents.values.mails import PER, Became, MailBox, PersonsMail, Taken
from oncall.kit.ids import IncidentId
from oncall.kit.limits import TooMany


async def take_mail(tx: AsyncConnection, mail: PersonsMail, box: MailBox, desk: Desk, *, now: datetime) -> Taken:
    """One that came before changes nothing. Raises TooMany, and UnknownIncident for an answer about one that is kept no longer."""
    if not await store.hear(tx, box.id, mail.message_id, mail.address, now=now):
        id, became = await store.find_heard(tx, box.id, mail.message_id)
        return Taken(await get_incident(tx, id), became, mail.address, is_new=False)
    named, by_sign = await _named(tx, mail, box, desk)
    if named is not None:
        taken, record = await _goes_on(tx, named, mail, box, desk, now=now)
        # A machine answers whatever comes: that says nothing of who wrote in its name before.
        proves = by_sign and mail.may_be_answered and is_by_reporter(mail, record.reporter)
    elif box.service_id is not None:
        taken = await _log(tx, logged_from(mail, box.service_id, box), mail, box, desk, now=now)
        proves = False
    else:
        raise UnknownIncident("The incident that this answers is kept no longer.")
    await store.decide(tx, box.id, mail.message_id, taken.incident.id, taken.became, proves=proves)
    return taken


async def _named(tx: AsyncConnection, mail: PersonsMail, box: MailBox, desk: Desk) -> tuple[Incident | None, bool]:
    """Which incident a mail is about, and whether that is known by what we signed: its address, its thread, the word in its subject. Else
    the mails that it answers may be of somebody who wrote to us.
    """
    signed = box.incident_id or desk.answers.of_thread(mail.answers) or desk.answers.of_subject(mail.heading)
    found = await incident_store.find_incident(tx, signed) if signed is not None else None
    if found is not None or not mail.answers or box.incident_id is not None:
        return found, found is not None
    id = await store.find_conversation(tx, mail.answers)
    return (await get_incident(tx, id) if id else None), False


async def _goes_on(
    tx: AsyncConnection, named: Incident, mail: PersonsMail, box: MailBox, desk: Desk, *, now: datetime
) -> tuple[Taken, Record]:
    """A note on it, or on the newest that follows it where it is over; where none does, and it is closed, one does now."""
    incident, record = await _locked(tx, named.id)
    while is_over(incident, record) and (follower := await store.find_follower(tx, incident.id)):
        incident, record = await _locked(tx, follower)
    if incident.status is Status.CLOSED:
        return await _log(tx, answered_late(mail, incident, record, box), mail, box, desk, now=now), record
    return await _note(tx, incident, record, mail, box, desk, now=now), record


async def _locked(tx: AsyncConnection, id: IncidentId) -> tuple[Incident, Record]:
    incident = (await lock(tx, id)).incident
    return incident, (await get_records(tx, [incident.id])).get(incident.id) or Record(incident.id)


async def _log(tx: AsyncConnection, wanted: Logged, mail: PersonsMail, box: MailBox, desk: Desk, *, now: datetime) -> Taken:
    await _check_room(tx, mail, box, about=None, now=now)
    by = writer_of(mail, wanted.reporter)
    incident = await log(tx, wanted, by=by, now=now)
    await store.decide(tx, box.id, mail.message_id, incident.id, Became.INCIDENT, proves=False)
    if mail.may_be_answered:
        follows = "What you answered was closed. Your answer" if wanted.follows_id else "Your mail"
        letter = Letter(
            topic="logged",
            subject="We have it:",
            says=f"{follows} is logged as number {incident.number}, and whoever is on duty is told.",
        )
        record = (await get_records(tx, [incident.id]))[incident.id]
        told = "is told by email that it is logged"
        await write(tx, incident, record, letter, desk, kind=timeline.Kind.REPORTER_TOLD, told=told, now=now)
    return Taken(incident, Became.INCIDENT, by.name)


async def _note(
    tx: AsyncConnection, incident: Incident, record: Record, mail: PersonsMail, box: MailBox, desk: Desk, *, now: datetime
) -> Taken:
    by, text = writer_of(mail, record.reporter), note_from(mail)
    if await store.is_of(tx, mail.message_id, incident.id):  # it came by another address of ours as well
        return Taken(incident, Became.NOTE, by.name, is_new=False)
    await _check_room(tx, mail, box, about=incident.id, now=now)
    await add_note(tx, incident, text, by=by, now=now)
    if incident.owner_id is not None:
        await tell_person(tx, incident, incident.owner_id, by, kind="reporter", subject=f"{by.name} writes", paragraphs=(text,), now=now)
    waits = closure_of(resolved_as(incident, None), record, incident.process) is Closure.AWAITING_REPORTER
    asks = waits and is_by_reporter(mail, record.reporter) and mail.may_be_answered
    since = incident.resolved_at
    if asks and since is not None and not await store.wrote_since(tx, incident.id, mail.address, since=since):
        letter = Letter(
            topic=f"how/{since}",
            subject="Is it well again?",
            says="Your answer is kept as a note. It is resolved, and closed once you have said, by the link, whether it is well again.",
            then="If it is not, it is taken up again at once.",
            asks=True,
        )
        told = "is told by email how to say whether it is well again"
        await write(tx, incident, record, letter, desk, kind=timeline.Kind.REPORTER_TOLD, told=told, now=now)
    return Taken(incident, Became.NOTE, by.name)


async def _check_room(tx: AsyncConnection, mail: PersonsMail, box: MailBox, *, about: IncidentId | None, now: datetime) -> None:
    if why := why_not_taken(await store.heard_lately(tx, box.id, mail.address, about, now=now), logs=about is None):
        raise TooMany(why, retry_after=int(PER.total_seconds()))
