"""REST for the question what became of an event, and why."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.incidents.schemas.explaining import ExplanationOut
from oncall.intake.commands import explain_event
from oncall.kit.http import ReadTx, now_in
from oncall.kit.ids import EventId

router = APIRouter(prefix="/api/v1/events", tags=["incidents"])


@router.get("/{id}/explain")
async def explain(id: EventId, request: Request, _: Reader, tx: ReadTx) -> ExplanationOut:
    """The whole way of an event in sentences: how it came, what it said, what was decided and why, and who was paged, or why nobody was."""
    state, now = request.app.state, await now_in(request, tx)
    lines = await explain_event(tx, id, sealing=state.sealing, kept=state.settings.keep_bodies, now=now)
    return ExplanationOut.of(id, lines)
