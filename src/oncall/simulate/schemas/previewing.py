"""What previews look like over REST."""

from collections.abc import Sequence
from typing import Self

from pydantic import Field

from oncall.kit.http import Instant, Shown
from oncall.kit.ids import AlertId, IncidentId, ServiceId
from oncall.simulate.values.previewing import AlertLookedAt, Matched, SilencePreview


class ServiceNamed(Shown):
    id: ServiceId
    name: str


class IncidentNumbered(Shown):
    id: IncidentId
    number: int


class AlertMatched(Shown):
    id: AlertId
    dedup_key: str
    summary: str
    service: ServiceNamed
    incident: IncidentNumbered
    open: bool
    last_seen_at: Instant

    @classmethod
    def of(cls, alert: AlertLookedAt) -> Self:
        return cls(
            id=alert.id,
            dedup_key=alert.dedup_key,
            summary=alert.summary,
            service=ServiceNamed(id=alert.service_id, name=alert.service_name),
            incident=IncidentNumbered(id=alert.incident_id, number=alert.incident_number),
            open=alert.is_open,
            last_seen_at=alert.last_seen_at,
        )


class MatchedShown(Shown):
    """The newest hundred of `count`; if not `complete`, there were more alerts than are looked at."""

    count: int
    complete: bool
    alerts: Sequence[AlertMatched]

    @classmethod
    def of(cls, found: Matched) -> Self:
        return cls(count=found.count, complete=found.complete, alerts=[AlertMatched.of(alert) for alert in found.alerts])


class SilencePreviewShown(Shown):
    matches_everything: bool
    would_mute: MatchedShown = Field(description="Alerts that are open now.")
    would_have_muted: MatchedShown = Field(description="Alerts, open or resolved, that were seen in the last seven days.")

    @classmethod
    def of(cls, preview: SilencePreview) -> Self:
        return cls(
            matches_everything=preview.matches_everything,
            would_mute=MatchedShown.of(preview.open),
            would_have_muted=MatchedShown.of(preview.last_week),
        )
