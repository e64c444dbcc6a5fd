"""A page, from the event to six servers of others: by everything that Apprise's URLs lead to."""

import re
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
from tests.providers.apprise import AppriseSink, texts, urls
from tests.system import System, to

from oncall.channels.apprise import AppriseChannel
from oncall.channels.calling import Calls
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow


@pytest.fixture(autouse=True)
def _unhurried() -> Iterator[None]:
    """Matrix's plugin sleeps for half a second between one request and the next."""
    from apprise.plugins.matrix.base import NotifyMatrix

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NotifyMatrix, "request_rate_per_sec", 0)
        yield


@pytest.fixture
async def system(database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path) -> AsyncIterator[System]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    made = System(_node_database, clock, tmp_path, lambda _: [AppriseChannel(Calls(client, lambda: clock.at))])
    await made.start()
    yield made
    await made.stop()
    await client.close()


async def test_a_page_leaves_by_each_of_them_and_its_link_acknowledges(system: System) -> None:
    async with AppriseSink() as sink:
        ana = await system.user("Ana", channel=None)
        kinds = urls(sink.port)
        assert len(kinds) >= 5
        for url in kinds.values():
            await system.make(f"users/{ana['id']}/contact-methods", channel="apprise", address=url, verified=True)
        event = await system.event((await system.service([to(ana)]))["key"])
        shown = (await system.api.get(f"/api/v1/incidents/{event['incident_id']}/notifications")).json()["items"]
        assert [one["status"] for one in shown] == ["sent"] * len(kinds)
        assert {one["address"] for one in shown} == {f"{url.partition('://')[0]}://…" for url in kinds.values()}
        posted = [" ".join(texts(request)) for request in sink.requests if request.method != "GET"]
        pages = [text for text in posted if "Disk full" in text]
        assert len(pages) == len(kinds)
        [link] = {re.search(r"Acknowledge: http://oncall\.test(/l/[\w-]+)", text)[1] for text in pages}  # type: ignore[index]
        assert (await system.client().post(link)).status_code == 200
        found = await system.incident(event["incident_id"])
        assert (found["status"], found["acknowledged_by"]["name"]) == ("acknowledged", "Ana")
