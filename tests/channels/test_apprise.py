"""What leaves through Apprise, by which way, and what each answer means."""

import inspect
import threading
from collections.abc import AsyncIterator, Iterator
from dataclasses import replace
from datetime import timedelta
from ipaddress import IPv4Address
from pathlib import Path
from typing import Any
from urllib.parse import unquote_plus

import httpcore
import pytest
import requests
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.apprise import AppriseSink, texts, urls
from tests.providers.tls import client_context, server_context

from oncall.channels import apprise as ours
from oncall.channels.apprise import SCHEMAS, AppriseChannel, shortened, words
from oncall.channels.calling import Calls
from oncall.channels.guarded_requests import guard
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, Sent
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

KINDS = list(urls(1))
OTHER_WAYS = ("socket", "smtplib", "subprocess", "http.client", "urllib.request", "paho", "slixmpp", "httpx", "aiohttp", "ssl")


@pytest.fixture(scope="module", autouse=True)
def _unhurried() -> Iterator[None]:
    """Matrix's plugin sleeps for half a second between one request and the next; our sink needs no such mercy."""
    from apprise.plugins.matrix.base import NotifyMatrix

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(NotifyMatrix, "request_rate_per_sec", 0)
        yield


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[AppriseSink]:
    async with AppriseSink() as made:
        yield made


@pytest.fixture(scope="module")
async def channel() -> AsyncIterator[AppriseChannel]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    made = AppriseChannel(Calls(client, lambda: NOW))
    yield made
    await made.close()
    await client.close()


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("message", [a_page(), a_notice(), UPDATE], ids=["page", "notice", "update"])
async def test_every_kind_of_message_leaves_through(sink: AppriseSink, channel: AppriseChannel, kind: str, message: Message) -> None:
    sink.requests.clear()
    address = urls(sink.port)[kind]
    assert channel.check_address(address) == address
    assert isinstance(await channel.send(replace(message, address=address)), Sent)
    said = " ".join(text for request in sink.requests if request.method != "GET" for text in texts(request))
    title, body = words(message)
    assert title.lstrip("#") in said, "where a title is a heading, its first # is lost"
    assert body.splitlines()[0] in said


@pytest.mark.parametrize("kind", KINDS)
async def test_our_links_arrive_as_they_are(sink: AppriseSink, channel: AppriseChannel, kind: str) -> None:
    """No service's mark-up has changed a sign of them."""
    sink.requests.clear()
    url = "https://on-call.example.com/l/eyJ_-*~.x_y-z"
    assert isinstance(await channel.send(a_page(address=urls(sink.port)[kind], acknowledge_url=url)), Sent)
    assert any(f"Acknowledge: {url}" in text for request in sink.requests if request.method != "GET" for text in texts(request))


@pytest.mark.parametrize("hostile", ["@everyone", "@here look", "<!channel>", "<@U012AB3CDE>", "<users/all>", "[ok](https://evil.example)"])
def test_nothing_that_is_said_is_a_mention_or_a_link_in_disguise(hostile: str) -> None:
    message = a_page(
        title=hostile,
        service=hostile,
        reason=hostile,
        source=hostile,
        facts=((hostile, hostile),),
        links=(("https://x.example/@here", hostile),),
    )
    said = "\n".join(words(message))
    assert "evil" not in hostile or "](" not in said
    for alive in ("@everyone", "@here", "<!", "<@", "<users"):
        assert alive not in said


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("401", FailedPermanently("answered 401", "refused")),
        ("404", FailedPermanently("answered 404", "refused")),
        ("429 Retry-After: 7", FailedTemporarily("answered 429", timedelta(seconds=7))),
        ("500", FailedTemporarily("answered 500")),
    ],
)
async def test_what_an_error_means(sink: AppriseSink, channel: AppriseChannel, behaviour: str, expected: Outcome) -> None:
    """Credentials are in the address: that they are refused is no operator's fault."""
    sink.behave(behaviour, times=1)
    assert await channel.send(a_page(address=urls(sink.port)["Mattermost"])) == expected


async def test_each_message_is_tried_once_and_no_redirect_is_followed(sink: AppriseSink, channel: AppriseChannel) -> None:
    sink.requests.clear()
    sink.behave(f"307 Location: http://127.0.0.1:{sink.port}/elsewhere", times=1)
    outcome = await channel.send(a_page(address=urls(sink.port)["Mattermost"]))
    assert isinstance(outcome, FailedPermanently)
    assert len(sink.requests) == 1


async def test_a_host_inside_is_not_called(sink: AppriseSink) -> None:
    """The same judge as for every other address that people type."""
    sink.requests.clear()
    outcome = await AppriseChannel(Calls(HttpClient(), lambda: NOW)).send(a_page(address=urls(sink.port)["Gotify"]))
    assert isinstance(outcome, FailedPermanently)
    assert outcome.code == "ssrf_blocked"
    assert sink.requests == []


async def test_what_is_sent_beside_a_guarded_thread_goes_nowhere(sink: AppriseSink, channel: AppriseChannel) -> None:
    """Such as from a thread that a plugin starts: there is no other way out."""
    guard()
    sink.requests.clear()
    failed: list[Exception] = []

    def alone() -> None:
        try:
            requests.get(sink.url, timeout=1)
        except requests.ConnectionError as error:
            failed.append(error)

    thread = threading.Thread(target=alone)
    thread.start()
    thread.join()
    assert len(failed) == 1
    assert sink.requests == []


def test_the_services_we_let_in_know_no_other_way_out() -> None:
    """Read from the library's own source, so that an update which changes it is seen."""
    ours._library()  # as we load it: whatever its plugins import warns nobody
    from apprise.manager_plugins import NotificationManager

    plugins = NotificationManager()
    for schema in sorted(SCHEMAS):
        for part in inspect.getmro(plugins[schema]):
            module = inspect.getmodule(part)
            if module is None or not module.__name__.startswith("apprise.plugins.") or module.__name__ == "apprise.plugins.base":
                continue
            lines = [line.split() for line in inspect.getsource(module).splitlines() if line.strip().startswith(("import ", "from "))]
            assert not [line for line in lines if line[1] in OTHER_WAYS], f"{schema} may connect by itself"


@pytest.mark.parametrize(
    "address",
    [
        "discord://123456789012345678/secret-secret-secret?template=/etc/passwd",
        "discord://123456789012345678/secret-secret-secret?ping=@everyone",
        "discord://123456789012345678/secret-secret-secret?overflow=split&retry=5",
        "gotify://chat.example.com/secret-secret?verify=no",
        "gotify://chat.example.com/secret-secret?+X-Forwarded-For=secret",
        "fcm://project@secret-secret/?keyfile=/etc/passwd",
        "form://secret-secret/x",
        "tgram://123456789:secret-secret/1",
        "mmost://user:secret@chat.example.com",
    ],
)
def test_what_cannot_be_used_is_refused_without_repeating_a_secret(channel: AppriseChannel, address: str) -> None:
    with pytest.raises(BadAddress, match=r"^This .+\.$") as refused:
        channel.check_address(address)
    assert "secret" not in str(refused.value)


@settings(max_examples=40)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_is_said_is_sent(sink: AppriseSink, channel: AppriseChannel, message: Message) -> None:
    assert isinstance(await channel.send(replace(message, address=urls(sink.port)["Mattermost"])), Sent)


class ToTheSink(httpcore.AnyIOBackend):
    """A network on which every address is the sink's."""

    def __init__(self, port: int) -> None:
        super().__init__()
        self._port = port

    async def connect_tcp(self, host: str, port: int, *more: Any, **named: Any) -> httpcore.AsyncNetworkStream:
        return await super().connect_tcp("127.0.0.1", self._port, *more, **named)


async def a_public_address(host: str, port: int) -> list[IPv4Address]:
    return [IPv4Address("162.159.137.232")]


TEXTS = {
    "bulksms": ("api.bulksms.com", "bulksms://TOKENID:SECRET@+351912345678"),
    "clicksend": ("rest.clicksend.com", "clicksend://user:apikey@+351912345678"),
    "d7sms": ("api.d7networks.com", "d7sms://eyJhbGciOiJ@+351912345678"),
    "httpsms": ("api.httpsms.com", "httpsms://apikey@+351912345679/+351912345678"),
    "msgbird": ("rest.messagebird.com", "msgbird://aaaaaaaaaaaaaaaaaaaaaaaaa/+351912345679/+351912345678"),
    "plivo": ("api.plivo.com", "plivo://aaaaaaaaaaaaaaaaaaaaaaaaa@tttttttttttttttttttttttttttttttttttttttt/+351912345679/+351912345678"),
    "seven": ("gateway.seven.io", "seven://aaaaaaaaaaaaaaaaaaaaaaaaa/+351912345678"),
    "sinch": ("us.sms.api.sinch.com", f"sinch://{'a' * 32}:{'b' * 32}@+351912345679/+351912345678"),
    "vonage": ("rest.nexmo.com", "vonage://aaaaaaaa:bbbbbbbbbbbbbbbb@+351912345679/+351912345678"),
}
"""Another provider of text messages: where it is, and an address there."""


@pytest.mark.parametrize("service", TEXTS)
async def test_a_text_message_by_another_provider_keeps_its_whole_link(tmp_path: Path, service: str) -> None:
    host, address = TEXTS[service]
    link = f"https://oncall.example.com/l/{'a' * 75}"
    async with AppriseSink(tls=server_context(tmp_path, host)) as sink:
        client = HttpClient(resolve=a_public_address, wire=ToTheSink(sink.port), tls=client_context(tmp_path))
        channel = AppriseChannel(Calls(client, lambda: NOW, deadline=20))
        assert channel.check_address(address) == address
        await channel.send(a_page(address=address, title="The disk of the database is nearly full " * 4, acknowledge_url=link))
        [request] = sink.requests
        assert request.headers["host"] == host
        said = unquote_plus(request.body.decode()).replace("\\n", "\n")
        assert link in said
        assert "[critical] " in said
        await channel.close()
        await client.close()


@given(PAGES | NOTICES, st.integers(100, 160))
def test_a_text_message_is_as_short_as_it_must_be(message: Message, limit: int) -> None:
    assert len(shortened(message, limit)) <= limit


async def test_discord_is_called_at_its_own_host_and_its_certificate_is_verified(tmp_path: Path) -> None:
    async with AppriseSink(tls=server_context(tmp_path, "discord.com")) as sink:
        trusting = HttpClient(resolve=a_public_address, wire=ToTheSink(sink.port), tls=client_context(tmp_path))
        careful = HttpClient(resolve=a_public_address, wire=ToTheSink(sink.port))
        page = a_page(address="discord://174216298000000000/JHMHI8qBe7bk2ZwO5U711o3dV_js", title="@everyone look")
        assert isinstance(await AppriseChannel(Calls(careful, lambda: NOW)).send(page), FailedTemporarily)
        assert sink.requests == []
        assert isinstance(await AppriseChannel(Calls(trusting, lambda: NOW)).send(page), Sent)
        [request] = sink.requests
        assert (request.headers["host"], request.path.partition("?")[0]) == (
            "discord.com",
            "/api/webhooks/174216298000000000/JHMHI8qBe7bk2ZwO5U711o3dV_js",
        )
        assert "@everyone" not in request.json()["content"]
        assert f"Acknowledge: {page.acknowledge_url}" in request.json()["content"]
        await trusting.close()
        await careful.close()
