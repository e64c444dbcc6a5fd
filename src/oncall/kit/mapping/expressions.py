"""Expressions as people write them, compiled: what is wrong in one is said with its place and what to write instead."""

import json
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Any

from jmespath.exceptions import JMESPathError

from oncall.kit.mapping.explaining import BadExpression, explained, no_function
from oncall.kit.mapping.functions import ARITIES
from oncall.kit.mapping.slips import QuotingParser, slip_in

MAX_EXPRESSION = 1_000
"""Characters; what is longer, nobody can read."""

MAX_NESTING = 40
"""Levels of an expression, so that evaluating it needs a bounded stack."""

QUOTED = re.compile(r"""'(?:[^'\\]|\\.)*'|"(?:[^"\\]|\\.)*"|`((?:[^`\\]|\\.)*)`""", re.DOTALL)

Node = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Expression:
    """A compiled expression; two of the same text are equal. `names` is the path of one that is nothing but names and dots."""

    text: str
    tree: Node = field(compare=False, repr=False)
    names: tuple[str, ...] = field(compare=False, repr=False, default=())


@lru_cache(maxsize=4_096)
def compile_expression(text: str) -> Expression:
    """Raises BadExpression, with a sentence that says what was expected."""
    if not text.strip():
        raise BadExpression("it is empty; write the name of a member, such as title", 1)
    if len(text) > MAX_EXPRESSION:
        raise BadExpression(f"it is longer than {MAX_EXPRESSION:,} characters", MAX_EXPRESSION + 1)
    _check_literals(text)
    try:
        tree: Node = QuotingParser().parse(text).parsed
    except RecursionError:
        raise BadExpression(f"it nests deeper than {MAX_NESTING} levels", 1) from None
    except JMESPathError as error:
        raise explained(error, text) from None
    for node, depth in _walk(tree):
        if depth > MAX_NESTING:
            raise BadExpression(f"it nests deeper than {MAX_NESTING} levels", 1)
        if node["type"] == "subexpression" and node["children"][0]["type"] == "not_expression":
            place = text.find("!") + 1
            raise BadExpression("! takes only the first name: put what it turns round into parentheses, as !(host.name)", place)
        if node["type"] == "function_expression":
            _check_call(text, node["value"], len(node["children"]))
        if slip := slip_in(node):
            raise BadExpression(slip[1], max(text.find(slip[0]), 0) + 1)
    return Expression(text, tree, _names(tree))


def _check_literals(text: str) -> None:
    for found in QUOTED.finditer(text):
        if found[0][0] == "`":
            try:
                json.loads(found[1].replace("\\`", "`"))
            except (ValueError, RecursionError):
                raise BadExpression("between ` and ` stands JSON, such as `3` or `true`; a text stands in single quotes: 'critical'",
                                    found.start() + 1) from None  # fmt: skip


def _walk(tree: Node) -> Iterator[tuple[Node, int]]:
    left = [(tree, 1)]
    while left:
        node, depth = left.pop()
        yield node, depth
        left += [(child, depth + 1) for child in node.get("children", ()) if isinstance(child, dict)]


def _check_call(text: str, name: str, given: int) -> None:
    """That a function exists and is given as much as it takes: the parser leaves this to whoever evaluates."""
    place = re.search(rf"\b{re.escape(name)}\s*\(", text)
    position = place.start() + 1 if place else 1
    if name not in ARITIES:
        raise no_function(name, position)
    least, most = ARITIES[name]
    if not least <= given <= most:
        wants = f"{least}" if least == most else f"at least {least}"
        raise BadExpression(f"{name}() takes {wants} argument{'' if wants == '1' else 's'}, not {given}", position)


def _names(tree: Node) -> tuple[str, ...]:
    match tree:
        case {"type": "field", "value": str(name)}:
            return (name,)
        case {"type": "subexpression", "children": [left, {"type": "field", "value": str(name)}]} if path := _names(left):
            return (*path, name)
        case {"type": "subexpression", "children": [*children]} if all(child["type"] == "field" for child in children):
            return tuple(child["value"] for child in children)
        case _:
            return ()
