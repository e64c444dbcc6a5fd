"""What is written by mail to whoever reported an incident: no more than they may read, and no oftener than anybody wants."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.access.rules import sign_link
from oncall.access.values import LinkToken, LinkVerb
from oncall.channels.answers import Answers
from oncall.channels.values import Thread
from oncall.contacts.values import Urgency
from oncall.desk.rules.closing import can_be_written_to
from oncall.desk.values import Record
from oncall.incidents.rules.mails import trusts, why_not_written
from oncall.incidents.store import mails as store
from oncall.incidents.values import Incident
from oncall.kit.actors import ENGINE
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import NewNotice
from oncall.notifications.commands.outside import send_outside

OF_USE = timedelta(days=3)
ANSWER = "To add something, answer this mail."
STRANGER = (
    "Somebody gave this address when they reported a problem, number {number}, on {day:%Y-%m-%d at %H:%M} UTC. "
    "If it was not you, nothing need be done."
)


@dataclass(frozen=True, slots=True)
class Desk:
    """What a reporter's link begins with and is signed by, and how their answers are known."""

    base_url: str
    keys: Sequence[bytes]
    answers: Answers

    def link(self, id: IncidentId) -> str:
        """A reporter has no account: the link stands for whoever reported this incident."""
        return f"{self.base_url}/l/{sign_link(LinkToken(id, UserId(id), LinkVerb.VERIFY, 0, 0), self.keys)}"


@dataclass(frozen=True, slots=True)
class Letter:
    """`topic` is one letter about one incident, written once. What is `private` is only for an address that we trust to be theirs."""

    topic: str
    subject: str
    says: str
    then: str = ""
    private: tuple[str, ...] = ()
    asks: bool = False
    """It has the link by which they say whether it is well again."""


async def write(
    tx: AsyncConnection, incident: Incident, record: Record, letter: Letter, desk: Desk, *, kind: timeline.Kind, told: str, now: datetime
) -> None:
    """Write it, unless the address has had enough; the timeline says which. An address that somebody only typed somewhere gets no word of
    theirs, so that nobody writes to others through us.
    """
    reporter = record.reporter
    if reporter is None or not can_be_written_to(record):
        return
    address = reporter.contact.strip().lower()
    sent = await store.sent_lately(tx, address, now=now)
    trusted = trusts(incident, sent)
    if why := why_not_written(sent, trusted=trusted):
        entry = timeline.Entry(incident.id, now, timeline.Kind.REPORTER_NOT_TOLD, ENGINE, f"{reporter.name} is not written to: {why}")
        await timeline.add(tx, [entry])
        return
    stranger = STRANGER.format(number=incident.number, day=incident.triggered_at)
    opening = (letter.says, *letter.private) if trusted else (stranger, letter.says)
    closing = tuple(one for one in (letter.then, ANSWER if desk.answers.listens else "") if one)
    heard = await store.last_heard(tx, incident.id, address)
    notice = NewNotice(
        user_id=UserId(incident.id),
        kind="reporter",
        topic=f"reporter/{incident.id}/{letter.topic}",
        urgency=Urgency.LOW.value,
        subject=f"{letter.subject} {desk.answers.word(incident.number)}{f' {incident.title}' if trusted else ''}",
        paragraphs=(*opening, *closing),
        links=((desk.link(incident.id), "Say whether it is well again"),) if letter.asks else (),
        expires_at=now + OF_USE,
        thread=Thread(desk.answers.address(incident.id), (*([heard] if heard else []), desk.answers.thread(incident.id))),
    )
    name = reporter.name if trusted else f"whoever reported number {incident.number}"
    await send_outside(tx, notice, name=name, channel="email", address=reporter.contact, now=now)
    await store.add_sent(tx, incident.id, address, now=now)
    await timeline.add(tx, [timeline.Entry(incident.id, now, kind, ENGINE, f"{reporter.name}, who reported it, {told}")])
