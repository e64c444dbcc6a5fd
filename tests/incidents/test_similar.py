"""What an incident may be another of: found by its words, in a bounded part of the past, with how it ended."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.incidents.acting import people, responder
from tests.incidents.building import Monitor, incident, monitored
from tests.system import System, to

from oncall.incidents.commands.similar import similar_incidents
from oncall.incidents.rules.similar import LIKE_ENOUGH, ranked
from oncall.incidents.values import Status
from oncall.incidents.values.similar import Alike, Similar


def alike(number: int, shared: int, of: int, status: Status = Status.CLOSED) -> Alike:
    words = tuple(f"word{n}" for n in range(shared))
    return Alike(incident(number=number, status=status), words, of)


@pytest.mark.parametrize(
    ("what", "found", "numbers"),
    [
        ("the most alike first", [alike(1, 2, 4), alike(2, 3, 4)], [2, 1]),
        (
            "of those that are as alike the open ones, then the newest",
            [alike(1, 2, 4, Status.TRIGGERED), alike(2, 2, 4), alike(3, 2, 4)],
            [1, 3, 2],
        ),
        ("what shares little is chance", [alike(1, 1, 4), alike(2, 3, 10)], [2]),
        ("not more than are asked for", [alike(n, 2, 4) for n in range(9)], [8, 7, 6]),
        ("nothing is like a title without words", [alike(1, 0, 0)], []),
    ],
)
def test_ranked(what: str, found: list[Alike], numbers: list[int]) -> None:
    assert [one.incident.number for one in ranked(found, {}, limit=3)] == numbers


@given(st.lists(st.tuples(st.integers(0, 9), st.integers(1, 9)).filter(lambda t: t[0] <= t[1]), max_size=20))
def test_likeness_never_rises_along_the_list(pairs: list[tuple[int, int]]) -> None:
    shown = [one.likeness for one in ranked([alike(n, *pair) for n, pair in enumerate(pairs)], {}, limit=50)]
    assert shown == sorted(shown, reverse=True)
    assert all(likeness >= LIKE_ENOUGH for likeness in shown)


async def similar(system: System, monitor: Monitor, title: str, limit: int = 10) -> list[Similar]:
    async with system.node.database.transaction() as tx:
        return list(await similar_incidents(tx, title, monitor.service_id, limit=limit))


async def test_words_count_not_their_order_and_what_is_past_says_how_it_ended(system: System) -> None:
    monitor = await monitored(system)
    [past] = await monitor.says(monitor.event("a", summary="Checkout fails: 500 from card-gateway"))
    await monitor.says(monitor.event("b", summary="Disk full on db-1"))
    await (await responder(system, "Ana")).does(past.incident_id, "resolve")
    [one] = await similar(system, monitor, "card-gateway answers 500, checkout fails")
    assert (one.incident.id, one.incident.status, one.incident.resolved_by and one.incident.resolved_by.name) == (
        past.incident_id,
        "resolved",
        "Ana",
    )
    assert "checkout" in one.reason
    assert one.likeness > 0.5


async def test_of_other_services_only_what_is_open(system: System) -> None:
    monitor = await monitored(system)
    ana = {"id": (await people(system))["Ana"]}
    policy = (await system.make("escalation-policies", name="Other", steps=[{"delay": "PT5M", "targets": [to(ana)]}]))["id"]
    other = await system.make("services", name="other", escalation_policy_id=policy)
    made = await system.make(f"services/{other['id']}/integrations", name="prod", type="pagerduty")
    stranger = Monitor(system, {"service": other, "integration": made})
    [open, over] = await stranger.says(stranger.event("x", summary="login is slow"), stranger.event("y", summary="login is slow today"))
    await (await responder(system, "Ana")).does(over.incident_id, "resolve")
    assert [one.incident.id for one in await similar(system, monitor, "login is slow")] == [open.incident_id]


@pytest.mark.parametrize("title", ["it's \\ & | ! :* <-> 'quoted' (", "''", "!!!", "\\", "a:b & c"])
async def test_whatever_a_title_holds_is_words_and_no_query(system: System, title: str) -> None:
    monitor = await monitored(system)
    [opened] = await monitor.says(monitor.event(summary=f"it's {title} broken"))
    found = [one.incident.id for one in await similar(system, monitor, f"it's {title} broken")]
    assert found == [opened.incident_id]
    await similar(system, monitor, title)
