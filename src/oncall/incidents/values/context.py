"""What somebody should know first who looks at an incident."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta

from oncall.incidents.values import AlertSeen, Incident
from oncall.incidents.values.changes import ChangeEvent
from oncall.incidents.values.similar import Known, Similar
from oncall.kit.ids import ServiceId

MOST_ALERTS, MOST_CHANGES, MOST_SIMILAR, MOST_OPEN = 10, 20, 10, 20
LOOKED_BACK = timedelta(hours=4)
NEAREST = 20
"""Services it depends on that are looked at, nearest first."""


@dataclass(frozen=True, slots=True)
class Around:
    """A service with what it depends on, nearest first, the names of all of them, and where its runbook is."""

    dependencies: tuple[ServiceId, ...]
    names: Mapping[ServiceId, str]
    runbook_url: str | None = None


@dataclass(frozen=True, slots=True)
class Context:
    incident: Incident
    around: Around
    alerts: Sequence[AlertSeen]
    changes: Sequence[ChangeEvent]
    similar: Sequence[Similar]
    on_dependencies: Sequence[Incident]
    problems: Sequence[Known] = ()
