"""What workflow rules look like over REST."""

from collections.abc import Sequence
from datetime import datetime
from typing import Annotated, Any, Literal, Self, assert_never
from uuid import UUID

from pydantic import Field, StringConstraints, model_validator

from oncall.contacts.values import Urgency
from oncall.desk.schemas.templates import MOST_PLANNED, PlannedIn
from oncall.desk.values import CategoryId, Priority, Process
from oncall.desk.values.roles import Role
from oncall.incidents.schemas.acting import Reason
from oncall.incidents.schemas.responders import MOST_ASKED, Message
from oncall.incidents.values import Status
from oncall.incidents.values.workflow import Act, ActType, Conditions, Rule, RuleId, Trigger
from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict, iso_duration
from oncall.kit.ids import ServiceId, TeamId, UserId

MOST_NAMED = 100


class ConditionsIn(Strict):
    """All that are said must hold; of several values one is enough."""

    priorities: Annotated[tuple[Priority, ...], Field(max_length=5)] = ()
    service_ids: Annotated[tuple[ServiceId, ...], Field(max_length=MOST_NAMED)] = ()
    category_ids: Annotated[tuple[CategoryId, ...], Field(max_length=MOST_NAMED)] = ()
    processes: Annotated[tuple[Process, ...], Field(max_length=2)] = ()
    urgencies: Annotated[tuple[Urgency, ...], Field(max_length=2)] = ()
    statuses: Annotated[tuple[Status, ...], Field(max_length=4)] = ()

    def to_conditions(self) -> Conditions:
        return Conditions(**{name: tuple(dict.fromkeys(getattr(self, name))) for name in type(self).model_fields})


class AddResponders(Strict):
    """People, and the on-call of teams, are asked to join, and paged."""

    type: Literal["add_responders"]
    user_ids: Annotated[tuple[UserId, ...], Field(max_length=MOST_ASKED)] = ()
    team_ids: Annotated[tuple[TeamId, ...], Field(max_length=MOST_ASKED)] = ()
    message: Message = ""

    @model_validator(mode="after")
    def _asks_somebody(self) -> Self:
        if not self.user_ids and not self.team_ids:
            raise ValueError("say who is to join: `user_ids`, `team_ids`, or both")
        return self

    def to_act(self) -> Act:
        return Act(ActType.ADD_RESPONDERS, user_ids=self.user_ids, team_ids=self.team_ids, text=self.message)


class AddTasks(Strict):
    """Those are added that the rule has not added to this incident before."""

    type: Literal["add_tasks"]
    tasks: Annotated[Sequence[PlannedIn], Field(min_length=1, max_length=MOST_PLANNED)]

    def to_act(self) -> Act:
        return Act(ActType.ADD_TASKS, tasks=tuple(one.to_planned() for one in self.tasks))


class SetRole(Strict):
    """Unless somebody has it."""

    type: Literal["set_role"]
    role: Role
    user_id: UserId

    def to_act(self) -> Act:
        return Act(ActType.SET_ROLE, user_ids=(self.user_id,), role=self.role)


class DeclareMajor(Strict):
    type: Literal["declare_major"]
    reason: Reason

    def to_act(self) -> Act:
        return Act(ActType.DECLARE_MAJOR, text=self.reason)


class Run(Strict):
    """An action by its name; a name that there is not is refused with those there are."""

    type: Literal["run"]
    name: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,63}$")]
    text: Annotated[str, StringConstraints(max_length=5_000)] = ""

    def to_act(self) -> Act:
        return Act(ActType.RUN, name=self.name, text=self.text)


ActIn = Annotated[AddResponders | AddTasks | SetRole | DeclareMajor | Run, Field(discriminator="type")]


class RuleIn(Strict):
    """When one of `triggers` happens to an incident for which all `conditions` hold, the `actions` are done, in their order."""

    name: Name
    position: Annotated[int, Field(ge=0, le=100_000, description="The lowest acts first.")] = 0
    enabled: bool = True
    triggers: Annotated[tuple[Trigger, ...], Field(min_length=1, max_length=3)]
    conditions: ConditionsIn = ConditionsIn()
    actions: Annotated[Sequence[ActIn], Field(min_length=1, max_length=10)]

    def to_rule(self, id: RuleId, *, now: datetime) -> Rule:
        acts = tuple(act.to_act() for act in self.actions)
        triggers = tuple(dict.fromkeys(self.triggers))
        return Rule(id, self.name, self.position, self.enabled, triggers, self.conditions.to_conditions(), acts, now)


class RuleEdit(RuleIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class ConditionsOut(Shown):
    priorities: Sequence[Priority]
    service_ids: Sequence[UUID]
    category_ids: Sequence[UUID]
    processes: Sequence[Process]
    urgencies: Sequence[Urgency]
    statuses: Sequence[Status]


class RuleOut(Shown):
    id: UUID
    name: str
    position: int
    enabled: bool
    triggers: Sequence[Trigger]
    conditions: ConditionsOut
    actions: Sequence[dict[str, Any]] = Field(description="As they were sent.")
    created_at: Instant

    @classmethod
    def of(cls, rule: Rule) -> Self:
        return cls(
            id=rule.id,
            name=rule.name,
            position=rule.position,
            enabled=rule.enabled,
            triggers=rule.triggers,
            conditions=ConditionsOut.model_validate(rule.conditions),
            actions=[_shown(act) for act in rule.actions],
            created_at=rule.created_at,
        )


def _shown(act: Act) -> dict[str, Any]:
    match act.type:
        case ActType.ADD_RESPONDERS:
            users, teams = ([f"{id}" for id in ids] for ids in (act.user_ids, act.team_ids))
            return {"type": act.type.value, "user_ids": users, "team_ids": teams, "message": act.text}
        case ActType.ADD_TASKS:
            tasks = [
                {"title": one.title, "description": one.description, "due_in": iso_duration(one.due_in) if one.due_in else None}
                for one in act.tasks
            ]
            return {"type": act.type.value, "tasks": tasks}
        case ActType.SET_ROLE:
            return {"type": act.type.value, "role": act.role, "user_id": f"{act.user_ids[0]}"}
        case ActType.DECLARE_MAJOR:
            return {"type": act.type.value, "reason": act.text}
        case ActType.RUN:
            return {"type": act.type.value, "name": act.name, "text": act.text}
        case _:
            assert_never(act.type)
