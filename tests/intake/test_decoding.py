"""From bytes to a value: whatever the bytes, either what was meant or the reason why nobody can know."""

import gzip
import json
import zlib

import pytest

from oncall.intake.commands import received_as
from oncall.intake.rules import decode, inflate
from oncall.intake.values import Received, Unreadable

SAID = {"summary": "Größe"}


@pytest.mark.parametrize(
    ("what", "raw", "value"),
    [
        ("plain", b'{"a": 1}', {"a": 1}),
        ("UTF-8", '{"summary": "Größe"}'.encode(), SAID),
        ("a BOM", '\ufeff{"summary": "Größe"}'.encode(), SAID),
        ("UTF-16 with a BOM", '{"summary": "Größe"}'.encode("utf-16"), SAID),
        ("UTF-16 without a BOM", '{"summary": "Größe"}'.encode("utf-16-le"), SAID),
        ("UTF-16, big end first", '{"summary": "Größe"}'.encode("utf-16-be"), SAID),
        ("UTF-16 whose characters look like brackets", ('{"a": "' + "嬛" * 99 + '"}').encode("utf-16"), {"a": "嬛" * 99}),
        ("Latin-1", '{"summary": "Größe"}'.encode("latin-1"), SAID),
        ("NUL, escaped", b'{"a\\u0000": "b\\u0000c"}', {"a�": "b�c"}),
        ("NUL, raw", b'{"a": "b\x00c"}', {"a": "b�c"}),
        ("NUL at the end, from C", b'{"a": 1}\x00', {"a": 1}),
        ("an escaped backslash before u0000", b'{"a": "\\\\u0000"}', {"a": "\\u0000"}),
        ("half a surrogate pair", b'{"\\ud800": ["\\udc00x"]}', {"�": ["�x"]}),
        ("both halves", b'{"a": "\\ud83d\\ude00"}', {"a": "\N{GRINNING FACE}"}),
        ("a surrogate in UTF-8", b'{"a": "\xed\xa0\x80"}', {"a": "í\xa0€"}),
        ("no numbers", b'{"a": NaN, "b": -Infinity, "c": 1e999, "d": [1e999]}', {"a": None, "b": None, "c": None, "d": [None]}),
        ("a huge integer", b'{"a": 123456789012345678901234567890}', {"a": 123456789012345678901234567890}),
        ("an integer nobody can mean", b'{"a": ' + b"9" * 5_000 + b"}", {"a": "9" * 5_000}),
        ("a repeated name: the last stands", b'{"a": 1, "a": 2}', {"a": 2}),
        ("a line break inside a string", b'{"a": "b\nc"}', {"a": "b\nc"}),
        ("a bare word", b"true", True),
        ("a sentence", "Größe ist 3\n".encode(), "Größe ist 3"),
        ("a form", b"a=1&b=%C3%A9&b=2&c=", {"a": "1", "b": "2", "c": ""}),
        ("JSON in several fields", b'msg=hi&heartbeat={"status":0}', {"msg": "hi", "heartbeat": {"status": 0}}),
        ("NUL in a form", b"a=%00", {"a": "�"}),
        ("multipart", b'--x\r\nContent-Disposition: form-data; name="data"\r\n\r\n{"a": 1}\r\n--x--\r\n', {"a": 1}),
        ("64 levels", b"[" * 64 + b"]" * 64, json.loads("[" * 64 + "]" * 64)),
    ],
)  # fmt: skip
def test_what_was_meant(what: str, raw: bytes, value: object) -> None:
    assert decode(Received("", raw)) == value


@pytest.mark.parametrize(
    ("raw", "why"),
    [
        (b"", "it is empty"),
        (b" \r\n\x00", "it is empty"),
        (b'{"a": 1', "it is not JSON (Expecting ',' delimiter: line 1 column 8 (char 7))"),
        (b"{a: 1}", "it is not JSON (Expecting property name enclosed in double quotes: line 1 column 2 (char 1))"),
        (b"[" * 65 + b"]" * 65, "it nests deeper than 64 levels"),
        (b"[" * 1_000_000, "it nests deeper than 64 levels"),
        (b'{"a":' * 100_000, "it nests deeper than 64 levels"),
        (("[" * 65 + "]" * 65).encode("utf-16"), "it nests deeper than 64 levels"),
        (b"<xml/>", "it is XML that says nothing"),
        (b"<a><b>1</a>", "it is not XML (mismatched tag: line 1, column 9)"),
        (b"<a>" * 65 + b"x" + b"</a>" * 65, "it nests deeper than 64 levels"),
        (b'<!DOCTYPE a [<!ENTITY b "c">]><a>&b;</a>', "it is not XML (entities are disabled)"),
        (b"\x89PNG\r\n\x1a\n", "it is neither JSON, nor XML, nor a form, nor a sentence"),
        (bytes(range(256)), "it is neither JSON, nor XML, nor a form, nor a sentence"),
        (gzip.compress(b"{}", mtime=0)[:-9], "it is gzip, cut off or damaged"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)
def test_why_nobody_can_know(raw: bytes, why: str) -> None:
    with pytest.raises(Unreadable) as refused:
        decode(Received("", raw))
    assert str(refused.value) == why


def raw_deflate(data: bytes) -> bytes:
    deflater = zlib.compressobj(wbits=-15)
    return deflater.compress(data) + deflater.flush()


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(b"{}", mtime=0)),
        ("x-gzip", gzip.compress(b"{}", mtime=0)),
        ("deflate", zlib.compress(b"{}")),
        ("deflate", raw_deflate(b"{}")),
    ],
)
def test_what_was_compressed_is_inflated(encoding: str, sent: bytes) -> None:
    assert inflate(sent, encoding) == b"{}"


@pytest.mark.parametrize(
    ("encoding", "sent"),
    [
        ("gzip", gzip.compress(b"x" * (4 * 1024 * 1024 + 1), mtime=0)),  # grows beyond bounds
        ("gzip", gzip.compress(b"{}", mtime=0)[:-9]),  # cut off
        ("gzip", gzip.compress(b"{}", mtime=0) + b"more"),
        ("gzip", b"{}"),
        ("gzip", b""),
        ("br", b"{}"),
        ("identity", b"{}"),
    ],
)
def test_what_cannot_be_inflated_stays_as_it_came(encoding: str, sent: bytes) -> None:
    assert inflate(sent, encoding) == sent
    assert inflate(gzip.compress(b"x" * (4 * 1024 * 1024), mtime=0), "gzip") == b"x" * (4 * 1024 * 1024), "4 MiB exactly are fine"


BROTLI = bytes.fromhex("0b02807b2261223a317d03")  # of {"a":1}
LARGER = b" " * (4 * 1024 * 1024 + 1)
BOMB = gzip.compress(LARGER, mtime=0)
TOO_LARGE = "it is gzip of more than 4096 KiB"
NEITHER = "it is neither JSON, nor XML, nor a form, nor a sentence"


def other(name: str) -> str:
    return f"it is compressed as {name}, which is not undone here: send gzip, deflate, or no Content-Encoding"


@pytest.mark.parametrize(
    ("what", "encoding", "sent", "why"),
    [
        ("larger than 4 MiB, once undone", "gzip", BOMB, TOO_LARGE),
        ("the same, not announced", "", BOMB, TOO_LARGE),
        ("the same, in two layers", "gzip, gzip", gzip.compress(BOMB, mtime=0), TOO_LARGE),
        ("the same, in several parts", "gzip", gzip.compress(LARGER[9:], mtime=0) + gzip.compress(b"x" * 9, mtime=0), TOO_LARGE),
        ("the same, of the other kind", "deflate", zlib.compress(LARGER), "it is deflate of more than 4096 KiB"),
        ("the same, without a frame", "deflate", raw_deflate(LARGER), "it is deflate of more than 4096 KiB"),
        ("cut off", "gzip", gzip.compress(b"{}", mtime=0)[:-9], "it is gzip, cut off or damaged"),
        ("cut off, of the other kind", "deflate", zlib.compress(bytes(range(256)))[:-9], "it is deflate, cut off or damaged"),
        ("a kind that we cannot undo", "br", BROTLI, other("br")),
        ("the same, by another name", "Zstd", b"\x28\xb5\x2f\xfd\x04\x00", other("zstd")),
        ("the same, around one that we can", "gzip, br", BROTLI, other("br")),
        ("the same, without any byte that no text has", "br", b"\xe4\xfc\xdf", other("br")),
        ("a name that is none says nothing", "<b>", b"\x01\x02", NEITHER),
        ("called compressed, but text", "br", b'{"a": 1', "it is not JSON (Expecting ',' delimiter: line 1 column 8 (char 7))"),
        ("undone, and no text", "gzip", gzip.compress(b"\x01\x02", mtime=0), NEITHER),
        ("empty", "br", b"", "it is empty"),
    ],
    ids=lambda x: x if isinstance(x, str) else "",
)  # fmt: skip
def test_why_what_is_still_compressed_cannot_be_read(what: str, encoding: str, sent: bytes, why: str) -> None:
    headers = {"content-encoding": encoding}
    with pytest.raises(Unreadable) as refused:
        decode(received_as(sent, headers=headers))
    assert str(refused.value) == why


@pytest.mark.parametrize("encoding", ["br", "utf-8", "identity", "gzip"])
def test_what_is_only_called_compressed_is_read_as_it_is(encoding: str) -> None:
    assert decode(received_as('{"summary": "Größe"}'.encode(), headers={"content-encoding": encoding})) == SAID
    assert decode(received_as("Größe ist 3".encode(), headers={"content-encoding": encoding})) == "Größe ist 3"


ENVELOPE = b'<s:Envelope xmlns:s="u"><s:Body><n:Alert xmlns:n="v"><n:Subject>x</n:Subject></n:Alert></s:Body></s:Envelope>'
XML = [
    ("elements and attributes by name", b'<alert id="7"><host>db-1</host></alert>', {"id": "7", "host": "db-1"}),
    ("namespaces and envelopes say nothing", ENVELOPE, {"Subject": "x"}),
    ("in the encoding it declares", '<?xml version="1.0" encoding="ISO-8859-1"?><a><b>größe</b></a>'.encode("latin-1"), {"b": "größe"}),
    ("repeated elements are a list", b"<a><b>1</b><b>2</b></a>", {"b": ["1", "2"]}),
]


@pytest.mark.parametrize(("what", "raw", "value"), XML, ids=[what for what, _, _ in XML])
def test_xml_is_read_as_a_mapping(what: str, raw: bytes, value: dict[str, object]) -> None:
    assert decode(Received("", raw)) == value
