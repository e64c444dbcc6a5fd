"""Who is on call at one instant, from first to last: layers or a temporary schedule, unavailability, overrides."""

from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import replace
from typing import cast

from oncall.kit.ids import ScheduleId, UserId
from oncall.schedules.rules.layers import changes, cover, fixed_at, fixed_changes
from oncall.schedules.rules.overrides import fold
from oncall.schedules.rules.recording import is_recorded, recorded_at
from oncall.schedules.values import Away, Layer, OnCall, Override, People, Schedule, Source, SourceKind, Temporary, Turn

NOBODY: AbstractSet[UserId] = frozenset()


def resolve_at(schedule: Schedule, t: int, overrides: Iterable[Override] | None = None) -> OnCall:
    """The one resolver. What is written down of the past is not computed again. `overrides`: those active at `t`, where known already."""
    if schedule.record is not None and is_recorded(schedule.record, t):
        return recorded_at(schedule.record, t)
    temporary = next((one for one in schedule.temporaries if one.start <= t < one.end), None)
    planned, nested = _base(layers_at(schedule, t), t) if temporary is None else (_shifts_of(temporary, t), NOBODY)
    if schedule.away:
        planned = without_absent(planned, [one for one in schedule.away if one.start <= t < one.end], spared=nested)
    if overrides is None:
        overrides = [one for one in schedule.overrides if one.start <= t < one.end]
    return fold(planned, overrides) if overrides else planned


def edges(schedule: Schedule, start: int, end: int) -> set[int]:
    """Every instant in `(start, end)` at which who is on call may change, and some outside."""
    spans: tuple[Override | Away | Temporary, ...] = (*schedule.overrides, *schedule.away, *schedule.temporaries)
    found = {edge for one in spans if one.end > start and one.start < end for edge in (one.start, one.end)}
    for temporary in schedule.temporaries:
        found.update(fixed_changes(temporary.shifts, max(start, temporary.start), min(end, temporary.end)))
    nested: dict[int, Schedule] = {}
    for since, until, layers in slices(schedule, start, end):
        for layer in layers:
            found.update(changes(layer, since, until))
            nested |= {id(member): member for turn in layer.turns for member in turn if isinstance(member, Schedule)}
    for inner in nested.values():
        found |= edges(inner, start, end)
    if schedule.record is not None:
        found.update(schedule.record.starts, (schedule.record.start, schedule.record.end))
    return found


def layers_at(schedule: Schedule, t: int) -> Sequence[Layer]:
    """Those of the version that took effect last; an edit never reaches back."""
    for version in reversed(schedule.versions):
        if version.effective_from is None or version.effective_from <= t:
            return version.layers
    return ()


def slices(schedule: Schedule, start: int, end: int) -> Iterator[tuple[int, int, Sequence[Layer]]]:
    """The part of `[start, end)` in which each version is in force."""
    until = end
    for version in reversed(schedule.versions):
        since = start if version.effective_from is None else max(start, version.effective_from)
        if since < until:
            yield since, until, version.layers
            until = since
        if until <= start:
            return


def nested_in(schedule: Schedule) -> frozenset[ScheduleId]:
    """Every schedule that takes part in this one, at whatever depth."""
    inner = {
        member.id: member
        for version in schedule.versions
        for layer in version.layers
        if layer.nests
        for turn in layer.turns
        for member in turn
        if isinstance(member, Schedule)
    }
    return frozenset(inner).union(*(nested_in(member) for member in inner.values()))


def without_absent(on_call: OnCall, away: Sequence[Away], *, spared: Container[UserId] = ()) -> OnCall:
    """Whoever is away is replaced by their cover; where that one is away too, by theirs. A circle, or no cover, leaves nobody.

    Of several absences of one person at once any cover who is there will do: an hour without one takes no cover of a fortnight away.
    Those whom a nested schedule puts on call are `spared`: it has asked itself who is away, and its overrides beat that.
    """
    absent: dict[UserId, list[Away]] = {}
    for one in away:
        absent.setdefault(one.user, []).append(one)
    if not absent or absent.keys().isdisjoint(on_call.users):
        return on_call
    users: dict[UserId, None] = {}
    reasons: dict[Source, None] = {}
    for user in on_call.users:
        way, present = ((), user) if user in spared else _present_for(user, absent, set())
        reasons |= {Source(SourceKind.UNAVAILABILITY, one.id, None): None for one in way}
        if present is not None:
            users[present] = None
    return OnCall(tuple(users), (*on_call.sources, *reasons))


def _present_for(user: UserId, absent: Mapping[UserId, Sequence[Away]], seen: set[UserId]) -> tuple[tuple[Away, ...], UserId | None]:
    """Whoever is there in the place of `user`, and the absences on the way to them; if nobody is, those of the first way.

    Nobody is asked twice: whoever could not send anybody before cannot now.
    """
    if user not in absent:
        return (), user
    seen.add(user)
    first: tuple[Away, ...] = ()
    for one in absent[user]:
        way, present = _present_for(one.cover, absent, seen) if one.cover is not None and one.cover not in seen else ((), None)
        if present is not None:
            return (one, *way), present
        first = first or (one, *way)
    return first, None


def _base(layers: Sequence[Layer], t: int) -> tuple[OnCall, AbstractSet[UserId]]:
    """The union, in layer order, over the highest precedence at which any layer has somebody. A vacant turn lets lower ones through.

    With those of them whom nested schedules put on call.
    """
    users: People = ()
    sources: tuple[Source, ...] = ()
    nested: AbstractSet[UserId] = NOBODY
    highest = 0
    for layer in layers:
        if users and layer.precedence < highest:
            continue
        k, turn = cover(layer, t)
        found, inner, from_inner = _people_in(turn, t) if layer.nests else (cast("People", turn), (), NOBODY)
        if found:
            if layer.precedence != highest:
                users, sources, nested, highest = (), (), NOBODY, layer.precedence
            users = tuple(dict.fromkeys(users + found)) if users or len(found) > 1 else found
            sources = (*sources, Source(SourceKind.LAYER, layer.id, layer.name, k), *inner)
            nested = nested | from_inner if from_inner else nested
    return OnCall(users, sources), nested


def _people_in(turn: Turn, t: int) -> tuple[People, tuple[Source, ...], AbstractSet[UserId]]:
    """Everybody in a turn, why nested schedules put on call whom they do, and who these are."""
    users: list[UserId] = []
    sources: list[Source] = []
    inner: set[UserId] = set()
    for member in turn:
        if isinstance(member, Schedule):
            nested = resolve_at(member, t)
            users += nested.users
            inner.update(nested.users)
            sources += (source if source.within else replace(source, within=member.id) for source in nested.sources)
        else:
            users.append(member)
    return tuple(dict.fromkeys(users)), tuple(sources), inner


def _shifts_of(temporary: Temporary, t: int) -> OnCall:
    start, turn = fixed_at(temporary.shifts, t)
    users = tuple(member for member in turn if not isinstance(member, Schedule))
    return OnCall(users, (Source(SourceKind.TEMPORARY, temporary.id, None, start),))
