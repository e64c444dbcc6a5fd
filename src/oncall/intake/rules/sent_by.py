"""Who sent what is too large to be kept, as far as its head says so. Pure."""

from collections.abc import Mapping

from oncall.intake.rules.decoding import cut
from oncall.intake.rules.mail import mail_in
from oncall.intake.rules.wording import one_line
from oncall.kit.stored_text import storable

MAX_AGENT = 200


def sent_by(headers: Mapping[str, str]) -> dict[str, object]:
    """The program that sent a request, and the size it announced; "" for what it does not say."""
    length = headers.get("content-length", "")
    return {
        "user_agent": cut(storable(headers.get("user-agent", "")), MAX_AGENT),
        "content_length": int(length) if length.isascii() and length.isdecimal() and len(length) < 16 else "",
    }


def mail_sent_by(head: bytes, sender: str, announced: int = 0) -> dict[str, object]:
    """What the head of a mail names, if it came so far, and the sender of its envelope; "" for what there is not."""
    said = mail_in(head) or {}
    return {
        "subject": one_line(said.get("subject")),
        "from": one_line(said.get("from")),
        "envelope_sender": cut(storable(sender), MAX_AGENT),
        "announced_size": announced or "",
    }
