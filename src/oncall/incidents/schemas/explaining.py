"""What the way of an event looks like over REST: in the shape in which the path of an incident is told."""

from collections.abc import Mapping, Sequence
from typing import Self
from uuid import UUID

from pydantic import Field

from oncall.incidents.values.explaining import Line, Stage
from oncall.kit.http import Instant, Shown
from oncall.kit.ids import EventId


class ToldOut(Shown):
    """One sentence, as those of an incident; `at` is null where it tells of no instant."""

    at: Instant | None
    kind: Stage
    text: str
    detail: Mapping[str, str] = Field(description="Ids of what it tells of, by what they name.")

    @classmethod
    def of(cls, line: Line) -> Self:
        return cls(at=line.at, kind=line.stage, text=line.sentence, detail=line.refs)


class LineOut(Shown):
    """One sentence under its former names."""

    stage: Stage
    at: Instant | None
    sentence: str
    refs: Mapping[str, str] = Field(description="As `detail`.")


class ExplanationOut(Shown):
    """The way of one event, in order, and what comes next."""

    event_id: UUID
    sentences: Sequence[ToldOut]
    next: Sequence[ToldOut] = Field(description="What time alone does.")
    lines: Sequence[LineOut] = Field(
        description="All of them in one list, under their former names: read `sentences` and `next`.",
        deprecated=True,
    )

    @classmethod
    def of(cls, event_id: EventId, lines: Sequence[Line]) -> Self:
        return cls(
            event_id=event_id,
            sentences=[ToldOut.of(line) for line in lines if line.stage is not Stage.NEXT],
            next=[ToldOut.of(line) for line in lines if line.stage is Stage.NEXT],
            lines=[LineOut.model_validate(line) for line in lines],
        )
