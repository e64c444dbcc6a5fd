"""The channels of this product, as the settings configure them."""

from collections.abc import Callable
from datetime import datetime

from oncall.channels.answers import Answers
from oncall.channels.bounces import ReturnPath, return_path
from oncall.channels.email import EmailChannel
from oncall.channels.mail_settings import parse_mail_from, parse_smtp_url
from oncall.channels.messengers import make_messengers
from oncall.channels.ports import Channel
from oncall.channels.signing import derive_secret
from oncall.channels.twilio import SmsChannel, TwilioApi, VoiceChannel
from oncall.channels.twilio_settings import Callbacks, read_twilio
from oncall.channels.webhook import WebhookChannel
from oncall.kit.http_client import HttpClient
from oncall.kit.settings import Settings, SettingsError


def make_channels(settings: Settings, client: HttpClient, ring: list[str], about_now: Callable[[], datetime]) -> dict[str, Channel]:
    """The channels of this product, as the settings configure them."""
    smtp = parse_smtp_url(settings.smtp_url.get_secret_value()) if settings.smtp_url else None
    email = EmailChannel(smtp, sender=parse_mail_from(settings.mail_from), now=about_now, returns=make_return_path(settings, ring))
    webhook = WebhookChannel(client, secrets=lambda address: [derive_secret(key, address) for key in ring], now=about_now)
    # Where our public address is not known, Twilio cannot call back: it sends and calls all the same.
    callbacks = Callbacks(settings.public_url) if settings.public_url else None
    twilio = TwilioApi(read_twilio(settings), client, callbacks=callbacks, now=about_now)
    phones = (SmsChannel(twilio), VoiceChannel(twilio))
    channels: list[Channel] = [email, webhook, *phones, *make_messengers(settings, client, now=about_now)]
    return {channel.name: channel for channel in channels}


def make_answers(settings: Settings, ring: list[str]) -> Answers:
    """By what the answers of reporters are known, and where they go: to the listener for mails, if there is one."""
    domain = settings.mail_domain
    return Answers(
        domain or parse_mail_from(settings.mail_from).domain,
        domain is not None,
        tuple(key.encode("utf-8", "surrogateescape") for key in ring),
    )


def make_return_path(settings: Settings, ring: list[str]) -> ReturnPath | None:
    """Where our e-mails come back to, if they do."""
    if not settings.mail_bounces:
        return None
    if settings.mail_domain is None:
        raise SettingsError("ONCALL_MAIL_BOUNCES cannot be used: what comes back is taken at ONCALL_SMTP_LISTEN, which is not set.")
    return return_path(settings.mail_domain, ring)
