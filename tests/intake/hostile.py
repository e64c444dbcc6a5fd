"""Bodies that no monitor should send, and some do: each by what is odd about it."""

import gzip
import json
import zlib

EVENT = {"summary": "Disk full", "severity": "critical", "source": "db-1"}
ALL = {
    "event_action": "trigger",
    "payload": EVENT,
    "alerts": [{"status": "firing", "labels": {"alertname": "Disk full"}, "annotations": {"summary": "Disk full"}}],
    "commonLabels": {},
    **EVENT,
}
"""An event in every dialect."""


def odd(**changes: object) -> bytes:
    return json.dumps({**ALL, **changes}).encode()


def everywhere(value: object) -> bytes:
    """The value in every field that any adapter reads."""
    payload = dict.fromkeys(("summary", "source", "severity", "component", "group", "class", "timestamp", "custom_details"), value)
    names = ("status", "labels", "annotations", "startsAt", "endsAt", "generatorURL", "fingerprint", "values")
    fields = ("summary", "status", "state", "severity", "host", "check", "labels", "tags", "links", "images", "url", "details", "timestamp")
    alert = dict.fromkeys(names, value)
    common = {"commonLabels": value, "commonAnnotations": value, "externalURL": value, "event_action": value, "dedup_key": value}
    return json.dumps({**dict.fromkeys(fields, value), **common, "payload": payload, "alerts": [alert, alert, value]}).encode()


BODIES: dict[str, bytes] = {
    "empty": b"",
    "white space": b" \r\n\t",
    "not JSON": b"{summary: Disk full",
    "a sentence": b"Disk full on db-1",
    "XML": b"<event><summary>Disk full</summary></event>",
    "a form": b"summary=Disk+full&severity=critical",
    "binary": bytes(range(256)),
    "NUL, raw": b'{"summary": "Disk \x00 full", "event_action": "trigger"}',
    "NUL, escaped": odd(summary="Disk \x00 full", payload={"summary": "a\x00", "custom_details": {"k\x00": "v\x00"}}),
    "NUL in names": odd(labels={"a\x00b": "c\x00"}, alerts=[{"labels": {"alertname\x00": "x\x00"}, "annotations": {"\x00": "\x00"}}]),
    "NUL in keys": odd(dedup_key="a\x00b", alerts=[{"fingerprint": "a\x00b"}]),
    "lone surrogates": odd(summary="\ud800", dedup_key="\udfff", labels={"\ud800": "\udc00"}, alerts=[{"fingerprint": "\ud800"}]),
    "a surrogate in UTF-8": b'{"summary": "\xed\xa0\x80", "event_action": "trigger"}',
    "NaN": b'{"summary": NaN, "event_action": "trigger", "payload": {"custom_details": {"a": Infinity, "b": -Infinity}}}',
    "1e999": b'{"summary": "x", "value": 1e999, "event_action": "trigger", "payload": {"custom_details": {"a": 1e999}}}',
    "a BOM": b"\xef\xbb\xbf" + json.dumps(ALL).encode(),
    "UTF-16": json.dumps(ALL).encode("utf-16"),
    "UTF-16 without a BOM": json.dumps(ALL).encode("utf-16-le"),
    "Latin-1": json.dumps({**ALL, "summary": "Platte groß"}, ensure_ascii=False).encode("latin-1"),
    "deep": b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
    "deep inside an event": b'{"summary": "x", "event_action": "trigger", "d": ' + b"[" * 60 + b"]" * 60 + b"}",
    "100,000 names": json.dumps({f"n{n}": n for n in range(100_000)} | ALL).encode(),
    "100,000 labels": odd(labels={f"n{n}": n for n in range(100_000)}, alerts=[{"labels": {f"n{n}": "x" for n in range(100_000)}}]),
    "a huge integer": b'{"summary": "x", "value": 123456789012345678901234567890, "id": ' + b"9" * 4_000 + b"}",
    "an integer nobody can mean": b'{"summary": "x", "event_action": "trigger", "id": ' + b"9" * 50_000 + b"}",
    "a long fraction": b'{"summary": "x", "value": 0.' + b"1" * 50_000 + b"}",
    "long strings": odd(summary="x" * 200_000, payload={"summary": "y" * 200_000, "custom_details": {"z": "z" * 200_000}}),
    "a long key": odd(dedup_key="k" * 10_000, alerts=[{"fingerprint": "f" * 10_000}]),
    "a long key of four-byte characters": odd(dedup_key="😀" * 10_000, alerts=[{"fingerprint": "😀" * 10_000}]),
    "repeated names": b'{"summary": "a", "summary": "b", "event_action": "trigger", "event_action": "trigger"}',
    "control characters": odd(summary="".join(map(chr, range(1, 32))) + "\x7f\x85\u2028\u202e", dedup_key="\x01\x1b[31m\n"),
    "instants": odd(timestamp="9999-12-31T23:59:59-14:00", alerts=[{"startsAt": "0000-00-00", "endsAt": "2026-13-45T99:99:99Z"}]),
    "far instants": odd(payload={"timestamp": "1971-01-01T00:00:00Z"}, alerts=[{"startsAt": "2200-12-31T00:00:00Z", "endsAt": 1e308}]),
    **{
        f"{value!r} everywhere"[:40]: everywhere(value)
        for value in (None, True, 0, -1.5, "", "x", [], {}, [[]], [{}], {"a": {"b": []}}, "\x00")
    },
    "null": b"null",
    "a number": b"7",
    "an empty list": b"[]",
    "a list of nothing": b"[null, 1, [], {}]",
    "no alerts": b'{"alerts": []}',
    "alerts that are none": b'{"alerts": [null, 1, "x", [], {}]}',
}

COMPRESSED: dict[str, tuple[str, bytes]] = {
    "gzip": ("gzip", gzip.compress(json.dumps(ALL).encode())),
    "deflate": ("deflate", zlib.compress(json.dumps(ALL).encode())),
    "a bomb": ("gzip", gzip.compress(b"[" + b"0," * 40_000_000 + b"0]", 1)),
    "broken gzip": ("gzip", gzip.compress(json.dumps(ALL).encode())[:-5]),
    "not gzip at all": ("gzip", json.dumps(ALL).encode()),
    "another encoding": ("br", b"\x0b\x02\x80{}\x03"),
    "two encodings": ("gzip, gzip", gzip.compress(gzip.compress(json.dumps(ALL).encode()))),
}

MEDIA_TYPES = [
    "",
    "application/json",
    "text/plain",
    "application/x-www-form-urlencoded",
    "application/json; charset=utf-16",
    "garbage",
    "a\x00b",
    "é" * 300,
]
