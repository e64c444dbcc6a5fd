"""What is said to merge incidents, and to split one."""

from typing import Annotated
from uuid import UUID

from pydantic import Field

from oncall.incidents.schemas.incidents import VerbIn
from oncall.kit.ids import AlertId

Number = Annotated[int, Field(ge=1, lt=2**63)]


class MergeIn(VerbIn):
    """Which incidents are merged into this one, each by its id or number."""

    incidents: Annotated[list[UUID | Number], Field(min_length=1, max_length=100)]


class SplitIn(VerbIn):
    """Which alerts leave for a new incident; at least one that is open, and not all."""

    alerts: Annotated[list[AlertId], Field(min_length=1, max_length=1_000)]
