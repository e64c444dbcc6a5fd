"""REST for schedules as pictures."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader
from oncall.kit.http import ReadTx, now_in
from oncall.kit.ids import ScheduleId
from oncall.schedules.commands import pictures
from oncall.schedules.schemas.layers import WholeSecond

router = APIRouter(prefix="/api/v1/schedules", tags=["schedules"])
BEFORE, AHEAD = timedelta(days=1), timedelta(days=13)
Zone = Annotated[str | None, Query(max_length=64, description="IANA name; default: the schedule's")]


@router.get("/{id}/timeline.svg", response_class=Response)
async def get_timeline(
    *,
    request: Request,
    id: ScheduleId,
    _: Reader,
    tx: ReadTx,
    since: WholeSecond | None = None,
    until: WholeSecond | None = None,
    zone: Zone = None,
) -> Response:
    """Layers, overrides, who is on call, gaps, now, and changes of the clocks; by default from yesterday for two weeks."""
    now = (await now_in(request, tx)).replace(microsecond=0)
    start = since or now - BEFORE
    drawn = await pictures.draw_schedule(tx, id, since=start, until=until or start + BEFORE + AHEAD, zone=zone, now=now)
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'", "X-Content-Type-Options": "nosniff"}
    return Response(drawn, media_type="image/svg+xml", headers=headers)
