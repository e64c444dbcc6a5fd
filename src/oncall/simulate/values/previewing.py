"""What a preview looks at, and what it says."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from oncall.kit.ids import AlertId, IncidentId, ServiceId

LOOK_BACK = timedelta(days=7)
"""How far back a preview looks."""

LOOKED_AT = 20_000
"""Alerts that one preview looks at."""

SHOWN = 100
"""Alerts that it shows."""


@dataclass(frozen=True, slots=True)
class AlertLookedAt:
    """An alert, with the `labels` of its own."""

    id: AlertId
    dedup_key: str
    summary: str
    service_id: ServiceId
    service_name: str
    incident_id: IncidentId
    incident_number: int
    is_open: bool
    last_seen_at: datetime
    labels: Mapping[str, str]
    severity: str
    source: str


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts are worth a look: of this service (None: of any), and with these labels of their own."""

    service_id: UUID | None
    labels: Mapping[str, str]


@dataclass(frozen=True, slots=True)
class Matched:
    """How many alerts match, and the newest of them. Not `complete`: there were more than are looked at, so there may be more."""

    count: int
    alerts: Sequence[AlertLookedAt]
    complete: bool


@dataclass(frozen=True, slots=True)
class SilencePreview:
    """What a silence would mute now, and would have muted in the last week."""

    open: Matched
    last_week: Matched
    matches_everything: bool
