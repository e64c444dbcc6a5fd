"""What a picture of a schedule shows: rows of coloured bands over time."""

from dataclasses import dataclass
from datetime import datetime
from typing import Literal

RowKind = Literal["layer", "overrides", "temporary", "final"]


@dataclass(frozen=True, slots=True)
class Band:
    """One stretch `[start, end)` of the same people, by name, and of what `kind` (layer, override, gap …) it is: readers see the word.

    Without people it is a gap in the final row, "nobody" in a row of overrides or temporary schedules, and not drawn in a layer's.
    """

    start: datetime
    end: datetime
    people: tuple[str, ...]
    kind: str


@dataclass(frozen=True, slots=True)
class Row:
    """A layer, the overrides, the temporary schedules, or what finally holds. Bands may overlap: they are drawn below one another."""

    name: str
    kind: RowKind
    bands: tuple[Band, ...]
