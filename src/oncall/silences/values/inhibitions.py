"""What an inhibition is."""

from dataclasses import dataclass
from datetime import datetime
from typing import NewType
from uuid import UUID

from oncall.kit.errors import Invalid, NotFound
from oncall.kit.matchers import Matchers

InhibitionId = NewType("InhibitionId", UUID)


class UnknownInhibition(NotFound):
    """There is no inhibition with this id."""


class BadInhibition(Invalid):
    """An inhibition that cannot be."""


@dataclass(frozen=True, slots=True)
class Inhibition:
    """While an alert that `source` matches is open, those that `target` matches are muted where all labels in `equal` are the same."""

    id: InhibitionId
    name: str
    source: Matchers
    target: Matchers
    equal: tuple[str, ...]
    created_at: datetime
    version: int = 1
