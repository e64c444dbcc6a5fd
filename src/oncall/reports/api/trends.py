"""REST for what comes again and again."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from oncall.access.api import Reader
from oncall.kit.http import Instant, ReadTx, now_in
from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.commands.trends import get_trends
from oncall.reports.schemas.trends import TrendsShown

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@router.get("/trends")
async def trends(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    since: Instant | None = None,
    until: Instant | None = None,
    service_id: ServiceId | None = None,
    team_id: TeamId | None = None,
    limit: Annotated[int, Query(ge=1, le=100, description="Of each list.")] = 20,
) -> TrendsShown:
    """Incidents of a range (default: the last 30 days; 92 at most) that are the same thing again, what woke people most, and what never
    needed anybody: each with where to ask which change of the service would have helped.
    """
    now = await now_in(request, tx)
    return TrendsShown.of(await get_trends(tx, since=since, until=until, service_id=service_id, team_id=team_id, limit=limit, now=now))
