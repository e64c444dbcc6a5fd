"""What a change event looks like over REST."""

from collections.abc import Mapping, Sequence
from typing import Any, Self
from uuid import UUID

from pydantic import Field

from oncall.incidents.schemas.alerts import DELETED
from oncall.incidents.schemas.incidents import LinkOut, Named
from oncall.incidents.values.changes import ChangeEvent
from oncall.kit.http import Instant, Shown
from oncall.kit.ids import ServiceId
from oncall.silences.values.windows import Window


class ChangeEventOut(Shown):
    """A deploy or another change, in the words of whoever told of it. It pages nobody."""

    id: UUID = Field(description="That of its event.")
    service: Named
    integration_id: UUID
    occurred_at: Instant = Field(description="As its sender claims, where that can be true.")
    received_at: Instant
    summary: str
    source: str
    labels: dict[str, str]
    links: list[LinkOut]
    details: dict[str, Any]
    freezes: list[Named] = Field(description="The change freezes that were on when it occurred.")

    @classmethod
    def of(cls, change: ChangeEvent, names: Mapping[ServiceId, str], freezes: Sequence[Window]) -> Self:
        return cls(
            id=change.id,
            service=Named(id=change.service_id, name=names.get(change.service_id, DELETED)),
            integration_id=change.integration_id,
            occurred_at=change.occurred_at,
            received_at=change.received_at,
            summary=change.summary,
            source=change.source,
            labels=change.labels,
            links=[LinkOut(href=href, text=words) for href, words in change.links],
            details=change.details,
            freezes=[Named(id=window.id, name=window.name) for window in freezes],
        )
