"""What merging and splitting look like over REST."""

from collections.abc import Sequence
from typing import Annotated
from uuid import UUID

from pydantic import Field

from oncall.incidents.schemas.incidents import IncidentOut, VerbIn
from oncall.incidents.values.merging import MOST_AT_ONCE
from oncall.kit.http import Shown
from oncall.kit.ids import AlertId

Number = Annotated[int, Field(strict=True, ge=1, lt=10**18)]


class MergeIn(VerbIn):
    """Ids or numbers of the incidents whose alerts become this one's."""

    incidents: Annotated[Sequence[UUID | Number], Field(min_length=1, max_length=MOST_AT_ONCE)]


class SplitIn(VerbIn):
    """Ids of the alerts that leave."""

    alerts: Annotated[Sequence[AlertId], Field(min_length=1, max_length=MOST_AT_ONCE)]


class IncidentMerged(Shown):
    """The incident as it is now, those that were merged into it just now, and how many pending messages about them were cancelled."""

    incident: IncidentOut
    merged: Sequence[IncidentOut]
    cancelled_pages: int
