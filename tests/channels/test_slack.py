"""What Slack is told, and what each of its answers means."""

from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from tests.channels.messages import NOW, UPDATE, a_notice, a_page
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.slack import TOKEN, SlackSink, lively

from oncall.channels.calling import Calls
from oncall.channels.slack import SlackChannel, content
from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, Outcome, Sent, Unknown
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import read_outbound_allow

ANA = "U012AB3CDE"
REVOKED = "Slack says token_revoked; look at ONCALL_SLACK_BOT_TOKEN"


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[SlackSink]:
    async with SlackSink() as made:
        yield made


@pytest.fixture(scope="module")
async def channel(sink: SlackSink) -> AsyncIterator[SlackChannel]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield SlackChannel(TOKEN, f"http://127.0.0.1:{sink.port}/api/", Calls(client, lambda: NOW))
    await client.close()


def test_a_page_is_one_section_and_a_row_of_buttons() -> None:
    assert content(a_page(), ANA) == {
        "channel": ANA,
        "text": "[critical] payments-api: High error rate (#42)",
        "unfurl_links": False,
        "unfurl_media": False,
        "link_names": False,
        "parse": "none",
        "client_msg_id": "01960000-0000-7000-8000-000000000001",
        "blocks": [
            {
                "type": "section",
                "text": {
                    "type": "mrkdwn",
                    "verbatim": True,
                    "text": "*[critical] payments-api: High error rate (#42)*\n"
                    "Ana, you are paged: step 1 of policy Payments: on call in schedule Primary.\n"
                    "Since 2026-03-08 02:30 UTC, high urgency, level 1.\n"
                    "source: web-1\n"
                    "description: 5 % of requests fail\n"
                    "<https://runbooks.example.com/errors|runbook>",
                },
            },
            {
                "type": "actions",
                "block_id": "verbs",
                "elements": [
                    {
                        "type": "button",
                        "action_id": "acknowledge",
                        "text": {"type": "plain_text", "text": "Acknowledge"},
                        "url": "https://oncall.example.com/l/acknowledge-token",
                        "style": "primary",
                    },
                    {
                        "type": "button",
                        "action_id": "resolve",
                        "text": {"type": "plain_text", "text": "Resolve"},
                        "url": "https://oncall.example.com/l/resolve-token",
                    },
                    {
                        "type": "button",
                        "action_id": "escalate",
                        "text": {"type": "plain_text", "text": "Escalate"},
                        "url": "https://oncall.example.com/l/escalate-token",
                    },
                    {
                        "type": "button",
                        "action_id": "incident",
                        "text": {"type": "plain_text", "text": "Incident"},
                        "url": "https://oncall.example.com/incidents/42",
                    },
                ],
            },
        ],
    }


def test_a_notice_and_an_update_have_no_buttons() -> None:
    for message in (a_notice(), UPDATE):
        assert [block["type"] for block in content(message, ANA)["blocks"]] == ["section"]


async def test_the_channel_and_the_stamp_of_the_message_are_kept(sink: SlackSink, channel: SlackChannel) -> None:
    outcome = await channel.send(a_page(address=ANA))
    stamp = f"1772937300.{len(sink.requests):06d}"
    assert outcome == Sent(f"{ANA}/{stamp}", f"answered 200, message {stamp}")


async def test_where_no_blocks_are_taken_all_is_in_the_text(sink: SlackSink, channel: SlackChannel) -> None:
    sink.behave("no_blocks", times=2)
    assert isinstance(await channel.send(a_page(address=ANA)), Sent)
    assert sink.requests[-1].json()["text"].splitlines()[1] == "<https://oncall.example.com/l/acknowledge-token|Acknowledge>"


@pytest.mark.parametrize(
    ("behaviour", "expected"),
    [
        ("error token_revoked", FailedPermanently(REVOKED, "not_authenticated", credential=True)),
        ("error channel_not_found", FailedPermanently("Slack says channel_not_found: invite the app to this channel", "refused")),
        ("error msg_too_long", FailedPermanently("Slack says msg_too_long", "refused")),
        ("error something_new", FailedPermanently("Slack says something_new", "refused")),
        ("error ratelimited", FailedTemporarily("Slack says ratelimited")),
        ("error internal_error", Unknown("sent, but Slack says internal_error")),
        ("429 Retry-After: 7", FailedTemporarily("answered 429", timedelta(seconds=7))),
        ("500", FailedTemporarily("answered 500")),
    ],
)
async def test_what_an_error_means(sink: SlackSink, channel: SlackChannel, behaviour: str, expected: Outcome) -> None:
    sink.behave(behaviour, times=1)
    assert await channel.send(a_page(address=ANA)) == expected


async def test_without_a_token_it_says_what_is_missing() -> None:
    outcome = await SlackChannel(None, "https://slack.com/api", Calls(HttpClient(), lambda: NOW)).send(a_page(address=ANA))
    assert outcome == FailedPermanently("Slack is not configured: set ONCALL_SLACK_BOT_TOKEN", "not_configured")


@pytest.mark.parametrize(
    "hostile", ["<!channel> look", "<!everyone>", "<@U012AB3CDE>", "<#C012AB3CDE>", "&lt;!here&gt;", "<https://evil.example|ok>"]
)
def test_nothing_a_monitor_says_is_a_link_or_a_mention(hostile: str) -> None:
    message = a_page(title=hostile, service=hostile, reason=hostile, source=hostile, facts=((hostile, hostile),), links=())
    assert lively(content(message, ANA)) == []
    assert lively(content(message, ANA, blocks=False)) == [
        f"{message.acknowledge_url}|Acknowledge",
        f"{message.resolve_url}|Resolve",
        f"{message.escalate_url}|Escalate",
        f"{message.incident_url}|Incident",
    ]


@settings(max_examples=60)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_is_said_is_taken_and_only_links_are_lively(sink: SlackSink, channel: SlackChannel, message: Message) -> None:
    sink.requests.clear()
    assert isinstance(await channel.send(replace(message, address=ANA)), Sent)
    assert all(found.startswith(("http://", "https://")) for found in lively(sink.requests[0].json()))
