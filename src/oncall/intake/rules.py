"""From bytes to plain values, whatever the bytes: strict and fast where it can be, tolerant where it must. Pure."""

import codecs
import hashlib
import json
import math
import re
import zlib
from datetime import UTC, datetime

import msgspec

from oncall.incidents.values import Action, Severity
from oncall.intake.values import Reading, Received, Unreadable
from oncall.kit.json_scan import deeper_than

MAX_DEPTH = 64
MAX_KEY = 255
MAX_SUMMARY = 1024
MAX_TEXT = 64 * 1024
MAX_INFLATED = 4 * 1024 * 1024

NOT_TEXT = re.compile("[\x00\ud800-\udfff]")
CONTROL = re.compile("[\x01-\x08\x0b-\x1f\x7f]+")
BOMS = ((codecs.BOM_UTF8, "utf-8-sig"), (codecs.BOM_UTF16_LE, "utf-16"), (codecs.BOM_UTF16_BE, "utf-16"))

SEVERITIES: dict[str, Severity] = {
    **dict.fromkeys(("critical", "crit", "fatal", "emergency", "emerg", "alert", "page", "disaster", "p1", "sev1"), Severity.CRITICAL),
    **dict.fromkeys(("error", "err", "major", "high", "p2", "sev2"), Severity.ERROR),
    **dict.fromkeys(("warning", "warn", "minor", "average", "medium", "p3", "sev3"), Severity.WARNING),
    **dict.fromkeys(("info", "information", "informational", "notice", "low", "debug", "p4", "p5", "sev4", "sev5"), Severity.INFO),
}
ACTIONS: dict[str, Action] = {
    **dict.fromkeys(("resolve", "resolved", "ok", "okay", "recovery", "recovered", "close", "closed", "clear", "cleared"), Action.RESOLVE),
    **dict.fromkeys(("normal", "up", "healthy", "fixed", "inactive"), Action.RESOLVE),
    **dict.fromkeys(("acknowledge", "acknowledged", "ack", "acked"), Action.ACKNOWLEDGE),
}


def decode(received: Received) -> object:
    """The JSON value in a body. What the strict decoder refuses (NaN, lone surrogates, a BOM, another encoding) is read tolerantly.

    Raises Unreadable, with the reason, for what is no JSON at all or nests deeper than 64.
    """
    raw = received.raw
    if deeper_than(raw, MAX_DEPTH):
        raise Unreadable(f"it nests deeper than {MAX_DEPTH} levels")
    if b"\\u0000" not in raw:
        try:
            return msgspec.json.decode(raw)
        except (msgspec.DecodeError, RecursionError, ValueError):
            return _tolerant(raw)
    return _tolerant(raw)


def _tolerant(raw: bytes) -> object:
    text = _as_text(raw).strip().strip("\x00")
    if not text:
        raise Unreadable("it is empty")
    try:
        return _cleaned(json.loads(text, strict=False, parse_constant=lambda _: None, parse_int=_parse_int))
    except (ValueError, RecursionError) as error:
        raise Unreadable(f"it is not JSON ({error})" if isinstance(error, json.JSONDecodeError) else "it is not JSON") from None


def _as_text(raw: bytes) -> str:
    for bom, encoding in BOMS:
        if raw.startswith(bom):
            return raw.decode(encoding, "replace")
    if raw[:2].count(0) == 1:  # UTF-16 without a BOM: JSON begins with an ASCII character
        return raw.decode("utf-16-be" if raw[0] == 0 else "utf-16-le", "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        return raw.decode("cp1252", "replace")


def _parse_int(digits: str) -> int | str:
    """Exact at any sensible length; beyond that the digits themselves."""
    return int(digits) if len(digits) < 4_000 else digits


def _cleaned(value: object) -> object:
    """NUL and lone surrogates become U+FFFD, in keys too: PostgreSQL and UTF-8 can hold neither."""
    match value:
        case str():
            return NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", value)
        case float() if not math.isfinite(value):
            return None
        case list():
            return [_cleaned(element) for element in value]
        case dict():
            return {NOT_TEXT.sub("\N{REPLACEMENT CHARACTER}", key): _cleaned(element) for key, element in value.items()}
        case _:
            return value


def inflate(raw: bytes, encoding: str) -> bytes:
    """Undo gzip or deflate, at most to 4 MiB; what cannot be inflated, or grows beyond, stays as it is (and becomes unreadable)."""
    if encoding not in {"gzip", "x-gzip", "deflate"}:
        return raw
    try:
        inflater = zlib.decompressobj(wbits=47 if "gzip" in encoding else zlib.MAX_WBITS)
        inflated = inflater.decompress(raw, MAX_INFLATED)
    except zlib.error:
        return raw
    return raw if inflater.unconsumed_tail else inflated


def text_of(value: object, *, limit: int = MAX_TEXT) -> str:
    """Any JSON value as text: a string as it is, nothing as nothing, the rest as compact JSON; cut with a mark."""
    match value:
        case None:
            text = ""
        case str():
            text = value
        case bool():
            text = "true" if value else "false"
        case int() | float():
            text = str(value)
        case _:
            text = json.dumps(value, ensure_ascii=False, separators=(",", ":"))
    return text if len(text) <= limit else text[: limit - 1] + "…"


def one_line(value: object) -> str:
    """A summary: one line of at most 1,024 characters, no control characters."""
    return CONTROL.sub(" ", text_of(value).replace("\n", " ").replace("\t", " ")).strip()[:MAX_SUMMARY]


def labels_of(value: object) -> dict[str, str]:
    """A flat map of text; anything but an object has no labels."""
    return (
        {str(key)[:MAX_KEY]: text_of(element, limit=4_096) for key, element in list(value.items())[:200]} if isinstance(value, dict) else {}
    )


def severity_of(value: object) -> Severity:
    """By the words monitors use; what nobody knows is `unknown`, which pages."""
    return SEVERITIES.get(text_of(value).strip().lower(), Severity.UNKNOWN)


def action_of(value: object) -> Action:
    """By the words monitors use; whatever does not say that it is over, or seen, is a trigger."""
    return ACTIONS.get(text_of(value).strip().lower(), Action.TRIGGER)


def key_of_identity(**identity: str) -> str | None:
    """A dedup key from identity fields (never title, state or time); None if none of them says anything."""
    said = {name: value for name, value in sorted(identity.items()) if value}
    return hashlib.sha256(json.dumps(said).encode()).hexdigest()[:32] if said else None


def bounded_key(key: str) -> str:
    """A key of at most 255 characters; a longer one keeps its beginning and is told apart by its hash."""
    key = CONTROL.sub(" ", key).strip()
    if len(key) <= MAX_KEY:
        return key
    return f"{key[: MAX_KEY - 33]}…{hashlib.sha256(key.encode()).hexdigest()[:32]}"


def instant_of(value: object) -> datetime | None:
    """An RFC 3339 instant with an offset; a monitor's zero time and anything else is None."""
    if not isinstance(value, str) or not 10 <= len(value) <= 64:
        return None
    try:
        at = datetime.fromisoformat(re.sub(r"(\.\d{6})\d+", r"\1", value))
        return at.astimezone(UTC) if at.tzinfo and 1971 <= at.year <= 2200 else None
    except (ValueError, OverflowError):
        return None


def unreadable(name: str, why: str) -> Reading:
    """The alert that stands for what could not be read, so that it pages all the same; the raw bytes are kept beside it."""
    return Reading(
        Action.TRIGGER,
        f"unreadable event from {name}",
        dedup_key=f"oncall:unreadable:{name}",
        details={"why": why},
        reason=why,
        unreadable=True,
    )


def oversized(name: str, limit: int) -> Reading:
    """The alert that stands for a body too large to be taken."""
    why = f"it is larger than {limit // 1024} KiB"
    return Reading(
        Action.TRIGGER,
        f"oversized event from {name}",
        dedup_key=f"oncall:oversized:{name}",
        details={"why": why},
        reason=why,
        unreadable=True,
    )
