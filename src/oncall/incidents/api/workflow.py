"""REST for workflow rules."""

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.incidents.commands import workflow_rules as commands
from oncall.incidents.schemas.workflow import RuleEdit, RuleIn, RuleOut
from oncall.incidents.values.workflow import Rule, RuleId
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import new_id

router = APIRouter(prefix="/api/v1/workflow-rules", tags=["workflow rules"])


def _show(rule: Rule, response: Response) -> RuleOut:
    set_etag(response, rule.version)
    return RuleOut.of(rule)


@router.post("", status_code=201)
async def create_workflow_rule(body: RuleIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> RuleOut:
    """It acts from now on; on what is open already, when something happens to that."""
    return _show(await commands.create_rule(tx, body.to_rule(RuleId(new_id()), now=await now_in(request, tx))), response)


@router.get("")
async def list_workflow_rules(_: Reader, tx: ReadTx, page: Paging) -> Listed[RuleOut]:
    shown, cursor = page.cut(await commands.list_rules(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[RuleOut.of(one) for one in shown], next_cursor=cursor)


@router.get("/{id}")
async def get_workflow_rule(id: RuleId, response: Response, _: Reader, tx: ReadTx) -> RuleOut:
    return _show(await commands.get_rule(tx, id), response)


@router.put("/{id}")
async def update_workflow_rule(
    *, id: RuleId, body: RuleEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> RuleOut:
    wanted = body.to_rule(id, now=await now_in(request, tx))
    return _show(await commands.update_rule(tx, wanted, expected_version=version), response)


@router.delete("/{id}", status_code=204)
async def delete_workflow_rule(id: RuleId, _: Admin, tx: WriteTx) -> None:
    """What it has done stays done."""
    await commands.delete_rule(tx, id)
