"""What closing an incident needs to know, and what stands in its way."""

from dataclasses import dataclass
from datetime import datetime

from oncall.desk.values import Closure
from oncall.kit.errors import Conflict, Forbidden, Invalid


class NotTheDesk(Forbidden):
    """Only the service desk closes what is filed by `itil`."""

    code = "not_the_desk"


class Missing(Invalid):
    """What is obligatory before it is closed, all of it at once."""

    code = "incomplete"


class NotReady(Conflict):
    """It is in a state from which this cannot be done; the members say which, and what can be."""

    code = "wrong_state"
    title = "Not from this state"

    def __init__(self, sentence: str, *, status: str, closure: Closure | None, allowed: tuple[str, ...]) -> None:
        super().__init__(sentence)
        self.members = {"incident_status": status, "closure": closure, "allowed": list(allowed)}


@dataclass(frozen=True, slots=True)
class Asker:
    """Who wants to close it."""

    name: str
    is_desk: bool


@dataclass(frozen=True, slots=True)
class Resolved:
    """How it was resolved: when, whether an alert had opened it, and whether all of its alerts are well again by their monitors' word."""

    at: datetime
    by_alert: bool
    all_clear: bool
