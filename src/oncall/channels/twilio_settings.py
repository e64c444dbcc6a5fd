"""What the operator's Twilio variables mean. Pure; a bad variable is one line that says which and why."""

import re
from dataclasses import dataclass, field
from uuid import UUID

from oncall.kit.phone import check_phone_number
from oncall.kit.settings import Settings, SettingsError

API_URL = "https://api.twilio.com"
TOGETHER = ("ONCALL_TWILIO_ACCOUNT_SID", "ONCALL_TWILIO_AUTH_TOKEN", "ONCALL_TWILIO_FROM")
MOST_TOKENS = 2


@dataclass(frozen=True, slots=True)
class TwilioAccount:
    """`tokens`: the first one calls, all are believed when Twilio calls back."""

    sid: str
    tokens: tuple[str, ...] = field(repr=False)
    number: str
    api_url: str = API_URL

    def resource(self, name: str) -> str:
        """Where messages (`Messages`) or calls (`Calls`) are made."""
        return f"{self.api_url}/2010-04-01/Accounts/{self.sid}/{name}.json"

    def one(self, name: str, sid: str) -> str:
        """Where one of them is."""
        return f"{self.api_url}/2010-04-01/Accounts/{self.sid}/{name}/{sid}.json"


@dataclass(frozen=True, slots=True)
class Callbacks:
    """Where Twilio reaches us: each address is one that it signs, character by character. Known only if our public URL is."""

    base: str

    @property
    def sms(self) -> str:
        """Where it posts text messages to our number."""
        return f"{self.base}/replies/twilio/sms"

    def keys(self, notification_id: UUID, *, again: int = 0) -> str:
        """Where it posts the key that somebody pressed; `again` counts the times that it was asked for once more."""
        return f"{self.base}/replies/twilio/keys/{notification_id}{f'?again={again}' if again else ''}"

    def status(self, notification_id: UUID) -> str:
        """Where it posts what has become of a message or a call."""
        return f"{self.base}/replies/twilio/status/{notification_id}"


def read_twilio(settings: Settings) -> TwilioAccount | None:
    """The account that sends and calls, None if there is none; half of one is a `SettingsError`."""
    tokens = tuple(token.get_secret_value() for token in settings.twilio_auth_token)
    given = dict(zip(TOGETHER, (settings.twilio_account_sid, tokens, settings.twilio_from), strict=True))
    missing = [name for name, value in given.items() if not value]
    if len(missing) == len(TOGETHER) and settings.twilio_api_url is None:
        return None
    if missing:
        raise SettingsError(f"{missing[0]} is not set: {', '.join(TOGETHER[:2])} and {TOGETHER[2]} are set together, or none of them.")
    sid = settings.twilio_account_sid or ""
    if not re.fullmatch("AC[0-9a-f]{32}", sid):
        raise SettingsError("ONCALL_TWILIO_ACCOUNT_SID cannot be used: it must be AC and 32 hexadecimal digits.")
    if len(tokens) > MOST_TOKENS or any(not re.fullmatch(r"[\x21-\x7e]{16,128}", token) for token in tokens):
        raise SettingsError("ONCALL_TWILIO_AUTH_TOKEN cannot be used: it must be one auth token, or two and a comma between them.")
    try:
        number = check_phone_number(settings.twilio_from or "")
    except ValueError as error:
        raise SettingsError(f"ONCALL_TWILIO_FROM cannot be used: {error}") from None
    return TwilioAccount(sid, tokens, number, settings.twilio_api_url or API_URL)
