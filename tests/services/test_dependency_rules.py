"""The graph of which service depends on which: it never has a circle, and says whom an outage reaches."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from oncall.kit.ids import ServiceId
from oncall.services.rules.dependencies import cycle_of, dependencies_of, dependents_of
from oncall.services.values.dependencies import DEEPEST, MOST_REACHED, Edge


def named(letter: str) -> ServiceId:
    return ServiceId(UUID(int=ord(letter)))


def edges(said: str) -> list[Edge]:
    """ "ab" is: a depends on b."""
    return [Edge(named(a), named(b)) for a, b in said.split()]


def letters(ids: tuple[ServiceId, ...] | None) -> str | None:
    return None if ids is None else "".join(chr(id.int) for id in ids)


@pytest.mark.parametrize(
    ("what", "service", "wanted", "there", "circle"),
    [
        ("nothing depends on anything yet", "a", "b", "", None),
        ("itself", "a", "a", "", "aa"),
        ("two on each other", "b", "a", "ab", "bab"),
        ("through others", "d", "a", "ab bc cd", "dabcd"),
        ("of several circles the shortest", "d", "ac", "ab bc cd", "dcd"),
        ("a diamond is no circle", "a", "bc", "bd cd", None),
        ("one that ends elsewhere is no circle of this one", "a", "b", "bc cd", None),
        ("what it depended on before is replaced", "a", "c", "ab", None),
    ],
)
def test_a_circle_is_found_and_told(what: str, service: str, wanted: str, there: str, circle: str | None) -> None:
    assert letters(cycle_of(named(service), [named(one) for one in wanted], edges(there))) == circle, what


@pytest.mark.parametrize(
    ("what", "there", "dependents", "dependencies"),
    [
        ("alone", "", [], []),
        ("others are not concerned", "ab cd", [], []),
        ("directly, by the order of ids", "dx cx xf xe", ["xc", "xd"], ["xe", "xf"]),
        ("through others, nearest first", "ab bx xc cd", ["xb", "xba"], ["xc", "xcd"]),
        ("by the shortest chain, once", "ax ab bx bc cx xd", ["xa", "xb", "xc"], ["xd"]),
    ],
)
def test_whom_an_outage_reaches_and_by_which_way(what: str, there: str, dependents: list[str], dependencies: list[str]) -> None:
    assert [letters(one.path) for one in dependents_of(named("x"), edges(there)).reached] == dependents, what
    assert [letters(one.path) for one in dependencies_of(named("x"), edges(there)).reached] == dependencies, what


def chain(length: int) -> list[Edge]:
    ids = [ServiceId(UUID(int=n)) for n in range(length + 1)]
    return [Edge(one, on) for one, on in pairwise(ids)]


def test_what_is_not_told_is_said_to_be_missing() -> None:
    first = ServiceId(UUID(int=0))
    deep = dependencies_of(first, chain(DEEPEST))
    assert (len(deep.reached), deep.truncated) == (DEEPEST, False)
    deeper = dependencies_of(first, chain(DEEPEST + 1))
    assert (len(deeper.reached), deeper.truncated) == (DEEPEST, True)
    wide = [Edge(first, ServiceId(UUID(int=n))) for n in range(1, MOST_REACHED + 2)]
    assert (len(dependencies_of(first, wide[:-1]).reached), dependencies_of(first, wide[:-1]).truncated) == (MOST_REACHED, False)
    assert (len(dependencies_of(first, wide).reached), dependencies_of(first, wide).truncated) == (MOST_REACHED, True)


IDS = [ServiceId(UUID(int=n)) for n in range(8)]
GRAPHS = st.lists(st.tuples(st.sampled_from(IDS), st.sampled_from(IDS)).map(lambda pair: Edge(*pair)), max_size=20)


def closure(there: list[Edge]) -> set[tuple[ServiceId, ServiceId]]:
    """Who depends on what in the end, by brute force."""
    found = {(edge.service, edge.on) for edge in there}
    while more := {(a, d) for a, b in found for c, d in found if b == c} - found:
        found |= more
    return found


@given(GRAPHS)
def test_edges_that_are_not_refused_make_no_circle_and_those_refused_would(wanted: list[Edge]) -> None:
    there: list[Edge] = []
    for edge in wanted:
        direct = [one.on for one in there if one.service == edge.service]
        circle = cycle_of(edge.service, [*direct, edge.on], there)
        if circle is None:
            there.append(edge)
            continue
        assert circle[0] == circle[-1] == edge.service
        assert all(Edge(*pair) in [*there, edge] for pair in pairwise(circle)), "it is made of what there is and what was asked for"
        assert any(a == b for a, b in closure([*there, edge]))
    assert not any(a == b for a, b in closure(there))


@given(GRAPHS, st.sampled_from(IDS))
def test_everything_that_depends_on_it_in_the_end_is_reached_once_by_a_shortest_way(there: list[Edge], service: ServiceId) -> None:
    reached = dependents_of(service, there).reached
    assert {one.id for one in reached} == {a for a, b in closure(there) if b == service} - {service}
    assert len({one.id for one in reached}) == len(reached)
    assert [one.depth for one in reached] == sorted(one.depth for one in reached)
    depth = {service: 0} | {one.id: one.depth for one in reached}
    for one in reached:
        assert all(Edge(onto, of) in there for of, onto in pairwise(one.path))
        assert all(depth[edge.on] + 1 >= one.depth for edge in there if edge.service == one.id and edge.on in depth)


@given(GRAPHS, st.sampled_from(IDS))
def test_what_it_depends_on_is_what_depends_on_it_with_every_arrow_turned(there: list[Edge], service: ServiceId) -> None:
    turned = [Edge(edge.on, edge.service) for edge in there]
    assert dependencies_of(service, there) == dependents_of(service, turned)
