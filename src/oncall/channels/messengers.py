"""The channels that call a provider's API, as the settings configure them."""

from collections.abc import Callable
from datetime import datetime

from pydantic import SecretStr

from oncall.channels.apprise import AppriseChannel
from oncall.channels.calling import Calls
from oncall.channels.ntfy import NtfyChannel, split_user
from oncall.channels.ports import Channel
from oncall.channels.pushover import PushoverChannel
from oncall.channels.slack import SlackChannel
from oncall.channels.slack_presses import read_slack_app
from oncall.channels.telegram import TelegramChannel
from oncall.kit.http_client import HttpClient
from oncall.kit.outbound import AddressNotAllowed, check_url, read_outbound_allow
from oncall.kit.settings import PREFIX, Settings, SettingsError


def make_messengers(settings: Settings, client: HttpClient, *, now: Callable[[], datetime]) -> list[Channel]:
    """All of them: one whose variables are unset takes addresses, and says when it should send what is missing."""
    calls = Calls(client, now)
    return [
        AppriseChannel(calls),
        NtfyChannel(settings.ntfy_url.get_secret_value(), calls),
        PushoverChannel(_secret(settings.pushover_token), settings.pushover_api_url, calls),
        SlackChannel(_secret(settings.slack_bot_token), settings.slack_api_url, calls, presses=read_slack_app(settings) is not None),
        TelegramChannel(_secret(settings.telegram_bot_token), settings.telegram_api_url, calls),
    ]


def _secret(value: SecretStr | None) -> str | None:
    return value.get_secret_value() if value else None


def check_providers(settings: Settings) -> None:
    """Every address of a provider is one that may be called, as far as this can be said without a name server."""
    allow = read_outbound_allow(settings.outbound_allow)
    addresses = {
        "NTFY_URL": split_user(settings.ntfy_url.get_secret_value())[0],
        "PUSHOVER_API_URL": settings.pushover_api_url,
        "SLACK_API_URL": settings.slack_api_url,
        "TELEGRAM_API_URL": settings.telegram_api_url,
    }
    for name, url in addresses.items():
        try:
            check_url(url, allow)
        except AddressNotAllowed as error:
            raise SettingsError(f"{PREFIX}{name} cannot be used: {error}") from None  # the cause may repeat a part of it
