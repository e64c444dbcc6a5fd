"""What is said in a call, and answered to a text message, as TwiML: everything said is escaped. Pure.

https://www.twilio.com/docs/voice/twiml
"""

import re
from html import escape
from typing import assert_never

from oncall.channels.render import ended, how_bad, one_line, spoken
from oncall.channels.values import BundleMessage, Message, NoticeMessage, PageMessage

LIMIT = 4000
"""Signs that Twilio takes of a TwiML sent along with a call."""

SAID = 350
"""Signs of what a monitor says; each may become six when it is escaped."""

ANSWER_LIMIT = 300
"""Signs of a text message back."""

KEYS = "Press 4 to acknowledge, 6 to resolve, 5 to escalate."
KEY_FOR_ALL = "Press 4 to acknowledge all of them."
KEYS_OF_TEST = "Press 1 for yes, 2 for no, 3 if it was not on silent."
NO_KEY = "No key was pressed. This call counts as not answered. Goodbye."
SECONDS_FOR_A_KEY = 10
TWICE, THRICE = 2, 3
NO_XML = re.compile("[^\t\n\r\x20-\ud7ff\ue000-\ufffd\U00010000-\U0010ffff]")


def call(message: Message, *, keys_url: str | None) -> str:
    """What somebody who picks up hears, twice. Without `keys_url` nothing can be answered; whoever says nothing has acknowledged nothing,
    and nor has a mailbox.
    """
    match message:
        case PageMessage() | BundleMessage():
            what, keys = (_page(message), KEYS) if isinstance(message, PageMessage) else (_list(message), KEY_FOR_ALL)
            ask = f"{what} {keys if keys_url else 'Open the link in your other messages to acknowledge.'}"
            return _response(_pause(), _gather(ask, keys_url), _say(NO_KEY)) if keys_url else _response(_pause(), _say(ask, TWICE))
        case NoticeMessage(kind="test") if keys_url:
            return _response(_pause(), _gather(f"{_notice(message)} {KEYS_OF_TEST}", keys_url), _say("Goodbye."))
        case NoticeMessage(code=None):
            return _response(_pause(), _say(_notice(message), TWICE))
        case NoticeMessage():
            return _response(_pause(), _say(_notice(message), THRICE))
        case _:
            assert_never(message)


def said(text: str) -> str:
    """The last words of a call."""
    return _response(_say(f"{one_line(text, SAID)} Goodbye."))


def asked_again(text: str, *, keys_url: str, keys: str = KEYS) -> str:
    """Something was said, and another key is waited for."""
    return _response(_gather(f"{one_line(text, SAID)} {keys}", keys_url, times=1), _say(NO_KEY if keys is KEYS else "Goodbye."))


def answered(text: str | None) -> str:
    """A text message back; None: nothing is sent back."""
    return _response("" if text is None else f"<Message>{_escaped(one_line(text, ANSWER_LIMIT))}</Message>")


def _page(message: PageMessage) -> str:
    late = "" if message.late_by is None else f"This call is {spoken(message.late_by)} late. "
    again = "You may have been called about this before. " if message.repeated or message.nth > 1 else ""
    what = ended(f"{_how_bad(message.severity)}{one_line(message.service, 50)}: {one_line(message.title, 200) or 'no title'}")
    return f"{_to(message)} {again}{late}{what} Incident number {message.number}."


def _list(message: BundleMessage) -> str:
    late = "" if message.late_by is None else f"This call is {spoken(message.late_by)} late. "
    again = "You may have been called about these before. " if message.repeated else ""
    first = message.listed[0]
    what = ended(f"{_how_bad(first.severity)}{one_line(first.service, 50)}: {one_line(first.title, 100) or 'no title'}")
    return f"{_to(message)} {again}{late}{ended(one_line(message.headline, 100))} The first: {what}"


def _to(message: Message) -> str:
    return ended(f"This is oncall, for {one_line(message.recipient, 40)}")


def _how_bad(severity: str) -> str:
    """What nobody judged needs no word: a call is a page."""
    return "" if severity == "unknown" else f"{how_bad(severity)}, "


def _notice(message: NoticeMessage) -> str:
    if message.code is not None:
        return f"This is oncall. The code that proves this number is: {', '.join(one_line(message.code, 12))}."
    said = " ".join(filter(None, (one_line(paragraph, 200) for paragraph in message.paragraphs)))
    return one_line(f"{_to(message)} {ended(one_line(message.subject, 140))} {said}", SAID)


def _gather(text: str, url: str, *, times: int = TWICE) -> str:
    waits = f'input="dtmf" numDigits="1" timeout="{SECONDS_FOR_A_KEY}"'
    return f'<Gather {waits} action="{_escaped(url)}" method="POST">{_say(text, times)}</Gather>'


def _say(text: str, times: int = 1) -> str:
    loop = f' loop="{times}"' if times > 1 else ""
    return f"<Say{loop}>{_escaped(text)}</Say>"


def _pause() -> str:
    """Whoever picks up needs a moment to get the phone to their ear."""
    return '<Pause length="1"/>'


def _response(*verbs: str) -> str:
    return f'<?xml version="1.0" encoding="UTF-8"?><Response>{"".join(verbs)}</Response>'


def _escaped(text: str) -> str:
    """Without the signs that no XML may hold, however they are written."""
    return escape(NO_XML.sub("", text))
