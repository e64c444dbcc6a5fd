"""A change event: a deploy or another change, which pages nobody and is shown beside incidents."""

from dataclasses import dataclass, field
from datetime import datetime, timedelta

from oncall.kit.ids import EventId, IntegrationId, ServiceId

LONGEST_BEFORE = timedelta(days=7)
USUAL_BEFORE = timedelta(hours=24)
"""How long before an incident a change may have been to be shown beside it."""


@dataclass(frozen=True, slots=True)
class ChangeEvent:
    """What was said about a change; it has the id of its event."""

    id: EventId
    service_id: ServiceId
    integration_id: IntegrationId
    occurred_at: datetime
    received_at: datetime
    summary: str
    source: str = ""
    labels: dict[str, str] = field(default_factory=dict)
    links: tuple[tuple[str, str], ...] = ()
    details: dict[str, object] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class ChangeFilter:
    """Which change events are asked for, by when they occurred: in `[since, until)`. None leaves a filter out."""

    service_id: ServiceId | None = None
    integration_id: IntegrationId | None = None
    since: datetime | None = None
    until: datetime | None = None
