"""What every channel makes of everything a provider and a network can do to it. A new channel joins by a rig and a column."""

import asyncio
from collections.abc import AsyncIterator, Coroutine, Iterable
from typing import Any, Protocol, Self

import pytest
from tests.channels.api_rigs import APIS, DEADLINE, NOWHERE, AppriseRig
from tests.channels.messages import NOW, SECRET, a_page
from tests.providers.http import WebhookSink, closed_port
from tests.providers.smtp import SmtpSink
from tests.providers.twilio import ACCOUNT, NUMBER, TOKEN, Twilio

from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.channels.ports import Channel
from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_settings import Callbacks, TwilioAccount
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, Sent, Unknown
from oncall.channels.webhook import WebhookChannel
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

SLACK = 1.0


class Rig(Protocol):
    """A channel and the provider it talks to."""

    name: str
    good: str
    bad: tuple[str, ...]

    async def __aenter__(self) -> Self: ...
    async def __aexit__(self, *_: object) -> None: ...
    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        """`sink`, `closed` (nobody listens) or `nowhere` (no such host)."""
        ...

    def behave(self, behaviour: str) -> None: ...
    def arrived(self) -> list[str]:
        """The idempotency keys of what the provider got whole."""
        ...


class EmailRig:
    name = "email"
    good = " Ana.Lovelace+page@Example.com "
    bad = (
        "",
        "ana",
        "ana@",
        "@example.com",
        "Ana <ana@example.com>",
        "ana@example.com\r\nBcc: eve@example.com",
        "ana@exa mple.com",
        "\ud800@x",
    )

    async def __aenter__(self) -> Self:
        self.sink = await SmtpSink().__aenter__()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.sink.__aexit__()

    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        url = {"sink": self.sink.url, "closed": f"smtp://127.0.0.1:{closed_port()}", "nowhere": f"smtp://{NOWHERE}"}[place]
        server, sender = parse_smtp_url(url), parse_mail_from("On-call <oncall@example.com>")
        return EmailChannel(server, sender=sender, now=lambda: NOW, deadline=deadline), a_page()

    def behave(self, behaviour: str) -> None:
        self.sink.behave(behaviour)

    def arrived(self) -> list[str]:
        return [message["X-Oncall-Notification"] for message in self.sink.messages]


class WebhookRig:
    name = "webhook"
    good = " https://hooks.example.com/page?team=a "
    bad = (
        "",
        "ftp://example.com",
        "example.com",
        "https://",
        "https://u:p@example.com",
        "http://10.0.0.1/",
        "https://8.8.8.8:22/",
        "http://\ud800/",
    )

    async def __aenter__(self) -> Self:
        self.sink = await WebhookSink().__aenter__()
        self.client = HttpClient(allow=read_outbound_allow(["127.0.0.1", NOWHERE]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.sink.__aexit__()

    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        url = {"sink": self.sink.url, "closed": f"http://127.0.0.1:{closed_port()}/", "nowhere": f"http://{NOWHERE}/"}[place]
        return WebhookChannel(self.client, secrets=lambda _: [SECRET], now=lambda: NOW, deadline=deadline), a_page(address=url)

    def behave(self, behaviour: str) -> None:
        self.sink.behave(behaviour)

    def arrived(self) -> list[str]:
        return [request.headers["webhook-id"] for request in self.sink.requests]


class SmsRig:
    name = "sms"
    good = " +351 912-345-678 "
    bad = ("", "ana", "912 345 678", "00351912345678", "+999123456789", "+35191234", "+3519123456789012", "+1 900 555 0100", "+\ud800")
    channel: type[SmsChannel | VoiceChannel] = SmsChannel

    async def __aenter__(self) -> Self:
        self.twilio = await Twilio().__aenter__()
        self.client = HttpClient(allow=read_outbound_allow(["127.0.0.1", NOWHERE]))
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.client.close()
        await self.twilio.__aexit__()

    def at(self, place: str, deadline: float = DEADLINE) -> tuple[Channel, Message]:
        url = {"sink": self.twilio.api_url, "closed": f"http://127.0.0.1:{closed_port()}", "nowhere": f"http://{NOWHERE}"}[place]
        account = TwilioAccount(ACCOUNT, (TOKEN,), NUMBER, url)
        api = TwilioApi(account, self.client, callbacks=Callbacks("https://oncall.test"), now=lambda: NOW, deadline=deadline)
        return self.channel(api), a_page(address="+351912345678")

    def behave(self, behaviour: str) -> None:
        self.twilio.behave(behaviour)

    def arrived(self) -> list[str]:
        return [made["StatusCallback"].rpartition("/")[2] for made in (*self.twilio.messages, *self.twilio.calls)]


class VoiceRig(SmsRig):
    name = "voice"
    channel = VoiceChannel


RIGS: dict[str, type[Any]] = {"email": EmailRig, "webhook": WebhookRig, "sms": SmsRig, "voice": VoiceRig, "apprise": AppriseRig, **APIS}

# What happens, and for each channel: the provider's behaviour that makes it happen, and what must come of it.
MISBEHAVIOURS = [
    ("accepts", {"email": ("ok", Sent), "webhook": ("ok", Sent)}),
    ("accepts in another way", {"webhook": ("299", Sent)}),
    ("says nothing at all", {"email": ("silent", FailedTemporarily), "webhook": ("silent", Unknown)}),
    ("took it and says nothing", {"email": ("data_silent", Unknown), "webhook": ("silent", Unknown)}),
    ("answers one byte at a time", {"email": ("drip", FailedTemporarily), "webhook": ("drip", Unknown)}),
    ("answers, then the body drips", {"webhook": ("drip_body", Unknown)}),
    ("hangs up at once", {"email": ("drop", FailedTemporarily), "webhook": ("drop_at_once", Unknown)}),
    ("took it and hangs up", {"email": ("data_drop", Unknown), "webhook": ("drop", Unknown)}),
    ("speaks another protocol", {"email": ("garbage", FailedTemporarily), "webhook": ("garbage", Unknown)}),
    ("took it and talks nonsense", {"email": ("data_garbage", Unknown), "webhook": ("199", Unknown)}),
    ("breaks off its greeting", {"email": ("truncated", FailedTemporarily)}),
    ("breaks off its answer", {"email": ("data_truncated", Unknown), "webhook": ("truncated", Unknown)}),
    ("breaks off the body of its answer", {"webhook": ("truncated_body", Unknown)}),
    ("answers without end", {"email": ("flood", FailedTemporarily), "webhook": ("endless_head", Unknown)}),
    ("accepts with 50 MB", {"webhook": ("huge", Sent)}),
    ("accepts with a gzip bomb", {"webhook": ("bomb", Sent)}),
    ("answers with a page of HTML", {"webhook": ("html", Sent)}),
    ("answers with an empty object", {"webhook": ("empty_object", Sent)}),
    ("is overloaded", {"email": ("busy", FailedTemporarily), "webhook": ("503", FailedTemporarily)}),
    ("asks for patience", {"email": ("greylisted", FailedTemporarily), "webhook": ("429 Retry-After: 7", FailedTemporarily)}),
    ("is broken", {"email": ("data_temporary", FailedTemporarily), "webhook": ("500", FailedTemporarily)}),
    ("is behind a broken gateway", {"webhook": ("502", FailedTemporarily)}),
    ("shuts down", {"email": ("shutting_down", FailedTemporarily), "webhook": ("504", FailedTemporarily)}),
    ("has no room", {"email": ("mailbox_full", FailedTemporarily)}),
    ("takes no messages", {"email": ("refuse_all", FailedPermanently), "webhook": ("410", FailedPermanently)}),
    ("does not know the address", {"email": ("no_such_user", FailedPermanently), "webhook": ("404", FailedPermanently)}),
    ("does not like us", {"email": ("sender_refused", FailedPermanently), "webhook": ("403", FailedPermanently)}),
    ("does not like the message", {"email": ("data_refused", FailedPermanently), "webhook": ("422", FailedPermanently)}),
    ("sends us elsewhere", {"webhook": ("302 Location: http://169.254.169.254/latest/meta-data/", FailedPermanently)}),
]
# An API answers in JSON: a success that says nothing it should may be anything. Whatever else a receiver can do, an API can.
for _, columns in MISBEHAVIOURS:
    if "webhook" in columns:
        behaviour, expected = columns["webhook"]
        for api in APIS:
            columns.setdefault(api, (behaviour, Unknown if expected is Sent and behaviour != "ok" else expected))
        # Apprise goes by the status alone, and by its own list of good ones.
        columns.setdefault("apprise", (behaviour, Unknown if behaviour == "299" else expected))
# Messages and calls are made in one way. Nothing but Twilio's own words is an acceptance.
OF_TWILIO = [
    ("accepts", "ok", Sent),
    ("says nothing at all", "silent", Unknown),
    ("answers one byte at a time", "drip", Unknown),
    ("answers, then the body drips", "drip_body", Unknown),
    ("hangs up at once", "drop_at_once", Unknown),
    ("took it and hangs up", "drop", Unknown),
    ("speaks another protocol", "garbage", Unknown),
    ("accepts without saying what", "204", Unknown),
    ("breaks off its answer", "truncated", Unknown),
    ("breaks off the body of its answer", "truncated_body", Unknown),
    ("answers without end", "endless_head", Unknown),
    ("accepts with 50 MB", "huge", Unknown),
    ("accepts with a gzip bomb", "bomb", Unknown),
    ("accepts what has failed already", "accepts and fails", FailedPermanently),
    ("is overloaded", "error 20503", FailedTemporarily),
    ("asks for patience", "error 20429", FailedTemporarily),
    ("is broken", "500", FailedTemporarily),
    ("is behind a broken gateway", "502", FailedTemporarily),
    ("shuts down", "504", FailedTemporarily),
    ("has no room", "error 21611", FailedTemporarily),
    ("takes no messages", "error 21610", FailedPermanently),
    ("does not know the address", "error 21211", FailedPermanently),
    ("does not like us", "error 20003", FailedPermanently),
    ("does not like the message", "error 99999", FailedPermanently),
    ("sends us elsewhere", "302 Location: http://169.254.169.254/latest/meta-data/", FailedPermanently),
]
MISBEHAVIOURS += [(what, dict.fromkeys(("sms", "voice"), (behaviour, expected))) for what, behaviour, expected in OF_TWILIO]
CASES: dict[str, list[tuple[str, str, type[Outcome]]]] = {}
for what, columns in MISBEHAVIOURS:
    CASES.setdefault(what, []).extend((name, behaviour, expected) for name, (behaviour, expected) in columns.items())

WAITED_OUT = {
    "says nothing at all",
    "took it and says nothing",
    "answers one byte at a time",
    "answers, then the body drips",
    "took it and talks nonsense",
}
"""Where all channels wait for the same deadline at once. What has work to do in its second gets the machine for itself."""


@pytest.fixture(scope="module", autouse=True)
async def _loaded() -> AsyncIterator[None]:
    """To load Apprise takes longer than a deadline."""
    async with AppriseRig() as rig:
        channel, _ = rig.at("sink")
        channel.check_address(rig.good)
        await channel.close()
        yield


async def attempt(channel: Channel, message: Message) -> Outcome:
    """Send, and hold the channel to its word: no exception, and never longer than its deadline."""
    async with asyncio.timeout(DEADLINE + SLACK):
        outcome = await channel.send(message)
    assert outcome.detail.isprintable()
    return outcome


async def at_once(doing: Iterable[Coroutine[Any, Any, Outcome]]) -> list[Outcome]:
    """The outcomes in order; the first failure ends them all."""
    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one) for one in doing]
    return [task.result() for task in tasks]


@pytest.fixture(params=list(RIGS))
async def rig(request: pytest.FixtureRequest) -> AsyncIterator[Rig]:
    async with RIGS[request.param]() as made:
        yield made


async def what_becomes_of_it(name: str, behaviour: str) -> Outcome:
    async with RIGS[name]() as made:
        made.behave(behaviour)
        channel, message = made.at("sink")
        outcome = await attempt(channel, message)
        # "Not sent" must be true: what may be repeated without a mark was not taken by anyone.
        if made.name in {"email", "sms", "voice"} and behaviour != "accepts and fails" and not isinstance(outcome, Sent | Unknown):
            assert made.arrived() == []
        await channel.close()
        return outcome


@pytest.mark.parametrize("what", list(CASES))
async def test_what_becomes_of_it_when_the_provider(what: str) -> None:
    doing = [what_becomes_of_it(name, behaviour) for name, behaviour, _ in CASES[what]]
    outcomes = await at_once(doing) if what in WAITED_OUT else [await one for one in doing]
    wrong = [
        (name, outcome) for (name, _, expected), outcome in zip(CASES[what], outcomes, strict=True) if not isinstance(outcome, expected)
    ]
    assert wrong == []


async def test_nobody_listens(rig: Rig) -> None:
    """A refused connection is worth another try."""
    assert isinstance(await attempt(*rig.at("closed")), FailedTemporarily)


async def test_the_host_is_unknown(rig: Rig) -> None:
    """A name server that does not know the host today may know it tomorrow."""
    assert isinstance(await attempt(*rig.at("nowhere")), FailedTemporarily)


async def test_the_same_message_carries_the_same_key_on_every_attempt(rig: Rig) -> None:
    channel, message = rig.at("sink")
    for number in (1, 2, 3):
        assert isinstance(await attempt(channel, a_page(address=message.address, attempt=number, repeated=number > 1)), Sent)
    assert rig.arrived() == [str(message.notification_id)] * 3


async def test_a_channel_recovers_with_its_provider() -> None:
    async def last_outcome(name: str) -> Outcome:
        async with RIGS[name]() as rig:
            channel, message = rig.at("sink")
            for behaviour in ("garbage", "silent", "drop"):
                rig.behave(behaviour)
                await attempt(channel, message)
            rig.behave("ok")
            return await attempt(channel, message)

    outcomes = await at_once(map(last_outcome, RIGS))
    assert [(name, outcome) for name, outcome in zip(RIGS, outcomes, strict=True) if not isinstance(outcome, Sent)] == []


async def test_a_slow_provider_holds_up_nobody_else(rig: Rig) -> None:
    """Thirty at once on one channel, and all of them are over when one would be."""
    rig.behave("silent")
    channel, message = rig.at("sink", deadline=0.3)
    async with asyncio.timeout(0.3 + SLACK):
        outcomes = await asyncio.gather(*(channel.send(message) for _ in range(30)))
    assert not any(isinstance(outcome, Sent | FailedPermanently) for outcome in outcomes)


async def test_a_good_address_is_normalised_and_stays_so(rig: Rig) -> None:
    channel, _ = rig.at("sink")
    once = channel.check_address(rig.good)
    assert once == once.strip()
    assert channel.check_address(once) == once


async def test_a_bad_address_is_refused_with_a_sentence_when_it_is_typed(rig: Rig) -> None:
    channel, _ = rig.at("sink")
    for address in rig.bad:
        with pytest.raises(BadAddress, match=r"^This .+\.$"):
            channel.check_address(address)


async def test_a_bad_address_is_a_permanent_failure_when_it_is_used(rig: Rig) -> None:
    channel, _ = rig.at("sink")
    for address in rig.bad:
        assert isinstance(await attempt(channel, a_page(address=address)), FailedPermanently)
    assert rig.arrived() == []
