"""The functions of JMESPath, each paid for by what it reads and makes; and four of ours, for what stands around the value."""

import json
import math
from collections.abc import Callable, Mapping, Sequence
from typing import Any, cast

from jmespath.functions import Functions, signature

Charge = Callable[[int], None]

AT_ONCE = frozenset({"abs", "ceil", "ends_with", "floor", "length", "not_null", "starts_with", "to_array", "type"})
"""What takes no longer for a long value than for a short one."""

WHOLE = frozenset({"contains", "to_string"})
"""What reads a value to its depth."""

TEXT_PER_STEP = 64
"""Characters that are copied or looked through in the time of one step."""

ANY_NUMBER = 1_000
MAX_DIGITS = 400
"""Characters of a number; one of a body's length takes far longer to read than its length."""


class BoundedFunctions(Functions):  # type: ignore[misc]  # jmespath has no types
    """JMESPath's functions and ours: `body()`, `header(name)`, `query(name)`, `path()`."""

    def __init__(self, around: Mapping[str, Callable[..., object]], charge: Charge, weigh: Callable[[object], None]) -> None:
        super().__init__()
        self._around, self._charge, self._weigh = around, charge, weigh

    def call_function(self, function_name: str, resolved_args: Sequence[Any]) -> object:
        if function_name in WHOLE:
            for arg in resolved_args:
                self._weigh(arg)
        elif function_name == "join" and len(resolved_args) == 2 and isinstance(resolved_args[1], list):
            glue = sum(map(_size, resolved_args[1])) + _size(resolved_args[0]) * len(resolved_args[1])
            self._charge(len(resolved_args[1]) + glue // TEXT_PER_STEP)
        elif function_name not in AT_ONCE:
            self._charge(sum(_size(arg) if isinstance(arg, list | dict) else _size(arg) // TEXT_PER_STEP for arg in resolved_args))
        if function_name == "to_number" and any(isinstance(arg, str) and len(arg) > MAX_DIGITS for arg in resolved_args):
            return None
        result = super().call_function(function_name, resolved_args)
        # What is no number (to_number('nan'), sums beyond all) is nothing: no JSON holds it.
        return None if isinstance(result, float) and not math.isfinite(result) else result

    @signature({"types": []})  # type: ignore[untyped-decorator]
    def _func_to_string(self, arg: object) -> str:
        return arg if isinstance(arg, str) else json.dumps(arg, separators=(",", ":"), ensure_ascii=False)

    @signature()  # type: ignore[untyped-decorator]
    def _func_body(self) -> object:
        return self._around["body"]()

    @signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_header(self, name: str) -> object:
        return self._around["header"](name)

    @signature({"types": ["string"]})  # type: ignore[untyped-decorator]
    def _func_query(self, name: str) -> object:
        return self._around["query"](name)

    @signature()  # type: ignore[untyped-decorator]
    def _func_path(self) -> object:
        return self._around["path"]()


def _size(value: object) -> int:
    return len(value) if isinstance(value, str | list | dict) else 1


def _arity(wants: Sequence[Mapping[str, object]]) -> tuple[int, int]:
    return len(wants), ANY_NUMBER if wants and wants[-1].get("variadic") else len(wants)


ARITIES: Mapping[str, tuple[int, int]] = {
    name: _arity(cast("Any", spec)["signature"]) for name, spec in BoundedFunctions.FUNCTION_TABLE.items()
}
"""Every function, and how many arguments it takes: at least, at most."""
