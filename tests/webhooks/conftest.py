"""What tests of webhooks begin with: a system that may call this machine, and somebody who listens there."""

from collections.abc import AsyncIterator

import pytest
from tests.providers.http import WebhookSink
from tests.system import System
from tests.webhooks.hooking import Hooking

from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.webhooks.due import Deliverer


@pytest.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as sink:
        yield sink


@pytest.fixture
async def hooking(system: System, sink: WebhookSink) -> AsyncIterator[Hooking]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    system.node.app.state.client = client
    [deliverer] = [source for source in system.node.sources if isinstance(source, Deliverer)]
    deliverer._client = client
    yield Hooking(system, sink)
    await client.close()
