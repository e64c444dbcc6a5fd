"""Anything at all, at every way in, with a valid key: never a 5xx, never a refusal the specification does not name, never a lost event.

The routes come from their own table. `make soak` runs the same with many more examples (`--hypothesis-profile=soak`).
"""

import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st
from sqlalchemy import text
from structlog.testing import capture_logs
from tests.intake.strange import Sent, as_bytes, objects, posts, texts, words
from tests.intake.ways import FAMILIES, WAYS, KeyIn, Way
from tests.system import System, to

from oncall.kit.db import Database
from oncall.services.values import IntegrationType

NEW = text("SELECT id, dedup_key FROM events WHERE id > :last ORDER BY id")
NOTHING = UUID(int=0)
TYPES = [type.value for type in IntegrationType]


@dataclass(slots=True)
class Nodes:
    """The whole system, and a key for each type of integration that was asked for."""

    system: System
    database: Database
    integrations: str
    keys: dict[str, str] = field(default_factory=dict)
    last: UUID = NOTHING

    def __repr__(self) -> str:
        return "nodes"

    async def key(self, type: str) -> str:
        if type not in self.keys:
            self.keys[type] = (await self.system.make(self.integrations, name=type, type=type))["key"]
        return self.keys[type]

    async def stored(self) -> dict[UUID, str]:
        """The events that came since the last call, with their keys."""
        async with self.database.transaction(read_only=True) as tx:
            found = {row.id: row.dedup_key for row in await tx.execute(NEW, {"last": self.last})}
        self.last = max(found, default=self.last)
        return found


@pytest.fixture
async def nodes(system: System, database: Database) -> Nodes:
    made = await system.service([to(await system.user("Ana"))])
    return Nodes(system, database, f"services/{made['service']['id']}/integrations")


@dataclass(frozen=True, slots=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes


async def ask(app: Any, method: str, path: str, sent: Sent, *, pieces: int = 1) -> Answer:
    """As uvicorn asks an application, which allows more than a client library does."""
    length = max(len(sent.body) // pieces, 1)
    parts = [sent.body[at : at + length] for at in range(0, len(sent.body), length)] or [b""]
    coming: Iterator[tuple[int, bytes]] = enumerate(parts, 1)
    said: list[dict[str, Any]] = []

    async def receive() -> dict[str, Any]:
        n, part = next(coming)
        return {"type": "http.request", "body": part, "more_body": n < len(parts)}

    async def send(message: dict[str, Any]) -> None:
        said.append(message)

    scope = {
        "type": "http", "asgi": {"version": "3.0", "spec_version": "2.3"}, "http_version": "1.1", "scheme": "http", "method": method,
        "server": ("127.0.0.1", 8080), "client": ("127.0.0.1", 40_000), "root_path": "", "state": {},
        "path": path, "raw_path": path.encode("utf-8", "surrogatepass"), "query_string": sent.query, "headers": list(sent.headers),
    }  # fmt: skip
    await app(scope, receive, send)
    headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in said[0]["headers"]}
    return Answer(said[0]["status"], headers, b"".join(message.get("body", b"") for message in said[1:]))


@contextmanager
def no_defect() -> Iterator[None]:
    """What degrades because of a defect of ours is answered well, and logged: here it fails the test."""
    with capture_logs() as logs:
        yield
    told = [log for log in logs if log["log_level"] in {"error", "critical"}]
    assert not told, f"a defect was hidden: {told}"


def ids_in(answer: Answer) -> set[UUID]:
    """The ids by which an answer says what is stored."""
    if not answer.headers.get("content-type", "").startswith("application/json"):
        return set()
    said = json.loads(answer.body)
    one = said.get("requestId") or said.get("heartbeat", {}).get("id") or said.get("alert", {}).get("lastReceiveId")
    return {UUID(event["id"]) for event in said.get("events", [])} | ({UUID(one)} if one else set())


def keys_in(answer: Answer) -> set[str]:
    said = json.loads(answer.body) if answer.headers.get("content-type", "").startswith("application/json") else {}
    return {said[name] for name in ("dedup_key", "incident_key", "entity_id") if name in said}


async def check(nodes: Nodes, way: Way, answer: Answer, sent: Sent, *, must_take: bool) -> None:
    """What was promised is stored, and can be shown; what was refused may be, and left nothing."""
    stored = await nodes.stored()
    taken = way.takes(is_query=bool(sent.query)) and answer.status in way.family.takes
    if must_take and not taken:
        raise AssertionError(f"{way} refused with {answer.status} {answer.body!r}")
    if taken:
        assert stored, f"{way} answered {answer.status}, and nothing is stored"
        assert ids_in(answer) <= stored.keys(), "each id it gave is one that is stored"
        assert keys_in(answer) <= set(stored.values()), "each key it gave is one that is stored"
        for id in list(stored)[:2]:
            shown = await nodes.system.api.get(f"/api/v1/events/{id}")
            assert shown.status_code == 200, shown.text
            incident = shown.json()["incident_id"]
            assert incident is None or (await nodes.system.api.get(f"/api/v1/incidents/{incident}")).status_code == 200
        return
    assert answer.status in way.family.tells | way.by_rule, f"{way} refused with {answer.status} {answer.body!r}"
    assert not stored, f"{way} answered {answer.status}, and stored all the same"


async def sent_to(nodes: Nodes, way: Way, key: str, filled: dict[str, str], sent: Sent, *, must_take: bool, pieces: int = 1) -> None:
    post = replace(sent, headers=(*sent.headers, *way.headers(key)))
    with no_defect():
        answer = await ask(nodes.system.node.app, way.method, way.address(key, filled), post, pieces=pieces)
        await check(nodes, way, answer, post, must_take=must_take)


# --- addresses --------------------------------------------------------------------------------------------------------------

UNUSUAL = st.sampled_from([".", "..", "%2F", "\x00", "\r", "?", "#", "é", "\u2028", ";", "a b", "x" * 300])
segments = UNUSUAL | (words | texts).map(lambda said: "".join(c for c in said if c not in "/\n" and not "\ud800" <= c <= "\udfff") or "x")
"""Not a line break, which has a test of its own."""
VERBS_OF = {"POST": "close", "PUT": "message", "DELETE": "tags"}
VERBS = ["close", "acknowledge", "notes", "snooze", "tags", "details", "message", "assign", "x"]


@st.composite
def addresses(draw: st.DrawFn, way: Way) -> dict[str, str]:
    """What fills the open places of an address: words, or whatever a percent sign can bring in."""
    filled = {name: draw(segments) for name in way.names}
    if "verb" in filled:
        filled["verb"] = draw(st.sampled_from(VERBS) | segments)
    for name in {"rest", "identifier"} & filled.keys():
        filled[name] = "/".join(draw(st.lists(segments, min_size=1, max_size=3)))
    return filled


ways, types = st.sampled_from(WAYS), st.sampled_from(TYPES)


def test_every_way_in_is_known_and_every_family_is_used() -> None:
    assert {way.family.prefix for way in WAYS} == {family.prefix for family in FAMILIES}


async def test_each_way_takes_what_its_original_takes(nodes: Nodes) -> None:
    for way in WAYS:
        await core_sent_to(nodes, way, "opsgenie")


async def test_our_own_ways_take_an_event_whatever_the_type_of_the_integration(nodes: Nodes) -> None:
    """An API that we imitate answers as its original does, whatever the type; ours answers some types as they expect it."""
    for way in (way for way in WAYS if way.route.path in {"/intake", "/intake/{integration_key}"}):
        for type in {*TYPES[::8], "slack"}:
            await core_sent_to(nodes, way, type)


async def core_sent_to(nodes: Nodes, way: Way, type: str) -> None:
    key = await nodes.key(type)
    filled = dict.fromkeys(way.names, "x") | ({"verb": VERBS_OF.get(way.method, "x")} if "verb" in way.names else {})
    raw = way.signed(as_bytes(way.family.core), key) if way.method == "POST" else b""
    await sent_to(nodes, way, key, filled, Sent(raw, (), b"summary=Disk+full"), must_take=way.takes(is_query=True))


@pytest.mark.parametrize("name", ["a\nb", "\n", "a\n"])
async def test_a_line_break_in_an_address_is_like_any_other_character(nodes: Nodes, name: str) -> None:
    key = await nodes.key("opsgenie")
    wrong = []
    for way in (way for way in WAYS if way.names):
        filled = {open: f"a/{name}" if open in {"rest", "identifier"} else name for open in way.names}
        if "verb" in filled:
            filled["verb"] = VERBS_OF.get(way.method, "x")
        sent = Sent(as_bytes(way.family.core) if way.method == "POST" else b"", (), b"summary=Disk+full")
        try:
            await sent_to(nodes, way, key, filled, sent, must_take=way.takes(is_query=True))
        except AssertionError as error:
            wrong.append(str(error).partition("\n")[0])
    assert wrong == []


@st.composite
def _core(draw: st.DrawFn, way: Way) -> object:
    """An event that the original takes, with anything besides: what it needs stays as it is."""
    core = dict(way.family.core or {})
    beside = draw(objects)
    if isinstance(payload := core.get("payload"), dict):
        core["payload"] = {**draw(objects), **payload}
    return {**beside, **core}


@given(data=st.data(), way=ways, type=types)
async def test_an_event_that_its_original_takes_is_taken_whatever_else_it_says(
    nodes: Nodes, data: st.DataObject, way: Way, type: str
) -> None:
    key = await nodes.key(type)
    filled = data.draw(addresses(way))
    if "verb" in filled and way.method in VERBS_OF:
        filled["verb"] = VERBS_OF[way.method]
    raw = way.signed(as_bytes(data.draw(_core(way))), key)
    sent = data.draw(posts(raw))
    if any(name == b"content-encoding" for name, _ in sent.headers) and way.by_rule:
        sent = replace(sent, headers=tuple(pair for pair in sent.headers if pair[0] != b"content-encoding"), body=raw)
    await sent_to(nodes, way, key, filled, sent, must_take=way.takes(is_query=bool(sent.query)), pieces=data.draw(st.integers(1, 3)))


@given(data=st.data(), way=ways, type=types, sent=posts())
async def test_anything_is_taken_or_refused_as_the_original_refuses_and_never_lost(
    nodes: Nodes, data: st.DataObject, way: Way, type: str, sent: Sent
) -> None:
    key = await nodes.key(type)
    is_encoded = any(name == b"content-encoding" for name, _ in sent.headers)
    sent = sent if is_encoded else replace(sent, body=way.signed(sent.body, key))
    must_take = way.family.key_in is KeyIn.ADDRESS and way.takes(is_query=bool(sent.query))
    await sent_to(nodes, way, key, data.draw(addresses(way)), sent, must_take=must_take, pieces=data.draw(st.integers(1, 3)))
