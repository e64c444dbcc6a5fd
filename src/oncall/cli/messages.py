"""The page of documentation that shows every channel's messages, made by the channels themselves."""

import json
from collections.abc import Callable
from dataclasses import dataclass, fields
from email.header import decode_header, make_header
from email.parser import BytesHeaderParser
from pathlib import Path

from oncall.channels import apprise, ntfy, pushover, slack, telegram, twiml, webhook
from oncall.channels.mail_settings import MailSender
from oncall.channels.mime import compose
from oncall.channels.render import written
from oncall.channels.sms_text import parts_of, text_of
from oncall.channels.twilio_settings import Callbacks
from oncall.channels.values import Message
from oncall.cli.shown import HOST, NOW, shown

PATH = "docs/reference/messages.md"
TITLES = {
    "page": "A page",
    "repeat": "The same page again, five minutes later",
    "bundle": "Two pages as one message",
    "update": "What became of it",
    "verification": "The code that proves an address",
}
HEAD = """\
# Messages

*Made from the channels themselves by `make docs`.*

What Ana gets for one incident, on every channel: its page, the page again when nobody has acknowledged, that page and another one as one
message, what became of it, and, before all that, the code that proves the address. Tokens, ids and codes are examples; their lengths
are real. Texts of monitors are escaped by each channel for itself, and cut where it has a limit.

| | |
| --- | --- |
| ![The e-mail of a page](pictures/email.png) | ![The page behind its link](pictures/acknowledge.png) |
| the e-mail of the page | what its link opens: looking changes nothing, the button acknowledges |
"""
SENDER = MailSender("On-call pages", "oncall@example.com")


@dataclass(frozen=True, slots=True)
class Example:
    """A channel, an address of Ana's on it, and how its messages are shown; `lacks` says of a kind why it is never sent there."""

    name: str
    title: str
    about: str
    address: str
    show: Callable[[Message], str]
    lacks: dict[str, str]


def text() -> str:
    """The whole page."""
    return "\n".join((HEAD, *(_section(example) for example in EXAMPLES)))


def write(root: Path) -> None:
    (root / PATH).write_text(text())


def stale(root: Path) -> list[str]:
    """The page, if it is not as it would be made."""
    path = root / PATH
    return [] if path.exists() and path.read_text() == text() else [PATH]


def _section(example: Example) -> str:
    messages = shown(example.name, example.address)
    said = [f"## {example.title}\n\n{example.about}\n"]
    for kind in (field.name for field in fields(messages)):
        how = example.lacks.get(kind) or example.show(getattr(messages, kind))
        said.append(f"### {example.title}: {TITLES[kind][:1].lower()}{TITLES[kind][1:]}\n\n{how}\n")
    return "\n".join(said)


def _block(language: str, content: str) -> str:
    return f"```{language}\n{content.rstrip()}\n```"


def _json(content: object) -> str:
    return _block("json", json.dumps(content, ensure_ascii=False, indent=2))


def _email(message: Message) -> str:
    mail = BytesHeaderParser().parsebytes(compose(message, to=message.address, sender=SENDER, now=NOW))
    named = ("From", "To", "Subject", "In-Reply-To", "Importance", "Auto-Submitted")
    headers = "\n".join(f"{name}: {make_header(decode_header(mail[name]))}" for name in named if mail[name])
    return _block("text", f"{headers}\n\n{written(message).text}")


def _sms(message: Message) -> str:
    text, parts = text_of(message), parts_of(text_of(message))
    return f"{_block('text', text)}\n\n{len(text)} signs, {parts} part{'s' * (parts > 1)}."


def _voice(message: Message) -> str:
    said = twiml.call(message, keys_url=Callbacks(HOST).keys(message.notification_id))
    return _block("xml", said.replace("><", ">\n<"))


EXAMPLES = (
    Example(
        "email",
        "E-mail",
        "Subject, the headers that mail programs heed, and the plain part; the HTML part says the same with buttons.",
        "ana@example.com",
        _email,
        {},
    ),
    Example("sms", "Text message", "At most three parts; most are two. Answer with the code, or open the link.", "+351912345678", _sms, {}),
    Example(
        "voice",
        "Call",
        "What Twilio reads out, and which key does what.",
        "+351912345678",
        _voice,
        {"update": "None: it is not worth a call."},
    ),
    Example(
        "slack",
        "Slack",
        "The arguments of `chat.postMessage`. Where Slack tells us who pressed, buttons carry their token as `value`, not a `url`.",
        "U012AB3CDE",
        lambda message: _json(slack.content(message, message.address)),
        {},
    ),
    Example(
        "telegram",
        "Telegram",
        "The parameters of `sendMessage`. Where Telegram tells us who pressed, buttons carry `callback_data`, not a `url`.",
        "123456789",
        lambda message: _json(telegram.content(message, message.address)),
        {},
    ),
    Example(
        "ntfy",
        "ntfy",
        "The JSON that is published. Its buttons act at once, without a browser.",
        "oncall-ana-4f7Kq2",
        lambda message: _json(ntfy.content(message, message.address)),
        {},
    ),
    Example(
        "pushover",
        "Pushover",
        "The parameters of a message, besides `token` and `user`. Priority 2 rings until somebody sees it.",
        "uQiRzpo4DXghDmr9QzzfQu27cmVRsG",
        lambda message: _json(pushover.content(message)),
        {},
    ),
    Example(
        "webhook",
        "Webhook",
        "The body that is signed, here with line breaks that it does not have.",
        "https://hooks.example.com/ana",
        lambda message: _json(json.loads(webhook.body(message))),
        {},
    ),
    Example(
        "apprise",
        "Apprise",
        "Title, and below it the body; each service lays it out in its own way.",
        "gotify://push.example.com/Aaaaaaaaaaaaaaa",
        lambda message: _block("text", "\n\n".join(apprise.words(message))),
        {},
    ),
)
