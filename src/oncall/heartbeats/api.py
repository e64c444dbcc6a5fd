"""REST for heartbeats, their keys, their pauses and their history."""

from datetime import datetime

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.heartbeats.commands import editing
from oncall.heartbeats.commands.seeing import seen
from oncall.heartbeats.schemas import HeartbeatEdit, HeartbeatIn, HeartbeatMade, HeartbeatOut, HistoryOut, KeyMade, PauseIn, address_of
from oncall.heartbeats.values import Heartbeat, HeartbeatId, State
from oncall.incidents.commands.verbs import actor_for
from oncall.kit.http import AgainRoute, IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import ServiceId

# What resolves an alert may meet another event of the same alert.
router = APIRouter(prefix="/api/v1/heartbeats", tags=["heartbeats"], route_class=AgainRoute)


def _out(beat: Heartbeat, *, now: datetime) -> HeartbeatOut:
    state, expires_at = seen(beat, now=now)
    return HeartbeatOut.of(beat, state=state, expires_at=expires_at)


@router.post("", status_code=201)
async def create_heartbeat(body: HeartbeatIn, request: Request, response: Response, caller: Admin, tx: WriteTx) -> HeartbeatMade:
    """Make a heartbeat; this answer is the only one that shows its key, and the address to check in at."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    made, key = await editing.create_heartbeat(tx, ServiceId(body.service_id), body.settings(), request.app.state.judging, by=by, now=now)
    set_etag(response, made.version)
    return HeartbeatMade(**_out(made, now=now).model_dump(), key=key, url=address_of(key, request.app.state.settings.base_url))


@router.get("")
async def list_heartbeats(
    *, request: Request, _: Reader, tx: ReadTx, page: Paging, service_id: ServiceId | None = None, state: State | None = None
) -> Listed[HeartbeatOut]:
    now = await now_in(request, tx)
    found = await editing.list_heartbeats(tx, after=page.after, service_id=service_id, state=state, limit=page.limit + 1, now=now)
    shown, cursor = page.cut(found)
    return Listed(items=[_out(beat, now=now) for beat in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_heartbeat(id: HeartbeatId, request: Request, response: Response, _: Reader, tx: ReadTx) -> HeartbeatOut:
    beat = await editing.get_heartbeat(tx, id)
    set_etag(response, beat.version)
    return _out(beat, now=await now_in(request, tx))


@router.put("/{id}")
async def update_heartbeat(
    *, id: HeartbeatId, body: HeartbeatEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> HeartbeatOut:
    """Edit all of it but its key; it stays in its service."""
    now = await now_in(request, tx)
    edited = await editing.update_heartbeat(
        tx, id, ServiceId(body.service_id), body.settings(), request.app.state.judging, expected_version=version, now=now
    )
    set_etag(response, edited.version)
    return _out(edited, now=now)


@router.delete("/{id}", status_code=204)
async def delete_heartbeat(id: HeartbeatId, request: Request, caller: Admin, tx: WriteTx) -> None:
    """Delete it with its history; if it has expired, its alert is resolved."""
    by, _ = await actor_for(tx, caller, None)
    await editing.delete_heartbeat(tx, id, request.app.state.judging, by=by, now=await now_in(request, tx))


@router.post("/{id}/rotate-key", status_code=201)
async def rotate_key(id: HeartbeatId, request: Request, caller: Admin, tx: WriteTx) -> KeyMade:
    """Make a new key in place of the old one; this answer is the only one that shows it."""
    by, _ = await actor_for(tx, caller, None)
    beat, key = await editing.rotate_key(tx, id, request.app.state.judging, by=by, now=await now_in(request, tx))
    return KeyMade(key_prefix=beat.key_prefix, key=key, url=address_of(key, request.app.state.settings.base_url))


@router.post("/{id}/pause")
async def pause(id: HeartbeatId, body: PauseIn, request: Request, caller: Admin, tx: WriteTx) -> HeartbeatOut:
    """Let nothing expire until then; a pause of a paused one stands in its place."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    return _out(await editing.pause(tx, id, request.app.state.judging, until=body.until, reason=body.reason, by=by, now=now), now=now)


@router.post("/{id}/resume")
async def resume(id: HeartbeatId, request: Request, caller: Admin, tx: WriteTx) -> HeartbeatOut:
    """End its pause now; one that is not paused stays as it is."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    return _out(await editing.resume(tx, id, request.app.state.judging, by=by, now=now), now=now)


@router.get("/{id}/history")
async def list_history(id: HeartbeatId, _: Reader, tx: ReadTx, page: Paging) -> Listed[HistoryOut]:
    """What happened to it, for ever, and its hundred latest check-ins; newest first."""
    shown, cursor = page.cut(await editing.list_history(tx, id, before=page.after, limit=page.limit + 1))
    return Listed(items=[HistoryOut.of(recorded) for recorded in shown], next_cursor=cursor)
