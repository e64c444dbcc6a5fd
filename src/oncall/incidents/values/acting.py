"""What people do with an incident: what it becomes by that, and what cannot be done."""

from dataclasses import dataclass
from enum import StrEnum
from uuid import UUID

from oncall.incidents.values import Incident
from oncall.kit.errors import Conflict, Invalid
from oncall.timeline.values import Kind


class NotOpen(Conflict):
    """It is resolved or closed, so there is nothing to escalate, to hand on or to put off."""

    code = "not_open"
    title = "Not open"


class NotReopenable(Conflict):
    """It cannot be opened again; the text says why, and what to do."""

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
