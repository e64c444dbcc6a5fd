"""Whatever somebody may send: bodies, headers and queries, made by Hypothesis of the words our dialects look for and of bytes."""

import copy
import gzip
import json
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar
from urllib.parse import quote_from_bytes

from hypothesis import strategies as st
from tests.intake.hostile import BODIES
from tests.intake.payloads import CAPTURED, SHARED

from oncall.intake.commands.dialects import DIALECTS

T = TypeVar("T")

LONGEST = 20_000
"""Of a real body that is damaged; longer ones say nothing more, and take long."""


def _said(value: object) -> Iterator[str]:
    """Every text in a value, names too."""
    match value:
        case str():
            yield value
        case list():
            for inner in value:
                yield from _said(inner)
        case dict():
            for name, inner in value.items():
                yield name
                yield from _said(inner)


def _example(text: str) -> object:
    try:
        return json.loads(text)
    except ValueError:
        return None


def _files() -> list[bytes]:
    """Real bodies: ours, and those beside the repository where they are."""
    paths = [path for folder in (CAPTURED, SHARED) if folder.exists() for path in folder.rglob("*") if path.is_file()]
    real = [path for path in sorted(paths) if path.suffix != ".md" and not path.name.endswith(".request.json")]
    return [raw for raw in (path.read_bytes() for path in real) if len(raw) <= LONGEST]


REAL = _files()
EXAMPLES = [_example(dialect.example) for dialect in DIALECTS.values()]
WORDS = sorted({text for example in EXAMPLES for text in _said(example) if len(text) <= 60})
"""What the examples of all dialects say: the names they look for and the states and severities they know."""


def among(these: Sequence[T]) -> st.SearchStrategy[T]:
    """One of these, of which Hypothesis need not know what they are: it would print them all."""
    return st.integers(0, len(these) - 1).map(lambda n: these[n])


texts = st.text(st.characters(exclude_categories=()), max_size=30)  # half surrogate pairs and control characters too
words = among(WORDS)
numbers = (
    st.integers() | st.floats() | st.sampled_from([10**400, 2**63, -(2**63), 1e308, -1, 1_700_000_000, 1_700_000_000_000, 253402300800])
)
instants = st.sampled_from(["0001-01-01T00:00:00+14:00", "9999-12-31T23:59:59-14:00", "2026-01-01T00:00:00Z", "2026-02-30", "now"])
scalars = st.none() | st.booleans() | numbers | words | texts | instants
values = st.recursive(scalars, lambda inner: st.lists(inner, max_size=4) | st.dictionaries(words | texts, inner, max_size=8), max_leaves=30)
objects = st.dictionaries(words | texts, values, max_size=12)
known = among([example for example in EXAMPLES if example is not None])


def _places(value: object, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    yield path
    if isinstance(value, dict | list):
        for name, inner in value.items() if isinstance(value, dict) else enumerate(value):
            yield from _places(inner, (*path, name))


def _replaced(value: Any, path: tuple[Any, ...], by: object) -> object:
    if not path:
        return by
    changed = copy.deepcopy(value)
    inner = changed
    for name in path[:-1]:
        inner = inner[name]
    inner[path[-1]] = by
    return changed


def as_bytes(value: object) -> bytes:
    """As JSON; what no UTF-8 holds as an escape."""
    return json.dumps(value).encode()


@st.composite
def swapped(draw: st.DrawFn) -> bytes:
    """A real body or an example in which one node, at random, is something else."""
    raw = draw(among(REAL))
    value = _example(raw.decode("utf-8", "replace"))
    if value is None:
        value = draw(known)
    places = list(_places(value))[:500]
    return as_bytes(_replaced(value, draw(among(places)), draw(values)))


@st.composite
def damaged(draw: st.DrawFn) -> bytes:
    """A real body with a few bytes flipped, cut off, or continued by another one."""
    raw = bytearray(draw(among(REAL)))
    match draw(st.sampled_from(["flip", "cut", "splice", "insert"])):
        case "flip":
            for at in draw(st.lists(st.integers(0, max(len(raw) - 1, 0)), min_size=1, max_size=4)):
                if raw:
                    raw[at] ^= draw(st.integers(1, 255))
        case "cut":
            del raw[draw(st.integers(0, len(raw))) :]
        case "splice":
            other = draw(among(REAL))
            raw[draw(st.integers(0, len(raw))) :] = other[draw(st.integers(0, len(other))) :]
        case _:
            at = draw(st.integers(0, len(raw)))
            raw[at:at] = draw(st.binary(max_size=20))
    return bytes(raw)


bodies = st.one_of(
    values.map(as_bytes),
    objects.map(as_bytes),
    st.lists(objects | known, max_size=5).map(as_bytes),
    swapped(),
    damaged(),
    st.binary(max_size=300),
    texts.map(lambda text: text.encode("utf-8", "surrogatepass")),
    objects.map(lambda value: json.dumps(value, ensure_ascii=False).encode("utf-16", "surrogatepass")),
    among([raw for raw in BODIES.values() if len(raw) < LONGEST]),
)

encodings = st.sampled_from([b"", b"gzip", b"x-gzip", b"deflate", b"br", b"identity", b"gzip, gzip", b"GZIP", b"\xff", b"zstd"])


def _encoded(raw: bytes, encoding: bytes) -> bytes:
    match encoding.lower():
        case b"gzip" | b"x-gzip":
            return gzip.compress(raw, 1)
        case b"deflate":
            return zlib.compress(raw, 1)
        case _:
            return raw


KNOWN_HEADERS = [
    b"content-type", b"user-agent", b"x-github-event", b"x-github-delivery", b"x-gitlab-event", b"idempotency-key", b"request-id",
    b"sentry-hook-resource", b"x-atlassian-webhook-identifier", b"x-amz-sns-message-id", b"x-amz-sns-message-type", b"ce-specversion",
    b"ce-id", b"ce-type", b"ce-source", b"ce-subject", b"ce-time", b"x-severity", b"x-forwarded-for", b"x-forwarded-proto", b"forwarded",
    b"accept", b"accept-encoding", b"cookie", b"date", b"x-request-id", b"traceparent", b"range", b"if-match", b"x-http-method-override",
    b"sentry-hook-signature", b"x-hub-signature-256", b"webhook-id", b"webhook-timestamp", b"webhook-signature",
]  # fmt: skip
TOKEN = b"!#$%&'*+-.^_`|~0123456789abcdefghijklmnopqrstuvwxyz"
FRAMING = {
    b"host", b"content-length", b"transfer-encoding", b"connection", b"upgrade", b"expect", b"te", b"trailer", b"keep-alive",
    b"proxy-connection", b"content-encoding", b"authorization", b"x-api-key",
}  # fmt: skip
"""These say how long the body is and who sends it; what they do is said on purpose, where it is meant."""

names = st.sampled_from(KNOWN_HEADERS) | st.lists(st.sampled_from(TOKEN), min_size=1, max_size=20).map(bytes).filter(
    lambda name: name not in FRAMING
)
legal = st.binary(max_size=60).map(lambda said: bytes(byte for byte in said if byte >= 0x20 and byte != 0x7F).strip())
"""What a header may say: anything that is printed, and bytes beyond ASCII."""

media_types = st.sampled_from(
    [b"application/json", b"text/plain", b"application/x-www-form-urlencoded", b"multipart/form-data; boundary=x", b"message/rfc822",
     b"application/xml", b"application/cloudevents+json", b"application/json; charset=utf-16", b"\xff\xfe", b""]
)  # fmt: skip
said_words = among([word.encode() for word in WORDS if word.isascii() and word.isprintable()])
headers = st.lists(st.tuples(names, legal | said_words) | st.tuples(st.just(b"content-type"), media_types), max_size=6)

pairs = st.lists(st.tuples(words | texts, words | texts), max_size=5)
queries = st.one_of(
    st.just(b""),
    pairs.map(lambda said: b"&".join(b"=".join(quote_from_bytes(x.encode("utf-8", "surrogatepass")).encode() for x in p) for p in said)),
    st.binary(max_size=40).map(lambda raw: quote_from_bytes(raw, safe="&=%+;?/").encode()),
)


@dataclass(frozen=True, slots=True)
class Sent:
    """What somebody posts, but for the address and the key."""

    body: bytes
    headers: tuple[tuple[bytes, bytes], ...]
    query: bytes


@st.composite
def posts(draw: st.DrawFn, raw: bytes | None = None) -> Sent:
    """This body, else any."""
    raw = draw(bodies) if raw is None else raw
    encoding = draw(st.just(b"") | encodings)
    its = draw(headers)
    if encoding:
        its = [*its, (b"content-encoding", encoding)]
        raw = _encoded(raw, encoding) if draw(st.integers(0, 3)) else raw  # one in four lies
    return Sent(raw, tuple(its), draw(st.just(b"") | queries))
