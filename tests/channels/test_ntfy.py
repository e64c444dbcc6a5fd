"""What ntfy is told, and what each of its answers means."""

import base64
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.ntfy import NtfySink

from oncall.channels.calling import Calls
from oncall.channels.ntfy import NtfyChannel, content
from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, Outcome, Sent
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

TOPIC = "oncall-ana"


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[NtfySink]:
    async with NtfySink() as made:
        yield made


@pytest.fixture(scope="module")
async def calls() -> AsyncIterator[Calls]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield Calls(client, lambda: NOW)
    await client.close()


def test_a_page_rings_and_its_buttons_act_without_a_browser() -> None:
    assert content(a_page(), TOPIC) == {
        "topic": TOPIC,
        "title": "[critical] payments-api: High error rate (#42)",
        "message": "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary.\n"
        "Since 2026-03-08 02:30 UTC, high urgency, level 1.\n"
        "source: web-1\n"
        "description: 5 % of requests fail\n"
        "runbook: https://runbooks.example.com/errors",
        "priority": 5,
        "tags": ["rotating_light"],
        "sequence_id": "01960000-0000-7000-8000-000000000001",
        "click": "https://oncall.example.com/incidents/42",
        "actions": [
            {
                "action": "http",
                "label": "Acknowledge",
                "url": "https://oncall.example.com/l/acknowledge-token",
                "method": "POST",
                "clear": True,
            },
            {"action": "http", "label": "Resolve", "url": "https://oncall.example.com/l/resolve-token", "method": "POST", "clear": True},
            {"action": "http", "label": "Escalate", "url": "https://oncall.example.com/l/escalate-token", "method": "POST", "clear": True},
        ],
    }


@pytest.mark.parametrize(
    ("what", "message", "priority"),
    [
        ("high urgency rings", a_page(), 5),
        ("low urgency does not", a_page(urgency="low"), 3),
        ("a test rings as a page would", a_notice(kind="test", urgency="high"), 5),
        ("a shift", a_notice(), 3),
        ("an update makes no sound", UPDATE, 2),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_priority(what: str, message: Message, priority: int) -> None:
    assert content(message, TOPIC)["priority"] == priority


async def test_the_servers_id_of_it_is_kept(sink: NtfySink, calls: Calls) -> None:
    outcome = await NtfyChannel(sink.base, calls).send(a_page(address=TOPIC))
    id = f"m{len(sink.requests)}"
    assert outcome == Sent(id, f"answered 200, message {id}")


@pytest.mark.parametrize("user", ["ana:pass%40word", ":tk_AgQdq7mVBoFD37zQVN29RhuMzNIz2"])
async def test_a_user_or_a_token_in_the_address_becomes_a_header(sink: NtfySink, calls: Calls, user: str) -> None:
    channel = NtfyChannel(sink.base.replace("://", f"://{user}@"), calls)
    assert isinstance(await channel.send(a_page(address=TOPIC)), Sent)
    scheme, _, encoded = sink.requests[-1].headers["authorization"].partition(" ")
    assert (scheme, base64.b64decode(encoded).decode()) == ("Basic", user.replace("%40", "@"))


async def test_a_topic_may_be_given_with_its_whole_address(calls: Calls) -> None:
    channel = NtfyChannel("https://ntfy.example.com/", calls)
    assert channel.check_address("https://ntfy.example.com/oncall-ana") == TOPIC


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        (
            "unauthorized",
            FailedPermanently("answered 401: unauthorized; look at the user in ONCALL_NTFY_URL", "not_authenticated", credential=True),
        ),
        ("forbidden", FailedPermanently("answered 403: forbidden; this topic takes nothing from us", "topic_refused")),
        (
            "not_found",
            FailedPermanently(
                "answered 404: page not found; is there an ntfy server at ONCALL_NTFY_URL?",
                "not_ntfy",
                credential=True,
            ),
        ),
        ("too_many", FailedTemporarily("answered 429", timedelta(seconds=7))),
        ("too_large", FailedPermanently("answered 413: JSON body too large", "refused")),
        ("internal", FailedTemporarily("answered 500")),
    ],
)
async def test_what_an_error_means(sink: NtfySink, calls: Calls, behaviour: str, expected: Outcome) -> None:
    sink.behave(behaviour, times=1)
    assert await NtfyChannel(sink.base, calls).send(a_page(address=TOPIC)) == expected


@settings(max_examples=60)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_is_said_is_taken_whole(sink: NtfySink, calls: Calls, message: Message) -> None:
    sink.requests.clear()
    assert isinstance(await NtfyChannel(sink.base, calls).send(replace(message, address=TOPIC)), Sent)
    assert len(sink.requests[0].json()["message"].encode()) <= 4096
