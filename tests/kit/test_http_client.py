"""Outbound calls: what may be reached, that what was judged is what is dialled, and that nothing a host answers can hurt."""

import asyncio
import gc
import socket
import tracemalloc
from collections.abc import AsyncIterator, Awaitable, Iterable, Sequence
from ipaddress import ip_address
from pathlib import Path

import httpcore
import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.providers.http import WebhookSink, closed_port
from tests.providers.tls import client_context, server_context

from oncall.kit.http_client import BODY_LIMIT, HttpClient, HttpReply, NoAnswer, NotSent, Resolver, SystemResolver
from oncall.kit.outbound import (
    NOTHING_PRIVATE,
    Address,
    AddressNotAllowed,
    OutboundAllow,
    check_url,
    is_ours,
    is_public,
    judge,
    read_outbound_allow,
)
from oncall.kit.settings import SettingsError

LOCAL = read_outbound_allow(["127.0.0.1"])
PUBLIC = ip_address("93.184.215.14")
TLS = httpcore.default_ssl_context()


class Answers:
    """A resolver that gives the next of its answers at every call, as a hostile name server would."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.asked: list[tuple[str, int]] = []

    async def __call__(self, host: str, port: int) -> Sequence[Address]:
        self.asked.append((host, port))
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        return [ip_address(address) for address in answer]


class Wire(httpcore.AsyncNetworkBackend):
    """Writes down what is dialled, and connects to the sink instead, or to nothing."""

    def __init__(self, port: int | None = None, *, refuses: Iterable[str] = ()) -> None:
        self.dialled: list[tuple[str, int]] = []
        self._port = port
        self._refuses = set(refuses)
        self._real = httpcore.AnyIOBackend()

    async def connect_tcp(
        self, host: str, port: int, timeout: float | None = None, local_address: str | None = None, socket_options: object = None
    ) -> httpcore.AsyncNetworkStream:
        self.dialled.append((host, port))
        if self._port is None or host in self._refuses:
            raise httpcore.ConnectError("refused")
        return await self._real.connect_tcp("127.0.0.1", self._port, timeout)


async def soon(call: Awaitable[HttpReply]) -> HttpReply:
    """The call must be over shortly after its deadline of 0.3 s."""
    async with asyncio.timeout(1.3):
        return await call


@pytest.fixture
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as made:
        yield made


# --- what may be reached ----------------------------------------------------------------------------------------------------

PRIVATE = [
    "0.0.0.0",
    "0.1.2.3",
    "10.0.0.1",
    "10.255.255.255",
    "100.64.0.1",
    "100.100.100.200",
    "127.0.0.1",
    "127.255.255.254",
    "168.63.129.16",
    "169.254.0.1",
    "169.254.169.254",
    "172.16.0.1",
    "172.31.255.255",
    "192.0.0.9",
    "192.0.2.1",
    "192.88.99.1",
    "192.168.1.1",
    "198.18.0.1",
    "198.51.100.1",
    "203.0.113.1",
    "224.0.0.1",
    "239.255.255.250",
    "240.0.0.1",
    "255.255.255.255",
    "::",
    "::1",
    "::7f00:1",
    "::ffff:127.0.0.1",
    "::ffff:8.8.8.8",
    "::ffff:a9fe:a9fe",
    "64:ff9b::a9fe:a9fe",
    "64:ff9b:1::1",
    "100::1",
    "2001::1",
    "2001:0:4136:e378:8000:63bf:3fff:fdd2",
    "2001:10::1",
    "2001:20::1",
    "2001:db8::1",
    "2002:7f00:1::1",
    "2002:a9fe:a9fe::1",
    "3fff::1",
    "5f00::1",
    "fc00::1",
    "fd00:ec2::254",
    "fe80::1",
    "fe80::1%lo",
    "fec0::1",
    "ff02::1",
    "ff0e::1",
]
SPELLINGS = [
    "http://127.1/",
    "http://127.0.1/",
    "http://0x7f000001/",
    "http://0X7F.1/",
    "http://2130706433/",
    "http://017700000001/",
    "http://0177.0.0.1/",
    "http://0/",
    "http://0xa9fea9fe/",
    "http://2852039166/",
    "http://127.0.0.1./",
    "http://localhost/",
    "http://LOCALHOST./",
    "http://app.localhost/",
    "http://[::1]/",
    "http://[0:0:0:0:0:0:0:1]/",
    "http://[::ffff:127.0.0.1]/",
    "http://[::ffff:7f00:1]/",
    "http://[::127.0.0.1]/",
    "http://[64:ff9b::7f00:1]/",
    "http://[2002:7f00:1::]/",
    "http://[fe80::1]/",
    "http://\uff11\uff12\uff17.0.0.1/",
    "http://①②⑦.0.0.1/",
    "http://127。0。0。1/",
]


@pytest.mark.parametrize("address", PRIVATE)
def test_is_not_public(address: str) -> None:
    assert not is_public(ip_address(address))


@pytest.mark.parametrize(
    "address", ["1.1.1.1", "8.8.8.8", "93.184.215.14", "172.32.0.1", "100.128.0.1", "2606:4700:4700::1111", "2a00:1450::1"]
)
def test_is_public(address: str) -> None:
    assert is_public(ip_address(address))


@given(st.ip_addresses(v=4) | st.ip_addresses(v=6))
def test_nothing_that_python_calls_private_is_public(address: Address) -> None:
    if address.is_private or address.is_multicast or address.is_reserved or address.is_loopback or address.is_link_local:
        assert not is_public(address)


@pytest.mark.parametrize("url", SPELLINGS)
async def test_every_spelling_of_an_inner_address_is_refused_when_typed_and_when_called(url: str) -> None:
    wire = Wire()
    client = HttpClient(wire=wire, tls=TLS)
    with pytest.raises(AddressNotAllowed):
        client.check_url(url)
    with pytest.raises(AddressNotAllowed):
        await client.request("POST", url)
    assert wire.dialled == []


@pytest.mark.parametrize("host", ["127.1", "0x7f000001", "2130706433", "0177.0.0.1", "localhost"])
async def test_a_spelling_is_judged_by_what_it_resolves_to(host: str) -> None:
    """Even where the first look lets it pass: this is the resolver's own answer, at the connection."""
    found = await SystemResolver()(host, 80)
    with pytest.raises(AddressNotAllowed):
        judge(host, 80, found, NOTHING_PRIVATE)


@pytest.mark.parametrize(
    "url",
    [
        "",
        "/hook",
        "example.com",
        "//example.com/",
        "ftp://example.com/",
        "file:///etc/passwd",
        "gopher://example.com/",
        "http://",
        "http:///hook",
        "https://user@example.com/",
        "https://user:password@example.com/",
        "https://example.com:22/",
        "https://example.com:0x50/",
        "https://example.com:99999/",
        "https://exa mple.com/",
        "https://example.com\r\nX-Evil: 1/",
        "https://example.com/\x00",
        "https://\ud800.example.com/",
        "https://" + "a" * 64 + "..com/",
        "https://[::1",
        "https://[v1.x]/",
        "https://example.com/" + "x" * 3000,
    ],
)
def test_what_is_no_url_for_us_is_refused_with_a_sentence(url: str) -> None:
    with pytest.raises(AddressNotAllowed, match=r"^[a-z]+ .+\.$") as refusal:
        check_url(url, NOTHING_PRIVATE)
    assert "password" not in str(refusal.value) or "must not carry" in str(refusal.value)


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("https://hooks.example.com", "https://hooks.example.com"),
        ("HTTPS://Hooks.Example.COM/a?b=c#d", "https://hooks.example.com/a?b=c"),
        ("http://example.com:80/", "http://example.com/"),
        ("https://example.com:8443/x", "https://example.com:8443/x"),
        ("https://8.8.8.8/", "https://8.8.8.8/"),
        ("https://[2606:4700:4700::1111]/", "https://[2606:4700:4700::1111]/"),
        ("https://bücher.example/ü", "https://xn--bcher-kva.example/%C3%BC"),
    ],
)
def test_a_good_url_is_normalised(url: str, expected: str) -> None:
    assert str(check_url(url, NOTHING_PRIVATE)) == expected


@given(st.text(st.characters(exclude_categories=()), max_size=60) | st.text(max_size=40).map(lambda text: f"http://{text}"))
async def test_no_text_at_all_makes_a_call_raise_anything_else(text: str) -> None:
    client = HttpClient(resolve=Answers(["127.0.0.1"]), wire=Wire(), tls=TLS)
    with pytest.raises((AddressNotAllowed, NotSent)):
        await client.request("POST", text)


def test_our_own_address_is_ours_and_another_is_not() -> None:
    assert is_ours(ip_address("127.0.0.1"))
    assert not is_ours(PUBLIC)


def test_our_own_public_address_is_refused() -> None:
    judge("me.example.com", 443, [PUBLIC], NOTHING_PRIVATE)
    with pytest.raises(AddressNotAllowed):
        judge("me.example.com", 443, [PUBLIC], NOTHING_PRIVATE, ours=lambda address: address == PUBLIC)


# --- the allow list ---------------------------------------------------------------------------------------------------------


def test_the_allow_list() -> None:
    allow = read_outbound_allow(["127.0.0.1", " 10.0.0.0/8", "Hooks.Internal.", "[::1]", "fd00::/8", "my_app"])
    assert allow.hosts == {"hooks.internal", "my_app"}
    assert [str(network) for network in allow.networks] == ["127.0.0.1/32", "10.0.0.0/8", "::1/128", "fd00::/8"]


@pytest.mark.parametrize(
    "entry", ["10.0.0.1/8", "http://hooks.internal", "hooks.internal:80", "*.internal", "a b", "10.0.0.0/99", "-x", "[::1"]
)
def test_a_bad_entry_is_one_line_with_the_variable_and_the_reason(entry: str) -> None:
    with pytest.raises(SettingsError, match=r"^ONCALL_OUTBOUND_ALLOW cannot be used: .+$"):
        read_outbound_allow([entry])


@pytest.mark.parametrize(
    ("what", "allow", "called", "addresses", "allowed"),
    [
        ("public, usual port", [], ("x", 443), ["8.8.8.8"], True),
        ("public, odd port", [], ("x", 22), ["8.8.8.8"], False),
        ("private", [], ("x", 443), ["10.0.0.1"], False),
        ("one of several is private", [], ("x", 443), ["8.8.8.8", "10.0.0.1"], False),
        ("a listed network", ["10.0.0.0/8"], ("x", 443), ["10.0.0.1"], True),
        ("a listed network, any port", ["10.0.0.0/8"], ("x", 9000), ["10.0.0.1"], True),
        ("a listed and an unlisted private one", ["10.0.0.0/8"], ("x", 443), ["10.0.0.1", "127.0.0.1"], False),
        ("a listed and a public one", ["10.0.0.0/8"], ("x", 443), ["10.0.0.1", "8.8.8.8"], True),
        ("a listed and a public one, odd port", ["10.0.0.0/8"], ("x", 9000), ["10.0.0.1", "8.8.8.8"], False),
        ("a listed host", ["hooks.internal"], ("hooks.internal", 9000), ["127.0.0.1"], True),
        ("a listed host, other case, dot at the end", ["hooks.internal"], ("HOOKS.internal.", 9000), ["127.0.0.1"], True),
        ("below a listed host", ["hooks.internal"], ("x.hooks.internal", 443), ["127.0.0.1"], False),
        ("hidden inside IPv6, though its IPv4 is listed", ["10.0.0.0/8"], ("x", 443), ["::ffff:10.0.0.1"], False),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_judging(what: str, allow: list[str], called: tuple[str, int], addresses: list[str], allowed: bool) -> None:
    listed: OutboundAllow = read_outbound_allow(allow)
    found = [ip_address(address) for address in addresses]
    if allowed:
        judge(*called, found, listed)
    else:
        with pytest.raises(AddressNotAllowed, match="ONCALL_OUTBOUND_ALLOW"):
            judge(*called, found, listed)


def test_a_refusal_does_not_tell_what_an_inner_name_resolves_to() -> None:
    with pytest.raises(AddressNotAllowed) as refusal:
        judge("db.internal", 443, [ip_address("10.1.2.3")], NOTHING_PRIVATE)
    assert "10.1.2.3" not in str(refusal.value)


# --- what was judged is what is dialled -------------------------------------------------------------------------------------


async def test_a_name_that_flips_after_the_check_is_asked_once_and_dialled_as_judged(sink: WebhookSink) -> None:
    """DNS rebinding: public when judged, 127.0.0.1 a moment later."""
    resolve, wire = Answers(["93.184.215.14"], ["127.0.0.1"]), Wire(sink.port)
    client = HttpClient(resolve=resolve, wire=wire)
    reply = await client.request("POST", "http://rebind.example.com/x")
    assert reply.status == 204
    assert resolve.asked == [("rebind.example.com", 80)]
    assert wire.dialled == [("93.184.215.14", 80)]
    assert sink.requests[0].headers["host"] == "rebind.example.com"
    await client.close()


async def test_a_name_that_flips_between_two_calls_is_refused_at_the_second(sink: WebhookSink) -> None:
    wire = Wire(sink.port)
    client = HttpClient(resolve=Answers(["93.184.215.14"], ["127.0.0.1"]), wire=wire)
    sink.behave("500 Connection: close")
    assert (await client.request("GET", "http://rebind.example.com/")).status == 500
    with pytest.raises(AddressNotAllowed):
        await client.request("GET", "http://rebind.example.com/")
    assert wire.dialled == [("93.184.215.14", 80)]
    await client.close()


async def test_one_private_answer_among_public_ones_is_enough_to_dial_none() -> None:
    wire = Wire()
    with pytest.raises(AddressNotAllowed):
        await HttpClient(resolve=Answers(["8.8.8.8", "10.0.0.1"]), wire=wire).request("GET", "http://mixed.example.com/")
    assert wire.dialled == []


async def test_the_next_address_is_tried_when_one_refuses(sink: WebhookSink) -> None:
    wire = Wire(sink.port, refuses=["8.8.8.8"])
    client = HttpClient(resolve=Answers(["8.8.8.8", "1.1.1.1"]), wire=wire)
    assert (await client.request("GET", "http://two.example.com/")).status == 204
    assert [host for host, _ in wire.dialled] == ["8.8.8.8", "1.1.1.1"]
    await client.close()


async def test_connections_are_kept_per_host_name_not_per_address(sink: WebhookSink) -> None:
    """Two names on one address never share a connection: each was judged, and each certificate verified, for its own name."""
    wire = Wire(sink.port)
    client = HttpClient(resolve=Answers(["8.8.8.8"]), wire=wire)
    for host in ("a", "a", "b"):
        await client.request("GET", f"http://{host}.example.com/")
    assert len(wire.dialled) == 2
    await client.close()


async def test_tls_verifies_the_name_in_the_url_not_the_address(tmp_path: Path) -> None:
    async with WebhookSink(tls=server_context(tmp_path, "hooks.example.com")) as sink:
        client = HttpClient(resolve=Answers(["8.8.8.8"]), wire=Wire(sink.port), tls=client_context(tmp_path))
        assert (await client.request("POST", "https://hooks.example.com/x", content=b"{}")).status == 204
        assert sink.requests[0].headers["host"] == "hooks.example.com"
        with pytest.raises(NotSent, match="CERTIFICATE_VERIFY_FAILED"):
            await client.request("POST", "https://other.example.com/x")
        await client.close()
    assert len(sink.requests) == 1


# --- what comes back --------------------------------------------------------------------------------------------------------


@pytest.fixture
async def client() -> AsyncIterator[HttpClient]:
    made = HttpClient(allow=LOCAL, deadline=0.3)
    yield made
    await made.close()


async def test_the_request_is_bare(sink: WebhookSink, client: HttpClient) -> None:
    """No cookies, nothing compressed, no proxy's headers; only what was asked for."""
    sink.behave("200 Set-Cookie: session=1")
    await client.request("POST", sink.url, headers={"X-Mine": "1"}, content=b"body")
    await client.request("POST", sink.url, headers={"X-Mine": "1"}, content=b"body")
    assert [dict(request.headers) for request in sink.requests] == 2 * [
        {
            "host": f"127.0.0.1:{sink.port}",
            "user-agent": "oncall",
            "accept-encoding": "identity",
            "x-mine": "1",
            "content-length": "4",
        }
    ]


async def test_proxies_of_the_environment_are_not_asked(sink: WebhookSink, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY", "http_proxy", "all_proxy"):
        monkeypatch.setenv(name, f"http://127.0.0.1:{closed_port()}")
    made = HttpClient(allow=LOCAL)
    assert (await made.request("GET", sink.url)).status == 204
    await made.close()


async def test_a_redirect_is_an_answer_like_any_other(sink: WebhookSink, client: HttpClient) -> None:
    sink.behave("302 Location: http://169.254.169.254/latest/meta-data/")
    reply = await client.request("GET", sink.url)
    assert (reply.status, reply.headers["location"]) == (302, "http://169.254.169.254/latest/meta-data/")
    assert len(sink.requests) == 1


@pytest.mark.parametrize("behaviour", ["huge", "bomb"])
async def test_a_body_is_cut_and_never_inflated(sink: WebhookSink, client: HttpClient, behaviour: str) -> None:
    sink.behave(behaviour)
    tracemalloc.start()
    reply = await client.request("GET", sink.url)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert (reply.status, len(reply.body), reply.cut) == (200, BODY_LIMIT, True)
    assert peak < 8 * 1024 * 1024


@pytest.mark.parametrize(
    "behaviour", ["silent", "drip", "drip_body", "garbage", "truncated", "truncated_body", "drop", "drop_at_once", "endless_head"]
)
async def test_what_was_written_and_not_answered_whole_is_no_answer(sink: WebhookSink, client: HttpClient, behaviour: str) -> None:
    sink.behave(behaviour)
    with pytest.raises(NoAnswer) as failure:
        await soon(client.request("POST", sink.url, content=b"x" * 100))
    assert "SSH" not in str(failure.value), "what a host says is not passed on"


async def test_what_could_not_be_connected_was_not_sent(client: HttpClient) -> None:
    with pytest.raises(NotSent):
        await client.request("POST", f"http://127.0.0.1:{closed_port()}/")


class Deaf(httpcore.AsyncNetworkBackend):
    async def connect_tcp(self, host: str, port: int, *_: object, **__: object) -> httpcore.AsyncNetworkStream:
        await asyncio.Event().wait()
        raise AssertionError("never")


async def test_a_peer_that_never_completes_the_connection_was_not_sent() -> None:
    with pytest.raises(NotSent):
        await soon(HttpClient(resolve=Answers(["8.8.8.8"]), wire=Deaf(), deadline=0.3).request("POST", "http://hooks.example.com/"))


async def _unknown(host: str, port: int) -> Sequence[Address]:
    raise socket.gaierror(socket.EAI_NONAME, "unknown")


async def _slow(host: str, port: int) -> Sequence[Address]:
    await asyncio.Event().wait()
    return []


async def _empty(host: str, port: int) -> Sequence[Address]:
    return []


@pytest.mark.parametrize("resolve", [_unknown, _slow, _empty])
async def test_a_name_server_that_does_not_help_means_not_sent(resolve: Resolver) -> None:
    with pytest.raises(NotSent):
        await soon(HttpClient(resolve=resolve, deadline=0.3).request("POST", "http://hooks.example.com/"))


async def test_nothing_is_left_open_after_failures(sink: WebhookSink, client: HttpClient) -> None:
    for behaviour in ("silent", "garbage", "huge", "drip_body"):
        sink.behave(behaviour)
        try:
            await client.request("GET", sink.url)
        except NoAnswer:
            continue
    gc.collect()
    assert client._pool.connections == []
