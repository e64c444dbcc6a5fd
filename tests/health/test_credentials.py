"""A provider that does not take our credential: health is red and says which channel, until one of its messages gets through."""

from collections.abc import AsyncIterator, Iterable
from pathlib import Path
from typing import Any

import pytest
from tests.providers.http import WebhookSink
from tests.providers.slack import TOKEN as SLACK_TOKEN
from tests.providers.slack import SlackSink
from tests.providers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.providers.telegram import TelegramSink
from tests.providers.twilio import ACCOUNT, NUMBER, Twilio
from tests.providers.twilio import TOKEN as TWILIO_TOKEN
from tests.system import System, to

from oncall.channels.calling import Calls
from oncall.channels.ports import Channel
from oncall.channels.slack import SlackChannel
from oncall.channels.telegram import TelegramChannel
from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_settings import TwilioAccount
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow
from oncall.kit.settings import Settings

FAKES: dict[str, tuple[type[WebhookSink], str, str]] = {
    "slack": (SlackSink, "U012AB3CDE", "error invalid_auth"),
    "telegram": (TelegramSink, "123456789", "unauthorized"),
    "sms": (Twilio, "+351912345678", "error 20003"),
    "voice": (Twilio, "+351912345678", "error 20003"),
}
"""Of each channel: its provider, an address, and how the provider says that it is not us."""


def made(name: str, sink: WebhookSink, client: HttpClient, clock: ManualClock) -> Channel:
    url, calls = f"http://127.0.0.1:{sink.port}", Calls(client, lambda: clock.at)
    if name == "slack":
        return SlackChannel(SLACK_TOKEN, f"{url}/api", calls)
    if name == "telegram":
        return TelegramChannel(TELEGRAM_TOKEN, url, calls)
    api = TwilioApi(TwilioAccount(ACCOUNT, (TWILIO_TOKEN,), NUMBER, url), client, callbacks=None, now=lambda: clock.at)
    return SmsChannel(api) if name == "sms" else VoiceChannel(api)


@pytest.fixture(params=list(FAKES))
async def rig(
    request: pytest.FixtureRequest,
    database: Database,
    _node_database: Database,
    clock: ManualClock,
    tmp_path: Path,
) -> AsyncIterator[tuple[System, WebhookSink, str]]:
    """The system, the provider, and the name of the channel."""
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    async with FAKES[request.param][0]() as sink:

        def channels(_: Settings) -> Iterable[Channel]:
            return [made(request.param, sink, client, clock)]

        system = System(_node_database, clock, tmp_path, channels)
        await system.start()
        yield system, sink, request.param
        await system.stop()
    await client.close()


async def refused(system: System) -> list[str]:
    """What /healthz says of credentials."""
    body: dict[str, Any] = (await system.api.get("/healthz")).json()
    return [reason["detail"] for reason in body["reasons"] if reason["reason"] == "bad_credential"]


async def test_a_refused_credential_is_red_by_name_until_a_message_gets_through(rig: tuple[System, WebhookSink, str]) -> None:
    system, sink, name = rig
    _, address, refuses = FAKES[name]
    user = await system.user("Ana", channel=None)
    await system.make(f"users/{user['id']}/contact-methods", channel=name, address=address, verified=True)
    service = await system.service([to(user)])
    sink.behave(refuses)
    await system.event(service["key"], "one")
    words = "1 channels were refused by their provider: check user name, password or key"
    assert await refused(system) == [f"{words} ({name})"]
    sink.behave("ok")
    await system.advance(minutes=1)
    await system.event(service["key"], "two")
    await system.advance(minutes=1)
    assert await refused(system) == []
