"""What the priority matrix looks like over REST."""

from typing import Annotated

from pydantic import Field, StringConstraints

from oncall.kit.http import Shown, Strict

Word = Annotated[str, StringConstraints(max_length=50)]
Cells = Annotated[dict[Word, Annotated[dict[Word, Word], Field(max_length=20)]], Field(max_length=20)]

EXAMPLE = {
    "widespread": {"critical": "P1", "high": "P1", "medium": "P2", "low": "P3"},
    "large": {"critical": "P1", "high": "P2", "medium": "P3", "low": "P4"},
    "limited": {"critical": "P2", "high": "P3", "medium": "P4", "low": "P5"},
    "minor": {"critical": "P3", "high": "P4", "medium": "P5", "low": "P5"},
}
SAYS = "Priority by impact and business urgency; all sixteen of them."


class MatrixIn(Strict):
    cells: Cells = Field(description=SAYS, examples=[EXAMPLE])


class MatrixOut(Shown):
    cells: dict[str, dict[str, str]] = Field(description=SAYS, examples=[EXAMPLE])
