"""The whole system with a real telephone line to a Twilio of our own making."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path

import pytest
from tests.providers.twilio import ACCOUNT, NUMBER, OLD_TOKEN, TOKEN, Twilio
from tests.system import System

from oncall.channels.ports import Channel
from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_settings import Callbacks, TwilioAccount
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings


@pytest.fixture
async def twilio() -> AsyncIterator[Twilio]:
    async with Twilio() as made:
        yield made


@pytest.fixture
async def system(database: Database, _node_database: Database, clock: ManualClock, tmp_path: Path, twilio: Twilio) -> AsyncIterator[System]:
    """As everywhere, with `sms` and `voice` that go to `twilio`, which calls back."""
    account = TwilioAccount(ACCOUNT, (TOKEN, OLD_TOKEN), NUMBER, twilio.api_url)
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))

    def channels(settings: Settings) -> Iterable[Channel]:
        api = TwilioApi(account, client, callbacks=Callbacks(settings.base_url), now=lambda: clock.at)
        return SmsChannel(api), VoiceChannel(api)

    system = System(_node_database, clock, tmp_path, channels)
    system.node.app.state.twilio = account
    twilio.answer_to = system.client()
    await system.start()
    yield system
    await twilio.answer_to.aclose()
    await system.stop()
    await client.close()
