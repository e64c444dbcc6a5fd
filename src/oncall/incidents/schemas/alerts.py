"""What an alert looks like where it is asked for by itself."""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Self
from uuid import UUID

from oncall.incidents.schemas.incidents import AlertOut, Named
from oncall.incidents.values import Status
from oncall.incidents.values.alerts import AlertAround
from oncall.kit.http import Shown
from oncall.kit.ids import ServiceId

DELETED = "deleted service"


class AlertState(StrEnum):
    """As it is asked for."""

    OPEN = "open"
    RESOLVED = "resolved"


class IncidentRef(Shown):
    id: UUID
    number: int
    status: Status


class AlertAroundOut(AlertOut):
    """An alert with the service it is about, the integration it came through first, and the incident it belongs to."""

    service: Named
    integration_id: UUID
    incident: IncidentRef

    @classmethod
    def around(cls, found: AlertAround, names: Mapping[ServiceId, str], *, now: datetime) -> Self:
        return cls(
            **AlertOut.of(found.alert, now=now).model_dump(),
            service=Named(id=found.service_id, name=names.get(found.service_id, DELETED)),
            integration_id=found.integration_id,
            incident=IncidentRef(id=found.incident_id, number=found.number, status=found.status),
        )
