"""Routing rules that are only proposed: checked as if they were to be kept, and kept nowhere."""

from collections.abc import Sequence
from dataclasses import dataclass, replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.ids import RoutingRuleId, new_id
from oncall.services.commands.routing import ROOM
from oncall.services.rules.routing import Routing, check_rule, compile_routing
from oncall.services.store import routing as store
from oncall.services.store import services
from oncall.services.values.routing import BadRule, RoutingRule


@dataclass(frozen=True, slots=True)
class RuleProposed:
    """A rule as somebody writes it; without a `position` it is asked behind those before it."""

    rule: RoutingRule
    position: int | None
    is_everything_meant: bool


async def proposed_rules(tx: AsyncConnection, wanted: Sequence[RuleProposed], *, field: str) -> list[RoutingRule]:
    """The rules in the order in which they would be asked. One that has the name of one there is has its id as well, and one that is as
    it is there, is that one; others have version 0.
    """
    there = {rule.name: rule for rule in await store.all_rules(tx)}
    made: list[RoutingRule] = []
    for n, one in enumerate(_in_order(wanted), 1):
        same = there.pop(one.rule.name, None)
        id = same.id if same else RoutingRuleId(new_id())
        made.append(replace(one.rule, id=id, position=ROOM * n, version=same.version if same else 0))
    for n, one in enumerate(wanted):
        await _check(tx, one, field=f"{field}.{n}")
    return made


async def compile_proposed(tx: AsyncConnection, rules: Sequence[RoutingRule]) -> Routing:
    """Made ready to be asked."""
    return compile_routing(rules, {service.id: service.name for service in await services.all_services(tx)})


async def all_rules(tx: AsyncConnection) -> list[RoutingRule]:
    """Those there are, in their order."""
    return await store.all_rules(tx)


def _in_order(wanted: Sequence[RuleProposed]) -> list[RuleProposed]:
    last, placed = 0, []
    for n, one in enumerate(wanted):
        last = max(last, one.position or 0) if one.position is None else one.position
        placed.append((last, n, one))
    return [one for _, _, one in sorted(placed, key=lambda place: place[:2])]


async def _check(tx: AsyncConnection, one: RuleProposed, *, field: str) -> None:
    rule = one.rule
    try:
        check_rule(rule, is_everything_meant=one.is_everything_meant)
    except BadRule as bad:
        raise BadRule(str(bad), field=f"{field}.{bad.field}" if bad.field else field) from bad
    if rule.service_id is not None and rule.service_id not in await services.get_services(tx, [rule.service_id]):
        raise BadRule("There is no service with this service_id.", field=f"{field}.service_id")
    if rule.integration_id is not None and not await store.is_integration(tx, rule.integration_id):
        raise BadRule("There is no integration with this integration_id.", field=f"{field}.integration_id")
