"""Whom one layer puts on call, and which layer wins: the highest precedence that has somebody; equals are united."""

from collections.abc import Iterator, Sequence

from oncall.schedules.rules.rotations import handoff, turn_at
from oncall.schedules.rules.windows import is_open, occurrences
from oncall.schedules.values import Layer, OnCall, Source, SourceKind, Turn

NOBODY: tuple[int, Turn] = (0, ())


def cover(layer: Layer, t: int) -> tuple[int, Turn]:
    """The turn's number and whom the layer puts on call at `t`: nobody unless bounds, windows and duty time all allow."""
    if not layer.turns or (layer.start is not None and t < layer.start) or (layer.end is not None and t >= layer.end):
        return NOBODY
    if layer.windows is not None and not is_open(layer.windows, layer.zone, t):
        return NOBODY
    k = 0 if layer.rotation is None else turn_at(layer.rotation, layer.zone, t)
    if layer.on_duty is not None and layer.rotation is not None and t - handoff(layer.rotation, layer.zone, k) >= layer.on_duty:
        return NOBODY
    return k, layer.turns[(k + layer.start_index) % len(layer.turns)]


def base(layers: Sequence[Layer], t: int) -> OnCall:
    """The union, in layer order, over the highest precedence at which any layer has somebody. A vacant turn lets lower ones through."""
    users: Turn = ()
    sources: tuple[Source, ...] = ()
    highest = 0
    for layer in layers:
        if users and layer.precedence < highest:
            continue
        k, turn = cover(layer, t)
        if turn:
            if layer.precedence != highest:
                users, sources, highest = (), (), layer.precedence
            users = tuple(dict.fromkeys(users + turn))
            sources += (Source(SourceKind.LAYER, layer.id, layer.name, k),)
    return OnCall(users, sources)


def changes(layer: Layer, start: int, end: int) -> Iterator[int]:
    """Every instant in `(start, end)` at which this layer's cover may change, in no order, some more than once."""
    start = start if layer.start is None else max(start, layer.start)
    end = end if layer.end is None else min(end, layer.end)
    if start >= end or not layer.turns:
        return
    yield start
    yield end
    if layer.windows is not None:
        for interval in occurrences(layer.windows, layer.zone, start, end):
            yield from interval
    if layer.rotation is None:
        return
    k = turn_at(layer.rotation, layer.zone, start)
    while (begins := handoff(layer.rotation, layer.zone, k)) < end:
        yield begins
        if layer.on_duty is not None:
            yield begins + layer.on_duty
        k += 1
