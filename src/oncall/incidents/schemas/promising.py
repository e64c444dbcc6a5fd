"""How what is promised of an incident is shown."""

from typing import Self
from uuid import UUID

from oncall.desk.values.slas import Goal, Promises, marked
from oncall.kit.http import Instant, Shown


class SlaStandingOut(Shown):
    """Until when its SLA promises what; null: nothing is promised, or it is over. What was broken stays here also once it is done."""

    id: UUID
    acknowledge_by: Instant | None
    resolve_by: Instant | None
    update_by: Instant | None
    at_risk: list[Goal]
    breached: list[Goal]

    @classmethod
    def of(cls, promises: Promises | None) -> Self | None:
        if promises is None:
            return None
        by = {goal: one.by for goal, one in promises.running.items()}
        at_risk, breached = marked(promises)
        return cls(
            id=promises.sla_id,
            acknowledge_by=by.get(Goal.ACKNOWLEDGE),
            resolve_by=by.get(Goal.RESOLVE),
            update_by=by.get(Goal.UPDATE),
            at_risk=list(at_risk),
            breached=list(breached),
        )
