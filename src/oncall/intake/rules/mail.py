"""A mail (RFC 5322 and MIME) as a plain object: what its head says, its text, what its attachments are called. Pure and total."""

import codecs
import re
from collections.abc import Iterable, Iterator
from email import message_from_bytes
from email.errors import MessageError
from email.header import decode_header, make_header
from email.message import Message
from email.parser import BytesHeaderParser
from email.utils import parsedate_to_datetime
from itertools import islice

from oncall.intake.rules.decoding import MAX_NAME, cut
from oncall.intake.rules.markup import text_in
from oncall.kit.stored_text import storable

MIME = "message/rfc822"
NAMES = ("subject", "from", "to", "cc", "reply_to", "date", "message_id", "text", "attachments", "headers")
HEAD = re.compile(r"[!-9;-~]{1,100}:\s?\S")
ENVELOPE = "return-path"
"""Written by whoever took the mail from the network: nothing but a mail has it."""

MAX_PARSED = 256 * 1024  # of a longer mail the rest is attachments
MAX_HEADER = 4 * 1024
MAX_HEADERS = 200
MAX_PARTS = 500
MAX_MULTIPARTS = 20
"""The parser holds each line against the boundaries of all that are open."""

MAX_WRITTEN = 64 * 1024
MAX_TEXT = 16 * 1024
MAX_ATTACHMENTS = 20

NO_CHARSETS = {"punycode", "idna"}
"""Of names in a network, not of texts; a long text takes them minutes."""

OTHER_NAMES = {"unicode-1-1-utf-7": "utf-7", "iso-8859-8-i": "iso-8859-8", "x-sjis": "cp932", "ks_c_5601-1987": "cp949"}
MULTIPART = re.compile(rb"(?:^|[\r\n])content-type:\s*multipart/", re.IGNORECASE)
HEAD_ONLY = "Only the head of this mail was read: it has too many parts in parts."
BLANKS = re.compile(r"\s+")


def is_mail(value: object) -> bool:
    """Whether this is what `mail_in` makes."""
    return isinstance(value, dict) and value.keys() == set(NAMES)


def has_head(text: str) -> bool:
    """Whether a text begins as mails do, with a subject and a sender among the first lines."""
    head = text[:16_384].replace("\r\n", "\n").partition("\n\n")[0]
    lower = "\n" + head.lower()
    return bool(HEAD.match(head)) and "\nsubject:" in lower and "\nfrom:" in lower


def mail_in(raw: bytes) -> dict[str, object] | None:
    """The object in a mail; None if its head names neither subject nor sender, so that it is none.

    What is wrong in a mail (charsets, encodings, parts that never end) costs no more than itself: the head always counts.
    """
    message, text, attachments = _parsed(raw[:MAX_PARSED])
    headers = lowered((name, _unfolded(said)) for name, said in islice(message.raw_items(), MAX_HEADERS))
    if not {"subject", "from", ENVELOPE} & headers.keys():
        return None
    return {
        "subject": decoded(headers.get("subject", "")),
        "from": decoded(headers.get("from", "")) or headers.get(ENVELOPE, "").strip("<> "),
        "to": decoded(headers.get("to", "")),
        "cc": decoded(headers.get("cc", "")),
        "reply_to": decoded(headers.get("reply-to", "")),
        "date": _date(headers.get("date", "")),
        "message_id": headers.get("message-id", "").strip(),
        "text": text,
        "attachments": attachments,
        "headers": headers,
    }


def lowered(pairs: Iterable[tuple[str, str]]) -> dict[str, str]:
    """Headers by their names in lower case; of one that is there more than once the first."""
    headers: dict[str, str] = {}
    for name, said in pairs:
        headers.setdefault(cut(storable(name.strip().lower().replace("_", "-")), MAX_NAME), cut(storable(said), MAX_HEADER))
    return headers


def decoded(header: str) -> str:
    """The text of a header, which may be encoded; as it stands if it is so wrongly."""
    if "=?" not in header:
        return header
    try:
        return storable(str(make_header(decode_header(header))))
    except (MessageError, LookupError, ValueError):
        return header


def _parsed(raw: bytes) -> tuple[Message, str, list[str]]:
    try:
        if sum(1 for _ in islice(MULTIPART.finditer(raw), MAX_MULTIPARTS + 1)) > MAX_MULTIPARTS:
            return BytesHeaderParser().parsebytes(raw), HEAD_ONLY, []
        message = message_from_bytes(raw)
        parts = list(islice(_leaves(message), MAX_PARTS))
        return message, _text(parts), list(islice(filter(None, map(_file_name, parts)), MAX_ATTACHMENTS))
    except Exception:  # noqa: BLE001 — whatever the parser trips over (parts that nest too deep): the head is still a head
        return BytesHeaderParser().parsebytes(raw), HEAD_ONLY, []


def _leaves(message: Message) -> Iterator[Message]:
    """The parts that hold no other parts, in order; those of a mail inside the mail among them."""
    return (part for part in message.walk() if not part.is_multipart())


def _text(parts: Iterable[Message]) -> str:
    """The first plain text that says something, else the first HTML as text. An attachment is none, however it calls itself."""
    written = [part for part in parts if part.get_content_maintype() == "text" and part.get_content_disposition() != "attachment"]
    for part in sorted(written, key=lambda part: part.get_content_type() == "text/html"):
        text = _body(part)
        text = text_in(text) if part.get_content_type() == "text/html" else text
        if text.strip():
            return cut(text.rstrip(), MAX_TEXT)
    return ""


def _body(part: Message) -> str:
    try:
        raw = part.get_payload(decode=True)
        return storable(_in_charset(raw[:MAX_WRITTEN], f"{part.get_content_charset('')}")) if isinstance(raw, bytes) else ""
    except (MessageError, LookupError, ValueError):
        return ""


def _in_charset(raw: bytes, charset: str) -> str:
    """In the charset it names, if that is one and fits; else in UTF-8 if that fits, else in what old programs write."""
    for name in (OTHER_NAMES.get(charset, charset), "utf-8"):
        try:
            if name and codecs.lookup(name).name not in NO_CHARSETS:
                text: object = codecs.getincrementaldecoder(name)().decode(raw)  # which forgives that its last character is cut in two
                if isinstance(text, str):  # `hex` and such make other things
                    return text
        except (LookupError, ValueError, TypeError):  # it names none, or is in another than it names
            continue
    return raw.decode("cp1252", "replace")


def _unfolded(said: object) -> str:
    """One header on one line. Bytes beyond ASCII, which no header may have and many do, are read as they are meant."""
    text = BLANKS.sub(" ", f"{said}"[: 2 * MAX_HEADER]).strip()
    return text if text.isascii() else _in_charset(text.encode("utf-8", "surrogateescape"), "")


def _file_name(part: Message) -> str:
    """What an attachment is called; "" for what is none."""
    name = decoded(f"{part.get_filename('')}")
    if not name and part.get_content_disposition() == "attachment":
        name = part.get_content_type()
    return cut(BLANKS.sub(" ", storable(name)).strip(), MAX_NAME)


def _date(said: str) -> str:
    """RFC 3339 where it can be; else as it stands."""
    try:
        return parsedate_to_datetime(said).isoformat()
    except (TypeError, ValueError, IndexError, OverflowError):
        return said
