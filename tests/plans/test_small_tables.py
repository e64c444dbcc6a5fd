"""A plan that is made while a table is small, and kept, is one for when it is large."""

import os
from collections.abc import AsyncIterator, Iterator

import pytest
from sqlalchemy import TextClause
from tests.conftest import START
from tests.databases import fresh_database
from tests.plans.planning import parameters, planned, whole
from tests.system import System, to

from oncall.contacts import store as contacts
from oncall.incidents.store import events, incidents
from oncall.kit.clock import ManualClock
from oncall.kit.db import Pool
from oncall.notifications.store import pages


@pytest.fixture(scope="module")
def new_url(server_dsn: str, template: str) -> Iterator[str]:
    """Of one that other tests have used PostgreSQL may know something."""
    with fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_small", is_durable=False) as url:
        yield url


@pytest.fixture(scope="module")
async def small(new_url: str, tmp_path_factory: pytest.TempPathFactory) -> AsyncIterator[System]:
    """A system on its first day: some twenty open incidents, of which PostgreSQL knows nothing yet."""
    system = System(new_url, ManualClock(START), tmp_path_factory.mktemp("small"))
    await system.start()
    made = await system.service([to(await system.user("Ana"))])
    for n in range(20):
        await system.event(made["key"], dedup_key=f"key {n}")
    yield system
    await system.stop()


@pytest.mark.parametrize(
    ("pool", "statement", "table", "index"),
    [
        pytest.param(Pool.INTAKE, events.ADD_EVENTS, "alerts", "alerts_pkey", id="repeats are counted"),
        pytest.param(Pool.INTAKE, incidents.SAVE, "incidents", "incidents_pkey", id="incidents change"),
        pytest.param(Pool.ENGINE, incidents.SAVE, "incidents", "incidents_pkey", id="incidents change by time"),
        pytest.param(Pool.ENGINE, incidents.MOVE, "incidents", "incidents_pkey", id="incidents move on"),
        pytest.param(Pool.ENGINE, pages.LATELY, "pages", "pages_user_idx", id="whom the engine paged lately"),
        pytest.param(Pool.INTAKE, pages.LATELY, "pages", "pages_user_idx", id="whom intake paged lately"),
        pytest.param(Pool.ENGINE, contacts.GATHER, "notification_rules", "notification_rules_method_idx", id="whom they reach"),
        pytest.param(Pool.ACKS, incidents.ACKNOWLEDGE, "incidents", "incidents_pkey", id="an acknowledgement"),
    ],
)
async def test_it_goes_by_the_key(small: System, pool: Pool, statement: TextClause, table: str, index: str) -> None:
    async with small.node.database.transaction(pool) as tx:
        found = await planned(tx, statement, ["NULL"] * len(parameters(statement)))
    reads = [(node["Index Name"], "Index Cond" in node) for node in found if node.get("Index Name", "").startswith(f"{table}_")]
    assert reads == [(index, True)]
    assert table not in whole(found)
    if statement is pages.LATELY:
        below = [node["Node Type"] for node in found[[node["Node Type"] for node in found].index("Limit") :]]
        assert "Sort" not in below, "the newest ones come first, and the others are not read"
