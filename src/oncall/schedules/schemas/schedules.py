"""What the routes about schedules take and show."""

from typing import Self

from pydantic import Field

from oncall.kit.http import Instant, Name, Shown, Strict
from oncall.kit.ids import ScheduleId, TeamId
from oncall.schedules.schemas.layers import Layers, LayerShape, Zone, definitions_of
from oncall.schedules.values import (
    AuthoredSchedule,
    Definition,
    ScheduleChanges,
)


class ScheduleIn(Strict):
    name: Name
    team_id: TeamId | None = None
    time_zone: Zone
    layers: Layers

    def definition(self) -> Definition:
        return Definition(self.time_zone, definitions_of(self.layers))

    def changes(self) -> ScheduleChanges:
        return {"name": self.name, "team_id": self.team_id, "time_zone": self.time_zone, "layers": definitions_of(self.layers)}


class ScheduleEdit(Strict):
    """Only the fields that are sent change; null takes the team away."""

    name: Name = Field(default_factory=str)
    team_id: TeamId | None = None
    time_zone: Zone = Field(default_factory=str)
    layers: Layers = Field(default_factory=list)

    def changes(self) -> ScheduleChanges:
        changes: ScheduleChanges = {}
        if "name" in self.model_fields_set:
            changes["name"] = self.name
        if "team_id" in self.model_fields_set:
            changes["team_id"] = self.team_id
        if "time_zone" in self.model_fields_set:
            changes["time_zone"] = self.time_zone
        if "layers" in self.model_fields_set:
            changes["layers"] = definitions_of(self.layers)
        return changes


class ScheduleShown(Shown):
    id: ScheduleId
    name: str
    team_id: TeamId | None
    time_zone: str
    layers: list[LayerShape]
    created_at: Instant

    @classmethod
    def of(cls, schedule: AuthoredSchedule) -> Self:
        return cls(
            id=schedule.id,
            name=schedule.name,
            team_id=schedule.team_id,
            time_zone=schedule.definition.time_zone,
            layers=[LayerShape.model_validate(layer) for layer in schedule.definition.layers],
            created_at=schedule.created_at,
        )
