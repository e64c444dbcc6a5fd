"""What a mail of a person says of an incident, whether it is taken, and whether somebody is written to. Pure."""

from collections.abc import Sequence

from oncall.desk.rules.closing import has_objected
from oncall.desk.values import Record, Reporter
from oncall.incidents.values import Incident, Status
from oncall.incidents.values.filing import Logged
from oncall.incidents.values.mails import (
    INCIDENTS_EACH,
    INCIDENTS_OF_A_BOX,
    LONGEST_DESCRIPTION,
    LONGEST_NOTE,
    LONGEST_TITLE,
    MAILS_EACH,
    NOTES_OF_AN_INCIDENT,
    TO_PROVEN,
    TO_UNPROVEN,
    HeardLately,
    MailBox,
    PersonsMail,
    SentLately,
)
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import ServiceId

UNTITLED = "a mail without words"


def is_by_reporter(mail: PersonsMail, reporter: Reporter | None) -> bool:
    """Whether it comes from the address that the incident was reported from, as far as a mail says so."""
    return reporter is not None and bool(mail.address) and mail.address == reporter.contact.strip().lower()


def writer_of(mail: PersonsMail, reporter: Reporter | None) -> Actor:
    """The reporter, from their own address; anybody else is the address that they write from, whatever they call themselves."""
    name = reporter.name if reporter and is_by_reporter(mail, reporter) else mail.address or "somebody without an address"
    return Actor(ActorKind.EXTERNAL, None, name, "email")


def logged_from(mail: PersonsMail, service_id: ServiceId, box: MailBox) -> Logged:
    """What somebody reports who wrote to a service."""
    title = mail.subject or next((line for line in mail.text.splitlines() if line.strip()), "").strip() or UNTITLED
    description = _with_attachments(mail.text, mail.attachments, LONGEST_DESCRIPTION)
    return Logged(_cut(title, LONGEST_TITLE), service_id, description, _reporter(mail, box))


def _reporter(mail: PersonsMail, box: MailBox) -> Reporter:
    return Reporter(mail.name or mail.address or "somebody without an address", box.kind, mail.address)


def follow_up(incident: Incident, record: Record, description: str, *, reporter: Reporter | None = None) -> Logged:
    """Another incident about what was taken to be over."""
    return Logged(
        title=incident.title,
        service_id=incident.service_id,
        description=_cut(description, LONGEST_DESCRIPTION),
        reporter=reporter or record.reporter,
        category_id=record.category_id,
        grading=record.grading,
        severity=incident.severity,
        urgency=incident.urgency,
        follows_id=incident.id,
    )


def answered_late(mail: PersonsMail, incident: Incident, record: Record, box: MailBox) -> Logged:
    """It was closed when they answered."""
    known = is_by_reporter(mail, record.reporter)
    description = f"Answered by mail after #{incident.number} was closed:\n\n{note_from(mail)}"
    return follow_up(incident, record, description, reporter=None if known else _reporter(mail, box))


def is_over(incident: Incident, record: Record) -> bool:
    """Whether what is said of it now belongs to what follows it, if something does."""
    objected = incident.status is Status.RESOLVED and has_objected(record, incident.resolved_at)
    return incident.status is Status.CLOSED or objected


def note_from(mail: PersonsMail) -> str:
    words = mail.own_words or mail.subject or UNTITLED
    return _with_attachments(words, mail.attachments, LONGEST_NOTE)


def _with_attachments(text: str, attachments: Sequence[str], longest: int) -> str:
    """They are named, not kept."""
    if not attachments:
        return _cut(text, longest)
    named = _cut(f"Attached to the mail, and not kept: {', '.join(attachments)}", longest // 2)
    kept = _cut(text, longest - len(named) - 2)
    return f"{kept}\n\n{named}" if kept else named


def _cut(text: str, longest: int) -> str:
    return text if len(text) <= longest else text[: longest - 1].rstrip() + "…"


def why_not_taken(heard: HeardLately, *, logs: bool) -> str:
    """Why a mail is to come again later; "" if it is taken now. Each incident wakes somebody, and each note whoever leads it."""
    if heard.mails > MAILS_EACH or (logs and heard.incidents >= INCIDENTS_EACH):
        return "Many mails came from this sender in the last minutes; this one is taken when it comes again later."
    if logs and heard.of_box >= INCIDENTS_OF_A_BOX:
        return "Many reports came in the last minutes; this one is taken when it comes again later. If it cannot wait, call."
    if heard.of_incident >= NOTES_OF_AN_INCIDENT:
        return "Many answers about this incident came in the last minutes; this one is taken when it comes again later."
    return ""


def trusts(incident: Incident, sent: SentLately) -> bool:
    """Whether the address is that of whoever reported it: one of ours says so, or whoever has it has answered what was sent there."""
    return sent.is_proven or incident.opened_by is None or incident.opened_by.kind is not ActorKind.EXTERNAL


def why_not_written(sent: SentLately, *, trusted: bool) -> str:
    """Why nothing more is sent to an address now; "" if it may be."""
    if sent.in_hour >= TO_PROVEN:
        return f"{TO_PROVEN} mails went to that address in an hour"
    if not trusted and sent.in_day >= TO_UNPROVEN:
        return f"{TO_UNPROVEN} mails went to that address in a day, and nobody there has answered one"
    return ""
