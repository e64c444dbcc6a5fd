"""The graph of which service depends on which: it never has a circle, and says whom an outage reaches. Pure."""

from collections import deque
from collections.abc import Iterable, Mapping, Sequence

from oncall.kit.ids import ServiceId
from oncall.services.values.dependencies import DEEPEST, MOST_REACHED, Edge, Followed, Reached

Graph = Mapping[ServiceId, Sequence[ServiceId]]


def cycle_of(service: ServiceId, wanted: Iterable[ServiceId], edges: Iterable[Edge]) -> tuple[ServiceId, ...] | None:
    """The shortest circle that would be there if `service` depended on `wanted`, beginning and ending with it; None: there is none.

    `edges` are those there are among whatever `wanted` depend on; those of `service` itself are to be replaced, and do not matter.
    """
    kept = ((edge.service, edge.on) for edge in edges if edge.service != service)
    onward = _graph([*kept, *((service, on) for on in wanted)])
    before: dict[ServiceId, ServiceId] = {}
    waiting = deque([service])
    while waiting:
        at = waiting.popleft()
        for on in onward.get(at, ()):
            if on == service:
                return (*_path(service, at, before), service)
            if on not in before:
                before[on] = at
                waiting.append(on)
    return None


def dependents_of(service: ServiceId, edges: Iterable[Edge]) -> Followed:
    """What depends on a service, directly or through others, nearest first."""
    return _follow(service, _graph((edge.on, edge.service) for edge in edges))


def dependencies_of(service: ServiceId, edges: Iterable[Edge]) -> Followed:
    """What a service depends on, directly or through others, nearest first."""
    return _follow(service, _graph((edge.service, edge.on) for edge in edges))


def _follow(service: ServiceId, graph: Graph) -> Followed:
    before: dict[ServiceId, ServiceId] = {}
    waiting, found = deque([Reached(service, (service,))]), list[Reached]()
    while waiting:
        at = waiting.popleft()
        for to in graph.get(at.id, ()):
            if to == service or to in before:
                continue
            if len(found) == MOST_REACHED or at.depth == DEEPEST:
                return Followed(tuple(found), truncated=True)
            before[to] = at.id
            found.append(Reached(to, (*at.path, to)))
            waiting.append(found[-1])
    return Followed(tuple(found))


def _graph(arcs: Iterable[tuple[ServiceId, ServiceId]]) -> dict[ServiceId, list[ServiceId]]:
    """Onward from each, in the order of ids, so that of two paths as short always the same is told."""
    graph: dict[ServiceId, list[ServiceId]] = {}
    for of, to in sorted(set(arcs)):
        graph.setdefault(of, []).append(to)
    return graph


def _path(start: ServiceId, end: ServiceId, before: Mapping[ServiceId, ServiceId]) -> tuple[ServiceId, ...]:
    path = [end]
    while path[-1] != start:
        path.append(before[path[-1]])
    return tuple(reversed(path))
