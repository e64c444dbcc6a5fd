"""Pages and notices as signed HTTP requests (Standard Webhooks) to a URL of the recipient's own."""

import json
from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from typing import assert_never

from oncall.channels.render import PARAGRAPH_LIMIT, one_line, shown_links
from oncall.channels.signing import signed_headers
from oncall.channels.values import (
    BadAddress,
    BundleMessage,
    FailedPermanently,
    FailedTemporarily,
    Message,
    NoticeMessage,
    Outcome,
    PageMessage,
    PageUpdate,
    Sent,
    Unknown,
)
from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

RETRY_AFTER_LIMIT = timedelta(seconds=60)


class WebhookChannel:
    """The address is the URL. A 2xx means that the receiver has it; what its body says does not matter and is not kept."""

    name = "webhook"
    takes_updates = True
    rings = False
    lacks: str | None = None

    def __init__(
        self, client: HttpClient, *, secrets: Callable[[str], Sequence[str]], now: Callable[[], datetime], deadline: float = 10.0
    ) -> None:
        """`secrets` are the `whsec_…` of an address: all sign, so that its receiver can change over while the deployment's keys rotate."""
        self._client = client
        self._secrets = secrets
        self._now = now
        self._deadline = deadline

    def check_address(self, address: str) -> str:
        """A URL that may be called, as far as this can be said without a name server."""
        try:
            return self._client.check_url(address.strip())
        except AddressNotAllowed as error:
            raise BadAddress(f"This URL cannot be used: {error}") from error

    def signing_secret(self, address: str) -> str:
        """The first of the ring: what new receivers are told."""
        return self._secrets(address)[0]

    async def send(self, message: Message) -> Outcome:
        now = self._now()
        content = body(message)
        headers = {"Content-Type": "application/json"} | signed_headers(
            self._secrets(message.address), message_id=str(message.notification_id), at=now, body=content
        )
        try:
            reply = await self._client.request("POST", message.address, headers=headers, content=content, deadline=self._deadline)
        except AddressNotAllowed as error:
            return FailedPermanently(str(error), code="ssrf_blocked")
        except NotSent as error:
            return FailedTemporarily(f"not sent: {error}")
        except NoAnswer as error:
            return Unknown(f"sent, but {error}")
        return outcome_of(reply, now=now)

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""


def body(message: Message) -> bytes:
    """The JSON that is signed and sent, byte for byte.

    `timestamp` is when the incident triggered or the notice was made, not when this was sent.
    """
    match message:
        case PageMessage():
            said = {"type": "page", "timestamp": _instant(message.triggered_at), "data": _page(message)}
        case BundleMessage():
            first = min(one.triggered_at for one in message.listed)
            said = {"type": "bundle", "timestamp": _instant(first), "data": _bundle(message)}
        case NoticeMessage(code=code):
            # Of a type of their own, so that programs can tell them from what concerns people.
            type = message.kind if message.kind in {"verification", "test", "page_update", "status_update"} else "notice"
            about = _notice(message) if code is None else _notice(message) | {"code": code}
            about |= _update(message.update) if message.update else {}
            said = {"type": type, "timestamp": _instant(message.created_at), "data": about}
        case _:
            assert_never(message)
    return json.dumps(said, ensure_ascii=False, separators=(",", ":")).encode()


def _page(message: PageMessage) -> dict[str, object]:
    return {
        "notification_id": str(message.notification_id),
        "incident": {
            "id": str(message.incident_id),
            "number": message.number,
            "title": one_line(message.title, 1024),
            "service": one_line(message.service),
            "severity": one_line(message.severity),
            "urgency": one_line(message.urgency),
            "source": one_line(message.source, 1024),
            "facts": {one_line(name): one_line(value, 1024) for name, value in message.facts},
            "links": _links(message),
        },
        "recipient": one_line(message.recipient),
        "reason": one_line(message.reason, 500),
        "level": message.level,
        "nth": message.nth,
        "acknowledge_url": _link(message.acknowledge_url),
        "resolve_url": _link(message.resolve_url),
        "escalate_url": _link(message.escalate_url),
        "incident_url": _link(message.incident_url),
        "attempt": message.attempt,
        "repeated": message.repeated,
        "late_by": _late_by(message),
    }


def _bundle(message: BundleMessage) -> dict[str, object]:
    return {
        "notification_id": str(message.notification_id),
        "headline": one_line(message.headline),
        "urgency": one_line(message.urgency),
        "because": one_line(message.because, 500),
        "incidents": [
            {
                "id": str(one.incident_id),
                "number": one.number,
                "title": one_line(one.title, 1024),
                "service": one_line(one.service),
                "severity": one_line(one.severity),
                "source": one_line(one.source, 1024),
                "triggered_at": _instant(one.triggered_at),
                "reason": one_line(one.reason, 500),
            }
            for one in message.listed
        ],
        "recipient": one_line(message.recipient),
        "acknowledge_url": _link(message.acknowledge_url),
        "attempt": message.attempt,
        "repeated": message.repeated,
        "late_by": _late_by(message),
    }


def _notice(message: NoticeMessage) -> dict[str, object]:
    return {
        "notification_id": str(message.notification_id),
        "kind": one_line(message.kind),
        "subject": one_line(message.subject, 1024),
        "paragraphs": [one_line(paragraph, PARAGRAPH_LIMIT) for paragraph in message.paragraphs],
        "links": _links(message),
        "recipient": one_line(message.recipient),
        "attempt": message.attempt,
        "repeated": message.repeated,
        "late_by": _late_by(message),
    }


def _update(update: PageUpdate) -> dict[str, object]:
    return {
        "incident": {
            "id": str(update.incident_id),
            "number": update.number,
            "title": one_line(update.title, 1024),
            "service": one_line(update.service),
        },
        "state": one_line(update.state),
        "said": one_line(update.said),
    }


def _instant(at: datetime) -> str:
    return at.astimezone(UTC).isoformat().replace("+00:00", "Z")


def _links(message: PageMessage | NoticeMessage) -> list[dict[str, str]]:
    return [{"href": href, "text": one_line(words)} for href, words in shown_links(message)]


def _late_by(message: Message) -> str | None:
    return None if message.late_by is None else f"PT{round(message.late_by.total_seconds())}S"


def _link(url: str | None) -> str | None:
    return None if url is None else one_line(url, 2048)


def outcome_of(reply: HttpReply, *, now: datetime) -> Outcome:
    """What a receiver's status means for this message."""
    detail = f"answered {reply.status}"
    match reply.status:
        case status if 200 <= status < 300:
            return Sent(None, detail)
        case status if 300 <= status < 400:
            return FailedPermanently(f"{detail}: redirects are not followed; use the final URL", code="redirect")
        case 401 | 403:
            return FailedPermanently(detail, code="refused", credential=True)
        case 429 | 503:
            return FailedTemporarily(detail, retry_after(reply.headers.get("retry-after"), now=now))
        case status if 400 <= status < 500:
            return FailedPermanently(detail, code="refused")
        case status if 500 <= status < 600:
            return FailedTemporarily(detail)
        case _:
            return Unknown(f"{detail}, which is no final status")


def retry_after(value: str | None, *, now: datetime, limit: timedelta = RETRY_AFTER_LIMIT) -> timedelta | None:
    """Seconds or an HTTP date, never more than the limit (a page cannot wait longer than a minute); None if it says nothing that can be
    read.
    """
    if value is None:
        return None
    value = value.strip()
    if value.isascii() and value.isdigit():
        return limit if len(value) > 6 else min(timedelta(seconds=int(value)), limit)
    try:
        wanted = parsedate_to_datetime(value)
        wait = (wanted if wanted.tzinfo else wanted.replace(tzinfo=UTC)) - now
    except (ValueError, TypeError, OverflowError):
        return None
    return max(timedelta(0), min(wait, limit))
