"""What listeners of all incidents hear: the timeline, as it is committed."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Literal

import msgspec

from oncall import timeline
from oncall.incidents.commands.verbs import get_incidents
from oncall.incidents.values import Incident
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import ServiceId, TeamId
from oncall.kit.streams import News, frame
from oncall.services.commands import get_services

ALL: Literal["incidents"] = "incidents"
"""The one key there is: every listener hears the same, and wants some of it."""

REPLAYED = timedelta(days=1)
"""Whoever was away for longer reads the list again."""


@dataclass(frozen=True, slots=True)
class About:
    """What a listener may choose by."""

    kind: timeline.Kind
    service_id: ServiceId
    team_id: TeamId | None


class IncidentChanges:
    """What happens to all incidents; the place is that of the timeline."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database, self._clock = database, clock

    async def admit(self, key: str, at: timeline.Place | None) -> tuple[timeline.Place, bytes]:  # noqa: ARG002 — there is one
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            if at is None:
                return await timeline.newest_place(tx), b""
            if await timeline.can_go_on(tx, at, since=await self._clock.now(tx) - REPLAYED):
                return at, b""
            newest = await timeline.newest_place(tx)
        return newest, frame(self.id_of(newest), "reload", b"{}")

    async def read(self, after: Mapping[str, timeline.Place], *, limit: int) -> Mapping[str, Sequence[News[timeline.Place]]]:
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            found = await timeline.list_committed(tx, after=after[ALL], limit=limit)
            incidents = {one.id: one for one in await get_incidents(tx, {one.recorded.entry.incident_id for one in found})}
            services = await get_services(tx, sorted({one.service_id for one in incidents.values()})) if incidents else {}
        teams = {id: service.team_id for id, service in services.items()}
        return {ALL: [_news(one, incidents[one.recorded.entry.incident_id], teams) for one in found]}

    def id_of(self, at: timeline.Place) -> str:
        return f"{at.xact}-{at.seq}"


def _news(one: timeline.Committed, incident: Incident, teams: Mapping[ServiceId, TeamId | None]) -> News[timeline.Place]:
    entry, team_id = one.recorded.entry, teams.get(incident.service_id)
    said = {
        "id": one.recorded.id,
        "kind": entry.kind.value,
        "at": entry.at,
        "by": {"id": entry.actor.id, "name": entry.actor.name, "type": entry.actor.kind.value},
        "via": entry.actor.via,
        "reason": entry.reason,
        "incident": {
            "id": incident.id,
            "number": incident.number,
            "title": incident.title,
            "status": incident.status.value,
            "severity": incident.severity.value,
            "urgency": incident.urgency.value,
            "priority": incident.priority,
            "service_id": incident.service_id,
            "team_id": team_id,
        },
    }
    data = msgspec.json.encode(said, enc_hook=str)
    return News(one.at, frame(f"{one.at.xact}-{one.at.seq}", entry.kind.value, data), About(entry.kind, incident.service_id, team_id))
