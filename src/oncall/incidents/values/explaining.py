"""What is known about one event when somebody asks what became of it, and the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum

from oncall.incidents.values import EventSeen, Incident
from oncall.incidents.values.alerts import AlertAround
from oncall.notifications.values import Notification
from oncall.timeline.values import Recorded


class Stage(StrEnum):
    """Which part of an event's way a line tells of."""

    RECEIVED = "received"
    READ = "read"
    SAID = "said"
    DECIDED = "decided"
    ALERT = "alert"
    INCIDENT = "incident"
    BEFORE = "before"
    HAPPENED = "happened"
    PAGED = "paged"
    MESSAGE = "message"
    NEXT = "next"
    ADVICE = "advice"


@dataclass(frozen=True, slots=True)
class Line:
    """One sentence; `at` is when that was, if it was at an instant; `refs` are ids by what they name (`incident_id`)."""

    stage: Stage
    at: datetime | None
    sentence: str
    refs: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Arrival:
    """How an event came. What was deleted since has no name any more; a body that is gone says why instead of how large it was."""

    integration: str | None
    type: str | None
    service: str | None
    content_type: str = ""
    size: int | None = None
    sent_as: str = ""
    """How it was compressed when it came; empty if it was not."""
    body_gone: str | None = None
    was_too_large: bool = False
    """Then it was never kept."""
    reads_as: str | None = None
    """By what its body is read today, if it can be read."""
    only_recorded: str | None = None
    """Why nobody could read it, of one whose integration only records such a body."""


@dataclass(frozen=True, slots=True)
class Story:
    """All that a decision led to: the alert and the incident as they are now, and what happened near to the event.

    `nth` is which trigger of its alert it was, `nth_is_least` that it was a later one. `before` and `since` are timeline entries around
    its receipt, oldest first; `is_cut`: there are more since. `same_key` are the newest alerts with its key.
    """

    event: EventSeen
    arrival: Arrival
    alert: AlertAround | None = None
    incident: Incident | None = None
    nth: int | None = None
    nth_is_least: bool = False
    before: Sequence[Recorded] = ()
    since: Sequence[Recorded] = ()
    is_cut: bool = False
    messages: Sequence[Notification] = ()
    same_key: Sequence[AlertAround] = ()
