"""What people say when they do something with an incident."""

from typing import Annotated

from pydantic import Field, StringConstraints

from oncall.incidents.schemas.incidents import VerbIn
from oncall.kit.http import Duration, Instant, Strict
from oncall.kit.ids import PolicyId, TeamId, UserId

Reason = Annotated[str, StringConstraints(min_length=1, max_length=500, pattern=r"^[^\x00-\x1f\x7f]*$")]
"""For the timeline, in one line."""


class ReasonIn(VerbIn):
    reason: Reason | None = None


class SnoozeIn(ReasonIn):
    """For how long, or until when: from PT1M to P7D."""

    duration: Duration | None = None
    until: Instant | None = None


Level = Annotated[int, Field(ge=1, description="A step of the policy, counted from 1.")]


class EscalateIn(ReasonIn):
    """To which level; the next one if none is named."""

    level: Level | None = None


class ReassignIn(Strict):
    """To a policy, to a person, or to a team: one of them."""

    escalation_policy_id: PolicyId | None = None
    level: Level | None = None
    user_id: UserId | None = Field(None, description="Who is to have it; it is done by whoever the key belongs to.")
    team_id: TeamId | None = Field(None, description="Whose on-call, by its `schedule_id`, is to have it.")
    reason: Reason | None = None
