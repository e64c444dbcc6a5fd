"""What higher rooms plug into incidents."""

from collections.abc import Mapping, Sequence
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import IncidentId


class BridgesOf(Protocol):
    """The links of those bridges of these incidents that are open; one statement for any number."""

    async def __call__(self, tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, str]: ...
