"""What the way of an event looks like over REST."""

from collections.abc import Mapping, Sequence
from uuid import UUID

from pydantic import Field

from oncall.incidents.values.explaining import Stage
from oncall.kit.http import Instant, Shown


class LineOut(Shown):
    """One sentence."""

    stage: Stage
    at: Instant | None
    sentence: str
    refs: Mapping[str, str] = Field(description="Ids of what it tells of, by what they name.")


class ExplanationOut(Shown):
    """The way of one event, in order."""

    event_id: UUID
    lines: Sequence[LineOut]
