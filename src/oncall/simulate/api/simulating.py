"""REST for what would happen if an event came."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.kit.http import ReadTx, now_in
from oncall.simulate.commands.simulating import simulate
from oncall.simulate.schemas.simulating import SimulatedOut, SimulateIn

router = APIRouter(prefix="/api/v1", tags=["incidents"])


@router.post("/simulate")
async def simulate_event(body: SimulateIn, request: Request, caller: Reader, tx: ReadTx) -> SimulatedOut:
    """Who would be paged if this event came then, and people reacted so: every step with its reasons, by the rules that page. Nothing is
    written and nobody is paged. No other alert is open in it.
    """
    sealing, now = request.app.state.sealing, await now_in(request, tx)
    channels = request.app.state.channels
    return SimulatedOut.of(await simulate(tx, body.to_asked(), caller=caller, sealing=sealing, channels=channels, now=now))
