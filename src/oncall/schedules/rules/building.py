"""From what an author wrote, and what that refers to, to the rule book's form, ready to be resolved."""

from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, time

from oncall.kit.ids import ScheduleId, TeamId, UserId
from oncall.kit.zones import DAY, HOUR, MINUTE, WEEK, to_local_seconds, to_seconds
from oncall.schedules.rules.references import references_of
from oncall.schedules.values import (
    Away,
    Definition,
    FixedShift,
    Layer,
    LayerDefinition,
    LoadedSchedule,
    Participant,
    ParticipantType,
    Restriction,
    RestrictionType,
    Rotation,
    RotationDefinition,
    Schedule,
    ShiftDefinition,
    Turn,
    TurnCounting,
    Version,
    Weekday,
    Window,
    World,
)

DAYS = tuple(Weekday)
Means = Callable[[Participant], Turn]
"""Whom a participant who is no group means."""


def schedules_of(world: World, ids: Iterable[ScheduleId]) -> dict[ScheduleId, Schedule]:
    """Those of the schedules that are in the world, with everything nested in them."""
    built: dict[ScheduleId, Schedule] = {}
    return {id: _build(world, id, built, ()) for id in ids if id in world.schedules}


def layers_of(definition: Definition, means: Means | None = None) -> tuple[Layer, ...]:
    """The layers to resolve with. A layer without precedence has its position, so a later one wins."""
    means = means or (lambda one: (UserId(one.id),) if one.id is not None and one.type is ParticipantType.USER else ())
    return tuple(_layer(layer, definition.time_zone, position, means) for position, layer in enumerate(definition.layers))


def shifts_of(shifts: Iterable[ShiftDefinition]) -> tuple[FixedShift, ...]:
    """By start."""
    fixed = (FixedShift(to_seconds(shift.start), to_seconds(shift.end), shift.user_ids) for shift in shifts)
    return tuple(sorted(fixed, key=lambda shift: shift.start))


def windows_of(restrictions: Iterable[Restriction]) -> tuple[Window, ...]:
    """A daily restriction is seven windows. Equal times make a whole day or a whole week."""
    return tuple(window for restriction in restrictions for window in _windows(restriction))


def rotation_of(rotation: RotationDefinition) -> Rotation:
    active = rotation.active_days if rotation.turn_counting is TurnCounting.ACTIVE else None
    return Rotation(
        rotation.unit,
        rotation.count,
        to_local_seconds(rotation.starts_at),
        rotation.arithmetic,
        None if active is None else tuple(sorted({DAYS.index(day) for day in active})),
    )


def _build(world: World, id: ScheduleId, built: dict[ScheduleId, Schedule], within: tuple[ScheduleId, ...]) -> Schedule:
    """A schedule that is within itself (refused when written, but a team may be given another schedule) has nobody to say there."""
    if id in built:
        return built[id]
    loaded = world.schedules[id]

    def means(one: Participant) -> Turn:
        team = world.teams.get(TeamId(one.id)) if one.type is ParticipantType.TEAM and one.id else None
        if one.type is ParticipantType.USER and one.id is not None:
            return (UserId(one.id),)
        nested = ScheduleId(one.id) if one.type is ParticipantType.SCHEDULE and one.id else team.schedule_id if team else None
        if nested is not None:
            return (_build(world, nested, built, (*within, id)),) if nested in world.schedules and nested not in (*within, id) else ()
        return team.members if team else ()

    versions = tuple(Version(v.number, _bound(v.effective_from), layers_of(v.definition, means)) for v in loaded.versions)
    away = _away_in(loaded, world)
    made = Schedule(id, loaded.name, versions, loaded.overrides, loaded.temporaries, away, loaded.record)
    return built.setdefault(id, made)


def _away_in(loaded: LoadedSchedule, world: World) -> tuple[Away, ...]:
    """The unavailability that concerns this schedule: of those it names itself, and of those who cover for them. What a nested schedule
    says has its own unavailability in it already."""
    named = references_of(loaded)
    teams = [world.teams[id] for id in named.teams if id in world.teams]
    waiting = [*named.users, *(user for team in teams if team.schedule_id is None for user in team.members)]
    found: dict[UserId, tuple[Away, ...]] = {}
    while waiting:
        user = waiting.pop()
        if user not in found:
            found[user] = world.away.get(user, ())
            waiting += (one.cover for one in found[user] if one.cover is not None)
    return tuple(sorted((one for all_of in found.values() for one in all_of), key=lambda one: (one.start, one.id)))


def _layer(layer: LayerDefinition, zone: str, position: int, means: Means) -> Layer:
    if layer.id is None:
        raise ValueError("a layer that is resolved has been kept, and has an id")
    turns = tuple(_turn(participant, means) for participant in layer.participants)
    return Layer(
        id=layer.id,
        name=layer.name,
        zone=layer.time_zone or zone,
        precedence=position if layer.precedence is None else layer.precedence,
        turns=turns,
        rotation=None if layer.rotation is None else rotation_of(layer.rotation),
        windows=None if layer.restrictions is None else windows_of(layer.restrictions),
        start=_bound(layer.effective_from),
        end=_bound(layer.effective_until),
        start_index=layer.start_index,
        shifts=(shifts := shifts_of(layer.shifts or ())),
        longest=max((shift.end - shift.start for shift in shifts), default=None),
        nests=any(isinstance(member, Schedule) for turn in turns for member in turn),
    )


def _turn(participant: Participant, means: Means) -> Turn:
    if participant.type is not ParticipantType.GROUP:
        return means(participant)
    return tuple(dict.fromkeys(user for one in participant.members for user in means(one)))


def _windows(restriction: Restriction) -> Iterator[Window]:
    start, end = _seconds(restriction.start_time), _seconds(restriction.end_time)
    if restriction.type is RestrictionType.DAILY or restriction.start_day is None or restriction.end_day is None:
        yield from (Window(day, start, (end - start) % DAY or DAY) for day in range(7))
    else:
        first, last = DAYS.index(restriction.start_day), DAYS.index(restriction.end_day)
        yield Window(first, start, ((last - first) * DAY + end - start) % WEEK or WEEK)


def _seconds(at: time) -> int:
    return at.hour * HOUR + at.minute * MINUTE + at.second


def _bound(at: datetime | None) -> int | None:
    return None if at is None else to_seconds(at)
