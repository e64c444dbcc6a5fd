"""REST for the proof that somebody is reached at every instant of the weeks to come."""

from typing import Annotated

from fastapi import APIRouter, Query, Request

from oncall.access.api import Reader
from oncall.kit.ids import ServiceId
from oncall.reports.commands.coverage import Prover
from oncall.reports.schemas.coverage import CoverageShown
from oncall.reports.values.coverage import MOST_DAYS, USUAL_DAYS

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@router.get("/coverage")
async def get_coverage(
    request: Request,
    _: Reader,
    days: Annotated[int, Query(ge=1, le=MOST_DAYS)] = USUAL_DAYS,
    service_id: ServiceId | None = None,
    quiet_hours: Annotated[bool, Query(description="List also where low urgency waits for the end of quiet hours.")] = False,
    limit: Annotated[int, Query(ge=1, le=10_000)] = 1_000,
) -> CoverageShown:
    """Every stretch of the coming days in which an incident would reach nobody, by service, urgency and severity, and why, step by step: by
    the rules that page. One at a time on each node (429 for others).
    """
    prover: Prover = request.app.state.prover
    return CoverageShown.of(await prover.ask(days=days, service_id=service_id), quiet_hours=quiet_hours, limit=limit)
