"""What the whole path of an incident looks like over REST."""

from collections.abc import Mapping, Sequence
from typing import Any, Self

from pydantic import Field

from oncall.incidents.schemas.incidents import IncidentOut
from oncall.incidents.values.whole_path import WholePath
from oncall.kit.http import Instant, Shown


class SentenceOut(Shown):
    """One sentence: `kind` is one of the timeline's; `event`, `message` or `attempt`; or, of what is next, a pending action's."""

    at: Instant
    kind: str
    text: str
    detail: Mapping[str, Any] = Field(description="Ids of what it tells of, and the facts behind the sentence.")


class WholePathOut(Shown):
    """The whole path of an incident, oldest first, and what comes next."""

    incident: IncidentOut
    sentences: Sequence[SentenceOut]
    next: Sequence[SentenceOut] = Field(description="What time alone does, and what it would have done, had nobody acknowledged.")

    @classmethod
    def of(cls, path: WholePath) -> Self:
        return cls(
            incident=IncidentOut.of(path.seen),
            sentences=[SentenceOut.model_validate(one) for one in path.sentences],
            next=[SentenceOut.model_validate(one) for one in path.next],
        )
