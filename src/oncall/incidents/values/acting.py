"""What people do with an incident: what it becomes by that, and what cannot be done."""

from dataclasses import dataclass

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


@dataclass(frozen=True, slots=True)
class Change:
    """The incident as a person has made it, and the sentence for its timeline. `cancels`: what is still to be sent of it is not."""

    incident: Incident
    kind: Kind
    reason: str
    cancels: bool = True
