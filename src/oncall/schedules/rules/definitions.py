"""From what an author wrote to the rule book's form, and what is wrong with it, in a sentence."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from datetime import datetime, time

from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, MINUTE, WEEK, check_zone, to_local_seconds, to_seconds
from oncall.schedules.values import (
    Arithmetic,
    Definition,
    InvalidSchedule,
    Layer,
    LayerDefinition,
    LayerId,
    LoadedSchedule,
    Participant,
    ParticipantType,
    Restriction,
    RestrictionType,
    Rotation,
    RotationDefinition,
    Schedule,
    Turn,
    TurnCounting,
    Unit,
    Version,
    Weekday,
    Window,
)

DAYS = tuple(Weekday)


def schedule_of(loaded: LoadedSchedule) -> Schedule:
    """What the database knows, ready to be resolved."""
    versions = (Version(v.number, _bound(v.effective_from), layers_of(v.definition)) for v in loaded.versions)
    return Schedule(loaded.id, loaded.name, tuple(versions), loaded.overrides)


def layers_of(definition: Definition) -> tuple[Layer, ...]:
    """The layers to resolve with. A layer without precedence has its position, so a later one wins."""
    return tuple(_layer(layer, definition.time_zone, position) for position, layer in enumerate(definition.layers))


def users_of(definition: Definition) -> frozenset[UserId]:
    """Everybody who takes part."""
    return frozenset(user for layer in definition.layers for participant in layer.participants for user in _turn(participant))


def check(definition: Definition) -> None:
    """Raise `InvalidSchedule` or `UnknownZone` with the first thing that cannot be."""
    check_zone(definition.time_zone)
    ids = [layer.id for layer in definition.layers if layer.id is not None]
    if len(set(ids)) < len(ids):
        raise InvalidSchedule("Two layers have the same id; leave the id out of a new layer.")
    for position, layer in enumerate(definition.layers):
        for sentence in _objections(layer):
            raise InvalidSchedule(f"Layer {position + 1} ({layer.name}): {sentence}")


def with_ids(definition: Definition, previous: Definition | None, fresh: Sequence[LayerId]) -> Definition:
    """Give every layer an id: its own, else that of the previous layer with its name, else a fresh one (as many as there are layers)."""
    taken = {layer.id for layer in definition.layers}
    known = {} if previous is None else {layer.name: layer.id for layer in previous.layers if layer.id not in taken}
    layers = (
        replace(layer, id=layer.id or known.pop(layer.name, None) or new) for layer, new in zip(definition.layers, fresh, strict=True)
    )
    return replace(definition, layers=tuple(layers))


def _objections(layer: LayerDefinition) -> Iterator[str]:
    if layer.time_zone is not None:
        check_zone(layer.time_zone)
    if layer.effective_from and layer.effective_until and layer.effective_from >= layer.effective_until:
        yield "effective_until must be later than effective_from."
    for participant in (*layer.participants, *(member for p in layer.participants for member in p.members)):
        if participant.type in {ParticipantType.TEAM, ParticipantType.SCHEDULE}:
            yield f"a {participant.type} cannot take part in a rotation yet; available are user, group and vacant."
        if participant.type is ParticipantType.GROUP and not participant.members:
            yield "a group needs members; for a turn nobody has, use vacant."
    if layer.rotation is not None:
        yield from _objections_to_rotation(layer.rotation)
    elif len(layer.participants) > 1:
        yield "several participants need a rotation; to have all of them on call at once, make them one group."
    for restriction in layer.restrictions or ():
        if restriction.type is RestrictionType.WEEKLY and (restriction.start_day is None or restriction.end_day is None):
            yield "a weekly restriction needs start_day and end_day."


def _objections_to_rotation(rotation: RotationDefinition) -> Iterator[str]:
    if rotation.starts_at.tzinfo is not None or rotation.starts_at.microsecond:
        yield "starts_at is a wall-clock time in the layer's zone, in whole seconds and without an offset."
    if not 1971 <= rotation.starts_at.year < 2200:
        yield "starts_at must lie between 1971 and 2200."
    if not 1 <= rotation.count <= 1000:
        yield "count must be between 1 and 1000."
    if rotation.arithmetic is Arithmetic.ELAPSED and rotation.unit is not Unit.HOUR:
        yield "arithmetic elapsed is for the unit hour; days, weeks and months follow the wall clock."
    if rotation.turn_counting is TurnCounting.ELAPSED:
        if rotation.active_days:
            yield "active_days go with turn_counting active; to be on call only on some days, use restrictions."
        return
    if rotation.unit is not Unit.DAY:
        yield "turn_counting active is for the unit day."
    if not rotation.active_days or DAYS[rotation.starts_at.weekday()] not in rotation.active_days:
        yield "starts_at must fall on one of the active_days."


def _layer(layer: LayerDefinition, zone: str, position: int) -> Layer:
    if layer.id is None:
        raise ValueError("a layer that is resolved has been kept, and has an id")
    return Layer(
        id=layer.id,
        name=layer.name,
        zone=layer.time_zone or zone,
        precedence=position if layer.precedence is None else layer.precedence,
        turns=tuple(_turn(participant) for participant in layer.participants),
        rotation=None if layer.rotation is None else _rotation(layer.rotation),
        windows=None if layer.restrictions is None else tuple(w for restriction in layer.restrictions for w in _windows(restriction)),
        start=_bound(layer.effective_from),
        end=_bound(layer.effective_until),
        start_index=layer.start_index,
    )


def _turn(participant: Participant) -> Turn:
    members = (participant, *participant.members)
    return tuple(dict.fromkeys(UserId(m.id) for m in members if m.id is not None and m.type is ParticipantType.USER))


def _rotation(rotation: RotationDefinition) -> Rotation:
    active = rotation.active_days if rotation.turn_counting is TurnCounting.ACTIVE else None
    return Rotation(
        rotation.unit,
        rotation.count,
        to_local_seconds(rotation.starts_at),
        rotation.arithmetic,
        None if active is None else tuple(sorted({DAYS.index(day) for day in active})),
    )


def _windows(restriction: Restriction) -> Iterator[Window]:
    """A daily restriction is seven windows. Equal times make a whole day or a whole week."""
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
