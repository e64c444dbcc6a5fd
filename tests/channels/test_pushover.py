"""What Pushover is told, and what each of its answers means."""

from collections.abc import AsyncIterator
from dataclasses import replace

import pytest
from hypothesis import given, settings
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.pushover import TOKEN, PushoverSink

from oncall.channels.calling import Calls
from oncall.channels.pushover import PushoverChannel, content
from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, Outcome, Sent
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

ANA = "uQiRzpo4DXghDmr9QzzfQu27cmVRsG"


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[PushoverSink]:
    async with PushoverSink() as made:
        yield made


@pytest.fixture(scope="module")
async def channel(sink: PushoverSink) -> AsyncIterator[PushoverChannel]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield PushoverChannel(TOKEN, f"http://127.0.0.1:{sink.port}", Calls(client, lambda: NOW))
    await client.close()


def test_a_page_of_high_urgency_is_an_emergency() -> None:
    assert content(a_page()) == {
        "title": "[critical] payments-api: High error rate (#42)",
        "message": '<a href="https://oncall.example.com/l/resolve-token">Resolve</a>\n'
        '<a href="https://oncall.example.com/l/escalate-token">Escalate</a>\n'
        '<a href="https://oncall.example.com/incidents/42">Incident</a>\n'
        "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary.\n"
        "Since 2026-03-08 02:30 UTC, high urgency, level 1.\n"
        "source: web-1\n"
        "description: 5 % of requests fail\n"
        '<a href="https://runbooks.example.com/errors">runbook</a>',
        "html": "1",
        "timestamp": "1772937000",
        "priority": "2",
        "retry": "60",
        "expire": "300",
        "url": "https://oncall.example.com/l/acknowledge-token",
        "url_title": "Acknowledge",
    }


@pytest.mark.parametrize(
    ("what", "message", "priority", "expire"),
    [
        ("high urgency", a_page(), "2", "300"),
        ("low urgency", a_page(urgency="low"), "0", None),
        ("a test rings as a page would, but not for long", a_notice(kind="test", urgency="high"), "2", "60"),
        ("a shift", a_notice(), "0", None),
        ("an update makes no sound", UPDATE, "-1", None),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_priority(what: str, message: Message, priority: str, expire: str | None) -> None:
    assert (content(message)["priority"], content(message).get("expire")) == (priority, expire)


async def test_the_receipt_of_an_emergency_is_kept(sink: PushoverSink, channel: PushoverChannel) -> None:
    outcome = await channel.send(a_page(address=ANA))
    number = len(sink.requests)
    assert outcome == Sent(f"receipt{number:023d}", f"answered 200, request r{number}")
    assert await channel.send(a_notice(address=ANA)) == Sent(f"r{number + 1}", f"answered 200, request r{number + 1}")


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("bad_user", FailedPermanently("answered 400: user identifier is not a valid user, group, or subscribed user key", "refused")),
        (
            "bad_token",
            FailedPermanently(
                "answered 400: application token is invalid, see https://pushover.net/api; look at ONCALL_PUSHOVER_TOKEN",
                "not_authenticated",
                credential=True,
            ),
        ),
        (
            "used_up",
            FailedPermanently(
                "answered 429: your account is over its message limit; the month's messages of the application are used up",
                "quota",
                credential=True,
            ),
        ),
        ("internal", FailedTemporarily("answered 500")),
    ],
)
async def test_what_an_error_means(sink: PushoverSink, channel: PushoverChannel, behaviour: str, expected: Outcome) -> None:
    sink.behave(behaviour, times=1)
    assert await channel.send(a_page(address=ANA)) == expected


async def test_without_a_token_it_says_what_is_missing() -> None:
    outcome = await PushoverChannel(None, "https://api.pushover.net", Calls(HttpClient(), lambda: NOW)).send(a_page(address=ANA))
    assert outcome == FailedPermanently("Pushover is not configured: set ONCALL_PUSHOVER_TOKEN", "not_configured")


@settings(max_examples=60)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_is_said_is_taken_whole(sink: PushoverSink, channel: PushoverChannel, message: Message) -> None:
    assert isinstance(await channel.send(replace(message, address=ANA)), Sent)
