"""REST for what the record says, and how long people are on call: as JSON, as a table, as a picture."""

from datetime import timedelta
from typing import Annotated, Any

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Reader
from oncall.kit.http import Instant, ReadTx, now_in
from oncall.kit.ids import ServiceId, TeamId
from oncall.reports.commands import exporting
from oncall.reports.commands import measures as commands
from oncall.reports.commands.duties import Adder
from oncall.reports.schemas.measures import DutiesShown, LoadsShown, MeasuredShown
from oncall.reports.values.measures import AGAIN_WITHIN, Apart, By, Format

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])
CSV, SVG = "text/csv; charset=utf-8", "image/svg+xml"
ALSO: dict[int | str, dict[str, Any]] = {200: {"content": {"text/csv": {}, SVG: {}}, "description": "As JSON, as CSV or as SVG."}}
STILL = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
"""Nothing in a picture of ours runs or is loaded, whatever a service is called."""
As = Annotated[Format, Query(description="JSON, a table, or a picture.")]


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
    format: As = Format.JSON,
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
            return _table(exporting.csv_of_incidents(report))
        case Format.SVG:
            return _picture(exporting.picture_of(report))


@router.get("/people", response_model=LoadsShown, responses=ALSO)
async def load_of_people(
    *,
    request: Request,
    _: Reader,
    tx: ReadTx,
    by: Apart = Apart.PERSON,
    since: Instant | None = None,
    until: Instant | None = None,
    format: As = Format.JSON,
) -> LoadsShown | Response:
    """Who was paged in a range (default: the last 30 days), how often, and how often at night by their own clock; in all of it, or in each
    week.
    """
    report = await commands.load_of_people(tx, by, since=since, until=until, now=await now_in(request, tx))
    match format:
        case Format.JSON:
            return LoadsShown.of(report)
        case Format.CSV:
            return _table(exporting.csv_of_people(report))
        case Format.SVG:
            return _picture(exporting.picture_of_people(report))


@router.get("/on-call", response_model=DutiesShown, responses=ALSO)
async def time_on_call(
    *,
    request: Request,
    _: Reader,
    by: Apart = Apart.PERSON,
    since: Instant | None = None,
    until: Instant | None = None,
    team_id: TeamId | None = None,
    format: As = Format.JSON,
) -> DutiesShown | Response:
    """How long everybody is on call in a range (default: the last 30 days), and how much of it at night and at weekends by their own clock,
    in all schedules or in those of a team: the past as it was, what is to come as it is planned. One at a time on each node (429 for
    others).
    """
    adder: Adder = request.app.state.adder
    report = await adder.ask(by, since=since, until=until, team_id=team_id)
    match format:
        case Format.JSON:
            return DutiesShown.of(report)
        case Format.CSV:
            return _table(exporting.csv_of_duties(report))
        case Format.SVG:
            return _picture(exporting.picture_of_duties(report))


def _table(written: str) -> Response:
    return Response(written, media_type=CSV)


def _picture(drawn: str) -> Response:
    return Response(drawn, media_type=SVG, headers=STILL)
