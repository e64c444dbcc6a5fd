"""What higher rooms plug into incidents."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Protocol

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values import Incident
from oncall.incidents.values.similar import Known
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, ServiceId


class BridgesOf(Protocol):
    """The links of those bridges of these incidents that are open; one statement for any number."""

    async def __call__(self, tx: AsyncConnection, incident_ids: Sequence[IncidentId]) -> Mapping[IncidentId, str]: ...


class KnownProblems(Protocol):
    """Problems that may be behind an incident with these words of this service, the likeliest first; one statement."""

    async def __call__(self, tx: AsyncConnection, words: str, service_id: ServiceId) -> Sequence[Known]: ...


class RunAction(Protocol):
    """What a workflow rule does by its name: called in the transaction of what triggered it, with the incident locked. Returns the
    sentence for the timeline; raises a refusal whose sentence is told there, and then nothing of it is done.
    """

    async def __call__(self, tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> str: ...
