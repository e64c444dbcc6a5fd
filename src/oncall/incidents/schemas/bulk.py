"""One verb for many incidents, over REST."""

from collections.abc import Sequence
from typing import Annotated, Self
from uuid import UUID

from pydantic import Field

from oncall.escalation.values import EscalationState
from oncall.incidents.schemas.acting import SnoozeIn
from oncall.incidents.schemas.merging import Number
from oncall.incidents.values import Status
from oncall.incidents.values.acting import BulkVerb, Each
from oncall.kit.http import Shown


class BulkIn(SnoozeIn):
    """Which incidents, each by its id or number, and what is done with each; `duration` or `until` only to snooze."""

    ids: Annotated[list[UUID | Number], Field(min_length=1, max_length=250)]
    action: BulkVerb


class ProblemOut(Shown):
    code: str
    detail: str


class AnswerOut(Shown):
    """What became of one. With a `problem` nothing was changed; of one that was merged, what became of the one that has its alerts."""

    id: UUID | int = Field(description="As it was named.")
    incident_id: UUID | None
    number: int | None
    changed: bool
    status: Status | None
    escalation_state: EscalationState | None
    cancelled_pages: int
    problem: ProblemOut | None

    @classmethod
    def of(cls, each: Each) -> Self:
        incident, problem = each.incident, each.problem
        return cls(
            id=each.ref,
            incident_id=incident.id if incident else None,
            number=incident.number if incident else None,
            changed=each.changed,
            status=incident.status if incident else None,
            escalation_state=incident.escalation_state if incident else None,
            cancelled_pages=each.cancelled,
            problem=ProblemOut(code=problem[0], detail=problem[1]) if problem else None,
        )


class BulkOut(Shown):
    """In the order in which they were named."""

    items: Sequence[AnswerOut]
