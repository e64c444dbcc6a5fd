"""Calling a provider's API: one bounded request, and what its answer means before anybody looks at what it says."""

import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Protocol
from uuid import UUID

from oncall.channels.render import one_line
from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Unknown
from oncall.channels.webhook import outcome_of
from oncall.kit.http_client import HttpClient, HttpReply, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed

JSON = "application/json"


class Identified(Protocol):
    """Whatever is sent under an id that is the same on every attempt."""

    @property
    def notification_id(self) -> UUID: ...


@dataclass(frozen=True, slots=True)
class Calls:
    """What every channel with an API needs. `deadline` in seconds bounds each attempt; `now` reads dates in answers."""

    client: HttpClient
    now: Callable[[], datetime]
    deadline: float = 10.0

    async def post(self, url: str, message: Identified, content: bytes, headers: Mapping[str, str]) -> HttpReply | Outcome:
        """A reply, or why there is none. The message's id goes along on every attempt, for whatever on the way takes heed of it."""
        sent = {"Idempotency-Key": str(message.notification_id)} | dict(headers)
        try:
            return await self.client.request("POST", url, headers=sent, content=content, deadline=self.deadline)
        except AddressNotAllowed as error:
            return FailedPermanently(str(error), code="ssrf_blocked", credential=True)
        except NotSent as error:
            return FailedTemporarily(f"not sent: {error}")
        except NoAnswer as error:
            return Unknown(f"sent, but {error}")

    async def get(self, url: str) -> Mapping[str, Any]:
        """The JSON object that is there; empty if there is none, or no answer."""
        try:
            reply = await self.client.request("GET", url, headers={"Accept": JSON}, deadline=self.deadline)
        except (AddressNotAllowed, NotSent, NoAnswer):
            return {}
        return said_in(reply) if reply.status == 200 else {}

    async def post_json(
        self, url: str, message: Identified, content: Mapping[str, object], headers: Mapping[str, str] | None = None
    ) -> HttpReply | Outcome:
        return await self.post(url, message, as_json(content), {"Content-Type": JSON} | dict(headers or {}))

    def otherwise(self, reply: HttpReply) -> Outcome:
        """What an answer means that is none of the provider's own: by its status; a success that says nothing it should is unknown."""
        if 200 <= reply.status < 300:
            return Unknown(f"answered {reply.status} with something else than it should")
        outcome = outcome_of(reply, now=self.now())
        if isinstance(outcome, FailedPermanently) and outcome.code == "redirect":
            return FailedPermanently(outcome.detail, code="redirect", credential=True)
        return outcome


def as_json(content: Mapping[str, object]) -> bytes:
    return json.dumps(content, ensure_ascii=False, separators=(",", ":")).encode()


def said_in(reply: HttpReply) -> dict[str, Any]:
    """The JSON object that an answer is; empty if it is none."""
    if reply.cut:
        return {}
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def words_in(said: Mapping[str, Any], key: str) -> str:
    """What an answer says under a key, as one short line."""
    value = said.get(key)
    return one_line(value) if isinstance(value, str) else ""


def bad_address(sentence: str) -> FailedPermanently:
    return FailedPermanently(sentence, code="bad_address")


def lack(name: str, setting: str) -> str:
    """Why a channel without its setting sends nothing, and what to do about it."""
    return f"{name} is not configured: set {setting}"


def not_configured(name: str, setting: str) -> FailedPermanently:
    return FailedPermanently(lack(name, setting), code="not_configured")
