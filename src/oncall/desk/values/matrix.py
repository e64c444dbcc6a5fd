"""The priority matrix as it is edited, and what can be wrong with one."""

from collections.abc import Mapping
from dataclasses import dataclass

from oncall.desk.values import BusinessUrgency, Impact, Priority
from oncall.kit.errors import Invalid


class IncompleteMatrix(Invalid):
    """A priority is missing for some impact and business urgency, or is none."""

    code = "incomplete"


@dataclass(frozen=True, slots=True)
class EditedMatrix:
    """All sixteen cells; `version` 0 is the matrix that everybody begins with."""

    cells: Mapping[tuple[Impact, BusinessUrgency], Priority]
    version: int = 0
