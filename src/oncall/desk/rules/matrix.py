"""Reading a priority matrix as somebody writes it: all of it, or everything that is missing or wrong at once. Pure."""

from collections.abc import Mapping

from oncall.desk.rules.grading import Matrix
from oncall.desk.values import BusinessUrgency, Impact, Priority
from oncall.desk.values.matrix import IncompleteMatrix

Written = Mapping[str, Mapping[str, str]]
"""Priority by impact and business urgency, in their words."""


def read_matrix(written: Written) -> Matrix:
    """Raises `IncompleteMatrix` with every fault."""
    faults: list[tuple[str, str]] = []
    cells: dict[tuple[Impact, BusinessUrgency], Priority] = {}
    for impact, row in written.items():
        if impact not in set(Impact):
            faults.append((f"cells.{impact[:50]}", f"There is no such impact: {', '.join(Impact)}."))
            continue
        faults += [
            (f"cells.{impact}.{urgency[:50]}", f"There is no such business urgency: {', '.join(BusinessUrgency)}.")
            for urgency in row
            if urgency not in set(BusinessUrgency)
        ]
    for known in Impact:
        for urgency in BusinessUrgency:
            said = written.get(known, {}).get(urgency)
            if said in set(Priority):
                cells[known, urgency] = Priority(said)
            else:
                sentence = "Say its priority" if said is None else "This is no priority"
                faults.append((f"cells.{known.value}.{urgency.value}", f"{sentence}: {', '.join(Priority)}."))
    if faults:
        raise IncompleteMatrix(f"The matrix is not complete: {len(faults)} things are missing or wrong.", faults=faults)
    return cells


def write_matrix(matrix: Matrix) -> dict[str, dict[str, str]]:
    return {impact.value: {urgency.value: matrix[impact, urgency].value for urgency in BusinessUrgency} for impact in Impact}
