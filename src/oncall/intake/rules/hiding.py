"""A text without the secrets in it, wherever they stand. Total: no text is too broken to be looked through, and none takes long.

Nothing is parsed. A secret is found by its name in the text (of JSON, a form, XML, a part of a multipart body, a line of mail or of YAML),
by its look (`Bearer …`, a login in an address, a private key), and inside what is encoded in the text (JSON in a string, percent, base64).
Where in doubt more is hidden.
"""

import base64
import json
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote, unquote, unquote_plus

from oncall.intake.rules.secrets import HIDDEN, is_opaque, is_perhaps_secret, is_secret

NESTED = 4
"""Levels of text in text."""

QUOTE = re.compile(r"""\\*["']|&(?:amp;)*(?:quot|apos|#0*3[49]|#x0*2[27]);""")
NAMED = re.compile(rf"(?<![\w.\-\[\]%$])(?P<name>[\w.\-\[\]%$]++)(?P<quote>{QUOTE.pattern})?\s*+(?:=>|[:=])\s*+")
PARTS_OF_A_NAME = re.compile(r"[.\[\]/$:]+")
BEFORE = re.compile(r"(\w+)[ _-]$")
TO_THE_END_OF_ITS_LINE, ONE_WORD = re.compile(r"""[^\r\n&<>"']*"""), re.compile(r"""[^\s,&<>"'}\]]*""")
HARMLESS = {"", "null", "true", "false", HIDDEN}
STRING = re.compile(r'"(?:[^"\\]|\\.)*+"?', re.DOTALL)
TOKEN = re.compile(r'"(?:[^"\\]|\\.)*+"?|[{}\[\]]|[^\s{}\[\]",:]++', re.DOTALL)

OPENED, CLOSED = r"(?:<|&(?:amp;)*lt;)", r"(?:>|&(?:amp;)*gt;)"
ATTRIBUTES = r"(?:[^<>&]|&(?!(?:amp;)*[lg]t;))*+"
ELEMENT = re.compile(rf"{OPENED}(?P<name>[A-Za-z_][\w.:\-]*+)(?P<attributes>{ATTRIBUTES}){CLOSED}")
NAMED_BY_ATTRIBUTE = re.compile(r"""\b(?:name|key|id|field)\s*=\s*["']([^"'<>]*)["']""")
VALUE_ATTRIBUTE = re.compile(r"""\bvalue\s*=\s*(?:"([^"]*)"|'([^']*)')""")
NAMED_BEFORE = re.compile(rf"{CLOSED}\s*([\w.\-]++)\s*{OPENED}/[\w:]*(?:name|key){CLOSED}\s*{OPENED}(?P<tag>[\w:]++){ATTRIBUTES}{CLOSED}")
DISPOSITION = re.compile(r"content-disposition:([^\r\n]*+)", re.IGNORECASE)
NAME_OF_PART = re.compile(r'\bname="?([^"\r\n;]{1,200})', re.IGNORECASE)
REST_OF_HEAD = re.compile(r"(?:\r?\n[^\r\n]{1,500}+){0,20}+\r?\n\r?\n")
END_OF_PART = re.compile(r"\r?\n--|$(?![\r\n])")

SLASH = r"\\?/"
SK = re.compile(r"(?<![\w\-])(sk-(?=[A-Za-z_\-]*+[0-9])[\w\-]{20,})")
LOOKS = [
    re.compile(r"(?i)\bbearer\s+([\w.~+/=\-]{6,})"),
    re.compile(r"(?i)\b(?:basic|token|geniekey|apikey|digest|hmac|key)\s+((?=[A-Za-z._~+/\-]*[0-9=])[\w.~+/=\-]{8,})"),
    re.compile(r"(?<=://)([^/?#\s\"<>]*)@"),
    re.compile(r"(?<=:\\/\\/)([^/?#\s\"<>\\]*)@"),
    re.compile(r"(-----BEGIN [A-Z ]*PRIVATE KEY(?: BLOCK)?-----(?:.*?-----END [A-Z ]*PRIVATE KEY(?: BLOCK)?-----|.*))", re.DOTALL),
    re.compile(r"(?<![\w\-])(eyJ[\w\-]{8,}+\.[\w\-]{4,}+\.[\w\-]*+)"),
    re.compile(r"\b(oc_[a-z]+_\w{8,}|gh[a-z]_\w{20,}|github_pat_\w{20,}|glpat-[\w\-]{20,}|xox[a-z]-[\w\-]{10,}|sk_live_\w{10,})"),
    re.compile(r"\b(AIza[\w\-]{30,50}|SG\.[\w\-]{16,}+\.[\w\-]{16,})"),
    SK,
    *(
        re.compile(at.replace("/", SLASH))
        for at in (
            r"hooks\.slack\.com/(?:services|workflows|triggers)/([\w/\\]+)",
            r"discord(?:app)?\.com/api/(?:v[0-9]+/)?webhooks/([\w/\\\-]+)",
            r"\boffice\.com/webhook(?:b2)?/([\w@/\\\-]+)",
            r"api\.telegram\.org/bot([0-9]+:[\w\-]+)",
            r"/intake/([0-9a-z]{32})(?![0-9A-Za-z])",
            r"/integrations/generic/[0-9]{1,20}/alert/([0-9a-z]{32})(?![0-9A-Za-z])",
        )
    ),
]
ESCAPED_LETTER = re.compile(r"(?<!\\)((?:\\\\)*)\\u00(2d|3[0-9]|4[1-9a-f]|5[0-9af]|6[1-9a-f]|7[0-9a])", re.IGNORECASE)
PERCENT = re.compile(r"(?<![^\s&=<>\"'])(?=[^\s&=<>\"'%]*+%)[^\s&=<>\"']*%[0-9A-Fa-f]{2}[^\s&<>\"']*+")
BASE64 = re.compile(r"[A-Za-z0-9+/_\-]{16,}={0,2}")
TWINS = re.compile(r'"(?:name|key|field|header)"\s*:|\[\s*"', re.IGNORECASE)
NAMES, VALUES = {"name", "key", "field", "header", "id"}, {"value", "val", "content", "text"}

Span = tuple[int, int]


def redacted(text: str, nested: int = NESTED, *, is_prose: bool = False) -> str:
    """The text with `[redacted]` in the place of every secret; in prose, `token: expired` is a sentence, `token: x81b22c` is not."""
    if "\\u00" in text:
        text = ESCAPED_LETTER.sub(lambda found: found[1] + chr(int(found[2], 16)), text)
    if nested:
        text = _inside(text, nested - 1)
    spans = [*_named(text, is_prose=is_prose), *_elements(text), *_parts(text), *_by_their_look(text)]
    if TWINS.search(text):
        spans += _twins(text)
    return _without(text, spans)


def _without(text: str, spans: list[Span]) -> str:
    kept, at = [], 0
    for start, end in sorted(spans, key=lambda span: (span[0], -span[1])):
        if start >= at and end > start:
            is_bare = text[start] in "{[" or text[end : end + 1] in {",", "}", "]"}
            kept += [text[at:start], f'"{HIDDEN}"' if is_bare and text[start - 1 : start] not in {'"', "'"} else HIDDEN]
            at = end
        elif end > at > start:
            at = end  # it begins in what is hidden already, and ends behind it
    return "".join([*kept, text[at:]])


def without_looks(text: str) -> str:
    """The text without what looks like a secret, whatever it is called."""
    return _without(text, list(_by_their_look(text)))


def is_secret_name(name: str) -> bool:
    """Whether any part of a name as texts have it says that it is secret: `user[password]`, `spring.datasource.password`, `api%5Fkey`."""
    return is_secret(name) or any(is_secret(part) for part in PARTS_OF_A_NAME.split(unquote(name)) if part)


def _named(text: str, *, is_prose: bool) -> Iterator[Span]:
    at = 0
    while found := NAMED.search(text, at):
        at = found.end()
        name = found["name"]
        if name.lower() == "key" and (before := BEFORE.search(text[max(0, found.start() - 20) : found.start()])):
            name = before[1] + name  # "API key: …"
        is_named = is_secret_name(name)
        if is_named or is_perhaps_secret(name.rpartition(".")[2]):
            start, end = _value(text, at, is_word=found["quote"] is not None or is_prose)
            said = text[start:end].strip()
            is_sentence = is_prose and start == at and text[at - 1] != "=" and not (len(said) >= 6 and any(map(str.isdigit, said)))
            if said not in HARMLESS and not is_sentence and (is_named or is_opaque(said)):
                yield start, end
            at = max(end, at)


def _value(text: str, at: int, *, is_word: bool) -> Span:
    """Where the value that begins here ends; one that does not end goes on to the end of the text."""
    if quoted := QUOTE.match(text, at):
        return quoted.end(), _end_of_string(text, quoted.end(), quoted[0])
    if text[at : at + 1] in {"{", "["}:
        return at, _end_of_group(text, at)
    found = (ONE_WORD if is_word else TO_THE_END_OF_ITS_LINE).match(text, at)
    return at, found.end() if found else at


def _end_of_string(text: str, at: int, mark: str) -> int:
    if mark[0] == "&":
        end = text.find(mark, at)
        return len(text) if end < 0 else end
    escapes = len(mark) - 1
    end = text.find(mark[-1], at)
    while end >= 0:
        before = 0
        while end - before > at and text[end - before - 1] == "\\":
            before += 1
        if before == escapes or (escapes == 0 and before % 2 == 0):
            return end - escapes
        end = text.find(mark[-1], end + 1)
    return len(text)


def _end_of_group(text: str, at: int) -> int:
    depth = 0
    for token in TOKEN.finditer(text, at):
        depth += {"{": 1, "[": 1, "}": -1, "]": -1}.get(token[0], 0)
        if depth == 0:
            return token.end()
    return len(text)


def _elements(text: str) -> Iterator[Span]:
    """What stands in XML between the tags of a secret name; or of `<param name="password">`, or after `<name>password</name>`."""
    if "<" not in text and "lt;" not in text:
        return
    at = 0
    while found := ELEMENT.search(text, at):
        at = found.end()
        named = NAMED_BY_ATTRIBUTE.search(found["attributes"])
        by_attribute = named is not None and is_secret_name(named[1])
        if by_attribute:
            yield from ((found.start("attributes") + v.start(v.lastindex or 0), found.start("attributes") + v.end(v.lastindex or 0))
                        for v in VALUE_ATTRIBUTE.finditer(found["attributes"]))  # fmt: skip
        if (by_attribute or is_secret(found["name"].rpartition(":")[2])) and not found["attributes"].rstrip().endswith("/"):
            end = _end_of_element(text, at, found["name"])
            yield at, end
            at = end
    at = 0
    for found in NAMED_BEFORE.finditer(text):
        if found.end() >= at and is_secret_name(found[1]):
            at = _end_of_element(text, found.end(), found["tag"])
            yield found.end(), at


def _end_of_element(text: str, at: int, name: str) -> int:
    found = re.compile(rf"{OPENED}/{re.escape(name)}\s*{CLOSED}").search(text, at)
    return found.start() if found else len(text)


def _parts(text: str) -> Iterator[Span]:
    """The bodies of parts of a form whose name is secret."""
    if "isposition" not in text and "ISPOSITION" not in text:
        return
    at = 0
    while found := DISPOSITION.search(text, at):
        at = found.end()
        named = NAME_OF_PART.search(found[1])
        if named and is_secret_name(named[1]) and (head := REST_OF_HEAD.match(text, at)):
            end = END_OF_PART.search(text, head.end())
            at = end.start() if end else len(text)
            yield head.end(), at


def _by_their_look(text: str) -> Iterator[Span]:
    for look in LOOKS:
        yield from (found.span(1) for found in look.finditer(text))


@dataclass(slots=True)
class _Group:
    """An object or an array while its tokens go by: whether one of its members names a secret, and where its values are."""

    is_object: bool
    start: int
    names_a_secret: bool = False
    values: list[Span] = field(default_factory=list)
    elements: int = 0
    member: str = ""

    def twins(self) -> list[Span]:
        return self.values if self.names_a_secret else []

    def ends_one(self, inner: "_Group", end: int) -> None:
        """A group in it has ended."""
        self.elements += 1
        if self.member in VALUES if self.is_object else self.elements > 1:
            self.values.append((inner.start, end))

    def takes(self, said: str, at: Span, *, is_name: bool) -> None:
        """The next string or word in it, which may be the name of a member."""
        self.elements += 1
        if self.is_object and is_name:
            self.member = said.lower()
        elif self.is_object:
            self.names_a_secret |= self.member in NAMES and is_secret_name(said)
            if self.member in VALUES:
                self.values.append(at)
        elif self.elements == 1:
            self.names_a_secret = is_secret_name(said)
        else:
            self.values.append(at)


def _twins(text: str) -> Iterator[Span]:
    """Values of objects that hold name and value apart, `{"name": "password", "value": …}`, and of pairs `["password", …]`."""
    groups: list[_Group] = []
    tokens = list(TOKEN.finditer(text))
    for n, token in enumerate(tokens):
        said, group = token[0], groups[-1] if groups else None
        if said in {"{", "["}:
            groups.append(_Group(said == "{", token.start()))
        elif said in {"}", "]"}:
            if group:
                yield from groups.pop().twins()
                if groups:
                    groups[-1].ends_one(group, token.end())
        elif group:
            is_string = said[0] == '"'
            start, end = (token.start() + 1, token.end() - (len(said) > 1 and said[-1] == '"')) if is_string else token.span()
            then = text[token.end() : tokens[n + 1].start()] if n + 1 < len(tokens) else ""
            group.takes(text[start:end], (start, end), is_name=is_string and ":" in then)
    while groups:  # cut off before their ends
        group = groups.pop()
        yield from group.twins()
        if groups:
            groups[-1].ends_one(group, len(text))


def _inside(text: str, nested: int) -> str:
    """The text with what is encoded in it looked through as well, and encoded again where there was something to hide."""
    if '\\"' in text:
        text = STRING.sub(lambda found: _again(found[0], _unescaped, _escaped, nested), text)
    if "%" in text:
        text = PERCENT.sub(lambda found: _again(found[0], unquote_plus, _percent, nested), text)
    return BASE64.sub(lambda found: _again(found[0], _from_base64, _to_base64, nested), text)


def _again(said: str, decoded: Callable[[str], str | None], encoded: Callable[[str], str], nested: int) -> str:
    inner = decoded(said)
    if inner is None or inner == said:
        return said
    hidden = redacted(inner, nested)
    return said if hidden == inner else encoded(hidden)


def _unescaped(said: str) -> str | None:
    try:
        return str(json.loads(said, strict=False)) if '\\"' in said else None
    except ValueError:
        return None


def _escaped(said: str) -> str:
    return json.dumps(said)


def _percent(said: str) -> str:
    return quote(said, safe="/:?=&[],;")


def _from_base64(said: str) -> str | None:
    """What is text with a structure in which something could have a name."""
    body = said.rstrip("=").replace("-", "+").replace("_", "/")
    whole = body[: len(body) // 4 * 4] if len(body) % 4 == 1 else body + "=" * (-len(body) % 4)
    try:
        text = base64.b64decode(whole).decode()
    except ValueError:
        return None
    return text if text.isascii() or text.isprintable() else None


def _to_base64(said: str) -> str:
    return base64.b64encode(said.encode("utf-8", "replace")).decode()
