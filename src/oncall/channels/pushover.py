"""Pages and notices through Pushover, whose emergencies ring until somebody sees them (https://pushover.net/api)."""

import html
import re
from collections.abc import Mapping, Sequence
from datetime import timedelta
from urllib.parse import urlencode

from oncall.channels.brief import Brief, brief, fitted, is_update, rings
from oncall.channels.calling import Calls, bad_address, lack, not_configured, said_in, words_in
from oncall.channels.values import BadAddress, BundleMessage, FailedPermanently, Message, NoticeMessage, Outcome, PageMessage, Sent
from oncall.kit.http_client import HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

SETTING = "ONCALL_PUSHOVER_TOKEN"
KEY = re.compile(r"[A-Za-z0-9]{30}")
MESSAGE_LIMIT = 1_024
URL_LIMIT = 512

EMERGENCY, USUAL, QUIET = 2, 0, -1
RETRY_SECONDS = 60
RECEIPT = re.compile(r"[A-Za-z0-9]{30}")
"""Of an emergency; the id of a request has other signs, or is longer."""
PAGE_RINGS_SECONDS, TEST_RINGS_SECONDS = 300, 60
"""How long an emergency rings if nobody sees it. A page gives way to the next step of its policy, which rings anew."""


ASKED_EVERY = timedelta(seconds=10)
"""Of one receipt; more often than every five seconds is not allowed."""
ASKED_UNTIL = timedelta(seconds=PAGE_RINGS_SECONDS + 30)


class PushoverChannel:
    """The address is a user's or a group's key. An emergency's receipt is kept as the id of the message."""

    name = "pushover"
    takes_updates = True
    rings = False

    def __init__(self, token: str | None, url: str, calls: Calls) -> None:
        """Without a `token` everything but sending works."""
        self._calls = calls
        self._token = token
        self._api = f"{url.rstrip('/')}/1"
        self._method = f"{self._api}/messages.json"

    @property
    def lacks(self) -> str | None:
        return None if self._token is not None else lack("Pushover", SETTING)

    def check_address(self, address: str) -> str:
        key = address.strip()
        if not KEY.fullmatch(key):
            raise BadAddress("This is not a Pushover user key: it has 30 letters and digits, and pushover.net shows it after the log-in.")
        return key

    def signing_secret(self, address: str) -> None:
        """Pushover has no signatures."""

    async def send(self, message: Message) -> Outcome:
        if self._token is None:
            return not_configured("Pushover", SETTING)
        try:
            user = self.check_address(message.address)
        except BadAddress as error:
            return bad_address(str(error))
        body = urlencode({"token": self._token, "user": user} | content(message)).encode()
        reply = await self._calls.post(self._method, message, body, {"Content-Type": "application/x-www-form-urlencoded"})
        return self._meaning(reply) if isinstance(reply, HttpReply) else reply

    def inquiries(self, provider_id: str) -> Sequence[timedelta]:
        """While it may ring: whether somebody has pressed Acknowledge in the app."""
        times = ASKED_UNTIL // ASKED_EVERY if RECEIPT.fullmatch(provider_id) else 0
        return [ASKED_EVERY * (n + 1) for n in range(times)]

    async def inquire(self, provider_id: str) -> Mapping[str, str] | None:
        """Of a receipt (https://pushover.net/api/receipts). It is asked for rather than taken from a callback: those are not signed."""
        said = await self._calls.get(f"{self._api}/receipts/{provider_id}.json?{urlencode({'token': self._token or ''})}")
        if said.get("status") != 1:
            return None
        return {name: str(value) for name, value in said.items() if isinstance(value, str | int)}

    async def silence(self, provider_id: str) -> bool:
        """An emergency rings on after somebody else has acknowledged the incident, unless it is cancelled."""
        try:
            url = f"{self._api}/receipts/{provider_id}/cancel.json"
            reply = await self._calls.client.request(
                "POST",
                url,
                headers={"Content-Type": "application/x-www-form-urlencoded"},
                content=urlencode({"token": self._token or ""}).encode(),
                deadline=self._calls.deadline,
            )
        except (AddressNotAllowed, NotSent, NoAnswer):
            return False
        return reply.status == 200 or (400 <= reply.status < 500 and reply.status != 429)

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""

    def _meaning(self, reply: HttpReply) -> Outcome:
        """By `status` and by which parameter is called invalid (https://pushover.net/api#response, #friendly)."""
        said = said_in(reply)
        if reply.status == 200 and said.get("status") == 1 and (request := words_in(said, "request")):
            return Sent(words_in(said, "receipt") or request, f"answered 200, request {request}")
        errors = said.get("errors")
        why = "; ".join(error for error in errors if isinstance(error, str)) if isinstance(errors, list) else ""
        detail = f"answered {reply.status}: {words_in({'why': why}, 'why')}" if why else f"answered {reply.status}"
        if 400 <= reply.status < 500 and said.get("status") == 0:
            if reply.status == 429:
                # The month's messages are used up: no patience helps, and it is so for everybody.
                return FailedPermanently(f"{detail}; the month's messages of the application are used up", code="quota", credential=True)
            if "token" in said:
                return FailedPermanently(f"{detail}; look at {SETTING}", code="not_authenticated", credential=True)
            return FailedPermanently(detail, code="refused")
        return self._calls.otherwise(reply)


def content(message: Message) -> dict[str, str]:
    """The parameters of a message, without who it is from and for."""
    said = brief(message)
    sent = {
        "title": said.line,
        "message": fitted(_lines(said), MESSAGE_LIMIT) or html.escape(said.line),
        "html": "1",
        "timestamp": str(int(_since(message))),
        "priority": str(QUIET if is_update(message) else USUAL),
    }
    if rings(message):
        lasts = PAGE_RINGS_SECONDS if isinstance(message, PageMessage | BundleMessage) else TEST_RINGS_SECONDS
        sent |= {"priority": str(EMERGENCY), "retry": str(RETRY_SECONDS), "expire": str(lasts)}
    if first := _first_link(said):
        sent["url"], sent["url_title"] = first
    return sent


def _first_link(said: Brief) -> tuple[str, str] | None:
    """What one press opens; the rest is in the text."""
    links = [(url, label) for _, label, url in said.buttons] + list(said.links)
    return next(((url, words[:100]) for url, words in links if len(url) <= URL_LIMIT), None)


def _since(message: Message) -> float:
    match message:
        case PageMessage():
            return message.triggered_at.timestamp()
        case BundleMessage():
            return min(one.triggered_at for one in message.listed).timestamp()
        case NoticeMessage():
            return message.created_at.timestamp()


def _lines(said: Brief) -> list[str]:
    """In the few tags that Pushover shows; our own links come early, as little fits."""
    return [
        *(f"<i>{html.escape(mark)}</i>" for mark in said.marks),
        *(_link(url, label) for _, label, url in said.buttons[1:]),
        *(html.escape(paragraph) for paragraph in said.paragraphs),
        *(html.escape(f"{name}: {value}") for name, value in said.facts),
        *(_link(href, words) for href, words in said.links),
    ]


def _link(url: str, words: str) -> str:
    return f'<a href="{html.escape(url)}">{html.escape(words)}</a>'
