"""Twilio as seen from outside: takes messages and calls, keeps them, calls back with its signature, and can misbehave.

Written from Twilio's documents, not from our own code: it signs by itself, and refuses what Twilio would refuse.
"""

import base64
import hashlib
import hmac
import re
from dataclasses import dataclass, field
from itertools import count
from typing import Any
from urllib.parse import parse_qsl
from xml.etree import ElementTree as ET

from httpx import AsyncClient, Response

from tests.providers.http import Answer, Received, WebhookSink

ACCOUNT = "AC" + "0123456789abcdef" * 2
TOKEN = "token-of-the-tests-0123456789abcd"
OLD_TOKEN = "older-token-of-the-tests-0123456"
NUMBER = "+14155550100"

REFUSALS: dict[int, tuple[int, str]] = {
    20003: (401, "Authenticate"),
    20404: (404, "The requested resource was not found"),
    20429: (429, "Too many requests"),
    20503: (503, "Service unavailable"),
    21211: (400, "The 'To' number is not a valid phone number."),
    21408: (400, "Permission to send an SMS has not been enabled for the region"),
    21606: (400, "The 'From' phone number provided is not a valid, SMS-capable phone number"),
    21610: (400, "Attempt to send to unsubscribed recipient"),
    21611: (400, "This 'From' number has exceeded the maximum number of queued messages"),
    21614: (400, "'To' number is not a valid mobile number"),
    99999: (400, "Something that nobody has heard of"),
}
"""The status each error code comes with, and Twilio's words."""


@dataclass(slots=True)
class Made:
    """One message or call as it was asked for."""

    sid: str
    fields: list[tuple[str, str]]
    answers: list[str] = field(default_factory=list)

    def __getitem__(self, name: str) -> str:
        [value] = self.all(name)
        return value

    def all(self, name: str) -> list[str]:
        return [value for key, value in self.fields if key == name]

    @property
    def gather(self) -> str | None:
        """Where the key pressed is posted to, of what was said last."""
        found = ET.fromstring(self.answers[-1] if self.answers else self["Twiml"]).find("Gather")
        return None if found is None else found.get("action")

    @property
    def heard(self) -> str:
        """What is said in this call, as far as it went; each sentence once."""
        return " ".join(say.text or "" for twiml in (self["Twiml"], *self.answers) for say in ET.fromstring(twiml).iter("Say"))


class Twilio(WebhookSink):
    """`async with Twilio() as twilio`: give `twilio.api_url` as ONCALL_TWILIO_API_URL, look at `twilio.messages` and `twilio.calls`.

    `answer_to` is an HTTP client that reaches us, where it is not by our public URL. Behaviours: those of `WebhookSink`; `ok` accepts;
    `error 21211` refuses with that code, and its own status; `accepts and fails` answers 201 with a message that has failed.
    """

    def __init__(self, *, answer_to: AsyncClient | None = None, host: str = "127.0.0.1") -> None:
        super().__init__(host=host)
        self.messages: list[Made] = []
        self.calls: list[Made] = []
        self.token = TOKEN
        self.became: dict[str, dict[str, Any]] = {}
        """What is said of a message or a call when it is asked for, by its sid; until then it is queued."""
        self.asked: list[str] = []
        self.answer_to = answer_to
        self._count = count(1)

    @property
    def api_url(self) -> str:
        return f"http://{self._host}:{self.port}"

    def settings(self) -> list[str]:
        """What to set so that oncall sends here."""
        account = {"ACCOUNT_SID": ACCOUNT, "AUTH_TOKEN": self.token, "FROM": NUMBER, "API_URL": self.api_url}
        return [f"ONCALL_TWILIO_{name}={value}" for name, value in account.items()]

    def answer(self, request: Received, behaviour: str) -> Answer | None:
        if behaviour not in {"ok", "accepts and fails"} and not behaviour.startswith("error "):
            return None
        if request.method == "GET":
            return self._told(request)
        refused = self._refusal(request) or (int(behaviour.removeprefix("error ")) if behaviour.startswith("error ") else None)
        if refused:
            status, words = REFUSALS[refused]
            said = {"code": refused, "message": words, "more_info": f"https://www.twilio.com/docs/errors/{refused}", "status": status}
            return status, ["Retry-After: 7"] if status == 429 else [], said
        kind = "SM" if request.path.endswith("/Messages.json") else "CA"
        made = Made(f"{kind}{next(self._count):032x}", parse_qsl(request.body.decode("ascii"), keep_blank_values=True))
        (self.messages if kind == "SM" else self.calls).append(made)
        lost = {"status": "failed", "error_code": 30005} if behaviour == "accepts and fails" else {"status": "queued", "error_code": None}
        return 201, [], {"sid": made.sid, "account_sid": ACCOUNT, "to": made["To"], "from": made["From"], **lost}

    def _told(self, request: Received) -> Answer:
        expected = base64.b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        if request.headers.get("authorization") != f"Basic {expected}":
            return 401, [], {"code": 20003, "message": "Authenticate", "status": 401}
        found = re.fullmatch(rf"/2010-04-01/Accounts/{ACCOUNT}/(Messages|Calls)/((SM|CA)[0-9a-f]{{32}})\.json", request.path)
        if found is None or found[2] not in {made.sid for made in (*self.messages, *self.calls)}:
            return 404, [], {"code": 20404, "message": "The requested resource was not found", "status": 404}
        self.asked.append(found[2])
        return 200, [], {"sid": found[2], "status": "queued", "error_code": None} | self.became.get(found[2], {})

    def _refusal(self, received: Received) -> int | None:
        """What Twilio itself would find wrong with a request."""
        fields = dict(parse_qsl(received.body.decode("ascii"), keep_blank_values=True))
        expected = base64.b64encode(f"{ACCOUNT}:{self.token}".encode()).decode()
        if received.headers.get("authorization") != f"Basic {expected}":
            return 20003
        if received.path not in {f"/2010-04-01/Accounts/{ACCOUNT}/{name}.json" for name in ("Messages", "Calls")}:
            return 20404
        if not re.fullmatch(r"\+[1-9]\d{6,14}", fields.get("To", "")):
            return 21211
        if fields.get("From") != NUMBER:
            return 21606
        assert received.headers["content-type"] == "application/x-www-form-urlencoded"
        if "Body" in fields:
            assert 0 < len(fields["Body"]) <= 1600
        else:
            assert ET.fromstring(fields["Twiml"]).tag == "Response"
            assert len(fields["Twiml"]) <= 4000
        return None

    # --- what it posts to us ------------------------------------------------------------------------------------------------

    async def text(self, body: str, *, sender: str, to: str = "http://oncall.test/replies/twilio/sms", **more: str) -> str | None:
        """Somebody texts our number; returns what they get back."""
        answer = await self.post(to, {"MessageSid": f"SM{next(self._count):032x}", "From": sender, "To": NUMBER, "Body": body, **more})
        assert answer.status_code == 200, answer.text
        message = ET.fromstring(answer.text).find("Message")
        return None if message is None else message.text

    async def press(self, digits: str, *, call: Made | None = None) -> str:
        """Whoever was called last presses a key; returns what they hear then."""
        call = call or self.calls[-1]
        assert call.gather is not None, "nobody asked for a key"
        said = {"CallSid": call.sid, "From": NUMBER, "To": call["To"], "CallStatus": "in-progress", "Direction": "outbound-api"}
        answer = await self.post(call.gather, said | {"Digits": digits})
        assert answer.status_code == 200, answer.text
        call.answers.append(answer.text)
        return " ".join(say.text or "" for say in ET.fromstring(answer.text).iter("Say"))

    async def status(self, made: Made, status: str, **more: str) -> Response:
        """Tell what has become of a message or a call."""
        kind = "Message" if made.sid.startswith("SM") else "Call"
        said = {f"{kind}Sid": made.sid, f"{kind}Status": status, "To": made["To"], "From": NUMBER}
        return await self.post(made["StatusCallback"], said | more)

    async def post(self, url: str, fields: dict[str, str], *, token: str | None = None, signature: str | None = None) -> Response:
        """One signed form, as Twilio posts it."""
        fields = {"AccountSid": ACCOUNT, "ApiVersion": "2010-04-01"} | fields
        headers = {"X-Twilio-Signature": signature if signature is not None else sign(token or self.token, url, fields)}
        if self.answer_to is not None:
            return await self.answer_to.post(url, data=fields, headers=headers)
        async with AsyncClient() as client:
            return await client.post(url, data=fields, headers=headers)


def sign(token: str, url: str, fields: dict[str, str]) -> str:
    content = url + "".join(name + fields[name] for name in sorted(fields))
    return base64.b64encode(hmac.new(token.encode(), content.encode(), hashlib.sha1).digest()).decode()
