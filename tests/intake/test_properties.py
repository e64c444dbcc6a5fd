"""Adapters are total: any bytes and any JSON value become events that PostgreSQL can hold, never an exception."""

import json
from contextlib import suppress
from dataclasses import astuple, replace

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.examples import examples
from tests.intake.payloads import CAPTURED, events, integration

from oncall.intake import commands
from oncall.intake.commands.dialects import DIALECTS
from oncall.intake.rules import decode
from oncall.intake.values import Received, Unreadable
from oncall.services.values import IntegrationType

TYPES = st.sampled_from([type.value for type in IntegrationType])

# Names that adapters look for, among any text: half a surrogate pair and NUL come in by escapes.
NAMES = st.sampled_from([
    "alerts", "labels", "annotations", "commonLabels", "status", "startsAt", "endsAt", "fingerprint", "severity", "generatorURL",
    "externalURL", "payload", "event_action", "dedup_key", "links", "images", "href", "src", "custom_details", "timestamp", "summary",
    "source", "title", "state", "action", "id", "tags", "url", "monitor", "heartbeat", "name", "host", "check", "text", "values",
    "details", "event_type", "incident_key", "contexts", "client_url", "resolved",
])  # fmt: skip
WORDS = st.sampled_from(
    ["resolved", "trigger", "ok", "critical", "http://a.example", "2026-01-01T00:00:00Z", "0001-01-01T00:00:00+14:00", ""]
)
TEXTS = st.text(st.characters(exclude_categories=()), max_size=30)  # surrogates and control characters too
SCALARS = st.none() | st.booleans() | st.integers() | st.floats() | WORDS | TEXTS
VALUES = st.recursive(SCALARS, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(NAMES | TEXTS, inner, max_size=6), max_leaves=25)


def texts(value: object) -> list[str]:
    match value:
        case str():
            return [value]
        case list() | tuple():
            return [text for element in value for text in texts(element)]
        case dict():
            return [text for pair in value.items() for text in texts(pair)]
        case _:
            return []


def check(type: str, raw: bytes) -> None:
    for event in events(type, raw):
        assert 0 < len(event.summary) <= 1_024
        assert "\n" not in event.summary
        assert 0 < len(event.dedup_key) <= 255
        assert all(len(name) <= 255 and len(text) <= 4_096 for name, text in event.labels.items())
        assert all(href.startswith(("http://", "https://")) for href, _ in event.links)
        for text in texts([field for field in astuple(event) if not isinstance(field, bytes)]):
            text.encode()
            assert "\x00" not in text
        json.dumps(event.details, allow_nan=False)


@given(type=TYPES, value=VALUES)
@examples(100)
def test_any_json_becomes_events(type: str, value: object) -> None:
    check(type, json.dumps(value).encode())


@given(type=TYPES, alerts=st.lists(VALUES, max_size=4), event=st.dictionaries(NAMES, VALUES, max_size=8))
@examples(100)
def test_any_json_with_the_right_names_becomes_events(type: str, alerts: list[object], event: dict[str, object]) -> None:
    check(type, json.dumps({"alerts": alerts, "payload": event, **event}).encode())


@given(type=TYPES, raw=st.binary(max_size=200) | st.text(max_size=100).map(str.encode))
@examples(100)
def test_any_bytes_become_events(type: str, raw: bytes) -> None:
    check(type, raw)


FILES = sorted(path for path in CAPTURED.rglob("*") if path.is_file())


@given(path=st.sampled_from(FILES), at=st.integers(0, 5_000), by=st.binary(max_size=3), cut=st.integers(0, 5))
@examples(100)
def test_real_bodies_that_were_damaged_become_events(path: object, at: int, by: bytes, cut: int) -> None:
    raw = path.read_bytes()  # type: ignore[attr-defined]
    at %= len(raw)
    for type in IntegrationType:
        check(type.value, raw[:at] + by + raw[at + cut :])


@given(type=TYPES, value=VALUES)
@examples(100)
def test_adapters_raise_nothing_but_unreadable(type: str, value: object) -> None:
    """`read` would hide an adapter's defect behind an unreadable event, so here it is not asked."""
    with suppress(Unreadable):
        received = Received("", json.dumps(value).encode())
        assert DIALECTS[IntegrationType(type)].read(decode(received), received)


def test_an_adapter_with_a_defect_still_pages(monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(_: object, __: Received) -> list[object]:
        raise KeyError("a defect")

    spoilt = replace(DIALECTS[IntegrationType.GENERIC], read=broken)  # type: ignore[arg-type]
    monkeypatch.setitem(commands.reading.DIALECTS, IntegrationType.GENERIC, spoilt)  # type: ignore[attr-defined]
    received = Received("", b"{}")
    (reading,) = commands.read(received, integration("generic"))
    assert (reading.unreadable, reading.reason) == (True, "the generic adapter failed on it")
