"""What the grammar allows and nobody means: a text in double quotes, or in none, is the name of a member, and a member that is not there
is null, which equals every other one.
"""

from collections.abc import Sequence
from typing import Any, ClassVar

from jmespath.parser import ParsedResult, Parser

Node = dict[str, Any]

TEXTS_OF = {"contains": 1, "starts_with": 1, "ends_with": 1, "join": 0, "header": 0, "query": 0}
"""Which argument of a function is nearly always a text."""

CONSTANTS = frozenset({"true", "false", "null"})


class QuotingParser(Parser):  # type: ignore[misc]  # jmespath has no types
    """JMESPath's own, which remembers of a name that it stood in double quotes."""

    _CACHE: ClassVar[dict[str, ParsedResult]] = {}

    def _token_nud_quoted_identifier(self, token: Node) -> Node:
        return {**super()._token_nud_quoted_identifier(token), "quoted": True}


def slip_in(node: Node) -> tuple[str, str] | None:
    """The name that cannot be meant as one, as it is written, and a sentence; None where nothing is odd."""
    children = node["children"]
    match node["type"]:
        case "comparator":
            for side, other in (children, reversed(children)):
                if side["type"] == "field" and side["value"].lower() in CONSTANTS and "quoted" not in side:
                    word = side["value"]
                    return word, f"{word} alone is the name of a member; the constant stands between backticks: `{word.lower()}`"
                if "quoted" in side and other["type"] != "literal":
                    return _text(side["value"])
        case "function_expression" if len(children) > TEXTS_OF.get(node["value"], len(children)):
            said = children[TEXTS_OF[node["value"]]]
            if "quoted" in said:
                return _text(said["value"])
    return None


def _text(name: str) -> tuple[str, str]:
    said = name[:40]
    sentence = f'"{said}" is the name of a member; a text stands in single quotes: \'{said}\'. If a member is meant, write @."{said}"'
    return f'"{name}"', sentence


class Compared:
    """Names that were compared with something that is no constant while one expression was evaluated, and whether they were ever found."""

    def __init__(self) -> None:
        self._found: dict[str, bool] = {}

    def forget(self) -> None:
        self._found.clear()

    def note(self, sides: Sequence[Node], values: Sequence[object]) -> None:
        for side, value in zip(sides, values, strict=True):
            if side["type"] == "field":
                self._found[side["value"]] = self._found.get(side["value"], False) or value is not None

    def told(self) -> str:
        """A sentence about those that were never there, and empty if there are none."""
        absent = [name for name, is_there in self._found.items() if not is_there]
        if not absent:
            return ""
        names = f"{' and '.join(absent)} {'is' if len(absent) == 1 else 'are'}"
        return f"it compares members, and {names} not there; a text stands in single quotes: '{absent[-1]}'"


def are_members(sides: Sequence[Node]) -> bool:
    """Whether neither side of a comparison is a constant."""
    return all(side["type"] != "literal" for side in sides)
