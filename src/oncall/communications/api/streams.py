"""What happens to all incidents, as it happens, for consoles and chat bots."""

import re
from collections.abc import Callable
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader
from oncall.communications.api.rooms import NOT_AN_ID, STREAMS, LastEventId
from oncall.communications.compiled.incidents import ALL, About
from oncall.kit.errors import Invalid
from oncall.kit.event_stream import EventStream, id_of_last
from oncall.kit.http import AgainRoute
from oncall.kit.ids import ServiceId, TeamId
from oncall.timeline import Kind, Place

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)

PLACE = re.compile(r"(\d{1,18})-(\d{1,18})")


@router.get("/stream", responses=STREAMS, response_class=Response)
async def stream_incidents(
    *,
    request: Request,
    caller: Reader,
    service_id: Annotated[list[ServiceId] | None, Query(max_length=100)] = None,
    team_id: Annotated[list[TeamId] | None, Query(max_length=100)] = None,
    kind: Annotated[list[Kind] | None, Query(max_length=100)] = None,
    last_event_id: LastEventId = None,
) -> EventStream:
    """What is written to the timeline of any incident, once it is committed, each entry once; the event's name is the entry's kind. Several
    values of one filter mean any of them. Resumed by Last-Event-ID within a day; after more, `reload` says that the list must be read.
    """
    last = id_of_last(request, last_event_id)
    found = PLACE.fullmatch(last) if last is not None else None
    if last is not None and found is None:
        raise Invalid(NOT_AN_ID, field="last_event_id")
    at = Place(int(found[1]), int(found[2])) if found else None
    fan, key, wants = request.app.state.incident_streams, str(caller.key_id), _chosen(service_id, team_id, kind)
    return EventStream(fan, lambda: fan.listen(ALL, caller=key, at=at, wants=wants))


def _chosen(services: list[ServiceId] | None, teams: list[TeamId] | None, kinds: list[Kind] | None) -> Callable[[About], bool]:
    of_service, of_team, of_kind = set(services or ()), set(teams or ()), set(kinds or ())

    def wants(about: About) -> bool:
        return (
            (not of_service or about.service_id in of_service)
            and (not of_team or about.team_id in of_team)
            and (not of_kind or about.kind in of_kind)
        )

    return wants
