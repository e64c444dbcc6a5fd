"""Text messages and calls through Twilio's REST API.

A call takes its words along (`Twiml`) instead of fetching them: so it rings and says what is wrong also when nobody outside can reach us,
and nothing about an incident waits at an address to be fetched.
"""

import base64
import json
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime, timedelta
from urllib.parse import urlencode
from uuid import UUID

from oncall.channels import twiml
from oncall.channels.sms_text import text_of
from oncall.channels.twilio_errors import SID, outcome_of
from oncall.channels.twilio_settings import Callbacks, TwilioAccount
from oncall.channels.values import BadAddress, FailedPermanently, FailedTemporarily, Message, Outcome, Unknown
from oncall.kit.http_client import HttpClient, NoAnswer, NotSent
from oncall.kit.outbound import AddressNotAllowed
from oncall.kit.phone import check_phone_number

NOT_CONFIGURED = "Twilio is not configured: set ONCALL_TWILIO_ACCOUNT_SID, ONCALL_TWILIO_AUTH_TOKEN and ONCALL_TWILIO_FROM"
NO_TELEPHONE = "This cannot be used yet: there are neither text messages nor calls before an operator configures Twilio."

ASKED_AFTER = tuple(timedelta(minutes=m) for m in (1, 3, 8, 18, 48))
"""Of what it took and tells nothing about (`reliability.md` F18)."""


class TwilioApi:
    """What both channels share: the account, the client, and the way to ask. `callbacks` are None where Twilio cannot reach us."""

    def __init__(
        self,
        account: TwilioAccount | None,
        client: HttpClient,
        *,
        callbacks: Callbacks | None,
        now: Callable[[], datetime],
        deadline: float = 10.0,
    ) -> None:
        """Without an `account` everything but sending works. `deadline` is in seconds."""
        self.account, self.callbacks = account, callbacks
        self._client, self._now, self._deadline = client, now, deadline

    @property
    def lacks(self) -> str | None:
        """Why nothing can be sent; None if it can."""
        return None if self.account is not None else NOT_CONFIGURED

    def check_number(self, address: str) -> str:
        """E.164, or `BadAddress`: also where nothing could be sent there, or its owner would be thought to be reached."""
        if self.account is None:
            raise BadAddress(NO_TELEPHONE)
        try:
            return check_phone_number(address)
        except ValueError as error:
            raise BadAddress(f"This is not a telephone number we can use. {error}") from error

    async def create(self, resource: str, address: str, id: UUID, fields: Sequence[tuple[str, str]]) -> Outcome:
        """One message or call to this number, whose fate is told at our address of this notification."""
        if self.account is None:
            return FailedPermanently(NOT_CONFIGURED, code="not_configured")
        try:
            to = self.check_number(address)
        except BadAddress as error:
            return FailedPermanently(str(error), code="bad_address")
        told = [("StatusCallback", self.callbacks.status(id))] if self.callbacks else []
        form = urlencode([("To", to), ("From", self.account.number), *fields, *told]).encode("ascii")
        headers = _headers(self.account) | {"Content-Type": "application/x-www-form-urlencoded"}
        url = self.account.resource(resource)
        try:
            reply = await self._client.request("POST", url, headers=headers, content=form, deadline=self._deadline)
        except AddressNotAllowed as error:
            return FailedPermanently(str(error), code="ssrf_blocked", credential=True)
        except NotSent as error:
            return FailedTemporarily(f"not sent: {error}")
        except NoAnswer as error:
            return Unknown(f"sent, but {error}")
        return outcome_of(reply, now=self._now())

    async def inquire(self, resource: str, sid: str) -> Mapping[str, str] | None:
        """What has become of a message or a call, in the words of a callback; None if it does not say."""
        if self.account is None:
            return None
        url = self.account.one(resource, sid)
        try:
            reply = await self._client.request("GET", url, headers=_headers(self.account), deadline=self._deadline)
            said = json.loads(reply.body) if reply.status == 200 and not reply.cut else None
        except (AddressNotAllowed, NotSent, NoAnswer, ValueError, RecursionError):
            return None
        if not isinstance(said, dict) or said.get("sid") != sid or not isinstance(status := said.get("status"), str):
            return None
        code = said.get("error_code")
        found = {"MessageStatus" if resource == "Messages" else "CallStatus": status}
        return found | ({"ErrorCode": str(code)} if type(code) is int else {})


def _headers(account: TwilioAccount) -> dict[str, str]:
    credentials = base64.b64encode(f"{account.sid}:{account.tokens[0]}".encode()).decode("ascii")
    return {"Authorization": f"Basic {credentials}", "Accept": "application/json"}


class SmsChannel:
    """The address is a number in E.164. People answer with the code in the message."""

    name = "sms"
    takes_updates = True
    rings = False

    def __init__(self, api: TwilioApi) -> None:
        self._api = api

    @property
    def lacks(self) -> str | None:
        return self._api.lacks

    def check_address(self, address: str) -> str:
        return self._api.check_number(address)

    def signing_secret(self, address: str) -> None:
        """Text messages are not signed."""

    async def send(self, message: Message) -> Outcome:
        return await self._api.create("Messages", message.address, message.notification_id, [("Body", text_of(message))])

    def inquiries(self, provider_id: str) -> Sequence[timedelta]:
        """Later and later; mostly Twilio calls back before."""
        return ASKED_AFTER if SID.fullmatch(provider_id) else ()

    async def inquire(self, provider_id: str) -> Mapping[str, str] | None:
        return await self._api.inquire("Messages", provider_id)

    async def silence(self, _: str) -> bool:
        """It does not ring on."""
        return False

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""


class VoiceChannel:
    """The address is a number in E.164. People answer with a key; page updates are not worth a call."""

    name = "voice"
    takes_updates = False
    rings = True

    def __init__(self, api: TwilioApi) -> None:
        self._api = api

    @property
    def lacks(self) -> str | None:
        return self._api.lacks

    def check_address(self, address: str) -> str:
        return self._api.check_number(address)

    def signing_secret(self, address: str) -> None:
        """Calls are not signed."""

    async def send(self, message: Message) -> Outcome:
        callbacks = self._api.callbacks
        keys_url = callbacks.keys(message.notification_id) if callbacks else None
        fields = [("Twiml", twiml.call(message, keys_url=keys_url))]
        if callbacks:
            fields += [("StatusCallbackEvent", event) for event in ("answered", "completed")]
        return await self._api.create("Calls", message.address, message.notification_id, fields)

    def inquiries(self, provider_id: str) -> Sequence[timedelta]:
        """Later and later; mostly Twilio calls back before."""
        return ASKED_AFTER if SID.fullmatch(provider_id) else ()

    async def inquire(self, provider_id: str) -> Mapping[str, str] | None:
        return await self._api.inquire("Calls", provider_id)

    async def silence(self, _: str) -> bool:
        """It does not ring on."""
        return False

    async def close(self) -> None:
        """Nothing of its own: the HTTP client belongs to whoever made it."""
