"""What SLAs look like over REST."""

from datetime import timedelta
from typing import Annotated, Self
from uuid import UUID

from pydantic import AfterValidator, Field

from oncall.desk.values import CalendarId, Priority
from oncall.desk.values.slas import LONGEST, Sla, SlaSettings, Targets
from oncall.kit.http import Duration, Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import PolicyId

SHORTEST = timedelta(minutes=1)
EXAMPLE = {"P1": {"acknowledge": "PT15M", "resolve": "PT4H", "update": "PT30M"}, "P2": {"acknowledge": "PT30M", "resolve": "PT8H"}}


def _sensible(value: timedelta) -> timedelta:
    if not SHORTEST <= value <= LONGEST:
        raise ValueError("must be between PT1M and P90D")
    return value


Promised = Annotated[Duration, AfterValidator(_sensible)]


class TargetsShape(Strict):
    """Within which time; null, or left out: nothing is promised."""

    acknowledge: Promised | None = None
    resolve: Promised | None = None
    update: Promised | None = Field(None, description="How often news are told as long as it is open.")


class SlaIn(Strict):
    """What is promised, by priority. It counts in the hours of a calendar, or round the clock without one."""

    name: Name
    targets: dict[Priority, TargetsShape] = Field(examples=[EXAMPLE])
    calendar_id: CalendarId | None = None
    round_the_clock: Annotated[list[Priority], Field(max_length=5)] = Field(
        default_factory=list, description="Of these priorities every hour counts, whatever the calendar says."
    )
    manager_policy_id: PolicyId | None = Field(
        None,
        description="Its first step is paged when a promise is at risk (after three quarters of its time), the next when it is broken.",
    )

    def settings(self) -> SlaSettings:
        targets = {priority: Targets(said.acknowledge, said.resolve, said.update) for priority, said in self.targets.items()}
        round_the_clock = tuple(sorted(set(self.round_the_clock)))
        return SlaSettings(self.name, targets, self.calendar_id, round_the_clock, self.manager_policy_id)


class SlaEdit(SlaIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class SlaOut(Shown):
    id: UUID
    name: str
    targets: dict[Priority, TargetsShape] = Field(examples=[EXAMPLE])
    calendar_id: UUID | None
    round_the_clock: list[Priority]
    manager_policy_id: UUID | None
    created_at: Instant

    @classmethod
    def of(cls, sla: Sla) -> Self:
        its = sla.settings
        targets = {
            priority: TargetsShape(acknowledge=one.acknowledge, resolve=one.resolve, update=one.update)
            for priority, one in sorted(its.targets.items())
        }
        return cls(
            id=sla.id,
            name=its.name,
            targets=targets,
            calendar_id=its.calendar_id,
            round_the_clock=list(its.round_the_clock),
            manager_policy_id=its.manager_policy_id,
            created_at=sla.created_at,
        )
