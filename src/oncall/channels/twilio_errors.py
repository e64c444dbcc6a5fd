"""What Twilio's answers and error codes mean for a message. Pure.

The list is at https://www.twilio.com/docs/api/errors. It changes often, so what is not in here is judged by its status.
"""

import json
import re
from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any

from oncall.channels.values import FailedPermanently, FailedTemporarily, Outcome, Sent, Unknown
from oncall.channels.webhook import retry_after
from oncall.kit.http_client import HttpReply


class Means(StrEnum):
    """What becomes of a message that was refused so."""

    PERMANENT = "permanent"
    """It never goes to this number."""
    TEMPORARY = "temporary"
    CREDENTIAL = "credential"
    """Nothing goes anywhere: our account or our number is refused."""


_P, _T, _C = Means.PERMANENT, Means.TEMPORARY, Means.CREDENTIAL

ERRORS: Mapping[int, tuple[Means, str]] = {
    20003: (_C, "account SID and auth token do not belong together"),
    20005: (_C, "the account is not active"),
    20006: (_C, "the account may not do this"),
    20008: (_C, "these are test credentials"),
    20403: (_C, "the account may not do this"),
    20404: (_C, "there is no such account"),
    20429: (_T, "too many requests"),
    20500: (_T, "an error of Twilio's own"),
    20503: (_T, "Twilio is not available just now"),
    21203: (_P, "the account may not call this country"),
    21205: (_C, "it cannot use our public URL"),
    21210: (_C, "our number is not verified"),
    21211: (_P, "this is no telephone number"),
    21212: (_C, "ONCALL_TWILIO_FROM is not a number to send from"),
    21214: (_P, "this number cannot be reached"),
    21215: (_P, "the account may not call this country or this kind of number"),
    21216: (_P, "the account may not call this number"),
    21217: (_P, "this is no telephone number"),
    21219: (_P, "a trial account may only call numbers that were verified"),
    21266: (_P, "this number is our own"),
    21408: (_P, "the account may not send to this country"),
    21606: (_C, "ONCALL_TWILIO_FROM is not a number to send from"),
    21608: (_P, "a trial account may only send to numbers that were verified"),
    21609: (_C, "it cannot use our public URL"),
    21610: (_P, "its owner answered STOP; they start it again with START"),
    21611: (_T, "too many messages of our number are waiting"),
    21612: (_P, "no message gets from our number to this one"),
    21614: (_P, "this is no mobile number"),
    21617: (_P, "the message is too long"),
    21635: (_P, "this is a landline"),
    21659: (_C, "ONCALL_TWILIO_FROM is not a number of Twilio's"),
    21660: (_C, "ONCALL_TWILIO_FROM is not a number of this account"),
    21661: (_C, "ONCALL_TWILIO_FROM cannot send text messages"),
    # From here on they come later, with the status of a message.
    30001: (_T, "too many messages of our number are waiting"),
    30002: (_C, "the account is suspended"),
    30003: (_T, "the telephone is off, or out of reach"),
    30004: (_P, "messages to this number are blocked"),
    30005: (_P, "this number is not in use"),
    30006: (_P, "this is a landline, or its carrier takes no messages"),
    30007: (_P, "a carrier took it for spam"),
    30008: (_T, "a carrier did not take it, and did not say why"),
    30034: (_C, "our number is not registered for this country"),
}

SID = re.compile(r"(SM|MM|CA)[0-9a-f]{32}")
LOST = frozenset({"failed", "undelivered", "canceled"})


def meaning(code: int) -> str:
    """The code in words; what Twilio itself says is not repeated, for it may hold the number."""
    known = ERRORS.get(code)
    return f"Twilio error {code}: {known[1]}" if known else f"Twilio error {code}, see https://www.twilio.com/docs/api/errors/{code}"


def outcome_of(reply: HttpReply, *, now: datetime) -> Outcome:
    """What an answer of the API means for this message."""
    body = _read(reply)
    code = next((value for name in ("code", "error_code") if type(value := body.get(name)) is int), None)
    if 200 <= reply.status < 300:
        sid, status = body.get("sid"), body.get("status")
        if not isinstance(sid, str) or not SID.fullmatch(sid):
            return Unknown(f"answered {reply.status}, but not as Twilio does")
        if status in LOST:
            return _refused(code, f"accepted as {sid}, and {status}", FailedPermanently(f"accepted as {sid}, and {status}", code="refused"))
        return Sent(sid, f"accepted as {sid}")
    detail = f"answered {reply.status}"
    return _refused(code, detail, _by_status(reply, detail, now=now))


def _refused(code: int | None, detail: str, otherwise: Outcome) -> Outcome:
    """By the code, if it is one we know, else by what the status says."""
    if code is None:
        return otherwise
    means = ERRORS[code][0] if code in ERRORS else None
    said = f"{detail}, {meaning(code)}"
    match means, otherwise:
        case _, Unknown():
            return otherwise
        case Means.CREDENTIAL, _:
            return FailedPermanently(said, code=f"twilio_{code}", credential=True)
        case Means.PERMANENT, _:
            return FailedPermanently(said, code=f"twilio_{code}")
        case Means.TEMPORARY, FailedTemporarily(retry_after=patience):
            return FailedTemporarily(said, patience)
        case Means.TEMPORARY, _:
            return FailedTemporarily(said)
        case None, FailedPermanently(credential=credential):
            return FailedPermanently(said, code=f"twilio_{code}", credential=credential)
        case _:
            return otherwise


def _by_status(reply: HttpReply, detail: str, *, now: datetime) -> Outcome:
    match reply.status:
        case status if 300 <= status < 400:
            return FailedPermanently(f"{detail}: redirects are not followed", code="redirect", credential=True)
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


def _read(reply: HttpReply) -> Mapping[str, Any]:
    """The JSON of an answer; nothing, if it is none, or was cut off."""
    try:
        body = json.loads(reply.body) if not reply.cut else None
    except (ValueError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}
