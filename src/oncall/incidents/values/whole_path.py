"""All that is known of one incident when somebody asks why they were, or were not, paged; and the answer."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime

from oncall.escalation.values import Note, PlannedPage
from oncall.incidents.values import EventSeen, Overview, PendingAction
from oncall.kit.ids import UserId
from oncall.notifications.values import Notification
from oncall.timeline.values import Recorded

OTHERWISE = "had_nobody_acknowledged"
"""The kind of the sentence that tells what would have come next."""


@dataclass(frozen=True, slots=True)
class Sentence:
    """One thing that happened, will happen, or would have; `kind` is one of the timeline's, of an attempt, or of what comes next."""

    at: datetime
    kind: str
    text: str
    detail: Mapping[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Ahead:
    """What time alone does to the incident at an instant, by the rules that would do it: whom it pages, and why; and whom not."""

    action: PendingAction
    pages: Sequence[PlannedPage] = ()
    notes: Sequence[Note] = ()
    names: Mapping[UserId, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Known:
    """The record of an incident. `event` opened it, if it is known still; `is_cut`: more happened than is told."""

    seen: Overview
    event: EventSeen | None
    entries: Sequence[Recorded]
    is_cut: bool
    messages: Sequence[Notification]
    ahead: Sequence[Ahead] = ()
    otherwise: Ahead | None = None
    """What would have come next, had nobody acknowledged it."""


@dataclass(frozen=True, slots=True)
class WholePath:
    """In the order of time: what happened, and what comes next."""

    seen: Overview
    sentences: Sequence[Sentence]
    next: Sequence[Sentence]
