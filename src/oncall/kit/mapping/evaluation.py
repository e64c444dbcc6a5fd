"""Expressions evaluated on one body, within a number of steps: total, whatever the body and the expression."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from jmespath.exceptions import JMESPathTypeError
from jmespath.functions import TYPES_MAP
from jmespath.visitor import TreeInterpreter

from oncall.kit.mapping.expressions import Expression
from oncall.kit.mapping.functions import TEXT_PER_STEP, BoundedFunctions
from oncall.kit.mapping.slips import Compared, are_members

STEPS, BYTES_PER_STEP = 100_000, 4
"""What any body is worth; a longer one is worth a step more for each of these bytes, so that time is linear in its length."""

MAX_DEPTH = 100
"""Levels of a result: a body nests at most 64, and an expression may build around it."""

TOO_MUCH = "it takes too many steps for a body of this length"


class Found(NamedTuple):
    """What an expression gave; where it could not be evaluated, nothing, and why; or what is odd about what it gave."""

    value: object
    why: str = ""


@dataclass(frozen=True, slots=True)
class Around:
    """What expressions reach from everywhere: the whole body, a header or a field of the query by its name, and the request's path."""

    body: object = None
    header: Callable[[str], str | None] = lambda _: None
    query: Callable[[str], str | None] = lambda _: None
    path: str = ""


class _TooMuch(Exception):
    pass


class Evaluation:
    """All that is evaluated on one body; the steps are counted together. `length` is that of the body, in bytes."""

    def __init__(self, around: Around, *, length: int = 0) -> None:
        self._meter = _Meter(STEPS + length // BYTES_PER_STEP)
        self._interpreter = _Interpreter(around, self._meter)

    def find(self, expression: Expression, value: object, *, whole: bool = True) -> Found:
        """What an expression gives on a value. `whole`: all of the result will be read, so that is paid for as well."""
        odd = ""
        try:
            if expression.names:
                result = value
                for name in expression.names:
                    result = result.get(name) if isinstance(result, dict) else None
                self._meter.charge(1)
            else:
                self._interpreter.compared.forget()
                result = self._interpreter.visit(expression.tree, value)
                odd = self._interpreter.compared.told()
            if whole:
                self._meter.weigh(result)
        except _TooMuch:
            return Found(None, TOO_MUCH)
        except JMESPathTypeError as error:
            wants = " or ".join(str(type).replace("-", " of ") for type in error.expected_types)
            given = TYPES_MAP.get(error.actual_type, error.actual_type)
            return Found(None, f"{error.function_name}() wants {wants}, and was given {given}")
        except Exception as error:  # noqa: BLE001 — whatever a function or a comparison raises on a strange body: it gives nothing, and why
            return Found(None, f"it cannot be evaluated here ({type(error).__name__})")
        return Found(result, odd)

    def holds(self, expression: Expression, value: object) -> Found:
        """Whether an expression holds: null, false, and what is empty do not."""
        found = self.find(expression, value, whole=False)
        return Found(not (found.value is None or found.value is False or found.value in ("", [], {})), found.why)


class _Interpreter(TreeInterpreter):  # type: ignore[misc]  # jmespath has no types
    """JMESPath's own evaluation, which pays for every node it visits."""

    def __init__(self, around: Around, meter: "_Meter") -> None:
        super().__init__()
        self._meter = meter
        self.compared = Compared()
        reach: dict[str, Callable[..., object]] = {
            "body": lambda: around.body,
            "header": around.header,
            "query": around.query,
            "path": lambda: around.path,
        }
        self._functions = BoundedFunctions(reach, meter.charge, meter.weigh)

    def visit(self, node: Mapping[str, Any], *args: Any, **kwargs: Any) -> Any:
        self._meter.left -= 1
        if self._meter.left < 0:
            raise _TooMuch
        return super().visit(node, *args, **kwargs)

    def visit_comparator(self, node: Mapping[str, Any], value: Any) -> Any:
        sides = node["children"]
        left, right = (self.visit(child, value) for child in sides)
        if are_members(sides):
            self.compared.note(sides, (left, right))
            if left is None and right is None:
                return None  # two members that are not there: neither equal nor different, or a misspelt name would hold
        if isinstance(left, list | dict) and isinstance(right, list | dict):
            self._meter.weigh(left)
        elif isinstance(left, str) and isinstance(right, str):
            self._meter.charge(min(len(left), len(right)) // TEXT_PER_STEP)
        compare = self.COMPARATOR_FUNC[node["value"]]
        if node["value"] in self._EQUALITY_OPS:
            return compare(left, right)
        # Texts are in order, and so are numbers; anything else is not comparable, and that is null.
        comparable = (isinstance(left, str) and isinstance(right, str)) or (_is_number(left) and _is_number(right))
        return compare(left, right) if comparable else None

    def visit_flatten(self, node: Mapping[str, Any], value: Any) -> Any:
        base = self.visit(node["children"][0], value)
        if isinstance(base, list):
            self._meter.charge(sum(len(element) if isinstance(element, list) else 1 for element in base))
        return super().visit_flatten({"children": [{"type": "literal", "value": base}]}, value)

    def visit_slice(self, node: Mapping[str, Any], value: Any) -> Any:
        if isinstance(value, list):
            self._meter.charge(len(value))
        return super().visit_slice(node, value)


def _is_number(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


class _Meter:
    """The steps that are left."""

    def __init__(self, steps: int) -> None:
        self.left = steps

    def charge(self, steps: int) -> None:
        self.left -= steps
        if self.left < 0:
            raise _TooMuch

    def weigh(self, value: object) -> None:
        """Pay for reading a whole value: a step for each part, and for each 64 characters."""
        if isinstance(value, str):
            return self.charge(len(value) // TEXT_PER_STEP)
        if not isinstance(value, list | dict):
            return None
        level: list[object] = [value]
        for _ in range(MAX_DEPTH):
            below: list[object] = []
            for part in level:
                self.charge(1 + (len(part) // TEXT_PER_STEP if isinstance(part, str) else 0))
                if isinstance(part, list | dict):
                    self.charge(len(part))
                    below.extend(part.values() if isinstance(part, dict) else part)
            if not below:
                return None
            level = below
        raise _TooMuch
