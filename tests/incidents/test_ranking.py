"""The queue of open incidents: as SQL orders it, and as it is written down."""

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import text
from tests.incidents.test_logging import on_duty
from tests.system import System

from oncall.desk.values import Priority, Promised
from oncall.incidents.rules.ranking import rank, rank_key
from oncall.incidents.store.ranking import list_ranked
from oncall.incidents.values.ranking import Rank, Ranked
from oncall.kit.db import Pool
from oncall.kit.ids import IncidentId

NOW = datetime(2026, 3, 2, 12, tzinfo=UTC)


def one(n: int = 1, priority: Priority | None = None, users: int | None = None, **promised: timedelta) -> Ranked:
    marks = Promised(**{name: NOW + left for name, left in promised.items()})
    return Ranked(IncidentId(UUID(int=n)), n, priority, marks, users, NOW - timedelta(minutes=90))


@pytest.mark.parametrize(
    ("what", "given", "reasons"),
    [
        ("nothing is known", one(), ("no priority yet: it stands behind P5", "open for 1 h 30 min")),
        (
            "everything is known",
            one(priority=Priority.P2, users=1200, acknowledge_by=timedelta(minutes=5), resolve_by=timedelta(hours=4)),
            ("P2", "by its SLA somebody is to acknowledge it in 5 min", "1,200 users affected", "open for 1 h 30 min"),
        ),
        (
            "late",
            one(priority=Priority.P3, resolve_by=-timedelta(hours=2)),
            ("P3", "by its SLA somebody was to resolve it 2 h 0 min ago", "open for 1 h 30 min"),
        ),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_why(what: str, given: Ranked, reasons: tuple[str, ...]) -> None:
    assert rank(given, now=NOW) == Rank(1, reasons)


@given(
    st.permutations(
        [one(1, Priority.P1), one(2, Priority.P2, resolve_by=-timedelta(1)), one(3, Priority.P2, 5), one(4, Priority.P2), one(5)]
    )
)
def test_priority_then_time_left_then_users_then_age(shuffled: list[Ranked]) -> None:
    assert [each.id.int for each in sorted(shuffled, key=rank_key)] == [1, 2, 3, 4, 5]


async def test_the_queue_is_what_it_says_page_by_page(system: System) -> None:
    """Made with every mixture of priority, promise, users: the order of SQL is that of the rule, and pages join without a seam."""
    service = await on_duty(system)
    ids = [(await system.make("incidents", title=f"n{n}", service_id=service["id"]))["id"] for n in range(24)]
    async with system.node.database.transaction(Pool.API) as tx:
        for n, id in enumerate(ids):
            params = {
                "id": id,
                "priority": [None, "P1", "P3"][n % 3],
                "users": [None, 0, 7][(n // 3) % 3],
                "due": [None, NOW + timedelta(minutes=n), NOW - timedelta(minutes=3)][(n // 2) % 3],
            }
            await tx.execute(text("UPDATE incidents SET priority = :priority WHERE id = :id"), params)
            await tx.execute(text("UPDATE incident_records SET affected_users = :users, resolve_by = :due WHERE incident_id = :id"), params)
    async with system.node.database.transaction(Pool.API, read_only=True) as tx:
        ranked = await list_ranked(tx, service_ids=None, after=None, limit=100)
    assert ranked == sorted(ranked, key=rank_key)
    assert [each.position for each in ranked] == list(range(1, 25))
    seen, cursor = [], None
    while True:
        params = {"order": "rank", "limit": 7} | ({"cursor": cursor} if cursor else {})
        page = (await system.api.get("/api/v1/incidents", params=params)).json()
        seen += [(each["id"], each["rank"]["position"]) for each in page["items"]]
        cursor = page["next_cursor"]
        if cursor is None:
            break
    assert seen == [(f"{each.id}", each.position) for each in ranked]


MARKS = st.none() | st.sampled_from([NOW + timedelta(minutes=n) for n in (-5, 0, 5)])
Filed = tuple[Priority | None, datetime | None, datetime | None, datetime | None, int | None]
FILED = st.tuples(
    st.none() | st.sampled_from(Priority), MARKS, MARKS, MARKS, st.none() | st.integers(0, 2)
)  # fmt: skip


@settings(max_examples=60)
@given(filed=st.lists(FILED, min_size=8, max_size=8), size=st.integers(1, 9), start=st.none() | st.integers(0, 7))
async def test_a_page_of_the_queue_is_what_a_slow_recomputation_says(
    system: System,
    filed: list[Filed],
    size: int,
    start: int | None,
) -> None:
    """Behind any incident: those of which the rule says that they come later, at their places."""
    async with system.node.database.transaction(Pool.API, read_only=True) as tx:
        ids = [row.id for row in await tx.execute(text("SELECT id FROM incidents ORDER BY id"))]
    if not ids:
        service = await on_duty(system)
        ids = [UUID((await system.make("incidents", title=f"n{n}", service_id=service["id"]))["id"]) for n in range(8)]
    meant: list[Ranked] = []
    async with system.node.database.transaction(Pool.API) as tx:
        for id, (priority, acknowledge_by, resolve_by, update_by, users) in zip(ids, filed, strict=True):
            marks = {"acknowledge_by": acknowledge_by, "resolve_by": resolve_by, "update_by": update_by}
            await tx.execute(text("UPDATE incidents SET priority = :priority WHERE id = :id"), {"priority": priority, "id": id})
            await tx.execute(
                text(
                    "UPDATE incident_records SET affected_users = :users, acknowledge_by = :acknowledge_by, resolve_by = :resolve_by, "
                    "update_by = :update_by WHERE incident_id = :id"
                ),
                {"users": users, "id": id} | marks,
            )
            meant.append(Ranked(IncidentId(id), 0, priority, Promised(**marks), users, NOW))
    after = None if start is None else meant[start]
    ordered = sorted(meant, key=rank_key)
    expected = [(n, one.id) for n, one in enumerate(ordered, 1) if after is None or rank_key(one) > rank_key(after)][:size]
    async with system.node.database.transaction(Pool.API, read_only=True) as tx:
        page = await list_ranked(tx, service_ids=None, after=after.id if after else None, limit=size)
    assert [(each.position, each.id) for each in page] == expected


async def test_the_queue_knows_no_other_filter(system: System) -> None:
    answer = await system.api.get("/api/v1/incidents", params={"order": "rank", "status": "resolved"})
    assert (answer.status_code, answer.json()["detail"]) == (
        422,
        "The queue (`order=rank`) is of all that are open: of the filters it knows `service_id` alone.",
    )
