"""REST for what would happen."""

from fastapi import APIRouter, Request

from oncall.access.api import Reader
from oncall.kit.http import ReadTx, now_in
from oncall.silences.schemas.silences import SilenceIn
from oncall.simulate.commands import previewing
from oncall.simulate.schemas.previewing import SilencePreviewShown

router = APIRouter(prefix="/api/v1", tags=["muting"])


@router.post("/silences/preview")
async def preview_silence(body: SilenceIn, request: Request, caller: Reader, tx: ReadTx) -> SilencePreviewShown:
    """What this silence would mute now, and would have muted in the last seven days, as if it ran then; nothing is written."""
    preview = await previewing.preview_silence(tx, body.settings(), caller=caller, now=await now_in(request, tx))
    return SilencePreviewShown.of(preview)
