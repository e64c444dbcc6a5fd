"""What of a received body may be shown: all of it but what is secret. Total: no body is too broken to be looked at."""

import base64
from collections.abc import Mapping
from dataclasses import dataclass

from oncall.intake.rules.decoding import text_in
from oncall.intake.rules.hiding import redacted
from oncall.intake.rules.inflating import GZIP, called, names_other, still_compressed

MAX_SHOWN = 256 * 1024


@dataclass(frozen=True, slots=True)
class ShownBody:
    """A body without its secrets, as text, or in base64 if it is none; `is_cut`: it is longer than what is here."""

    text: str | None
    base64: str | None
    is_cut: bool


def shown_body(raw: bytes, content_type: str) -> ShownBody:
    """At most 256 KiB of a body. Twice as much is looked at, since a name may stand behind what it names."""
    some = raw[: 2 * MAX_SHOWN]
    text = text_in(some, content_type)
    if text is None:
        hidden = redacted(some.decode("latin-1")).encode("latin-1", "replace")
        return ShownBody(None, base64.b64encode(hidden[:MAX_SHOWN]).decode(), len(raw) > MAX_SHOWN)
    shown = redacted(text)
    is_cut = len(shown) > MAX_SHOWN or len(some) < len(raw)
    return ShownBody(shown[: MAX_SHOWN - 1] + "…" if is_cut else shown, None, is_cut)


def shown_headers(headers: Mapping[str, str]) -> dict[str, str]:
    """Headers as they are shown: an address in one may hold a token."""
    return {name: redacted(said) for name, said in headers.items()}


def sent_as(raw: bytes, content_type: str, headers: Mapping[str, str]) -> str:
    """How a body that is kept as `raw` was compressed when it came, and whether it still is; empty if it never was, as far as is known."""
    encoding, length = headers.get("content-encoding", ""), headers.get("content-length", "")
    names = called(encoding)
    is_text = bool(names) and text_in(raw, content_type) is not None
    if raw.startswith(GZIP):
        return "still compressed as gzip"
    if names and not is_text and still_compressed(raw, encoding):
        return f"still compressed as {names}"
    if not names or names_other(encoding) or length == f"{len(raw)}":
        return ""  # or it is only called so
    return f"of {int(length):,} sent as {names}" if length.isdecimal() and len(length) < 12 else f"sent as {names}"
