"""Received as it is: whatever a sender with a valid key does to a body, it is a 202 and it pages.

As what was meant, where that can be known; else as unreadable, with the very bytes beside it.
"""

import gzip
import json
import zlib

import pytest
from sqlalchemy import text
from tests.system import System, to

from oncall.kit.db import Database

EVENT = '{"summary": "Größe von db-1", "dedup_key": "disk"}'
MEANT = [("opened", "Größe von db-1", "disk")]
UNREADABLE = [("unreadable", "unreadable event from prod", "oncall:unreadable:prod")]
UTF = EVENT.encode()
JAPANESE = '{"summary": "Größe von db-1", "dedup_key": "disk", "note": "データ"}'.replace("Größe", "ディスク")

READ = text("SELECT decision, summary, dedup_key FROM events ORDER BY id")
RAW = text("SELECT raw FROM event_bodies")


def opened(*summaries: str) -> list[tuple[str, str, None]]:
    """Events that name no problem: each is one of its own."""
    return [("opened", summary, None) for summary in summaries]


def numbered(value: str) -> bytes:
    return f'{{"summary": "x", "dedup_key": "k", "value": {value}}}'.encode()


def at(instant: str) -> bytes:
    return json.dumps({"summary": "x", "dedup_key": "k", "timestamp": instant, "startsAt": instant}).encode()


def part(name: str, said: bytes) -> bytes:
    return f'--x\r\nContent-Disposition: form-data; name="{name}"\r\n\r\n'.encode() + said + b"\r\n"


X = [("opened", "x", "k")]
FORM = {"content-type": "multipart/form-data; boundary=x"}
BOMB = gzip.compress(b" " * 50_000_000, 9)
TABLE: dict[str, tuple[bytes, dict[str, str], list[tuple[str, str, str | None]]]] = {
    # what its sender says of it is only a hint
    "JSON as a form": (UTF, {"content-type": "application/x-www-form-urlencoded"}, MEANT),
    "JSON as XML": (UTF, {"content-type": "application/xml"}, MEANT),
    "a form as JSON": (b"summary=x&dedup_key=k", {"content-type": "application/json"}, X),
    "XML as JSON": (b"<a><summary>x</summary><dedup_key>k</dedup_key></a>", {"content-type": "application/json"}, X),
    "no media type": (UTF, {"content-type": ""}, MEANT),
    "a media type that is none": (UTF, {"content-type": "\x7f;;;="}, MEANT),
    # compressed
    "gzip": (gzip.compress(UTF), {"content-encoding": "gzip"}, MEANT),
    "gzip, in capitals": (gzip.compress(UTF), {"content-encoding": "GZip"}, MEANT),
    "gzip in several members": (gzip.compress(UTF[:9]) + gzip.compress(UTF[9:]), {"content-encoding": "gzip"}, MEANT),
    "gzip that nobody announced": (gzip.compress(UTF), {}, MEANT),
    "gzip announced as identity": (gzip.compress(UTF), {"content-encoding": "identity"}, MEANT),
    "gzip in gzip": (gzip.compress(gzip.compress(UTF)), {"content-encoding": "gzip"}, MEANT),
    "deflate, then gzip": (gzip.compress(zlib.compress(UTF)), {"content-encoding": "deflate, gzip"}, MEANT),
    "deflate": (zlib.compress(UTF), {"content-encoding": "deflate"}, MEANT),
    "gzip that is none": (UTF, {"content-encoding": "gzip"}, MEANT),
    "gzip that breaks off": (gzip.compress(UTF)[:-5], {"content-encoding": "gzip"}, UNREADABLE),
    "gzip with something behind it": (gzip.compress(UTF) + b"x", {"content-encoding": "gzip"}, UNREADABLE),
    "a bomb": (BOMB, {"content-encoding": "gzip"}, UNREADABLE),
    "a bomb in a bomb": (gzip.compress(BOMB), {}, UNREADABLE),
    "brotli": (b"\x0b\x02\x80{}\x03", {"content-encoding": "br"}, UNREADABLE),
    "zstd": (b"\x28\xb5\x2f\xfd\x04\x00\x11\x00\x00{}", {"content-encoding": "zstd"}, UNREADABLE),
    # encodings
    "UTF-8 with a BOM": (EVENT.encode("utf-8-sig"), {}, MEANT),
    "UTF-16": (EVENT.encode("utf-16"), {}, MEANT),
    "UTF-16, little end first, without a BOM": (EVENT.encode("utf-16-le"), {}, MEANT),
    "UTF-16, big end first, without a BOM": (EVENT.encode("utf-16-be"), {}, MEANT),
    "UTF-32": (EVENT.encode("utf-32"), {}, MEANT),
    "UTF-32, little end first, without a BOM": (EVENT.encode("utf-32-le"), {}, MEANT),
    "UTF-32, big end first, without a BOM": (EVENT.encode("utf-32-be"), {}, MEANT),
    "latin-1": (EVENT.encode("latin-1"), {}, MEANT),
    "cp1252 announced as UTF-8": (EVENT.encode("cp1252"), {"content-type": "application/json; charset=utf-8"}, MEANT),
    "UTF-8 announced as latin-1": (UTF, {"content-type": "application/json; charset=latin-1"}, MEANT),
    "Shift-JIS as announced": (
        JAPANESE.encode("shift-jis"),
        {"content-type": "application/json; charset=Shift_JIS"},
        [("opened", "ディスク von db-1", "disk")],
    ),
    "a charset that does not exist": (EVENT.encode("latin-1"), {"content-type": "text/plain; charset=x-none"}, MEANT),
    "a charset that is no text's": (EVENT.encode("latin-1"), {"content-type": "text/plain; charset=zlib"}, MEANT),
    # characters, numbers, instants
    "NUL in a text": (b'{"summary": "a\x00b", "dedup_key": "k"}', {}, [("opened", "a�b", "k")]),
    "NUL, escaped": (b'{"summary": "a\\u0000b", "dedup_key": "k"}', {}, [("opened", "a�b", "k")]),
    "half a surrogate pair": (b'{"summary": "a\\ud800b", "dedup_key": "k"}', {}, [("opened", "a�b", "k")]),
    "control characters": (b'{"summary": "a\x01\\u001b[31mb", "dedup_key": "k"}', {}, [("opened", "a [31mb", "k")]),
    **{f"the number {value}": (numbered(value), {}, X) for value in ("NaN", "Infinity", "-Infinity", "1e999", "-1e999", "0.1e-999")},
    "an integer of 30 digits": (numbered("9" * 30), {}, X),
    "an integer of 50,000 digits": (numbered("9" * 50_000), {}, X),
    **{
        f"the instant {instant}": (at(instant), {}, X)
        for instant in (
            "0001-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59Z", "9999-12-31T23:59:59-14:00",
            "2016-12-31T23:59:60Z", "2026-02-30T00:00:00Z", "24:00", "-1", "99999999999999999999",
        )
    },
    # size and shape
    "100,000 names": (json.dumps({"summary": "x", "dedup_key": "k"} | {f"n{n}": n for n in range(100_000)}).encode(), {}, X),
    "4 MiB of text": (json.dumps({"dedup_key": "k", "summary": "x", "note": "y" * 4_190_000}).encode(), {}, X),
    "a million levels": (b"[" * 1_000_000, {}, UNREADABLE),
    "a million levels of objects": (b'{"a":' * 500_000, {}, UNREADABLE),
    "a name twice: the last counts": (b'{"summary": "y", "summary": "x", "dedup_key": "k"}', {}, X),
    "nothing": (b"", {}, UNREADABLE),
    "white space": (b" \r\n\t", {}, UNREADABLE),
    # not quite JSON
    "something behind it": (UTF + b" and more", {}, UNREADABLE),
    "a comma too many": (b'{"summary": "x",}', {}, UNREADABLE),
    "single quotes": (b"{'summary': 'x'}", {}, UNREADABLE),
    "JSON in lines": (b'{"summary": "a"}\n{"summary": "b"}\n', {}, opened("a", "b")),
    "one object behind the other": (b'{"summary": "a"}{"summary": "b"} {"summary": "c"}', {}, opened("a", "b", "c")),
    "a line that is broken": (b'{"summary": "a"}\n{"summary":\n', {}, UNREADABLE),
    "a call": (b'callback({"summary": "x", "dedup_key": "k"});', {}, X),
    "a guard against scripts": (b")]}',\n" + UTF, {}, MEANT),
    "percent-encoded": (b"%7B%22summary%22%3A+%22x%22%2C%22dedup_key%22%3A%22k%22%7D", {}, X),
    "a comment: a text like any other": (b'// of db-1\n{"summary": "x"}', {}, opened('// of db-1 {"summary": "x"}')),
    "YAML: a text like any other": (b"summary: x", {}, opened("summary: x")),
    "a page of a proxy": (b"<html><body><h1>502</h1><br></body></html>", {}, UNREADABLE),
    "an entity": (b'<!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>', {}, UNREADABLE),
    "binary": (bytes(range(256)), {}, UNREADABLE),
    # forms with files
    "JSON in a file of a form": (part('file"; filename="a.json', b'{"summary": "x", "dedup_key": "k"}') + b"--x--\r\n", FORM, X),
    "a picture beside fields": (
        part('picture"; filename="a.png', b"\x89PNG\x00\x01") + part("summary", b"x") + part("dedup_key", b"k") + b"--x--\r\n", FORM, X,
    ),
}  # fmt: skip


@pytest.fixture
async def key(system: System) -> str:
    key: str = (await system.service([to(await system.user("Ana"))], type="generic"))["key"]
    return key


@pytest.mark.parametrize("what", TABLE)
async def test_it_is_taken_and_pages_and_its_bytes_are_kept(system: System, database: Database, key: str, what: str) -> None:
    raw, headers, expected = TABLE[what]
    answer = await system.api.post(f"/intake/{key}", content=raw, headers={n: v.encode("latin-1") for n, v in headers.items()})  # type: ignore[misc]
    assert answer.status_code == 202, answer.text
    async with database.transaction() as tx:
        read = [tuple(row) for row in await tx.execute(READ)]
        stored = (await tx.execute(RAW)).scalar_one()
    named = [(decision, summary, dedup if meant[2] else None) for (decision, summary, dedup), meant in zip(read, expected, strict=True)]
    assert named == expected
    if expected == UNREADABLE:
        assert stored == raw if "in a bomb" not in what else len(stored) < 4 * 1024 * 1024
    await system.run_due()
    assert system.pages() == ["Ana"] * len(expected)
    shown = await system.api.get(f"/api/v1/events/{answer.json()['events'][0]['id']}")
    assert shown.status_code == 200
    assert shown.json()["body"]["size"] == len(stored)
