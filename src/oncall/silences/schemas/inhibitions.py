"""What inhibitions look like over REST."""

from datetime import datetime
from typing import Annotated, Self

from pydantic import Field, StringConstraints

from oncall.kit.http import Instant, Name, ReadOnly, Shown, Strict
from oncall.silences.schemas.fields import MOST, Confirmed, MatcherIn, matchers_of, texts_of
from oncall.silences.values.inhibitions import Inhibition, InhibitionId

AtLeastOne = Annotated[list[MatcherIn], Field(min_length=1, max_length=MOST)]
LabelName = Annotated[str, StringConstraints(min_length=1, max_length=1000)]


class InhibitionIn(Strict):
    """While an alert that `source_matchers` match is open, those that `target_matchers` match are muted if the labels in `equal` are the
    same; a label that is missing equals one that is empty."""

    name: Name
    source_matchers: AtLeastOne
    target_matchers: AtLeastOne
    equal: Annotated[list[LabelName], Field(default_factory=list, max_length=50)]
    matches_everything: Confirmed = False

    def labels(self) -> tuple[str, ...]:
        return tuple(dict.fromkeys(self.equal))

    def to_inhibition(self, id: InhibitionId, *, now: datetime) -> Inhibition:
        return Inhibition(id, self.name, matchers_of(self.source_matchers), matchers_of(self.target_matchers), self.labels(), now)


class InhibitionEdit(InhibitionIn):
    """All of it, as GET shows it."""

    id: ReadOnly = None
    created_at: ReadOnly = None


class InhibitionShown(Shown):
    id: InhibitionId
    name: str
    source_matchers: list[str]
    target_matchers: list[str]
    equal: list[str]
    matches_everything: bool
    created_at: Instant

    @classmethod
    def of(cls, inhibition: Inhibition, *, matches_everything: bool) -> Self:
        return cls(
            id=inhibition.id,
            name=inhibition.name,
            source_matchers=texts_of(inhibition.source),
            target_matchers=texts_of(inhibition.target),
            equal=list(inhibition.equal),
            matches_everything=matches_everything,
            created_at=inhibition.created_at,
        )
