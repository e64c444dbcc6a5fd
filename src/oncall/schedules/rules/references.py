"""Whom and what a schedule names, and whether it would come to contain itself."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.schedules.values import Definition, LoadedSchedule, Participant, ParticipantType


@dataclass(frozen=True, slots=True)
class References:
    """Users, teams and schedules by id; a user who only stands in an override takes no part."""

    users: frozenset[UserId]
    teams: frozenset[TeamId]
    schedules: frozenset[ScheduleId]


def references_of(loaded: LoadedSchedule) -> References:
    """Everything that versions and temporary schedules name."""
    parts = [references_in(version.definition) for version in loaded.versions]
    shifts = (shift for temporary in loaded.temporaries for shift in temporary.shifts)
    return References(
        frozenset(user for shift in shifts for user in shift.users).union(*(part.users for part in parts)),
        frozenset[TeamId]().union(*(part.teams for part in parts)),
        frozenset[ScheduleId]().union(*(part.schedules for part in parts)),
    )


def references_in(definition: Definition) -> References:
    everybody = list(_participants(definition))
    of = {type: {one.id for one in everybody if one.type is type and one.id is not None} for type in ParticipantType}
    fixed = {user for layer in definition.layers for shift in layer.shifts or () for user in shift.user_ids}
    return References(
        frozenset(map(UserId, of[ParticipantType.USER])) | fixed,
        frozenset(map(TeamId, of[ParticipantType.TEAM])),
        frozenset(map(ScheduleId, of[ParticipantType.SCHEDULE])),
    )


def find_circle(start: ScheduleId, nested: Mapping[ScheduleId, Iterable[ScheduleId]]) -> list[ScheduleId] | None:
    """The way from a schedule through those nested in it back to itself; None if there is none."""

    def walk(way: list[ScheduleId], seen: set[ScheduleId]) -> list[ScheduleId] | None:
        for inner in nested.get(way[-1], ()):
            if inner == start:
                return [*way, inner]
            if inner not in seen:
                seen.add(inner)
                if found := walk([*way, inner], seen):
                    return found
        return None

    return walk([start], set())


def depth_of(id: ScheduleId, nested: Mapping[ScheduleId, Iterable[ScheduleId]]) -> int:
    """How many schedules the longest chain of nested ones through this one has, less one. There must be no circle."""
    outer: dict[ScheduleId, set[ScheduleId]] = {}
    for schedule, inner in nested.items():
        for one in inner:
            outer.setdefault(one, set()).add(schedule)

    def longest(start: ScheduleId, ways: Mapping[ScheduleId, Iterable[ScheduleId]], known: dict[ScheduleId, int]) -> int:
        if start not in known:
            known[start] = max((1 + longest(one, ways, known) for one in ways.get(start, ())), default=0)
        return known[start]

    return longest(id, nested, {}) + longest(id, outer, {})


def _participants(definition: Definition) -> Iterator[Participant]:
    for layer in definition.layers:
        for participant in layer.participants:
            yield participant
            yield from participant.members
