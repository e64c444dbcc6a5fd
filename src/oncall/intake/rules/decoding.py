"""From bytes to a plain value, whatever the bytes: strict and fast where it can be, tolerant where it must."""

import codecs
import json
import math
import re
from collections.abc import Mapping
from contextlib import suppress
from itertools import islice
from typing import TypeVar
from urllib.parse import parse_qsl, unquote_plus
from xml.parsers.expat import ExpatError

import msgspec
import xmltodict

from oncall.intake.values import Received, Unreadable
from oncall.kit.json_scan import deeper_than
from oncall.kit.stored_text import REPLACEMENT, storable

T = TypeVar("T")

MAX_DEPTH = 64
MAX_TEXT = 64 * 1024
MAX_MEMBERS = 1_000
MAX_NAME = 255

SUSPECT = re.compile(r"\\u|\d[eE]\+?\d{3}|\d{309}")  # an escape may bring in what no text holds, a number may be beyond all
NOT_PRINTED = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\x7f-\x9f\ufffd]")
CALLED = re.compile(r"[A-Za-z_$][\w.$]{0,99}\(\s*([\[{].*[\]}])\s*\);?", re.DOTALL)
GUARD = ")]}'"
MAIL = "message/rfc822"
BOMS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before that of UTF-16, with which it begins
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
ZEROS = (
    ((False, True, True, True), "utf-32-le"),
    ((True, True, True, False), "utf-32-be"),
    ((False, True), "utf-16-le"),
    ((True, False), "utf-16-be"),
)
# Of Python's encodings those that are of languages; with some of the others a body of 4 MiB takes minutes.
CHARSET = re.compile(
    r"(?i)\bcharset\s*=\s*[\"']?((?:utf|iso|latin|windows|cp|ibm|koi8|mac|shift|s_?jis|ms_?kanji|euc|gb|big5|hz|johab|tis|us|ascii|ks)[\w.:\-]{0,40})"
)
FIELD = re.compile(r"[\w.\-\[\]]{1,100}")
FIELD_OF_A_PART = re.compile(r'(?i)\bname="([^"]*)"')


def decode(received: Received) -> object:
    """The value in a body: of JSON, of XML, of the fields of a form, or a sentence as a string.

    What the strict decoder refuses (NaN, lone surrogates, a BOM, another encoding) is read tolerantly: NUL and lone surrogates become
    U+FFFD, in names too, and what is no number null. Raises Unreadable, with the reason, for the rest and for more than 64 levels.
    """
    raw = received.raw
    if b"\\u0000" in raw or deeper_than(raw, MAX_DEPTH):
        return _decode_tolerantly(raw, received.content_type)
    try:
        value: object = msgspec.json.decode(raw)
    except (msgspec.DecodeError, RecursionError, ValueError):
        return _decode_tolerantly(raw, received.content_type)
    return value


def _decode_tolerantly(raw: bytes, content_type: str) -> object:
    text = _bare(storable(_as_text(raw, content_type).strip("\x00\ufeff \t\r\n")))
    if not text:
        raise Unreadable("it is empty")
    if deeper_than(text.encode("utf-8", "replace"), MAX_DEPTH):
        raise Unreadable(f"it nests deeper than {MAX_DEPTH} levels")
    try:
        return _parse(text)
    except ValueError as error:
        if objects := _lines_of(text):
            return objects
        if objects := _documents_of(text):
            return objects
        if text[0] in '{["':
            raise Unreadable(f"it is not JSON ({error})" if isinstance(error, json.JSONDecodeError) else "it is not JSON") from None
    except RecursionError:
        raise Unreadable("it is not JSON") from None
    if text[0] == "<":
        return _elements_of(raw)
    fields = _fields_of(text)
    if fields:
        return _unwrapped(fields)
    if NOT_PRINTED.search(text) and not content_type.lower().startswith(MAIL):  # of a mail the parts say how they are to be read
        raise Unreadable("it is neither JSON, nor XML, nor a form, nor a sentence")
    return text


def _lines_of(text: str) -> list[object]:
    """The objects of a text that has one in each line; none if a line is anything else."""
    lines = text.splitlines()
    if len(lines) < 2 or not all(line.strip().startswith("{") for line in lines[:MAX_MEMBERS] if line.strip()):
        return []
    try:
        return [_parse(line) for line in lines if line.strip()]
    except (ValueError, RecursionError):
        return []


def _documents_of(text: str) -> list[object]:
    """The objects of a text that has one behind the other; none if there is anything else."""
    documents: list[object] = []
    at = 0
    while at < len(text) and text[at] == "{" and len(documents) < MAX_MEMBERS:
        try:
            value, at = ONE_DOCUMENT.raw_decode(text, at)
        except (ValueError, RecursionError):
            return []
        documents.append(_cleaned(value))
        at = len(text) - len(text[at:].lstrip())
    return documents if at == len(text) else []


def _bare(text: str) -> str:
    """JSON without what some senders wrap it in: percent-encoding, a call, the guard against being run as a script."""
    if text[:3].upper() in {"%7B", "%5B"}:
        return storable(unquote_plus(text)).strip()
    if wrapped := CALLED.fullmatch(text):
        return wrapped[1]
    return text.removeprefix(GUARD).lstrip(", \r\n") if text.startswith(GUARD) else text


def _elements_of(raw: bytes) -> object:
    """XML as a mapping: elements and attributes by their names without namespaces, without the envelopes around what is said."""
    try:
        value = xmltodict.parse(raw.strip(), attr_prefix="", cdata_key="text", postprocessor=_local)
        too_deep = deeper_than(msgspec.json.encode(value), MAX_DEPTH)
    except (ExpatError, ValueError, RecursionError) as error:
        raise Unreadable(f"it is not XML ({error})") from None
    if too_deep:
        raise Unreadable(f"it nests deeper than {MAX_DEPTH} levels")
    while isinstance(value, dict) and len(value) == 1 and isinstance(inner := next(iter(value.values())), dict):
        value = inner
    if not isinstance(value, dict) or not any(value.values()):
        raise Unreadable("it is XML that says nothing")
    return value


def _local(_: object, name: str, value: object) -> tuple[str, object] | None:
    """A name without its namespace; the declarations of namespaces themselves are left out."""
    return None if name.startswith("xmlns") else (name.rpartition(":")[2], value)


def _parse(text: str) -> object:
    value: object = json.loads(text, strict=False, parse_constant=lambda _: None, parse_int=_parse_int)
    return _cleaned(value) if SUSPECT.search(text) else value


def _parse_int(digits: str) -> int | str:
    """Exact at any sensible length; beyond that the digits themselves."""
    return int(digits) if len(digits) < 4_000 else digits


def text_in(raw: bytes, content_type: str = "") -> str | None:
    """The text in a body, in whatever encoding; None if it is no text."""
    text = _as_text(raw, content_type).strip("\x00\ufeff")
    return None if NOT_PRINTED.search(text.replace(REPLACEMENT, "")) else storable(text)


ONE_DOCUMENT = json.JSONDecoder(strict=False, parse_constant=lambda _: None, parse_int=_parse_int)


def _as_text(raw: bytes, content_type: str) -> str:
    """By its BOM, or where its zeros are, or as UTF-8; else in the charset its sender names, else as Windows writes it."""
    for bom, encoding in BOMS:
        if raw.startswith(bom):
            return raw.decode(encoding, "replace")
    for zeros, encoding in ZEROS:  # without a BOM: what monitors say begins with an ASCII character
        if len(raw) >= len(zeros) and tuple(byte == 0 for byte in raw[: len(zeros)]) == zeros:
            return raw.decode(encoding, "replace")
    try:
        return raw.decode("utf-8")
    except UnicodeDecodeError:
        named = CHARSET.search(content_type)
        with suppress(LookupError, UnicodeError):  # it does not exist, or the sender is wrong about it
            return raw.decode(named[1] if named else "cp1252")
        return raw.decode("cp1252", "replace")


def _fields_of(text: str) -> dict[str, str]:
    """The fields of a form, multipart or urlencoded, whatever the media type says; empty if it is none."""
    if text.startswith("--"):
        boundary = text.partition("\n")[0].strip()
        parts = [part.replace("\r\n", "\n").partition("\n\n") for part in text.split(boundary, MAX_MEMBERS)[1:-1]]
        return {found[1]: body.strip("\n") for head, _, body in parts if (found := FIELD_OF_A_PART.search(head))}
    name, _, rest = text.partition("=")
    if FIELD.fullmatch(name) and not isinstance(_json_in(rest), str):
        return {name: rest}  # JSON that nobody escaped
    try:
        pairs = parse_qsl(text, keep_blank_values=True, max_num_fields=MAX_MEMBERS)
    except ValueError:
        return {}
    is_form = "=" in text and all(FIELD.fullmatch(name) for name, _ in pairs)
    return {name: storable(value) for name, value in pairs} if is_form else {}


def _unwrapped(fields: dict[str, str]) -> object:
    """JSON inside the fields counts as what it is; if there is but one field, it was only the envelope."""
    values = {name: _json_in(text) for name, text in fields.items()}
    first = next(iter(values.values()))
    return first if len(values) == 1 and isinstance(first, dict | list) else values


def _json_in(text: str) -> object:
    said = text.strip()
    if not said.startswith(("{", "[")) or deeper_than(said.encode("utf-8", "replace"), MAX_DEPTH):
        return text
    try:
        return _parse(said)
    except (ValueError, RecursionError):
        return text


def _cleaned(value: object) -> object:
    match value:
        case str():
            return storable(value)
        case float() if not math.isfinite(value):
            return None
        case list():
            return [_cleaned(element) for element in value]
        case dict():
            return {storable(name): _cleaned(element) for name, element in value.items()}
        case _:
            return value


def bounded(members: Mapping[str, T], limit: int = 16 * 1024) -> dict[str, T | str]:
    """Members that all together are not much longer than `limit` characters of JSON: of a long one, and of what follows, the beginning."""
    kept: dict[str, T | str] = {}
    for name, value in islice(members.items(), MAX_MEMBERS):
        said = msgspec.json.encode(value).decode()
        limit -= len(name) + len(said)
        kept[cut(name, MAX_NAME)] = value if limit >= 0 else cut(said, 100)
    return kept


def cut(text: str, limit: int) -> str:
    """At most `limit` characters; the last of a longer text is a mark that something is missing."""
    return text if len(text) <= limit else text[: limit - 1] + "…"
