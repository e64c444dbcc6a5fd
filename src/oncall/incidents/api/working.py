"""REST for notes and tasks of an incident."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Reader, Responder
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands import notes, tasks, verbs
from oncall.incidents.schemas.acting import ReasonIn
from oncall.incidents.schemas.working import DropIn, NoteIn, NoteOut, TaskDone, TaskEdit, TaskIn, TaskOut
from oncall.incidents.values.tasks import Task, TaskState
from oncall.kit.http import AckTx, AgainRoute, IfMatch, Listed, Paging, PagingIfAsked, ReadTx, now_in, set_etag

router = APIRouter(prefix="/api/v1/incidents", tags=["incidents"], route_class=AgainRoute)


@router.post("/{incident}/notes", status_code=201)
async def write_note(ref: Ref, request: Request, caller: Responder, tx: AckTx, body: NoteIn) -> NoteOut:
    """For everybody who works on it, also when it is over. By whoever has the incident, it begins the acknowledgement time-out anew."""
    by, _ = await verbs.actor_for(tx, caller, body.user_id)
    return NoteOut.of(await notes.write_note(tx, ref, body.text, by=by, now=await now_in(request, tx)))


@router.get("/{incident}/notes")
async def list_notes(ref: Ref, _: Reader, tx: ReadTx, page: Paging) -> Listed[NoteOut]:
    """In the order in which they were written."""
    shown, cursor = page.cut(await notes.list_notes(tx, ref, after=page.after, limit=page.limit + 1))
    return Listed(items=[NoteOut.of(one) for one in shown], next_cursor=cursor)


@router.post("/{incident}/tasks", status_code=201)
async def add_task(ref: Ref, request: Request, response: Response, caller: Responder, tx: AckTx, body: TaskIn) -> TaskOut:
    """Something that is to be done; its owner is told. An incident has at most 200."""
    by, _ = await verbs.actor_for(tx, caller, None)
    return _show(await tasks.add_task(tx, ref, body.to_do(), by=by, now=await now_in(request, tx)), response)


@router.get("/{incident}/tasks")
async def list_tasks(ref: Ref, _: Reader, tx: ReadTx, page: PagingIfAsked) -> Listed[TaskOut]:
    """All of them, in their order."""
    shown, cursor = page.part(await tasks.list_tasks(tx, ref))
    return Listed(items=[TaskOut.of(one) for one in shown], next_cursor=cursor)


@router.get("/{incident}/tasks/{id}")
async def get_task(ref: Ref, id: UUID, response: Response, _: Reader, tx: ReadTx) -> TaskOut:
    return _show(await tasks.get_task(tx, ref, id), response)


@router.put("/{incident}/tasks/{id}")
async def edit_task(
    *, ref: Ref, id: UUID, body: TaskEdit, request: Request, response: Response, caller: Responder, tx: AckTx, version: IfMatch
) -> TaskOut:
    """All of it; one that is done or dropped is reopened first. A new owner is told."""
    by, _ = await verbs.actor_for(tx, caller, None)
    now = await now_in(request, tx)
    return _show(await tasks.edit_task(tx, ref, id, body.to_do(), expected_version=version, by=by, now=now), response)


@router.post("/{incident}/tasks/{id}/done")
async def done(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> TaskDone:
    """Done. By whoever has the incident, it begins the acknowledgement time-out anew. Said once more, it is no error."""
    return await _put_into(ref, id, TaskState.DONE, request, caller, tx, body or ReasonIn())


@router.post("/{incident}/tasks/{id}/drop")
async def drop(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx, body: DropIn) -> TaskDone:
    """Nobody needs to do it, for this reason."""
    return await _put_into(ref, id, TaskState.DROPPED, request, caller, tx, body)


@router.post("/{incident}/tasks/{id}/reopen")
async def reopen(ref: Ref, id: UUID, request: Request, caller: Responder, tx: AckTx, body: ReasonIn | None = None) -> TaskDone:
    """It is to be done after all."""
    return await _put_into(ref, id, TaskState.OPEN, request, caller, tx, body or ReasonIn())


async def _put_into(
    ref: UUID | int, id: UUID, state: TaskState, request: Request, caller: Responder, tx: AckTx, said: ReasonIn | DropIn
) -> TaskDone:
    by, _ = await verbs.actor_for(tx, caller, said.user_id)
    task, changed = await tasks.put_into(tx, ref, id, state, by=by, reason=said.reason, now=await now_in(request, tx))
    return TaskDone(**TaskOut.of(task).model_dump(), changed=changed)


def _show(task: Task, response: Response) -> TaskOut:
    set_etag(response, task.version)
    return TaskOut.of(task)
