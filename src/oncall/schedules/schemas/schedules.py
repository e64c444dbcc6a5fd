"""What the routes about schedules take and show."""

from typing import Self

from pydantic import Field

from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.kit.ids import ScheduleId, TeamId
from oncall.schedules.schemas.layers import Layers, LayerShape, WholeSecond, Zone, definitions_of
from oncall.schedules.values import AdviceCode, AuthoredSchedule, AuthoredVersion, Continuation, Definition, ScheduleChanges


class ScheduleIn(Strict):
    name: Name
    team_id: TeamId | None = None
    time_zone: Zone
    layers: Layers

    def definition(self) -> Definition:
        return Definition(self.time_zone, definitions_of(self.layers))

    def changes(self) -> ScheduleChanges:
        return {"name": self.name, "team_id": self.team_id, "time_zone": self.time_zone, "layers": definitions_of(self.layers)}


class Taking(Strict):
    """From when an edit counts (default: now; never earlier), and how rotations go on: `keep` leaves whoever is on call in their turn,
    `restart` gives the first participant the turn that begins at `starts_at`."""

    effective_from: WholeSecond | None = None
    continuation: Continuation = Continuation.KEEP


class ScheduleReplacement(ScheduleIn, Taking):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None
    upcoming: ReadOnly = None


class PreviewIn(Taking):
    """What would be written: of the schedule `schedule_id`, or of one that does not exist yet."""

    schedule_id: ScheduleId | None = None
    team_id: TeamId | None = None
    time_zone: Zone
    layers: Layers
    since: WholeSecond
    until: WholeSecond

    def definition(self) -> Definition:
        return Definition(self.time_zone, definitions_of(self.layers))


class ScheduleEdit(Taking):
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


class AdviceShown(Shown):
    """`code` is for machines, `message` for people, `at` the instant it is about."""

    code: AdviceCode
    message: str
    at: Instant | None


class UpcomingShown(Shown):
    """A version that takes effect later, and replaces what is in force then."""

    version: int
    effective_from: Instant


class ScheduleShown(Shown):
    """What is in force now."""

    id: ScheduleId
    name: str
    team_id: TeamId | None
    time_zone: str
    layers: list[LayerShape]
    created_at: Instant
    upcoming: list[UpcomingShown]

    @classmethod
    def of(cls, schedule: AuthoredSchedule, **more: object) -> Self:
        return cls(
            id=schedule.id,
            name=schedule.name,
            team_id=schedule.team_id,
            time_zone=schedule.definition.time_zone,
            layers=layers_shown(schedule.definition),
            created_at=schedule.created_at,
            upcoming=[UpcomingShown.model_validate(one) for one in schedule.upcoming],
            **more,
        )


class ScheduleWritten(ScheduleShown):
    """With what a careful colleague would say about it."""

    warnings: list[AdviceShown]


class VersionShown(Shown):
    """What the schedule says from `effective_from` on (null: from the beginning), until a later one takes effect."""

    version: int
    effective_from: Instant | None
    author: str
    created_at: Instant
    withdrawn_at: Instant | None
    time_zone: str
    layers: list[LayerShape]

    @classmethod
    def of(cls, version: AuthoredVersion) -> Self:
        return cls(
            version=version.number,
            effective_from=version.effective_from,
            author=version.author,
            created_at=version.created_at,
            withdrawn_at=version.withdrawn_at,
            time_zone=version.definition.time_zone,
            layers=layers_shown(version.definition),
        )


def layers_shown(definition: Definition) -> list[LayerShape]:
    return [LayerShape.model_validate(layer) for layer in definition.layers]
