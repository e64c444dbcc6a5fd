"""REST for rooms: write and read messages, and listen as they come."""

from typing import Annotated, Any
from uuid import UUID

from fastapi import APIRouter, Path, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.communications.commands import rooms as commands
from oncall.communications.schemas.rooms import Conversation, MessageEdit, MessageIn, MessageOut, MessagePosted, MirrorOut
from oncall.communications.values.rooms import MessageId
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands.verbs import actor_for, get_incident
from oncall.kit.errors import Invalid
from oncall.kit.event_stream import EventStream, id_of_last
from oncall.kit.http import AckTx, AgainRoute, IfMatch, Paging, ReadTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/incidents/{incident}/messages", tags=["rooms"], route_class=AgainRoute)

NOT_AN_ID = "This Last-Event-ID is none of this stream's: send one that it gave, unchanged, or none to hear what happens from now on."
STREAMS: dict[int | str, dict[str, Any]] = {
    200: {"content": {"text/event-stream": {}}, "description": "Server-sent events until either side closes."}
}
LastEventId = Annotated[
    str | None, Query(max_length=64, description="Where to go on, for the first time; afterwards the header of that name counts.")
]


@router.post("", status_code=201)
async def post_message(ref: Ref, body: MessageIn, request: Request, response: Response, caller: Responder, tx: AckTx) -> MessagePosted:
    """Say something to all who work on this incident. Whoever it mentions is asked to join and paged, once for each message; whoever was
    asked before is told of it over their contact methods.
    """
    by, _ = await actor_for(tx, caller, None)
    posted = await commands.post(tx, ref, body.text, by=by, now=await now_in(request, tx))
    set_etag(response, posted.message.version)
    return MessagePosted.after(posted)


@router.get("")
async def list_messages(ref: Ref, _: Reader, tx: ReadTx, page: Paging) -> Conversation:
    """Newest first. Deleted messages stay as marks."""
    found = await commands.list_messages(tx, ref, before=page.after, limit=page.limit + 1)
    shown, cursor = page.cut(found.messages)
    items = [MessageOut.of(message) for message in shown]
    return Conversation(items=items, next_cursor=cursor, last_event_id=str(found.last_seq), mirror=MirrorOut.of(found.mirror))


@router.get("/stream", responses=STREAMS, response_class=Response)
async def stream_messages(ref: Ref, request: Request, caller: Reader, tx: ReadTx, last_event_id: LastEventId = None) -> EventStream:
    """Everything that is done in the room as it happens (posted, edited, deleted), each once and in order; resumed by Last-Event-ID."""
    incident, last = await get_incident(tx, ref), id_of_last(request, last_event_id)
    if last is not None and not (last.isascii() and last.isdecimal() and len(last) < 19):
        raise Invalid(NOT_AN_ID, field="last_event_id")
    fan, key = request.app.state.room_streams, str(caller.key_id)
    return EventStream(fan, lambda: fan.listen(incident.id, caller=key, at=None if last is None else int(last)))


@router.get("/{id}")
async def get_message(ref: Ref, id: Annotated[UUID, Path()], response: Response, _: Reader, tx: ReadTx) -> MessageOut:
    message = await commands.get_message(tx, ref, MessageId(id))
    set_etag(response, message.version)
    return MessageOut.of(message)


@router.put("/{id}")
async def edit_message(
    *, ref: Ref, id: UUID, body: MessageEdit, request: Request, response: Response, caller: Responder, tx: AckTx, version: IfMatch
) -> MessagePosted:
    """Say it otherwise, if you wrote it. The timeline keeps what was said before; whoever is mentioned only now is paged, or told, now."""
    by, _ = await actor_for(tx, caller, None)
    now = await now_in(request, tx)
    posted = await commands.edit(tx, ref, MessageId(id), body.text, expected_version=version, by=by, now=now)
    set_etag(response, posted.message.version)
    return MessagePosted.after(posted)


@router.delete("/{id}", status_code=204)
async def delete_message(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx) -> None:
    """Take it out of the room, if you wrote it or are an admin. A mark stays, and the timeline keeps what was said."""
    by, _ = await actor_for(tx, caller, None)
    await commands.delete(tx, ref, MessageId(id), by=by, caller=caller, now=await now_in(request, tx))
