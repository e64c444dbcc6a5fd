"""Label matchers as Alertmanager has them: `{severity="critical", job=~"api.*", env!="dev"}`. Pure; no expression can hold anybody up.

Semantics are Alertmanager's (`pkg/labels`, `matcher/parse`): a label that is not there is the empty text; regular expressions are RE2's,
which takes time in proportion to the text, and must match the whole of it; several matchers must all match.
"""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any, Generic, TypeVar

import re2

from oncall.kit.errors import Invalid

T = TypeVar("T")

LONGEST = 4_096
"""Characters of one text of matchers, and of one value."""

RESERVED = frozenset("{}!=~,\\\"'`")
"""What a name or a value may hold only in quotes; spaces as well."""

ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "a": "\a", "b": "\b", "f": "\f", "v": "\v", "\\": "\\", '"': '"'}
CODES = {"x": 2, "u": 4, "U": 8}
UNESCAPED = {text: f"\\{letter}" for letter, text in ESCAPES.items()}

OPTIONS = re2.Options()
OPTIONS.log_errors = False
OPTIONS.max_mem = 1 << 20
TOGETHER = re2.Options()
TOGETHER.log_errors = False


class BadMatcher(Invalid):
    """A text that is no list of matchers; the sentence says where and what would do."""


class Operator(StrEnum):
    EQUAL = "="
    NOT_EQUAL = "!="
    MATCHES = "=~"
    NOT_MATCHES = "!~"


@dataclass(frozen=True, slots=True)
class Matcher:
    """One condition on one label. Raises BadMatcher if its expression is none."""

    name: str
    operator: Operator
    value: str
    _pattern: Any = field(init=False, compare=False, repr=False, default=None)

    def __post_init__(self) -> None:
        if len(self.name) > LONGEST or len(self.value) > LONGEST:
            raise BadMatcher(f"A matcher may name and hold at most {LONGEST} characters.")
        if not self.name:
            raise BadMatcher('A matcher needs the name of a label, as in severity="critical".')
        if any("\ud800" <= c <= "\udfff" for c in self.name + self.value):
            raise BadMatcher("A matcher may not hold half a character (a lone surrogate).")
        if self.operator in {Operator.MATCHES, Operator.NOT_MATCHES}:
            object.__setattr__(self, "_pattern", _compiled(self))

    def matches(self, labels: Mapping[str, str]) -> bool:
        value = labels.get(self.name, "")
        match self.operator:
            case Operator.EQUAL:
                return value == self.value
            case Operator.NOT_EQUAL:
                return value != self.value
            case Operator.MATCHES:
                return self._pattern.fullmatch(value) is not None
            case Operator.NOT_MATCHES:
                return self._pattern.fullmatch(value) is None

    def __str__(self) -> str:
        """The canonical form, which `parse_matchers` reads back equal."""
        name = _quoted(self.name) if any(c in RESERVED or c.isspace() for c in self.name) else self.name
        return f"{name}{self.operator}{_quoted(self.value)}"


Matchers = tuple[Matcher, ...]
"""All of them must match."""


def match(matchers: Matchers, labels: Mapping[str, str]) -> bool:
    return all(matcher.matches(labels) for matcher in matchers)


def match_everything(matchers: Matchers) -> bool:
    """Whether even an alert without any label is matched: most likely a slip of whoever wrote them."""
    return match(matchers, {})


def parse_matchers(text: str) -> Matchers:
    """`{a="b", c=~"d|e"}`, braces and quotes optional, as Alertmanager 0.27 and later read it. Raises BadMatcher."""
    if len(text) > LONGEST:
        raise BadMatcher(f"Matchers may have at most {LONGEST} characters.")
    return tuple(_Reading(text).matchers())


class Index(Generic[T]):
    """Many lists of matchers, asked all at once: only those are tried that need no label, or one that is there and fits. Each list is kept
    under the rarest label it needs: a thousand that begin with `severity="critical"` are told apart by the rest.
    """

    def __init__(self, rows: Sequence[tuple[Matchers, T]]) -> None:
        self._equal: dict[tuple[str, str], list[_Row[T]]] = {}
        self._rest: list[_Row[T]] = []
        expressions: dict[str, list[_Row[T]]] = {}
        needs = [[matcher for matcher in matchers if _needs_its_label(matcher)] for matchers, _ in rows]
        common = Counter(need for its in needs for need in its)
        for n, (matchers, value) in enumerate(rows):
            need = min(needs[n], key=lambda one: (common[one], one.operator is Operator.MATCHES), default=None)
            row = _Row(n, matchers, value, need.value if need else "")
            if need is None:
                self._rest.append(row)
            elif need.operator is Operator.EQUAL:
                self._equal.setdefault((need.name, need.value), []).append(row)
            else:
                expressions.setdefault(need.name, []).append(row)
        self._expressions = {name: _Expressions(its) for name, its in expressions.items()}

    def find(self, labels: Mapping[str, str]) -> list[T]:
        """What belongs to every list that matches, in the order of the rows."""
        found = {row.n: row.value for row in (*self._rest, *self._needing(labels)) if match(row.matchers, labels)}
        return [found[n] for n in sorted(found)]

    def needing_none(self) -> list[T]:
        """What belongs to the lists that need no label; not asked whether they match."""
        return [row.value for row in self._rest]

    def needing(self, labels: Mapping[str, str]) -> list[T]:
        """What belongs to the lists that need one of these labels; not asked whether they match. For whoever changes labels on the way."""
        return [row.value for row in self._needing(labels)]

    def _needing(self, labels: Mapping[str, str]) -> "list[_Row[T]]":
        found = [row for pair in self._equal.keys() & labels.items() for row in self._equal[pair]] if self._equal else []
        for name in self._expressions.keys() & labels.keys():
            found += self._expressions[name].find(labels[name])
        return found


@dataclass(frozen=True, slots=True)
class _Row(Generic[T]):
    n: int
    matchers: Matchers
    value: T
    expression: str


def _needs_its_label(matcher: Matcher) -> bool:
    """Whether it matches nothing that has no such label."""
    return matcher.operator in {Operator.EQUAL, Operator.MATCHES} and not matcher.matches({})


EVERYTHING = "(?s).*"
AT_ONCE = 500
"""Expressions that are asked together."""


class _Expressions(Generic[T]):
    """Rows with an expression about one label, all asked in one pass over its text.

    RE2 does so within bounds of memory, and beyond them it finds nothing without saying so: hence one expression that matches everything is
    always among them. Where even that is not found, or they do not fit together, every row counts as found.
    """

    def __init__(self, rows: Sequence[_Row[T]]) -> None:
        self._parts: list[tuple[Any, Sequence[_Row[T]]]] = []
        for at in range(0, len(rows), AT_ONCE):
            self._add(rows[at : at + AT_ONCE])

    def _add(self, rows: Sequence[_Row[T]]) -> None:
        together = re2.Set.FullMatchSet(TOGETHER)
        try:
            for expression in (*(row.expression for row in rows), EVERYTHING):
                together.Add(expression)
            together.Compile()
        except re2.error:
            if len(rows) == 1:
                self._parts.append((None, rows))
                return
            self._add(rows[: len(rows) // 2])
            self._add(rows[len(rows) // 2 :])
        else:
            self._parts.append((together, rows))

    def find(self, text: str) -> list[_Row[T]]:
        found: list[_Row[T]] = []
        for together, rows in self._parts:
            hits = together.Match(text) if together is not None else None
            if hits is None or len(rows) not in hits:
                found += rows
            elif len(hits) > 1:
                found += [rows[n] for n in hits if n < len(rows)]
        return found


def _compiled(matcher: Matcher) -> Any:
    try:
        return re2.compile(matcher.value, OPTIONS)
    except re2.error as error:
        said = error.args[0] if error.args else ""
        why = said.decode("utf-8", "replace") if isinstance(said, bytes) else str(said)
        raise BadMatcher(
            f"The expression of {matcher.name}{matcher.operator}{_quoted(matcher.value)} is none that RE2 takes: {why}."
        ) from error


def _quoted(value: str) -> str:
    return '"' + "".join(UNESCAPED.get(c, c) if c.isprintable() or c in UNESCAPED else f"\\U{ord(c):08x}" for c in value) + '"'


class _Reading:
    """One text, from left to right."""

    def __init__(self, text: str) -> None:
        self.text, self.at = text, 0

    def matchers(self) -> Iterator[Matcher]:
        in_braces = self._take("{")
        while not self._ends(in_braces):
            yield self._matcher()
            if not self._take(",") and not self._ends(in_braces):
                raise self._bad('a comma, as in a="b", c="d"')
        if in_braces and not self._take("}"):
            raise self._bad("a closing }")
        self._skip()
        if self.at < len(self.text):
            raise self._bad("the end" if in_braces else "no } without a {")

    def _ends(self, in_braces: bool) -> bool:
        self._skip()
        return self.at >= len(self.text) or (self.text[self.at] == "}" if in_braces else False)

    def _matcher(self) -> Matcher:
        name = self._word('the name of a label, as in severity="critical"')
        for sign in ("=~", "!~", "!=", "="):  # the longer ones first
            if self._take(sign):
                return Matcher(name, Operator(sign), self._word("a value; put it in quotes if it is empty or holds spaces or signs"))
        raise self._bad("one of =, !=, =~, !~")

    def _word(self, wanted: str) -> str:
        self._skip()
        if self.text[self.at : self.at + 1] == '"':
            return self._in_quotes()
        begun = self.at
        while self.at < len(self.text) and not self.text[self.at].isspace() and self.text[self.at] not in RESERVED:
            self.at += 1
        if begun == self.at:
            raise self._bad(wanted)
        return self.text[begun : self.at]

    def _in_quotes(self) -> str:
        self.at += 1
        said: list[str] = []
        while (c := self.text[self.at : self.at + 1]) != '"':
            if not c:
                raise self._bad('a closing "')
            self.at += 1
            said.append(self._escaped() if c == "\\" else c)
        self.at += 1
        return "".join(said)

    def _escaped(self) -> str:
        """As Go reads a quoted text; what it does not know stays as it is, so that an expression keeps its `\\d` (the classic grammar)."""
        letter = self.text[self.at : self.at + 1]
        self.at += 1
        if letter in ESCAPES:
            return ESCAPES[letter]
        digits = self.text[self.at : self.at + CODES.get(letter, 0)]
        if letter in CODES and len(digits) == CODES[letter] and all(d in "0123456789abcdefABCDEF" for d in digits):
            code = int(digits, 16)
            if code < 0x110000 and not 0xD800 <= code < 0xE000:
                self.at += len(digits)
                return chr(code)
        return f"\\{letter}"

    def _take(self, sign: str) -> bool:
        self._skip()
        if not self.text.startswith(sign, self.at):
            return False
        self.at += len(sign)
        return True

    def _skip(self) -> None:
        while self.at < len(self.text) and self.text[self.at].isspace():
            self.at += 1

    def _bad(self, wanted: str) -> BadMatcher:
        found = repr(self.text[self.at]) if self.at < len(self.text) else "the end"
        return BadMatcher(f"At character {self.at + 1} of the matchers there should be {wanted}, not {found}.")
