"""How an edited rotation goes on: whoever is on call stays through the running turn."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from oncall.kit.zones import to_seconds
from oncall.schedules.rules.building import rotation_of
from oncall.schedules.rules.rotations import turn_at
from oncall.schedules.values import Continuation, DatedDefinition, Definition, LayerDefinition, Participant


def continued(wanted: Definition, before: Definition | None, *, at: datetime, how: Continuation) -> Definition:
    """The definition with every rotation's first participant chosen: `before` is what is in force until `at`.

    Keep: the participant who has the turn at `at` keeps it, if still there, else the next of the old order who is. So removing somebody
    who comes earlier in the list changes nobody's turn (GoAlert's rule for removed users). Restart: the first has the anchor's turn.
    """
    known = {layer.id: layer for layer in before.layers if layer.id is not None} if before and how is Continuation.KEEP else {}
    layers = (_continued(layer, known.get(layer.id) if layer.id else None, wanted, before, at=at) for layer in wanted.layers)
    return replace(wanted, layers=tuple(layers))


def going_on(versions: Sequence[DatedDefinition], *, after: datetime) -> tuple[DatedDefinition, ...]:
    """The versions, in order, with those that take effect later than `after` going on from what now comes before each of them."""
    found: list[DatedDefinition] = []
    for one in versions:
        again = one
        if found and one.effective_from is not None and one.effective_from > after and one.continuation is Continuation.KEEP:
            before = found[-1].definition
            again = replace(one, definition=continued(one.definition, before, at=one.effective_from, how=Continuation.KEEP))
        found.append(again)
    return tuple(found)


def _continued(
    layer: LayerDefinition, old: LayerDefinition | None, wanted: Definition, before: Definition | None, *, at: datetime
) -> LayerDefinition:
    if old is None or before is None or layer.rotation is None or not layer.participants or not old.participants:
        return replace(layer, start_index=0)
    t = to_seconds(at)
    running = 0 if old.rotation is None else turn_at(rotation_of(old.rotation), old.time_zone or before.time_zone, t)
    position = _successor(old.participants, (running + old.start_index) % len(old.participants), layer.participants)
    if position is None:
        return replace(layer, start_index=0)
    turn = turn_at(rotation_of(layer.rotation), layer.time_zone or wanted.time_zone, t)
    return replace(layer, start_index=(position - turn) % len(layer.participants))


def _successor(old: Sequence[Participant], at: int, new: Sequence[Participant]) -> int | None:
    """Where in the new order the participant stands whose turn it is; where nobody stayed there is none.

    A group that changed is still the one in which somebody stayed. Somebody who is there several times is taken at the occurrence of the
    same number, or the last.
    """
    for step in range(len(old)):
        position = (at + step) % len(old)
        people = _people(old[position])
        places = [n for n, participant in enumerate(new) if participant == old[position]]
        places = places or [n for n, participant in enumerate(new) if not people.isdisjoint(_people(participant))]
        if places:
            nth = old[: position + 1].count(old[position])
            return places[min(nth, len(places)) - 1]
    return None


def _people(participant: Participant) -> frozenset[UUID]:
    """Users, teams and schedules that have this turn, by id."""
    members = participant.members or (participant,)
    return frozenset(member.id for member in members if member.id is not None)
