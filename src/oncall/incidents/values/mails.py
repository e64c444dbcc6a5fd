"""What a person writes by mail of what is wrong, and what becomes of it."""

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum
from uuid import UUID

from oncall.desk.values import ReporterKind
from oncall.incidents.values import Incident
from oncall.kit.ids import IncidentId, ServiceId

PER = timedelta(minutes=10)
INCIDENTS_EACH, INCIDENTS_OF_A_BOX, MAILS_EACH, NOTES_OF_AN_INCIDENT = 5, 30, 30, 30
"""What is taken in ten minutes: incidents by one sender and at one address of ours, mails by one sender, answers about one incident. Each
incident pages, and each answer goes to whoever leads it.
"""

TO_PROVEN, TO_UNPROVEN = 20, 5
"""Mails to one address: in an hour, where we know that whoever has it reports here; in a day, where somebody only said so."""

LONGEST_TITLE, LONGEST_NOTE, LONGEST_DESCRIPTION = 1_024, 10_000, 20_000


@dataclass(frozen=True, slots=True)
class PersonsMail:
    """Who wrote, as the mail says; `answers` are the ids of the mails that it answers, the nearest first. `address` is empty where there is
    none.
    """

    name: str
    address: str
    subject: str
    heading: str
    """The subject as it came: with what mail programs put before it, and a word of ours in it."""
    text: str
    own_words: str
    """The text without what it quotes."""
    attachments: tuple[str, ...]
    message_id: str
    answers: tuple[str, ...]
    may_be_answered: bool
    """Not where a machine wrote it, or a list sent it on: two machines would never end."""


@dataclass(frozen=True, slots=True)
class MailBox:
    """The address of ours at which a mail came in: an integration's, where people report to a service, or that of an incident's answers."""

    id: UUID
    service_id: ServiceId | None = None
    kind: ReporterKind = ReporterKind.CUSTOMER
    incident_id: IncidentId | None = None


class Became(StrEnum):
    INCIDENT = "incident"
    NOTE = "note"


@dataclass(frozen=True, slots=True)
class Taken:
    """What became of a mail; one that came before became that then."""

    incident: Incident
    became: Became
    by: str
    is_new: bool = True

    def __str__(self) -> str:
        what = "logged as" if self.became is Became.INCIDENT else "a note on"
        return f"a mail by {self.by}: {what} #{self.incident.number}{'' if self.is_new else ', when it came before'}"


@dataclass(frozen=True, slots=True)
class HeardLately:
    """How many mails a sender wrote in the last minutes, how many of them and how many of the box became incidents, and how many, whoever
    wrote them, became notes on the incident that this one is about.
    """

    mails: int
    incidents: int
    of_box: int
    of_incident: int = 0


@dataclass(frozen=True, slots=True)
class SentLately:
    """How many mails an address was sent, and whether whoever has it has shown that they read there."""

    in_hour: int
    in_day: int
    is_proven: bool
