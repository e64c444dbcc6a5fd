"""`oncall serve` as people meet it: it leaves politely, it is quick, and it says so when it cannot know better."""

import asyncio
import os
import signal
import time
from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import Any

import pytest
from httpx import Response
from sqlalchemy import text
from tests import databases
from tests.clients.making import make_service, make_user
from tests.intake.postgres_proxy import PostgresProxy
from tests.providers.smtp import SmtpSink
from tests.serving import Served, serving

from oncall.kit.compiled import CONFIGURATION, Compilation
from oncall.kit.db import SIZES, Database, Pool
from oncall.kit.errors import Unavailable
from oncall.kit.sealing import Sealing
from oncall.services.commands import integration_keys

pytestmark = pytest.mark.faults

COMMITTING = text("""
    SELECT count(*) FROM pg_stat_activity
    WHERE datname = current_database() AND application_name = 'oncall intake' AND state = 'idle in transaction'
""")
EVENTS = text("SELECT count(DISTINCT dedup_key) FROM events")
LISTENING = text("""
    SELECT count(*) FROM pg_stat_activity WHERE datname = current_database() AND application_name = 'oncall listen' AND query <> ''
""")


async def ask(database: Database, question: Any) -> int:
    async with database.transaction(read_only=True) as tx:
        answer: int = (await tx.execute(question)).scalar_one()
        return answer


async def until(true: Callable[[], Awaitable[object]], *, within: float = 10) -> None:
    async with asyncio.timeout(within):
        while not await true():
            await asyncio.sleep(0.01)


async def post(served: Served, key: str, name: str) -> Response:
    return await served.api.post(f"/intake/{key}", json={"summary": name, "dedup_key": name, "severity": "critical"})


async def make_key(served: Served) -> str:
    """The key of a service that pages Ana by e-mail at once."""
    _, integration = await make_service(served, await make_user(served, "PT0S"), "generic")
    key: str = integration["key"]
    return key


async def test_sigterm_answers_every_request_that_is_in_flight_and_ends_with_0(database: Database, database_url: str) -> None:
    """Each commit is held up: when the port closes, a second after SIGTERM, most of them are still to be committed."""
    async with serving(database_url, env={"ONCALL_FAILPOINTS": "intake.pre_commit=delay:0.8"}) as served:
        key = await make_key(served)
        posts = [asyncio.create_task(post(served, key, f"e{n}")) for n in range(40)]
        await until(lambda: ask(database, COMMITTING))
        assert not any(task.done() for task in posts)
        served.send(signal.SIGTERM)
        await until(lambda: is_draining(served))
        answers = await asyncio.gather(*posts)
        assert [answer.status_code for answer in answers] == [202] * 40
        assert await served.ended() == 0
    assert await ask(database, EVENTS) == 40


async def is_draining(served: Served) -> bool:
    answer = await served.api.get("/readyz")
    return (answer.status_code, answer.json()["reasons"]) == (503, ["draining"])


# --- a node that nothing is in the way of but a network ---------------------------------------------------------------------


@dataclass
class Reached:
    """A node, the network between it and its database, and where its e-mails go."""

    served: Served
    network: PostgresProxy
    mail: SmtpSink
    key: str


@pytest.fixture(scope="module")
def url(server_dsn: str, template: str) -> Iterator[str]:
    with databases.fresh_database(server_dsn, template, f"oncall_test_{os.getpid()}_node") as url:
        yield url


@pytest.fixture(scope="module")
async def node(url: str) -> AsyncIterator[Reached]:
    """Its ticks are so rare that nothing in a test waits for one; it listens for hints."""
    async with PostgresProxy(url) as network, SmtpSink() as mail:
        env = {"ONCALL_SMTP_URL": mail.url, "ONCALL_TICK": "20"}
        async with serving(network.url, env=env) as served, database_at(url) as database:
            await until(lambda: ask(database, LISTENING))
            yield Reached(served, network, mail, await make_key(served))


@asynccontextmanager
async def database_at(url: str) -> AsyncIterator[Database]:
    database = Database(url)
    yield database
    await database.close()


async def test_an_email_arrives_within_a_second_on_an_idle_node(node: Reached) -> None:
    """What is committed wakes the sender. Best of three, since the machine may be busy."""
    seconds = []
    for n in range(1, 4):
        posted = time.monotonic()
        assert (await post(node.served, node.key, f"e{n}")).status_code == 202
        await node.mail.wait_for(n, timeout=25)
        seconds.append(node.mail.messages[-1].received - posted)
    assert [message["To"] for message in node.mail.messages] == ["ana@example.org"] * 3
    assert min(seconds) < 1, seconds


async def test_what_a_node_remembers_is_not_told_once_it_may_be_out_of_date(node: Reached) -> None:
    async def oncalls() -> Response:
        return await node.served.api.get("/api/v1/oncalls")

    async def told_nothing() -> bool:
        return (await oncalls()).status_code != 200

    known = await oncalls()
    assert "Ana" in [row["user"]["name"] for row in known.json()["items"]]
    node.network.mode = "refuse"
    node.network.cut()
    gone = time.monotonic()
    assert (await oncalls()).json() == known.json(), "for a moment it is known well enough"
    await until(told_nothing)
    assert time.monotonic() - gone < 5
    for answer in (await oncalls(), await post(node.served, node.key, "later")):
        assert (answer.status_code, answer.headers["retry-after"]) == (503, "5")
        assert "may be out of date" in answer.json()["detail"]
    node.network.mode = "pass"
    assert (await oncalls()).json() == known.json(), "it needs no restart"
    assert (await post(node.served, node.key, "later")).status_code == 202


async def test_all_who_wait_for_a_database_that_is_silent_are_refused_together(database_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("oncall.kit.db.CONNECT_TIMEOUT", 1.0)
    async with PostgresProxy(database_url) as network:
        database = Database(network.url, sizes=SIZES | {Pool.API: (6, 5_000, 1.0)})
        compilation = Compilation(database)
        keys = compilation.add(CONFIGURATION, lambda tx: integration_keys(tx, sealing=Sealing(["a key of thirty-two characters or more"])))
        await compilation.fresh(keys)
        network.mode = "blackhole"
        compilation.expire()
        asked = time.monotonic()
        answers = await asyncio.gather(*(compilation.fresh(keys) for _ in range(10)), return_exceptions=True)
        took = time.monotonic() - asked
        await database.close()
    assert {type(answer) for answer in answers} == {Unavailable}
    assert took < 6, "two of their time-outs, with room for a slow machine; one after the other would be ten of them"
