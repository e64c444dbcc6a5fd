"""REST for postmortems: draft, read, edit, publish, export; and which are owed."""

from collections.abc import Sequence
from typing import Annotated

from fastapi import APIRouter, Path, Query, Request, Response

from oncall.access.api import Reader, Responder
from oncall.access.values import Caller
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands.verbs import actor_for, get_incidents
from oncall.kit.db import Database, Pool
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import IncidentId, TeamId
from oncall.postmortems.commands import exporting, owing, writing
from oncall.postmortems.schemas.postmortems import (
    DraftIn,
    OfIncidentOut,
    OwedOut,
    PostmortemEdit,
    PostmortemListed,
    PostmortemOut,
    VersionListed,
    VersionOut,
)
from oncall.postmortems.values import Owed, Postmortem, PostmortemId, Search, Status, UnknownPostmortem
from oncall.teams.commands import get_teams, names_of

router = APIRouter(prefix="/api/v1/postmortems", tags=["postmortems"])
of_incidents = APIRouter(prefix="/api/v1/incidents", tags=["postmortems"])


async def _shown(tx: ReadTx, found: Sequence[Postmortem]) -> list[PostmortemOut]:
    incidents = {one.id: one for one in await get_incidents(tx, {id for one in found for id in one.incident_ids})}
    teams = {id: team.name for id, team in (await get_teams(tx, {one.team_id for one in found if one.team_id})).items()}
    return [PostmortemOut.of(one, incidents, teams) for one in found]


async def _one(tx: ReadTx, response: Response, found: Postmortem) -> PostmortemOut:
    set_etag(response, found.version)
    return (await _shown(tx, [found]))[0]


async def _owed(request: Request, tx: ReadTx, owed: Sequence[Owed]) -> list[OwedOut]:
    now, names = await now_in(request, tx), await names_of(tx, {one.user_id for one in owed if one.user_id})
    return [OwedOut.of(one, names, overdue=one.due_at <= now) for one in owed]


@of_incidents.post("/{incident}/postmortem", status_code=201)
async def draft_postmortem(
    ref: Ref, request: Request, response: Response, caller: Responder, tx: WriteTx, body: DraftIn | None = None
) -> PostmortemOut:
    """Draft it from the timeline, of this incident or of several that belong together; what only people can say is marked."""
    said, (by, _) = body or DraftIn(), await actor_for(tx, caller, None)
    now = await now_in(request, tx)
    made = await writing.draft(tx, ref, said.incident_ids, title=said.title, caller=caller, by=by, now=now)
    return await _one(tx, response, made)


@of_incidents.get("/{incident}/postmortem")
async def get_postmortem_of_incident(ref: Ref, request: Request, caller: Reader, tx: ReadTx) -> OfIncidentOut:
    """The one that tells of it; or that one is owed, by whom and until when."""
    _, id, owed = await owing.find_for(tx, ref)
    shown = await _owed(request, tx, [owed] if owed else [])
    postmortem = await _visible(tx, id, caller) if id else None
    status = postmortem.status.value if postmortem else "draft" if id else "owed" if owed else "none"
    return OfIncidentOut.model_validate({"status": status, "owed": next(iter(shown), None), "postmortem_id": id, "postmortem": postmortem})


async def _visible(tx: ReadTx, id: PostmortemId, caller: Caller) -> PostmortemOut | None:
    try:
        return (await _shown(tx, [await writing.get_postmortem(tx, id, caller=caller)]))[0]
    except UnknownPostmortem:
        return None  # a draft, of which this caller learns no more than that it is there


@router.get("")
async def list_postmortems(
    *,
    caller: Reader,
    tx: ReadTx,
    page: Paging,
    status: Status | None = None,
    team_id: TeamId | None = None,
    contributing_factor: Annotated[str | None, Query(max_length=100)] = None,
    incident_id: IncidentId | None = None,
) -> Listed[PostmortemListed]:
    """Newest first, without their bodies. A key that only reads sees those that are published."""
    search = Search(status, team_id, contributing_factor, incident_id)
    found = await writing.list_postmortems(tx, search, caller=caller, before=page.after, limit=page.limit + 1)
    shown, cursor = page.cut(found)
    items = [PostmortemListed.model_validate(one.model_dump(exclude={"body"})) for one in await _shown(tx, shown)]
    return Listed(items=items, next_cursor=cursor)


@router.get("/owed")
async def list_owed(request: Request, _: Reader, tx: ReadTx, page: Paging) -> Listed[OwedOut]:
    """Major incidents that are over and have no published postmortem yet; the newest first."""
    shown, cursor = page.cut(await owing.list_owed(tx, before=page.after, limit=page.limit + 1))
    return Listed(items=await _owed(request, tx, shown), next_cursor=cursor)


@router.get("/{id}.md", response_class=Response, responses={200: {"content": {"text/markdown": {}}}})
async def get_markdown(id: PostmortemId, request: Request, caller: Reader, tx: ReadTx) -> Response:
    """The document, with factors and action items as they are now."""
    _, text = await exporting.document(tx, id, caller=caller, now=await now_in(request, tx))
    return Response(text, media_type="text/markdown; charset=utf-8")


@router.get("/{id}.html", response_class=Response, responses={200: {"content": {"text/html": {}}}})
async def get_html(id: PostmortemId, request: Request, caller: Reader, tx: ReadTx) -> Response:
    """The same as a page that runs nothing and loads nothing."""
    found, text = await exporting.document(tx, id, caller=caller, now=await now_in(request, tx))
    headers = {"Content-Security-Policy": "default-src 'none'; style-src 'unsafe-inline'; sandbox"}
    return Response(await exporting.as_html(text, title=found.text.title), media_type="text/html; charset=utf-8", headers=headers)


@router.get("/{id}.pdf", response_class=Response, responses={200: {"content": {"application/pdf": {}}}})
async def get_pdf(id: PostmortemId, request: Request, caller: Reader) -> Response:
    """The same words on A4. The same postmortem gives the same bytes."""
    database: Database = request.app.state.database
    async with database.transaction(Pool.API, read_only=True) as tx:  # none is open while pages are drawn
        found, text = await exporting.document(tx, id, caller=caller, now=await now_in(request, tx))
    headers = {"Content-Disposition": f'inline; filename="postmortem-{id}.pdf"'}
    return Response(await exporting.as_pdf(text, found), media_type="application/pdf", headers=headers)


@router.get("/{id}")
async def get_postmortem(id: PostmortemId, response: Response, caller: Reader, tx: ReadTx) -> PostmortemOut:
    return await _one(tx, response, await writing.get_postmortem(tx, id, caller=caller))


@router.put("/{id}")
async def update_postmortem(
    *, id: PostmortemId, body: PostmortemEdit, request: Request, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> PostmortemOut:
    """One more version, whether or not it is published; the ones before are kept."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    edited = await writing.edit(tx, id, body.text(), expected_version=version, caller=caller, by=by, now=now)
    return await _one(tx, response, edited)


@router.post("/{id}/publish")
async def publish_postmortem(id: PostmortemId, request: Request, response: Response, caller: Responder, tx: WriteTx) -> PostmortemOut:
    """Everybody who may read, reads it from now on. Refused while something in it is marked to be filled in."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    return await _one(tx, response, await writing.publish(tx, id, caller=caller, by=by, now=now))


@router.delete("/{id}", status_code=204)
async def delete_postmortem(id: PostmortemId, caller: Responder, tx: WriteTx) -> None:
    """A draft, with its versions and action items; what was published stays."""
    await writing.delete(tx, id, caller=caller)


@router.get("/{id}/versions")
async def list_versions(id: PostmortemId, caller: Reader, tx: ReadTx, page: Paging) -> Listed[VersionListed]:
    """Newest first, without their bodies."""
    shown, cursor = page.cut(await writing.list_versions(tx, id, caller=caller, before=page.after, limit=page.limit + 1))
    return Listed(items=[VersionListed.of(one) for one in shown], next_cursor=cursor)


@router.get("/{id}/versions/{number}")
async def get_version(id: PostmortemId, number: Annotated[int, Path(ge=1, lt=2**31)], caller: Reader, tx: ReadTx) -> VersionOut:
    return VersionOut.of(await writing.get_version(tx, id, number, caller=caller))
