"""REST for the question why somebody was, or was not, paged."""

from typing import Annotated

from fastapi import APIRouter, Header, Request
from starlette.responses import PlainTextResponse, Response

from oncall.access.api import Reader
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import whole_path
from oncall.incidents.schemas.whole_path import WholePathOut
from oncall.kit.http import ReadTx, now_in

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"])
AS_TEXT = {200: {"description": "The path of the incident.", "content": {"text/plain": {"schema": {"type": "string"}}}}}


@router.get("/{incident}/explain", response_model=WholePathOut, responses=AS_TEXT)  # type: ignore[arg-type]
async def explain(
    ref: Ref, request: Request, _: Reader, tx: ReadTx, accept: Annotated[str, Header(max_length=1_000)] = ""
) -> WholePathOut | Response:
    """Why was I (not) paged: what opened the incident, whom each step considered, whom it paged by which ways and why, what became of each
    message, who acknowledged; what comes next, and what would have come. As text for `Accept: text/plain`.
    """
    path = await whole_path.tell(tx, ref, channels=request.app.state.channels, now=await now_in(request, tx))
    return PlainTextResponse(whole_path.written_out(path)) if whole_path.wants_text(accept) else WholePathOut.of(path)
