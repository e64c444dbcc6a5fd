"""REST for problems: record, search, link incidents, and what is similar."""

from typing import Annotated

from fastapi import APIRouter, Query, Request, Response

from oncall.access.api import Admin, Reader, Responder
from oncall.desk.values import CategoryId
from oncall.incidents.api.incidents import Ref
from oncall.incidents.commands.verbs import actor_for
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import IncidentId, ServiceId
from oncall.problems import commands
from oncall.problems.schemas import LinkIn, LinkOut, ProblemEdit, ProblemIn, ProblemOut
from oncall.problems.values import InvalidProblem, ProblemId, ProblemStatus, Search

router = APIRouter(prefix="/api/v1/problems", tags=["problems"])


@router.post("", status_code=201)
async def create_problem(body: ProblemIn, request: Request, response: Response, caller: Responder, tx: WriteTx) -> ProblemOut:
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    made = await commands.create_problem(tx, body.said(), by=by, now=now)
    set_etag(response, made.version)
    return ProblemOut.of(made)


@router.get("")
async def list_problems(
    *,
    _: Reader,
    tx: ReadTx,
    page: Paging,
    q: Annotated[str | None, Query(max_length=500, description='Words; "in a row", -not, or.')] = None,
    similar_to: Annotated[
        str | None, Query(max_length=10_000, description="The words of an incident: the likeliest problems first, 10 at most, on one page.")
    ] = None,
    status: ProblemStatus | None = None,
    service_id: ServiceId | None = None,
    category_id: CategoryId | None = None,
    incident_id: IncidentId | None = None,
) -> Listed[ProblemOut]:
    """Newest first. With `similar_to` the likeliest first, and then `service_id` says whose problems come before others'."""
    if similar_to is not None:
        if any(given is not None for given in (q, status, category_id, incident_id, page.after)):
            raise InvalidProblem("similar_to goes with service_id and limit alone.", field="similar_to")
        found = await commands.similar_problems(tx, similar_to, service_id, limit=min(page.limit, commands.MOST_SIMILAR))
        return Listed(items=[ProblemOut.of(one.problem, one) for one in found])
    search = Search(status, service_id, category_id, incident_id, q)
    shown, cursor = page.cut(await commands.list_problems(tx, search, before=page.after, limit=page.limit + 1))
    return Listed(items=[ProblemOut.of(problem) for problem in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_problem(id: ProblemId, response: Response, _: Reader, tx: ReadTx) -> ProblemOut:
    problem = await commands.get_problem(tx, id)
    set_etag(response, problem.version)
    return ProblemOut.of(problem)


@router.put("/{id}")
async def update_problem(
    *, id: ProblemId, body: ProblemEdit, request: Request, response: Response, caller: Responder, tx: WriteTx, version: IfMatch
) -> ProblemOut:
    """All of it; its links stay."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    edited = await commands.update_problem(tx, id, body.said(), expected_version=version, by=by, now=now)
    set_etag(response, edited.version)
    return ProblemOut.of(edited)


@router.delete("/{id}", status_code=204)
async def delete_problem(id: ProblemId, _: Admin, tx: WriteTx) -> None:
    """With its links; its incidents stay."""
    await commands.delete_problem(tx, id)


@router.get("/{id}/incidents")
async def list_linked(id: ProblemId, _: Reader, tx: ReadTx, page: Paging) -> Listed[LinkOut]:
    """The incidents that came of it, newest first."""
    shown, cursor = page.cut(await commands.list_linked(tx, id, before=page.after, limit=page.limit + 1))
    return Listed(items=[LinkOut.model_validate(one) for one in shown], next_cursor=cursor)


@router.post("/{id}/incidents")
async def link_incident(id: ProblemId, body: LinkIn, request: Request, caller: Responder, tx: WriteTx) -> ProblemOut:
    """This incident came of it. A second time is no error."""
    now, (by, _) = await now_in(request, tx), await actor_for(tx, caller, None)
    return ProblemOut.of(await commands.link(tx, id, body.incident, by=by, now=now))


@router.delete("/{id}/incidents/{incident}")
async def unlink_incident(id: ProblemId, ref: Ref, _: Responder, tx: WriteTx) -> ProblemOut:
    """It did not, after all."""
    return ProblemOut.of(await commands.unlink(tx, id, ref))
