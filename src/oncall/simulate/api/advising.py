"""REST for the changes that would have helped."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.kit.http import Instant
from oncall.kit.ids import ServiceId
from oncall.simulate.commands.advising import Adviser
from oncall.simulate.schemas.advising import AdvisedShown

router = APIRouter(prefix="/api/v1/reports", tags=["reports"])


@router.get("/advice")
async def get_advice(
    *, request: Request, caller: Reader, service_id: ServiceId, since: Instant | None = None, until: Instant | None = None
) -> AdvisedShown:
    """Changes for a service (delay, threshold, flapping, reopen window, grouping, a daily maintenance window) that would have spared people
    pages in a range (default: the last 30 days; 31 days and 10,000 events at most), each tried by a replay: none is among them that would
    have missed an incident on which somebody acted. One at a time on each node (429 for others).
    """
    adviser: Adviser = request.app.state.adviser
    return AdvisedShown.of(await adviser.advise(service_id, since=since, until=until, caller=caller))
