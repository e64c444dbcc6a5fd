"""Fields that everything which mutes has: matchers in either form, its author, text for people."""

from typing import Annotated, Any, Self
from uuid import UUID

from pydantic import AfterValidator, ConfigDict, Discriminator, Field, StringConstraints, Tag

from oncall.kit.actors import Actor, ActorKind
from oncall.kit.http import Shown, Strict
from oncall.kit.matchers import LONGEST, BadMatcher, Matcher, Matchers, Operator, parse_matchers

MOST = 50
"""Matchers of one thing."""


def _checked(matchers: Matchers) -> Matchers:
    """Raises ValueError for one whose canonical form is too long to be read back."""
    if any(len(str(matcher)) > LONGEST for matcher in matchers):
        raise ValueError(f"a matcher may have at most {LONGEST} characters, written out in full")
    return matchers


def _read(text: str) -> Matchers:
    try:
        return _checked(parse_matchers(text))
    except BadMatcher as bad:
        raise ValueError(str(bad)) from None


def _readable(text: str) -> str:
    _read(text)
    return text


class MatcherShape(Strict):
    """A matcher as Alertmanager's API has it."""

    model_config = ConfigDict(str_strip_whitespace=False)  # a space in a value is part of it

    name: str
    value: str
    is_regex: bool = Field(default=False, alias="isRegex", strict=True)
    is_equal: bool = Field(default=True, alias="isEqual", strict=True)

    def matcher(self) -> Matcher:
        operator = {
            (False, True): Operator.EQUAL,
            (False, False): Operator.NOT_EQUAL,
            (True, True): Operator.MATCHES,
            (True, False): Operator.NOT_MATCHES,
        }[self.is_regex, self.is_equal]
        return Matcher(self.name, operator, self.value)


def _possible(shape: MatcherShape) -> MatcherShape:
    try:
        _checked((shape.matcher(),))
    except BadMatcher as bad:
        raise ValueError(str(bad)) from None
    return shape


def _form(value: Any) -> str:
    return "object" if isinstance(value, dict | MatcherShape) else "text"


MatcherIn = Annotated[
    Annotated[str, StringConstraints(min_length=1, max_length=LONGEST), AfterValidator(_readable), Tag("text")]
    | Annotated[MatcherShape, AfterValidator(_possible), Tag("object")],
    Discriminator(_form),
]
"""`severity="warning"` (also several with commas between), or {"name", "value", "isRegex", "isEqual"}."""

MatchersIn = Annotated[list[MatcherIn], Field(max_length=MOST)]


def matchers_of(given: list[str | MatcherShape]) -> Matchers:
    """Each once, in the order they were given."""
    found = [matcher for one in given for matcher in (_read(one) if isinstance(one, str) else (one.matcher(),))]
    return tuple(dict.fromkeys(found))


def texts_of(matchers: Matchers) -> list[str]:
    return [str(matcher) for matcher in matchers]


Comment = Annotated[str, StringConstraints(min_length=1, max_length=1000, pattern=r"^[^\x00-\x1f\x7f]*$")]
Description = Annotated[str, StringConstraints(max_length=2000, pattern=r"^[^\x00-\x09\x0b-\x1f\x7f]*$")]

Confirmed = Annotated[bool, Field(strict=True, description="Confirms that it is meant to match everything.")]


class AuthorShown(Shown):
    """Who made it: a person, or an API key."""

    id: UUID | None
    name: str
    type: ActorKind

    @classmethod
    def of(cls, author: Actor) -> Self:
        return cls(id=author.id, name=author.name, type=author.kind)
