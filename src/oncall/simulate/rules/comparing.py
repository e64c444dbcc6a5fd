"""In what two worlds differ: incidents that share events are compared together, so that three which become one are one difference. Pure."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import timedelta

from oncall.incidents.values import Decision
from oncall.kit.ids import IncidentId, UserId
from oncall.simulate.values.replaying import Compared, Difference, Kind, Outcome, Paged

Pair = tuple[IncidentId | None, IncidentId | None]
"""Where one event is before, and where after."""

HOLDS = {Decision.MUTED, Decision.HELD_MAINTENANCE, Decision.HELD_THRESHOLD, Decision.HELD_DELAY}

Node = tuple[bool, IncidentId]
Outcomes = Mapping[IncidentId, Outcome]


def compared(before: Outcomes, after: Outcomes, pairs: Mapping[Pair, int], *, tolerance: timedelta) -> Compared:
    """`pairs` says how many triggers are in which incidents; pages that are no further apart than `tolerance` are at the same instant."""
    found: list[Difference] = []
    saved = missed = 0
    for befores, afters, events in _together(before, after, pairs):
        difference = _difference([before[id] for id in befores], [after[id] for id in afters], events, tolerance)
        if difference is not None:
            found.append(difference)
            saved, missed = saved + difference.saved, missed + difference.missed
    found.sort(key=_largest_first)
    return Compared(found, len(before), len(after), pages_of(before.values()), pages_of(after.values()), saved, missed)


def is_otherwise(before: Decision, after: Decision) -> bool:
    """Whether an event is decided otherwise; which of several things holds it, by which of them ends first, is no matter."""
    return before is not after and not {before, after} <= HOLDS


def _largest_first(one: Difference) -> tuple[object, ...]:
    size = one.saved + one.missed + abs(len(one.before) - len(one.after))
    newest = max(outcome.opened_at for outcome in (*one.before, *one.after))
    return -size, -newest.timestamp()


class _Groups:
    """Incidents before (false) and after (true) that belong together."""

    def __init__(self) -> None:
        self._parents: dict[Node, Node] = {}

    def of(self, node: Node) -> Node:
        """The one that stands for its group."""
        while (parent := self._parents.setdefault(node, node)) != node:
            self._parents[node] = node = self._parents[parent]
        return node

    def join(self, one: Node, other: Node) -> None:
        self._parents[self.of(one)] = self.of(other)


def _together(
    before: Outcomes, after: Outcomes, pairs: Mapping[Pair, int]
) -> Iterator[tuple[Sequence[IncidentId], Sequence[IncidentId], int]]:
    """Incidents that share events, directly or through others, and how many events they have."""
    groups = _Groups()
    events: list[tuple[Node, int]] = []
    for (was, is_now), count in pairs.items():
        if was is not None:
            events.append(((False, was), count))
            if is_now is not None:
                groups.join((False, was), (True, is_now))
        elif is_now is not None:
            events.append(((True, is_now), count))
    for id in before.keys() & after.keys():
        groups.join((False, id), (True, id))
    counts: Counter[Node] = Counter()
    for node, count in events:
        counts[groups.of(node)] += count
    found: dict[Node, tuple[list[IncidentId], list[IncidentId]]] = {}
    for id in before:
        found.setdefault(groups.of((False, id)), ([], []))[0].append(id)
    for id in after:
        found.setdefault(groups.of((True, id)), ([], []))[1].append(id)
    for node, (befores, afters) in found.items():
        yield sorted(befores), sorted(afters), counts[node]


def _difference(before: Sequence[Outcome], after: Sequence[Outcome], events: int, tolerance: timedelta) -> Difference | None:
    paged = _paged(before), _paged(after)
    counts = _by_person(paged[0]), _by_person(paged[1])
    kind = _kind(before, after) or _kind_of_pages(paged, counts, tolerance) or _kind_of_one(before, after)
    if kind is None:
        return None
    return Difference(kind, before, after, events, (counts[0] - counts[1]).total(), (counts[1] - counts[0]).total())


def _kind(before: Sequence[Outcome], after: Sequence[Outcome]) -> Kind | None:
    if not before:
        return Kind.OPENED
    if not after:
        return Kind.NOT_OPENED
    if {one.service_id for one in before} != {one.service_id for one in after}:
        return Kind.ANOTHER_SERVICE
    if [one.id for one in before] != [one.id for one in after]:
        return Kind.GROUPED_OTHERWISE
    return None


def _kind_of_pages(
    paged: tuple[Sequence[Paged], Sequence[Paged]], counts: tuple[Counter[UserId], Counter[UserId]], tolerance: timedelta
) -> Kind | None:
    (before, after), (persons, others) = paged, counts
    if not before and not after:
        return None
    if not after:
        return Kind.NOT_PAGED
    if not before:
        return Kind.PAGED
    if len(before) != len(after):
        return Kind.PAGED_MORE if len(after) > len(before) else Kind.PAGED_LESS
    if persons != others:
        return Kind.PAGED_OTHER_PEOPLE
    for was, is_now in zip(before, after, strict=True):
        if abs(is_now.at - was.at) > tolerance:
            return Kind.PAGED_LATER if is_now.at > was.at else Kind.PAGED_EARLIER
        if sorted(was.user_ids) != sorted(is_now.user_ids):
            return Kind.PAGED_OTHER_PEOPLE
    return None


def _kind_of_one(before: Sequence[Outcome], after: Sequence[Outcome]) -> Kind | None:
    for was, is_now in zip(before, after, strict=True):
        if was.urgency is not None and is_now.urgency is not None and was.urgency is not is_now.urgency:
            return Kind.ANOTHER_URGENCY
        if was.severity is not None and is_now.severity is not None and was.severity is not is_now.severity:
            return Kind.ANOTHER_SEVERITY
    return None


def _paged(outcomes: Iterable[Outcome]) -> list[Paged]:
    return sorted((paged for one in outcomes for paged in one.pages), key=lambda paged: paged.at)


def _by_person(paged: Iterable[Paged]) -> Counter[UserId]:
    return Counter(user for one in paged for user in one.user_ids)


def pages_of(outcomes: Iterable[Outcome]) -> int:
    """How many people were paged how often."""
    return sum(len(paged.user_ids) for one in outcomes for paged in one.pages)
