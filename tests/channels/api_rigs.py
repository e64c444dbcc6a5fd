"""The channels that call a provider's API, and the fakes they talk to: each joins the conformance suite by a rig."""

from typing import Any, Self

from tests.channels.messages import NOW, a_page
from tests.providers.apprise import AppriseSink
from tests.providers.http import WebhookSink, closed_port
from tests.providers.ntfy import NtfySink
from tests.providers.pushover import TOKEN as PUSHOVER_TOKEN
from tests.providers.pushover import PushoverSink
from tests.providers.slack import TOKEN as SLACK_TOKEN
from tests.providers.slack import SlackSink
from tests.providers.telegram import TOKEN as TELEGRAM_TOKEN
from tests.providers.telegram import TelegramSink

from oncall.channels.apprise import AppriseChannel
from oncall.channels.calling import Calls
from oncall.channels.ntfy import NtfyChannel
from oncall.channels.ports import Channel
from oncall.channels.pushover import PushoverChannel
from oncall.channels.slack import SlackChannel
from oncall.channels.telegram import TelegramChannel
from oncall.channels.values import Message
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

DEADLINE = 1.0
"""What a busy machine needs for a connection and an answer to it; whoever says nothing is waited for no longer."""

NOWHERE = "no-such-host.invalid"


class ApiRig:
    """What the channels that call a provider's API have in common."""

    name: str
    good: str
    bad: tuple[str, ...]
    fake: type[WebhookSink]

    async def __aenter__(self) -> Self:
        self.sink = await self.fake().__aenter__()
        self.client = HttpClient(allow=read_outbound_allow(["127.0.0.1", NOWHERE]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.sink.__aexit__()

    def channel(self, base: str, calls: Calls) -> Channel:
        raise NotImplementedError

    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        port = self.sink.port if place == "sink" else closed_port()
        base = f"http://{NOWHERE}" if place == "nowhere" else f"http://127.0.0.1:{port}"
        return self.channel(base, Calls(self.client, lambda: NOW, deadline)), a_page(address=self.good.strip())

    def behave(self, behaviour: str) -> None:
        self.sink.behave(behaviour)

    def arrived(self) -> list[str]:
        return [request.headers["idempotency-key"] for request in self.sink.requests]


class NtfyRig(ApiRig):
    name = "ntfy"
    good = " oncall-ana-4f7Kq2 "
    bad = ("", "two words", "a/b", "https://elsewhere.example.com/topic", "x" * 65, "täst", "\ud800")
    fake = NtfySink

    def channel(self, base: str, calls: Calls) -> Channel:
        return NtfyChannel(base, calls)


class TelegramRig(ApiRig):
    name = "telegram"
    good = " -1001234567890 "
    bad = ("", "@ana", "ana", "0", "12 34", "+351912345678", "1" * 21, "١٢٣", "\ud800")
    fake = TelegramSink

    def channel(self, base: str, calls: Calls) -> Channel:
        return TelegramChannel(TELEGRAM_TOKEN, base, calls)


class SlackRig(ApiRig):
    name = "slack"
    good = " U012AB3CDE "
    bad = ("", "#alerts", "@ana", "ana", "u012ab3cde", "U012", "<!channel>", "C012AB3CDE,C012AB3CDF", "\ud800")
    fake = SlackSink

    def channel(self, base: str, calls: Calls) -> Channel:
        return SlackChannel(SLACK_TOKEN, f"{base}/api", calls)


class PushoverRig(ApiRig):
    name = "pushover"
    good = " uQiRzpo4DXghDmr9QzzfQu27cmVRsG "
    bad = ("", "ana", "uQiRzpo4DXghDmr9QzzfQu27cmVRs", "uQiRzpo4DXghDmr9QzzfQu27cmVRsGG", "uQiRzpo4DXghDmr9QzzfQu27cmVRs&", "\ud800")
    fake = PushoverSink

    def channel(self, base: str, calls: Calls) -> Channel:
        return PushoverChannel(PUSHOVER_TOKEN, base, calls)


class AppriseRig(ApiRig):
    """Mattermost's webhook stands for all: a plain POST whose status says it all."""

    name = "apprise"
    good = " mmost://127.0.0.1:1/3ccdd113474722377935511fc85d3dd4 "
    bad = (
        "",
        "https://chat.example.com/hooks/x",
        "mmost://chat.example.com",
        "json://127.0.0.1/x",
        "mailto://user:pass@example.com",
        "syslog://localhost/x",
        "discord://a/b?template=/etc/passwd",
        "mmost://chat.example.com/x y",
        "\ud800",
    )
    fake = AppriseSink

    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        channel, _ = super().at(place, deadline)
        host = NOWHERE if place == "nowhere" else f"127.0.0.1:{self.sink.port if place == 'sink' else closed_port()}"
        return channel, a_page(address=f"mmost://{host}/3ccdd113474722377935511fc85d3dd4")

    def channel(self, base: str, calls: Calls) -> Channel:
        return AppriseChannel(calls)


APIS: dict[str, type[Any]] = {rig.name: rig for rig in (NtfyRig, PushoverRig, SlackRig, TelegramRig)}
