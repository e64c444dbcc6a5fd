"""REST for how a schedule is shared out, and for proposals that even it out."""

from datetime import timedelta
from typing import Annotated

from fastapi import APIRouter, Query, Request

from oncall.access.api import Reader
from oncall.kit.http import ReadTx, now_in
from oncall.kit.ids import ScheduleId
from oncall.schedules.commands import fairness as commands
from oncall.schedules.commands.editing import get_schedule
from oncall.schedules.commands.fairness import Holidays
from oncall.schedules.schemas.fairness import FairnessShown, ProposalIn, ProposalShown
from oncall.schedules.schemas.layers import WholeSecond
from oncall.schedules.values import InvalidSchedule
from oncall.teams.commands import names_of

router = APIRouter(prefix="/api/v1/schedules", tags=["fairness"])
Country = Annotated[str | None, Query(max_length=40)]
LOOK_BACK, DAY = timedelta(days=90), timedelta(days=1)


def _holidays(country: str | None, subdivision: str | None) -> Holidays | None:
    if subdivision and not country:
        raise InvalidSchedule("A subdivision is part of a country: say which, as its two letters.", field="country")
    return Holidays(country, subdivision) if country else None


@router.get("/{id}/fairness")
async def get_fairness(
    *,
    request: Request,
    id: ScheduleId,
    _: Reader,
    tx: ReadTx,
    since: WholeSecond | None = None,
    until: WholeSecond | None = None,
    country: Country = None,
    subdivision: Country = None,
) -> FairnessShown:
    """Hours, nights, weekends and public holidays of everybody, in a range of at most a year (default: the last 90 days, but not before
    the schedule was made)."""
    end = until or (await now_in(request, tx)).replace(microsecond=0)
    start = since or max(end - LOOK_BACK, min((await get_schedule(tx, id, now=end)).created_at, end - DAY))
    holidays = _holidays(country, subdivision)
    fairness, uncovered = await commands.report(tx, id, since=start, until=end, holidays=holidays)
    names = await names_of(tx, [share.user for share in fairness.shares])
    return FairnessShown.of(fairness, uncovered, names, since=start, until=end)


@router.post("/{id}/fairness/proposal")
async def propose(request: Request, id: ScheduleId, _: Reader, tx: ReadTx, wanted: ProposalIn) -> ProposalShown:
    """A balanced order for the coming turns, around everybody's unavailability. Writes nothing."""
    holidays = _holidays(wanted.country, wanted.subdivision)
    now = (await now_in(request, tx)).replace(microsecond=0)
    layer, proposal = await commands.propose(tx, id, layer_id=wanted.layer_id, until=wanted.until, holidays=holidays, now=now)
    return ProposalShown.of(layer, proposal, await names_of(tx, proposal.burdens))
