"""What comes again and again, and what of it woke people or never needed them."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from oncall.kit.errors import Invalid
from oncall.kit.ids import ServiceId

MOST_INCIDENTS = 50_000
LONGEST = timedelta(days=92)
LONGEST_DELAY = timedelta(minutes=30)
"""A longer one would hide what is real; whoever wants it may propose it."""


class TooMuch(Invalid):
    """More incidents than are compared at once; the text says what to ask instead."""


@dataclass(frozen=True, slots=True)
class Happened:
    """One incident that is over. `nights` are those of its `pages` that came from 22:00 to 06:00 by the clock of whoever was paged."""

    service_id: ServiceId
    service: str
    dedup_key: str
    title: str
    category: str
    severity: str
    opened_at: datetime
    lasted: timedelta
    no_action: bool
    pages: int
    nights: int
    reopened: int = 0


@dataclass(frozen=True, slots=True)
class Trend:
    """Incidents of one service, identity and category. `weeks` are its Mondays (UTC) with how many opened in each."""

    service_id: ServiceId
    service: str
    identity: str
    category: str
    title: str
    incidents: int
    no_action: int
    pages: int
    nights: int
    weeks: Sequence[tuple[str, int]]


@dataclass(frozen=True, slots=True)
class Trends:
    since: datetime
    until: datetime
    recurring: Sequence[Trend]
    woke_most: Sequence[Trend]
    never_needed: Sequence[Trend]
