"""Words and what they stand for: compared without case, with `*` at the beginning or end of a row for any text."""

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Generic, TypeVar

T = TypeVar("T")

WHOLE = re.compile(r"([+-]?\d+)\.0+")
"""A whole number that is written with a fraction: the row of 1 is that of 1.0 as well."""


def word_of(value: object) -> str:
    """A value as it is looked up: text without case and spaces around it, a number in its digits, true and false. Else nothing."""
    match value:
        case str():
            return value.strip().lower()
        case bool():
            return "true" if value else "false"
        case int() | float():
            return str(value)
        case _:
            return ""


@dataclass(frozen=True, slots=True)
class Table(Generic[T]):
    """Rows by their words; `warn*` takes what begins so, `*warn` what ends so, `*warn*` what holds it, `*` any word.

    A row without `*` counts first, then the longest, so that the order of the rows says nothing: JSON objects have none.
    """

    rows: Mapping[str, T]
    _exact: Mapping[str, T] = field(init=False, compare=False, repr=False)
    _patterns: tuple[tuple[str, bool, bool, T], ...] = field(init=False, compare=False, repr=False)

    def __post_init__(self) -> None:
        words = sorted(((word_of(word), target) for word, target in self.rows.items()), key=lambda row: (-len(row[0]), row[0]))
        patterns = [(word.strip("*"), word[0] == "*", word[-1] == "*", target) for word, target in words if "*" in word]
        exact = {word: target for word, target in words if "*" not in word}
        exact = {whole[1]: target for word, target in exact.items() if (whole := WHOLE.fullmatch(word))} | exact
        object.__setattr__(self, "_exact", exact)
        object.__setattr__(self, "_patterns", tuple(patterns))

    def find(self, word: str) -> T | None:
        """What a word (of `word_of`) stands for; None if no row has it."""
        if not word:
            return None
        if word in self._exact:
            return self._exact[word]
        whole = WHOLE.fullmatch(word)
        if whole is not None and whole[1] in self._exact:
            return self._exact[whole[1]]
        for part, before, after, target in self._patterns:
            if (before and after and part in word) or (after and word.startswith(part)) or (before and word.endswith(part)):
                return target
        return None
