"""What people do with an incident: what it becomes by that, and what cannot be done."""

from dataclasses import dataclass
from enum import StrEnum
from typing import ClassVar
from uuid import UUID

from oncall.incidents.values import Incident, Status
from oncall.kit.errors import Conflict, Invalid
from oncall.timeline.values import Kind

NEXT = {
    Status.TRIGGERED: ("acknowledge", "resolve"),
    Status.ACKNOWLEDGED: ("unacknowledge", "resolve"),
    Status.RESOLVED: ("reopen", "verify", "close"),
    Status.CLOSED: (),
}
"""What can be done from each state; whoever asks for something else is told."""


class FromHere(Conflict):
    """It cannot be done from where the incident stands: the answer says where that is, and what can be done."""

    refused: ClassVar[str] = ""
    """What is not possible now, though it is from such a state."""

    def __init__(self, incident: Incident, sentence: str) -> None:
        super().__init__(sentence)
        self.members = {
            "incident_status": incident.status.value,
            "allowed": [verb for verb in NEXT[incident.status] if verb != self.refused],
        }


class NotOpen(FromHere):
    """It is resolved or closed, so there is nothing to escalate, to hand on or to put off."""

    code = "not_open"
    title = "Not open"


class NotReopenable(FromHere):
    """It cannot be opened again; the text says why, and what to do."""

    refused = "reopen"
    code = "not_reopenable"
    title = "Cannot be reopened"


class PolicyGone(Conflict):
    """The policy that an incident goes by was deleted; the incident keeps what it was."""

    code = "policy_gone"
    title = "Policy deleted"


class CannotAct(Invalid):
    """What is asked for cannot be done with this incident."""


class BulkVerb(StrEnum):
    """What can be done with many at once."""

    ACKNOWLEDGE = "acknowledge"
    UNACKNOWLEDGE = "unacknowledge"
    SNOOZE = "snooze"
    RESOLVE = "resolve"
    REOPEN = "reopen"


@dataclass(frozen=True, slots=True)
class Change:
    """The incident as a person has made it, and the sentence for its timeline. `cancels`: what is still to be sent of it is not."""

    incident: Incident
    kind: Kind
    reason: str
    cancels: bool = True


@dataclass(frozen=True, slots=True)
class Each:
    """What became of one of many: the incident as it is now, or the code and the sentence of why it is as it was."""

    ref: UUID | int
    incident: Incident | None = None
    changed: bool = False
    cancelled: int = 0
    problem: tuple[str, str] | None = None
