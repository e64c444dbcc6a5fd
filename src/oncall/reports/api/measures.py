"""REST for what the record says: as JSON, as a table, as a picture."""

from datetime import timedelta
from typing import Annotated, Any, Literal, assert_never

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader
from oncall.kit.http import Instant, ReadTx, now_in
from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.commands import measures as commands
from oncall.reports.schemas.measures import LoadsShown, MeasuredShown
from oncall.reports.values.measures import AGAIN_WITHIN, By, Format

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])
CSV, SVG = "text/csv; charset=utf-8", "image/svg+xml"
ALSO: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, SVG: {}}, "description": "As JSON, as CSV or as SVG."}}
STILL = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""Nothing in a picture of ours runs or is loaded, whatever a service is called."""


@router.get("/incidents", response_model=MeasuredShown, responses=ALSO)
async def count_incidents(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    by: By = By.WEEK,
    since: Instant | None = None,
    until: Instant | None = None,
    service_id: ServiceId | None = None,
    team_id: TeamId | None = None,
    again_within_days: Annotated[int, Query(ge=1, le=90, description="What comes again so soon is `repeated`.")] = AGAIN_WITHIN.days,
    format: Annotated[Format, Query(description="JSON, a table, or a picture.")] = Format.JSON,
) -> MeasuredShown | Response:
    """How many incidents opened in a range (default: the last 30 days), how soon they were acknowledged and resolved, and how many needed
    no action; told apart by week (UTC), service, urgency, severity, priority, category or cause.
    """
    now = await now_in(request, tx)
    again = timedelta(days=again_within_days)
    report = await commands.count_incidents(
        tx, by, since=since, until=until, again_within=again, service_id=service_id, team_id=team_id, now=now
    )
    match format:
        case Format.JSON:
            return MeasuredShown.of(report)
        case Format.CSV:
            return Response(commands.csv_of_incidents(report), media_type=CSV)
        case Format.SVG:
            return Response(commands.picture_of(report), media_type=SVG, headers=STILL)
        case _:
            assert_never(format)


@router.get("/people", response_model=LoadsShown, responses={200: {"content": {"text/csv": {}}, "description": "As JSON or as CSV."}})
async def load_of_people(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    since: Instant | None = None,
    until: Instant | None = None,
    format: Annotated[Literal[Format.JSON, Format.CSV], Query(description="JSON, or a table.")] = Format.JSON,
) -> LoadsShown | Response:
    """Who was paged in a range (default: the last 30 days), how often, and how often at night by their own clock."""
    start, end, loads = await commands.load_of_people(tx, since=since, until=until, now=await now_in(request, tx))
    if format is Format.CSV:
        return Response(commands.csv_of_people(loads), media_type=CSV)
    return LoadsShown.of(start, end, loads)
