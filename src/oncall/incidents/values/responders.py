"""People who were asked to join an incident, and what they answered."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NewType
from uuid import UUID

from oncall.incidents.values import Incident
from oncall.kit.actors import Actor
from oncall.kit.errors import Conflict, NotFound
from oncall.kit.ids import IncidentId, TeamId, UserId

RequestId = NewType("RequestId", UUID)

BESIDE = 0
"""The round of pages that belong to no round of a policy; their step counts the requests of an incident."""


class RequestState(StrEnum):
    """What has become of a request; the last word of whoever was asked counts, unless it was cancelled."""

    REQUESTED = "requested"
    ACCEPTED = "accepted"
    DECLINED = "declined"
    CANCELLED = "cancelled"


class UnknownRequest(NotFound):
    """Nobody was asked by this id to join this incident."""


class RequestOver(Conflict):
    """It was withdrawn, or its incident is over, or it was answered before it could be withdrawn."""

    code = "request_over"
    title = "Request over"


@dataclass(frozen=True, slots=True)
class Request:
    """One person asked once; `nth` counts the requests of an incident from 0, and is the step of the page."""

    id: RequestId
    incident_id: IncidentId
    nth: int
    user_id: UserId
    user_name: str
    team_id: TeamId | None
    state: RequestState
    message: str
    cycle: int
    requested_by: Actor
    requested_at: datetime
    answered_by: Actor | None = None
    answered_at: datetime | None = None
    answer: str | None = None


@dataclass(frozen=True, slots=True)
class Asked:
    """The requests that stand for those who were asked, whether any of them is new, and what whoever asks should know."""

    incident: Incident
    requests: Sequence[Request]
    changed: bool
    says: Sequence[str]
    later: frozenset[UserId] = frozenset()
    """Of these the ones whose page waits for the end of their quiet hours."""
