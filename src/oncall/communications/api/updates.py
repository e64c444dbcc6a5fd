"""REST for status updates of an incident, and how often they are owed."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader, Responder
from oncall.communications.commands import clocks, publishing
from oncall.communications.schemas.updates import (
    CadenceIn,
    CadenceOut,
    PublishedOut,
    StatusUpdateIn,
    StatusUpdateMade,
    StatusUpdateOut,
    StatusUpdatePreview,
    StatusUpdates,
)
from oncall.communications.values.updates import UpdateId
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import verbs
from oncall.kit.http import AckTx, AgainRoute, IfMatch, Paging, ReadTx, WriteTx, now_in, set_etag

router = APIRouter(prefix="/api/v1", tags=["status updates"], route_class=AgainRoute)


@router.post("/incidents/{incident}/status-updates", status_code=201)
async def create_status_update(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: StatusUpdateIn) -> StatusUpdateMade:
    """Tell subscribers how it stands; a public one is shown on status pages as well, within a second. Nothing can be edited afterwards,
    but it can be retracted, and a new one told.
    """
    by, _ = await verbs.actor_for(tx, caller, None)
    update, published = await publishing.publish(tx, ref, body.wanted(), by=by, now=await now_in(request, tx))
    counts = (await publishing.sent_of(tx, [update]))[update.id]
    return StatusUpdateMade(**StatusUpdateOut.of(update, counts).model_dump(), published=PublishedOut.of(published))


@router.post("/incidents/{incident}/status-updates/preview")
async def preview_status_update(ref: Ref, request: Request, _: Responder, tx: ReadTx, body: StatusUpdateIn) -> StatusUpdatePreview:
    """The text as it would be told, placeholders filled in; nothing is."""
    draft = await publishing.preview(tx, ref, body.wanted(), now=await now_in(request, tx))
    return StatusUpdatePreview.model_validate(draft)


@router.get("/incidents/{incident}/status-updates")
async def list_status_updates(ref: Ref, request: Request, _: Reader, tx: ReadTx, page: Paging) -> StatusUpdates:
    """Newest first, those that were retracted included; with when the next one is owed, and by whom."""
    found, published, owed = await publishing.list_updates(tx, ref, before=page.after, limit=page.limit + 1)
    shown, cursor = page.cut(found)
    counts = await publishing.sent_of(tx, shown)
    owing = StatusUpdates.owing(owed, now=await now_in(request, tx))
    said = [StatusUpdateOut.of(update, counts[update.id]) for update in shown]
    return StatusUpdates.model_validate({"items": said, "next_cursor": cursor, "published": PublishedOut.of(published), **owing})


@router.post("/incidents/{incident}/status-updates/{id}/retract")
async def retract_status_update(ref: Ref, id: UpdateId, request: Request, caller: Responder, tx: AckTx) -> StatusUpdateOut:
    """Take it off every status page, and send it to nobody who has not got it. People inside still see it; a second time is no error."""
    by, _ = await verbs.actor_for(tx, caller, None)
    update = await publishing.retract(tx, ref, id, by=by, now=await now_in(request, tx))
    return StatusUpdateOut.of(update, (await publishing.sent_of(tx, [update]))[update.id])


@router.get("/update-cadence")
async def get_update_cadence(response: Response, _: Reader, tx: ReadTx) -> CadenceOut:
    """How often incidents of each priority are to be told of."""
    cadence = await clocks.get_cadence(tx)
    set_etag(response, cadence.version)
    return CadenceOut.of(cadence)


@router.put("/update-cadence")
async def set_update_cadence(response: Response, _: Admin, tx: WriteTx, version: IfMatch, body: CadenceIn) -> CadenceOut:
    """What is owed already stays as it is until the next update."""
    cadence = await clocks.set_cadence(tx, body.cadence(), expected_version=version)
    set_etag(response, cadence.version)
    return CadenceOut.of(cadence)
