"""What Telegram is told, and what each of its answers means."""

import re
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.telegram import TOKEN, Shown, TelegramSink

from oncall.channels.calling import Calls
from oncall.channels.telegram import TelegramChannel, content
from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, Outcome, Sent, Unknown
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

CHAT = "123456789"


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[TelegramSink]:
    async with TelegramSink() as made:
        yield made


@pytest.fixture(scope="module")
async def channel(sink: TelegramSink) -> AsyncIterator[TelegramChannel]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield TelegramChannel(TOKEN, f"http://127.0.0.1:{sink.port}/", Calls(client, lambda: NOW))
    await client.close()


def test_a_page_has_its_first_line_in_bold_and_buttons_below() -> None:
    assert content(a_page(nth=2), CHAT) == {
        "chat_id": 123456789,
        "text": "<b>[critical] payments-api: High error rate (#42)</b>\n"
        "<i>Again, the 2nd time: nobody has acknowledged it.</i>\n"
        "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary.\n"
        "Since 2026-03-08 02:30 UTC, high urgency, level 1.\n"
        "source: web-1\n"
        "description: 5 % of requests fail\n"
        '<a href="https://runbooks.example.com/errors">runbook</a>',
        "parse_mode": "HTML",
        "link_preview_options": {"is_disabled": True},
        "disable_notification": False,
        "reply_markup": {
            "inline_keyboard": [
                [
                    {"text": "Acknowledge", "url": "https://oncall.example.com/l/acknowledge-token"},
                    {"text": "Resolve", "url": "https://oncall.example.com/l/resolve-token"},
                    {"text": "Escalate", "url": "https://oncall.example.com/l/escalate-token"},
                    {"text": "Incident", "url": "https://oncall.example.com/incidents/42"},
                ]
            ]
        },
    }


def test_an_update_makes_no_sound_and_has_no_buttons() -> None:
    said = content(UPDATE, CHAT)
    assert said["disable_notification"] is True
    assert "reply_markup" not in said
    assert content(a_notice(), CHAT)["disable_notification"] is False


async def test_the_number_of_the_message_is_kept(sink: TelegramSink, channel: TelegramChannel) -> None:
    outcome = await channel.send(a_page(address=CHAT))
    id = len(sink.messages)
    assert outcome == Sent(str(id), f"answered 200, message {id}")


async def test_where_no_buttons_are_taken_the_links_are_in_the_text(sink: TelegramSink, channel: TelegramChannel) -> None:
    sink.behave("public_only", times=2)
    assert isinstance(await channel.send(a_page(address=CHAT, acknowledge_url="http://localhost:8080/l/token")), Sent)
    refused, taken = sink.requests[-2:]
    assert "reply_markup" in refused.json()
    assert "reply_markup" not in taken.json()
    assert taken.json()["text"].splitlines()[1] == "Acknowledge: http://localhost:8080/l/token"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("chat_not_found", FailedPermanently("answered 400: Bad Request: chat not found", "refused")),
        (
            "blocked",
            FailedPermanently(
                "answered 403: Forbidden: bot was blocked by the user; whoever it is must write to the bot first, and not block it",
                "not_welcome",
            ),
        ),
        (
            "unauthorized",
            FailedPermanently("answered 401: Unauthorized; look at ONCALL_TELEGRAM_BOT_TOKEN", "not_authenticated", credential=True),
        ),
        ("too_many", FailedTemporarily("answered 429: Too Many Requests: retry after 7", timedelta(seconds=7))),
        ("far_too_many", FailedTemporarily("answered 429: Too Many Requests: retry after 86400", timedelta(seconds=60))),
        ("moved", FailedPermanently("the group became a supergroup: its chat id is -1001234567890 now", "moved")),
        ("internal", FailedTemporarily("answered 500")),
        ("odd", Unknown("answered 200 with something else than it should")),
        ("odder", FailedTemporarily("answered 429")),
    ],
)
async def test_what_an_error_means(sink: TelegramSink, channel: TelegramChannel, behaviour: str, expected: Outcome) -> None:
    sink.behave(behaviour, times=1)
    assert await channel.send(a_page(address=CHAT)) == expected


async def test_without_a_token_it_says_what_is_missing() -> None:
    outcome = await TelegramChannel(None, "https://api.telegram.org", Calls(HttpClient(), lambda: NOW)).send(a_page(address=CHAT))
    assert outcome == FailedPermanently("Telegram is not configured: set ONCALL_TELEGRAM_BOT_TOKEN", "not_configured")


async def test_the_token_is_in_no_outcome() -> None:
    calls = Calls(HttpClient(allow=read_outbound_allow(["no-such-host.invalid"])), lambda: NOW)
    for url in ("http://no-such-host.invalid", "http://10.0.0.1", "http://10.0.0.1:99999"):
        assert TOKEN not in str(await TelegramChannel(TOKEN, url, calls).send(a_page(address=CHAT)))


@settings(max_examples=60)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_is_said_is_taken_and_mentions_nobody(sink: TelegramSink, channel: TelegramChannel, message: Message) -> None:
    sink.requests.clear()
    assert isinstance(await channel.send(replace(message, address=CHAT)), Sent)
    shown = Shown()
    shown.feed(sink.requests[0].json()["text"])
    assert not [link for link in shown.links if not link.startswith(("http://", "https://"))]


def test_what_looks_like_mark_up_or_a_mention_is_shown_as_it_is() -> None:
    text = content(a_page(title='<b>@all</b> & <a href="tg://user?id=1">you</a>'), CHAT)["text"]
    assert text.splitlines()[0] == (
        "<b>[critical] payments-api: &lt;b&gt;@\u2060all&lt;/b&gt; &amp; &lt;a href=&quot;tg://user?id=1&quot;&gt;you&lt;/a&gt; (#42)</b>"
    )
    assert not re.search(r"(?<!\w)@\w", text)
