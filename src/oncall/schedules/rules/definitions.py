"""What is wrong with a definition, in a sentence that says where and what to do."""

from collections.abc import Iterator, Sequence
from dataclasses import replace

from oncall.kit.ids import UserId
from oncall.kit.zones import check_zone
from oncall.schedules.rules.building import DAYS
from oncall.schedules.rules.effort import check_effort
from oncall.schedules.rules.references import references_in
from oncall.schedules.values import (
    Arithmetic,
    Definition,
    InvalidSchedule,
    LayerDefinition,
    LayerId,
    ParticipantType,
    RestrictionType,
    RotationDefinition,
    ShiftDefinition,
    TurnCounting,
    Unit,
)

MOST_LAYERS, MOST_SHIFTS, MOST_TOGETHER = 50, 5_000, 50
"""Of a schedule, of a layer, and in one shift: as many as can be written and shown over REST."""

Objection = tuple[str, str]
"""Which field of a layer, and what is wrong with it."""


def users_of(definition: Definition) -> frozenset[UserId]:
    """Everybody who is named as a participant or in a fixed shift."""
    return references_in(definition).users


def check(definition: Definition) -> None:
    """Raise `InvalidSchedule` or `UnknownZone` with the first thing that cannot be."""
    check_zone(definition.time_zone)
    ids = [layer.id for layer in definition.layers if layer.id is not None]
    if len(set(ids)) < len(ids):
        raise InvalidSchedule("Two layers have the same id; leave the id out of a new layer.", field="layers")
    if len(definition.layers) > MOST_LAYERS:
        raise InvalidSchedule(f"A schedule has at most {MOST_LAYERS} layers.", field="layers")
    for position, layer in enumerate(definition.layers):
        for field, sentence in _objections(layer):
            raise InvalidSchedule(f"Layer {position + 1} ({layer.name}): {sentence}", field=f"layers.{position}.{field}")
    check_effort(definition.layers)


def check_shifts(shifts: Sequence[ShiftDefinition]) -> Iterator[Objection]:
    """What is wrong with fixed shifts by themselves."""
    if len(shifts) > MOST_SHIFTS:
        yield "shifts", f"at most {MOST_SHIFTS:,} fixed shifts fit into one layer, and these are {len(shifts):,}."
    for n, shift in enumerate(shifts):
        if shift.end <= shift.start:
            yield f"shifts.{n}.end", "a shift must end later than it starts."
        if not shift.user_ids:
            yield f"shifts.{n}.user_ids", "a shift needs somebody; a stretch without a shift has nobody on call."
        if len(shift.user_ids) > MOST_TOGETHER:
            yield f"shifts.{n}.user_ids", f"at most {MOST_TOGETHER} people can have one shift, and these are {len(shift.user_ids)}."


def with_ids(definition: Definition, previous: Definition | None, fresh: Sequence[LayerId]) -> Definition:
    """Give every layer an id: its own, else that of the previous layer with its name, else a fresh one (as many as there are layers)."""
    taken = {layer.id for layer in definition.layers}
    known = {} if previous is None else {layer.name: layer.id for layer in previous.layers if layer.id not in taken}
    layers = (
        replace(layer, id=layer.id or known.pop(layer.name, None) or new) for layer, new in zip(definition.layers, fresh, strict=True)
    )
    return replace(definition, layers=tuple(layers))


def _objections(layer: LayerDefinition) -> Iterator[Objection]:
    if layer.time_zone is not None:
        check_zone(layer.time_zone)
    if layer.effective_from and layer.effective_until and layer.effective_from >= layer.effective_until:
        yield "effective_until", "effective_until must be later than effective_from."
    for n, participant in enumerate(layer.participants):
        if participant.type is ParticipantType.GROUP and not participant.members:
            yield f"participants.{n}.members", "a group needs members; for a turn nobody has, use vacant."
    if layer.shifts is not None:
        if layer.participants or layer.rotation:
            yield "shifts", "a layer has either fixed shifts, or participants and a rotation; make two layers of it."
        yield from check_shifts(layer.shifts)
    elif layer.rotation is not None:
        yield from ((f"rotation.{field}", sentence) for field, sentence in _objections_to_rotation(layer.rotation))
    elif len(layer.participants) > 1:
        yield "rotation", "several participants need a rotation; to have all of them on call at once, make them one group."
    for n, restriction in enumerate(layer.restrictions or ()):
        if restriction.type is RestrictionType.WEEKLY and (restriction.start_day is None or restriction.end_day is None):
            yield f"restrictions.{n}", "a weekly restriction needs start_day and end_day."


def _objections_to_rotation(rotation: RotationDefinition) -> Iterator[Objection]:
    if rotation.starts_at.tzinfo is not None or rotation.starts_at.microsecond:
        yield "starts_at", "starts_at is a wall-clock time in the layer's zone, in whole seconds and without an offset."
    if not 1971 <= rotation.starts_at.year < 2200:
        yield "starts_at", "starts_at must lie between 1971 and 2200."
    if not 1 <= rotation.count <= 1000:
        yield "count", "count must be between 1 and 1000."
    if rotation.arithmetic is Arithmetic.ELAPSED and rotation.unit is not Unit.HOUR:
        yield "arithmetic", "arithmetic elapsed is for the unit hour; days, weeks and months follow the wall clock."
    if rotation.turn_counting is TurnCounting.ELAPSED:
        if rotation.active_days:
            yield "active_days", "active_days go with turn_counting active; to be on call only on some days, use restrictions."
        return
    if rotation.unit is not Unit.DAY:
        yield "turn_counting", "turn_counting active is for the unit day."
    if not rotation.active_days or DAYS[rotation.starts_at.weekday()] not in rotation.active_days:
        yield "starts_at", "starts_at must fall on one of the active_days."
