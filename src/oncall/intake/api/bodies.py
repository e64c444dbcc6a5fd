"""REST for what monitors sent: an event with its body as it may be shown, and the very bytes."""

import asyncio

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.incidents.commands import verbs
from oncall.incidents.schemas.incidents import BodyOut, EventOut, WholeEventOut
from oncall.incidents.values import Body, BodyGone
from oncall.intake.commands import gone_after, show, why_never_kept
from oncall.kit.http import ReadTx
from oncall.kit.ids import EventId

router = APIRouter(prefix="/api/v1/events", tags=["incidents"])

# Whatever a stranger sent is never rendered where somebody is signed in.
NEVER_RENDERED = {
    "X-Content-Type-Options": "nosniff",
    "Content-Security-Policy": "default-src 'none'; sandbox",
    "Cache-Control": "no-store",
}
BYTES = "application/octet-stream"


@router.get("/{id}")
async def get_event(id: EventId, request: Request, _: Reader, tx: ReadTx) -> WholeEventOut:
    """One event, what was decided about it and why, and its body as it was received, without secrets."""
    event, body = await verbs.get_event(tx, id)
    never = why_never_kept(event, body)
    # A large body is looked through in a while, and nobody waits for it.
    shown = await asyncio.to_thread(_shown, body) if body and not never else None
    gone = never if body else gone_after(request.app.state.settings.keep_bodies)
    return WholeEventOut(body=shown, body_gone=gone, **EventOut.model_validate(event).model_dump())


@router.get("/{id}/body", response_class=Response, responses={200: {"content": {BYTES: {}}}, 410: {"description": "Kept no longer"}})
async def get_body(id: EventId, request: Request, _: Admin, tx: ReadTx) -> Response:
    """The bytes of a body as they are kept, secrets of its sender included (but for the integration's key)."""
    event, body = await verbs.get_event(tx, id)
    if never := why_never_kept(event, body):
        raise BodyGone(never)
    if body is None:
        raise BodyGone(gone_after(request.app.state.settings.keep_bodies))
    return Response(body.raw, media_type=BYTES, headers={"Content-Disposition": f'attachment; filename="event-{id}.bin"', **NEVER_RENDERED})


def _shown(body: Body) -> BodyOut:
    shown, headers, content_type = show(body)
    return BodyOut(
        content_type=content_type,
        headers=headers,
        size=len(body.raw),
        text=shown.text,
        base64=shown.base64,
        truncated=shown.is_cut,
    )
