"""REST for routing rules."""

from uuid import UUID

from fastapi import APIRouter, Request, Response

from oncall.access.api import Admin, Reader
from oncall.kit.http import IfMatch, Listed, Paging, ReadTx, WriteTx, now_in, set_etag
from oncall.kit.ids import RoutingRuleId, new_id
from oncall.services.commands import routing as commands
from oncall.services.schemas.routing import OrderIn, RoutingRuleEdit, RoutingRuleIn, RoutingRuleOut

router = APIRouter(prefix="/api/v1/routing-rules", tags=["routing"])


@router.post("", status_code=201)
async def create_rule(body: RoutingRuleIn, request: Request, response: Response, _: Admin, tx: WriteTx) -> RoutingRuleOut:
    rule = await commands.create_rule(
        tx,
        body.to_rule(RoutingRuleId(new_id())),
        position=body.position,
        is_everything_meant=body.matches_everything,
        now=await now_in(request, tx),
    )
    set_etag(response, rule.version)
    return RoutingRuleOut.of(rule)


@router.get("")
async def list_rules(
    _: Reader, tx: ReadTx, page: Paging, integration_id: UUID | None = None, service_id: UUID | None = None
) -> Listed[RoutingRuleOut]:
    """In the order in which they are asked; only those of one integration, or that send to one service, if it is named."""
    found = await commands.list_rules(tx, after=page.after, limit=page.limit + 1, integration_id=integration_id, service_id=service_id)
    shown, cursor = page.cut(found)
    return Listed(items=[RoutingRuleOut.of(rule) for rule in shown], next_cursor=cursor)


@router.post("/reorder")
async def reorder_rules(body: OrderIn, _: Admin, tx: WriteTx) -> Listed[RoutingRuleOut]:
    """Ask the rules in this order from now on; `ids` names every one, once."""
    ordered = await commands.reorder_rules(tx, [RoutingRuleId(id) for id in body.ids])
    return Listed(items=[RoutingRuleOut.of(rule) for rule in ordered])


@router.get("/{rule_id}")
async def get_rule(rule_id: UUID, response: Response, _: Reader, tx: ReadTx) -> RoutingRuleOut:
    rule = await commands.get_rule(tx, RoutingRuleId(rule_id))
    set_etag(response, rule.version)
    return RoutingRuleOut.of(rule)


@router.put("/{rule_id}")
async def update_rule(rule_id: UUID, body: RoutingRuleEdit, response: Response, _: Admin, tx: WriteTx, version: IfMatch) -> RoutingRuleOut:
    """All of it but its place is as the body says; without `position` it stays where it is."""
    rule = await commands.update_rule(
        tx,
        body.to_rule(RoutingRuleId(rule_id)),
        position=body.position,
        is_everything_meant=body.matches_everything,
        expected_version=version,
    )
    set_etag(response, rule.version)
    return RoutingRuleOut.of(rule)


@router.delete("/{rule_id}", status_code=204)
async def delete_rule(rule_id: UUID, _: Admin, tx: WriteTx) -> None:
    await commands.delete_rule(tx, RoutingRuleId(rule_id))
