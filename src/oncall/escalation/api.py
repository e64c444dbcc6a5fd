"""REST for escalation policies."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.escalation import commands
from oncall.escalation.schemas import PolicyEdit, PolicyIn, PolicyOut, PolicyWarningShown
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import PolicyId, new_id

router = APIRouter(prefix="/api/v1/escalation-policies", tags=["escalation policies"])


@router.post("", status_code=201)
async def create_policy(body: PolicyIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> PolicyOut:
    policy = await commands.create_policy(tx, body.to_policy(PolicyId(new_id())), now=await now_in(request, tx))
    set_etag(response, policy.version)
    return PolicyOut.of(policy)


@router.get("")
async def list_policies(_: Reader, tx: ReadTx, page: Paging) -> Listed[PolicyOut]:
    shown, cursor = page.cut(await commands.list_policies(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[PolicyOut.of(policy) for policy in shown], next_cursor=cursor)


@router.get("/{policy_id}")
async def get_policy(policy_id: UUID, response: Response, _: Reader, tx: ReadTx) -> PolicyOut:
    policy = await commands.get_policy(tx, PolicyId(policy_id))
    set_etag(response, policy.version)
    return PolicyOut.of(policy)


@router.put("/{policy_id}")
async def update_policy(
    policy_id: UUID, body: PolicyEdit, request: Request, response: Response, _: Admin, tx: WriteTx, version: IfMatch
) -> PolicyOut:
    policy = await commands.update_policy(tx, body.to_policy(PolicyId(policy_id)), expected_version=version, now=await now_in(request, tx))
    set_etag(response, policy.version)
    return PolicyOut.of(policy)


@router.delete("/{policy_id}", status_code=204)
async def delete_policy(policy_id: UUID, _: Admin, tx: WriteTx) -> None:
    """Delete a policy that nothing uses. Incidents that are open keep the snapshot they triggered with."""
    await commands.delete_policy(tx, PolicyId(policy_id))


@router.get("/{policy_id}/warnings")
async def list_warnings(policy_id: UUID, request: Request, _: Reader, tx: ReadTx) -> Listed[PolicyWarningShown]:
    """Whom of those that the steps name, or who are on call for them now, no page reaches; and which step reaches nobody."""
    found = await commands.advise(tx, PolicyId(policy_id), channels=request.app.state.channels, now=await now_in(request, tx))
    return Listed(items=[PolicyWarningShown.model_validate(warning) for warning in found])
