"""What may surprise in the coming months: gaps, changes of the clocks, unfair rotations, layers that do nothing. Pure."""

from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime
from itertools import pairwise

from oncall.contacts.rules import reachability
from oncall.contacts.values import Reach
from oncall.kit.ids import UserId
from oncall.kit.zones import DAY, HOUR, MINUTE, clock_changes, mono, to_instant, to_seconds, to_wall
from oncall.schedules.rules.layers import changes, cover
from oncall.schedules.rules.rendering import gaps, render
from oncall.schedules.rules.resolving import layers_at
from oncall.schedules.rules.rotations import THURSDAY, boundary, handoff, turn_at
from oncall.schedules.values import Advice, AdviceCode, Arithmetic, Difference, Layer, Rotation, Schedule, SourceKind, Tile

AHEAD = 90 * DAY
YEAR = 366 * DAY
FAIR = 0.7
"""The least has this part of what the most have, or it is said."""

Names = Mapping[UserId, str]


def advice_on(schedule: Schedule, *, zone: str, names: Names, now: datetime) -> list[Advice]:
    """Everything that can be said of a schedule by itself; local times are in `zone`, or in a layer's own."""
    start = to_seconds(now)
    tiles = render(schedule, to_instant(start), to_instant(start + AHEAD))
    layers = layers_at(schedule, start)
    return [
        *_gaps(tiles, zone),
        *(advice for layer in layers for advice in _layer(layer, names, start)),
        *_unseen(layers, tiles, schedule),
    ]


def not_reached(one: Reach, lacking: Mapping[str, str]) -> Advice | None:
    """That no page reaches somebody, or none of low urgency, and why; None if both do. By what is `lacking` nothing is sent."""
    ways = reachability(one, lacking)
    if not any(method.verified for method in one.methods):
        return Advice(AdviceCode.NO_VERIFIED_CONTACT_METHOD, f"{ways.high.why}.")
    if not ways.high.reachable:
        return Advice(AdviceCode.UNREACHABLE, f"{ways.high.why}.")
    return None if ways.low.reachable else Advice(AdviceCode.UNREACHABLE, f"At low urgency: {ways.low.why}.")


def on_two_at_once(tiles: Sequence[Tile], other: Sequence[Tile], *, name: str, zone: str, names: Names) -> list[Advice]:
    """Each person once, at the first instant at which both schedules have them on call."""
    first: dict[UserId, datetime] = {}
    n = 0
    for tile in tiles:
        while n < len(other) and other[n].end <= tile.start:
            n += 1
        for theirs in other[n:]:
            if theirs.start >= tile.end:
                break
            for user in tile.on_call.users:
                if user in theirs.on_call.users:
                    first.setdefault(user, max(tile.start, theirs.start))
    return [
        Advice(
            AdviceCode.ON_TWO_SCHEDULES,
            f"{_named(user, names)} is on call in {name} as well, first at {_said(to_seconds(at), zone)}: "
            "two pages at once reach one person.",
            at,
        )
        for user, at in first.items()
    ]


def new_gaps(changes: Sequence[Difference], *, zone: str, name: str | None = None) -> list[Advice]:
    """What leaves nobody on call where somebody was: said once, for the first stretch."""
    left = [change for change in changes if change.before and not change.after]
    if not left:
        return []
    first, last = _said(to_seconds(left[0].start), zone), _said(to_seconds(left[0].end), zone)
    more = f", and in {len(left) - 1} other stretches" if len(left) > 1 else ""
    where = f" in {name}" if name else ""
    return [Advice(AdviceCode.GAP, f"This leaves nobody on call{where} from {first} to {last}{more}.", left[0].start)]


def _gaps(tiles: Sequence[Tile], zone: str) -> Iterator[Advice]:
    found = gaps(tiles)
    if not found:
        return
    total = sum((gap.end - gap.start).total_seconds() for gap in found)
    part = 100 * total / (tiles[-1].end - tiles[0].start).total_seconds()
    more = f", and in {len(found) - 1} other stretches" if len(found) > 1 else ""
    away = any(source.kind is SourceKind.UNAVAILABILITY for source in found[0].on_call.sources)
    why = ", since whoever's turn it is is unavailable and has no cover" if away else ""
    first, last = _said(to_seconds(found[0].start), zone), _said(to_seconds(found[0].end), zone)
    yield Advice(
        AdviceCode.GAP,
        f"Nobody is on call from {first} to {last}{why}{more} in the next 90 days ({part:.1f} % of the time).",
        found[0].start,
    )


def _layer(layer: Layer, names: Names, start: int) -> Iterator[Advice]:
    if not layer.shifts and not any(layer.turns):
        yield Advice(AdviceCode.USELESS_LAYER, f"Layer {layer.name} has no participants, so it never puts anybody on call.")
    elif layer.windows == ():
        yield Advice(
            AdviceCode.USELESS_LAYER, f"Layer {layer.name} has an empty list of restrictions, so it is never active; null is always."
        )
    elif layer.end is not None and layer.end <= start:
        yield Advice(AdviceCode.USELESS_LAYER, f"Layer {layer.name} has ended: its effective_until is past.")
    if layer.rotation is not None and layer.turns:
        yield from _clock_changes(layer, layer.rotation, names, start)
        yield from _imbalance(layer, layer.rotation, names, start)
    for at, by in clock_changes(layer.zone, start, start + YEAR):
        yield from _vanishing(layer, at, by)


def _clock_changes(layer: Layer, rotation: Rotation, names: Names, start: int) -> Iterator[Advice]:
    """The first turn that is shorter or longer than usual, and the first handoff at a time that is skipped or comes twice."""
    if rotation.arithmetic is Arithmetic.ELAPSED:
        return
    odd, moved = False, False
    for at, by in clock_changes(layer.zone, start, start + YEAR):
        k = turn_at(rotation, layer.zone, at - 1)
        begins, ends = handoff(rotation, layer.zone, k), handoff(rotation, layer.zone, k + 1)
        wall = boundary(rotation, k + 1) - boundary(rotation, k)
        if not odd and layer.windows is None and begins < at < ends and ends - begins != wall and wall <= 2 * DAY:
            odd = True
            turn = layer.turns[(k + layer.start_index) % len(layer.turns)]
            who = " and ".join(_named(user, names) for user in turn if not isinstance(user, Schedule)) or "nobody"
            yield Advice(
                AdviceCode.SHORT_OR_LONG_TURN,
                f"The turn of layer {layer.name} that begins {_said(begins, layer.zone)} lasts {_hours(ends - begins)} instead of "
                f"{_hours(wall)}, because the clocks change ({who}).",
                to_instant(begins),
            )
        skipped_from, skipped_to = _local_span(at, by, layer.zone)
        while not moved and boundary(rotation, k) < skipped_to:
            local = boundary(rotation, k)
            # Exactly at the beginning of a skipped or repeated hour there is no doubt which instant is meant.
            if skipped_from < local < skipped_to:
                moved = True
                yield _moved(layer, rotation, k, local, by)
            k += 1


def _moved(layer: Layer, rotation: Rotation, k: int, local: int, by: int) -> Advice:
    wall = to_wall(local)
    actual = handoff(rotation, layer.zone, k)
    what = "does not exist" if by > 0 else "comes twice"
    then = f"it happens at {to_wall(mono(actual, layer.zone)):%H:%M} then" if by > 0 else "it happens the first time"
    return Advice(
        AdviceCode.HANDOFF_IN_CLOCK_CHANGE,
        f"Layer {layer.name} hands off at {wall:%H:%M}, which {what} on {wall:%Y-%m-%d} in {layer.zone}: {then}.",
        to_instant(actual),
    )


def _vanishing(layer: Layer, at: int, by: int) -> Iterator[Advice]:
    """A restriction's hours that lie wholly in a gap do not occur that day."""
    if by <= 0:
        return
    skipped_from, skipped_to = _local_span(at, by, layer.zone)
    for window in layer.windows or ():
        for date in range(skipped_from // DAY - 1, skipped_to // DAY + 1):
            opens = date * DAY + window.start
            if window.day == (date + THURSDAY) % 7 and skipped_from <= opens and opens + window.length <= skipped_to:
                wall = to_wall(opens)
                yield Advice(
                    AdviceCode.RESTRICTION_VANISHES,
                    f"Layer {layer.name} is active from {wall:%H:%M} for {_hours(window.length)}, which does not exist on "
                    f"{wall:%Y-%m-%d} in {layer.zone}: it is not active then.",
                    to_instant(at),
                )


def _imbalance(layer: Layer, rotation: Rotation, names: Names, start: int) -> Iterator[Advice]:
    """Over as many whole rounds as fit into a year: who has least time against who has most."""
    people = {user for turn in layer.turns for user in turn if not isinstance(user, Schedule)}
    first = turn_at(rotation, layer.zone, start) + 1
    begins = handoff(rotation, layer.zone, first)
    rounds = max((turn_at(rotation, layer.zone, begins + YEAR) - first) // len(layer.turns), 0)
    if len(people) < 2 or not rounds or layer.nests:
        return
    ends = handoff(rotation, layer.zone, first + rounds * len(layer.turns))
    seconds: defaultdict[UserId, int] = defaultdict(int)
    points = sorted({begins, ends, *(t for t in changes(layer, begins, ends) if begins < t < ends)})
    for since, until in pairwise(points):
        for user in cover(layer, since)[1]:
            if not isinstance(user, Schedule):
                seconds[user] += until - since
    least, most = (choose(people, key=lambda user: (seconds[user], str(user))) for choose in (min, max))
    if seconds[least] < FAIR * seconds[most]:
        total = sum(seconds.values())
        yield Advice(
            AdviceCode.IMBALANCE,
            f"Layer {layer.name} is not balanced: {_named(most, names)} has {100 * seconds[most] / total:.0f} % of its hours and "
            f"{_named(least, names)} {100 * seconds[least] / total:.0f} %, over whole rounds of the rotation.",
        )


def _unseen(layers: Sequence[Layer], tiles: Sequence[Tile], schedule: Schedule) -> Iterator[Advice]:
    """A layer that others always cover."""
    seen = {source.id for tile in tiles for source in tile.on_call.sources}
    if schedule.temporaries or schedule.overrides:
        return
    for layer in layers:
        active = any(layer.turns) and layer.windows != () and (layer.end is None or layer.end > to_seconds(tiles[0].start))
        later = layer.start is not None and layer.start >= to_seconds(tiles[-1].end)
        if active and not later and layer.id not in seen and any(other.precedence > layer.precedence for other in layers):
            yield Advice(
                AdviceCode.USELESS_LAYER,
                f"Layer {layer.name} never shows in the next 90 days: layers above it always have somebody. Give it a higher precedence.",
            )


def _local_span(at: int, by: int, zone: str) -> tuple[int, int]:
    """The local time that is skipped, or comes twice, at a change of the clocks."""
    before = mono(at - 1, zone) + 1
    return (before, before + by) if by > 0 else (before + by, before)


def _named(user: UserId, names: Names) -> str:
    return names.get(user, "somebody who was removed")


def _said(t: int, zone: str) -> str:
    return f"{to_wall(mono(t, zone)):%a %Y-%m-%d %H:%M} ({zone})"


def _hours(seconds: int) -> str:
    hours, rest = divmod(seconds, HOUR)
    return f"{hours} h" + (f" {rest // MINUTE} min" if rest else "")
