"""The signed request, and what each answer means."""

import json
from collections.abc import AsyncIterator
from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given, settings
from standardwebhooks import Webhook
from tests.channels.messages import NOW, OLD_SECRET, SECRET, UPDATE, a_notice, a_page, real_now
from tests.channels.test_render import NOTICES, PAGES, UPDATES
from tests.providers.http import WebhookSink

from oncall.channels.values import FailedPermanently, FailedTemporarily, Message, NoticeMessage, Outcome, Sent, Unknown
from oncall.channels.webhook import WebhookChannel, body, outcome_of, retry_after
from oncall.kit.http_client import HttpClient, HttpReply
from oncall.kit.outbound import read_outbound_allow


@pytest.fixture(scope="module")
async def sink() -> AsyncIterator[WebhookSink]:
    async with WebhookSink() as made:
        yield made


@pytest.fixture(scope="module")
async def channel() -> AsyncIterator[WebhookChannel]:
    client = HttpClient(allow=read_outbound_allow(["127.0.0.1"]))
    yield WebhookChannel(client, secrets=lambda _: [SECRET, OLD_SECRET], now=real_now)
    await client.close()


async def test_the_request_says_everything_and_is_signed_with_every_secret(sink: WebhookSink, channel: WebhookChannel) -> None:
    message = a_page(address=sink.url, attempt=2, repeated=True, late_by=timedelta(minutes=2))
    assert await channel.send(message) == Sent(None, "answered 204")
    request = sink.requests[-1]
    assert (request.method, request.path) == ("POST", "/hook")
    assert request.headers["content-type"] == "application/json"
    assert request.headers["accept-encoding"] == "identity"
    assert request.headers["webhook-id"] == str(message.notification_id)
    for secret in (SECRET, OLD_SECRET):
        assert Webhook(secret).verify(request.body, dict(request.headers)) == request.json()
    assert channel.signing_secret(sink.url) == SECRET, "which is what its receiver is told"
    assert request.json() == {
        "type": "page",
        "timestamp": "2026-03-08T02:30:00Z",
        "data": {
            "notification_id": "01960000-0000-7000-8000-000000000001",
            "incident": {
                "id": "01960000-0000-7000-8000-000000000002",
                "number": 42,
                "title": "High error rate",
                "service": "payments-api",
                "severity": "critical",
                "urgency": "high",
                "source": "web-1",
                "facts": {"description": "5 % of requests fail"},
                "links": [{"href": "https://runbooks.example.com/errors", "text": "runbook"}],
            },
            "recipient": "Ana",
            "reason": "step 1 of policy Payments: on call in schedule Primary",
            "level": 1,
            "nth": 1,
            "acknowledge_url": "https://oncall.example.com/l/acknowledge-token",
            "resolve_url": "https://oncall.example.com/l/resolve-token",
            "escalate_url": "https://oncall.example.com/l/escalate-token",
            "incident_url": "https://oncall.example.com/incidents/42",
            "attempt": 2,
            "repeated": True,
            "late_by": "PT120S",
        },
    }


async def test_a_notice_says_everything_in_words_of_its_own(sink: WebhookSink, channel: WebhookChannel) -> None:
    message = a_notice(address=sink.url, attempt=2, repeated=True, late_by=timedelta(minutes=2))
    assert await channel.send(message) == Sent(None, "answered 204")
    request = sink.requests[-1]
    assert request.headers["webhook-id"] == str(message.notification_id)
    assert Webhook(SECRET).verify(request.body, dict(request.headers)) == request.json()
    assert request.json() == {
        "type": "notice",
        "timestamp": "2026-03-08T02:30:00Z",
        "data": {
            "notification_id": "01960000-0000-7000-8000-000000000003",
            "kind": "handoff",
            "subject": "You are on call in Primary now",
            "paragraphs": ["Your shift lasts until Mon 16 Mar 2026 09:00.", "Open now: nothing."],
            "links": [{"href": "https://oncall.example.com/schedules/primary", "text": "the schedule"}],
            "recipient": "Ana",
            "attempt": 2,
            "repeated": True,
            "late_by": "PT120S",
        },
    }


def test_a_page_update_is_an_event_of_its_own_type() -> None:
    said = json.loads(body(UPDATE))
    assert said["type"] == "page_update"
    assert said["data"]["incident"] == {
        "id": "01960000-0000-7000-8000-000000000002",
        "number": 42,
        "title": "High error rate",
        "service": "payments-api",
    }
    assert (said["data"]["state"], said["data"]["said"]) == ("acknowledged", "acknowledged by Ben")
    assert (said["data"]["kind"], said["data"]["subject"]) == ("page_update", UPDATE.subject)


@settings(max_examples=60)
@given(message=PAGES | NOTICES | UPDATES)
async def test_whatever_a_monitor_or_a_person_says_arrives_as_valid_signed_json(
    sink: WebhookSink, channel: WebhookChannel, message: Message
) -> None:
    sink.requests.clear()
    assert isinstance(await channel.send(replace(message, address=sink.url)), Sent)
    [request] = sink.requests
    Webhook(SECRET).verify(request.body, dict(request.headers))


async def test_a_redirect_is_not_followed(sink: WebhookSink, channel: WebhookChannel) -> None:
    sink.requests.clear()
    sink.behave(f"307 Location: {sink.url}", times=1)
    outcome = await channel.send(a_page(address=sink.url))
    assert isinstance(outcome, FailedPermanently)
    assert outcome.code == "redirect"
    assert len(sink.requests) == 1


@pytest.mark.parametrize(
    ("what", "message", "type", "code"),
    [
        ("a code", a_notice(kind="verification", code="123456", paragraphs=("Code: 123456",)), "verification", "123456"),
        ("a test", a_notice(kind="test"), "test", None),
        ("any other notice", a_notice(kind="swap"), "notice", None),
    ],
    ids=lambda x: x if isinstance(x, str) and " " in x else "",
)
def test_programs_can_tell_codes_and_tests_from_what_concerns_people(
    what: str, message: NoticeMessage, type: str, code: str | None
) -> None:
    said = json.loads(body(message))
    assert (said["type"], said["data"]["kind"], said["data"].get("code")) == (type, message.kind, code)


@pytest.mark.parametrize(
    "url", ["http://10.0.0.1/", "http://169.254.169.254/latest/", "http://[::1]/", "http://127.0.0.1.:9/", "http://user@127.0.0.1/"]
)
async def test_an_address_inside_the_house_is_blocked_for_good(url: str) -> None:
    outcome = await WebhookChannel(HttpClient(), secrets=lambda _: [SECRET], now=lambda: NOW).send(a_page(address=url))
    assert isinstance(outcome, FailedPermanently)
    assert outcome.code == "ssrf_blocked"


@pytest.mark.parametrize(
    ("status", "expected"),
    [
        (200, Sent(None, "answered 200")),
        (202, Sent(None, "answered 202")),
        (299, Sent(None, "answered 299")),
        (301, FailedPermanently("answered 301: redirects are not followed; use the final URL", "redirect")),
        (304, FailedPermanently("answered 304: redirects are not followed; use the final URL", "redirect")),
        (400, FailedPermanently("answered 400", "refused")),
        (401, FailedPermanently("answered 401", "refused", credential=True)),
        (403, FailedPermanently("answered 403", "refused", credential=True)),
        (404, FailedPermanently("answered 404", "refused")),
        (410, FailedPermanently("answered 410", "refused")),
        (429, FailedTemporarily("answered 429", timedelta(seconds=7))),
        (500, FailedTemporarily("answered 500")),
        (502, FailedTemporarily("answered 502")),
        (503, FailedTemporarily("answered 503", timedelta(seconds=7))),
        (599, FailedTemporarily("answered 599")),
        (101, Unknown("answered 101, which is no final status")),
        (600, Unknown("answered 600, which is no final status")),
        (999, Unknown("answered 999, which is no final status")),
    ],
)
def test_what_a_status_means(status: int, expected: Outcome) -> None:
    assert outcome_of(HttpReply(status, {"retry-after": "7"}, b"", cut=False), now=NOW) == expected


@pytest.mark.parametrize(
    ("what", "value", "expected"),
    [
        ("absent", None, None),
        ("seconds", "7", 7),
        ("seconds with space", " 7 ", 7),
        ("capped", "3600", 60),
        ("absurd", "9" * 5000, 60),
        ("a date", "Sun, 08 Mar 2026 02:35:30 GMT", 30),
        ("a date far away", "Sun, 08 Mar 2126 02:35:30 GMT", 60),
        ("a date gone by", "Sun, 08 Mar 2020 02:35:30 GMT", 0),
        ("a date without a zone", "Sun, 08 Mar 2026 02:35:30 -0000", 30),
        ("negative", "-5", None),
        ("words", "soon", None),
        ("digits that are none", "²", None),
        ("nothing", "", None),
        ("not a date", "99 Foo 99999 99:99:99", None),
    ],
)
def test_retry_after(what: str, value: str | None, expected: int | None) -> None:
    assert retry_after(value, now=NOW) == (None if expected is None else timedelta(seconds=expected))
