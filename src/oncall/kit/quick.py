"""A frozen dataclass for whoever reads the code and for the type checker, that costs a tenth to make: storms make many of them.

Python's own sets each field of a frozen one through `object.__setattr__`: 3 µs for twenty fields, where 0.3 would do. So at run time
nothing stops an assignment; `mypy` refuses it, and all of this program is checked by it.
"""

import dataclasses
from typing import TYPE_CHECKING, Any

__all__ = ["dataclass"]

if TYPE_CHECKING:
    from dataclasses import dataclass
else:

    def dataclass(*, frozen: bool, slots: bool) -> Any:
        return dataclasses.dataclass(slots=slots, unsafe_hash=frozen)
