"""What a silence is."""

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NewType
from uuid import UUID

from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, Invalid, NotFound
from oncall.kit.ids import ServiceId
from oncall.kit.matchers import Matchers

SilenceId = NewType("SilenceId", UUID)

LONGEST = timedelta(days=366)
"""Whoever needs more needs a rule of another kind."""


class UnknownSilence(NotFound):
    """There is no silence with this id."""


class BadSilence(Invalid):
    """A silence that cannot be."""


class SilenceOver(Conflict):
    """It has ended, and stays as it was."""

    code = "silence_expired"
    title = "Expired"


@dataclass(frozen=True, slots=True)
class Silence:
    """Mutes what all its matchers match, in one service or in all, for `[starts_at, ends_at)`."""

    id: SilenceId
    matchers: Matchers
    service_id: ServiceId | None
    starts_at: datetime
    ends_at: datetime
    comment: str
    author: Actor
    created_at: datetime
    version: int = 1


@dataclass(frozen=True, slots=True)
class SilenceSettings:
    """What people say of a silence; without `starts_at` it begins now, and one that is edited began when it did."""

    matchers: Matchers
    service_id: ServiceId | None
    starts_at: datetime | None
    ends_at: datetime
    comment: str
    confirmed: bool
    """That it is meant to match everything."""
