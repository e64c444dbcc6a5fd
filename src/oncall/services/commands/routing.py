"""What can be done with routing rules. From the commit of each on events go the new way, at the latest a second later on every node."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.kit.compiled import changed
from oncall.kit.errors import Invalid
from oncall.kit.ids import RoutingRuleId
from oncall.services.commands.services import ROUTING
from oncall.services.rules.routing import Routing, check_rule, compile_routing
from oncall.services.store import routing as store
from oncall.services.store import services
from oncall.services.values.routing import MOST_POSITION, BadRule, NotAllRules, RoutingRule, UnknownRule
from oncall.teams.rules import check_version

ROOM = 10
"""Between the positions of two rules, so that others can be put there."""

NO_RULE = "There is no routing rule with this id."
BEGIN_AGAIN = "The rule behind which this page begins is gone: list the rules from the beginning."


async def create_rule(
    tx: AsyncConnection, wanted: RoutingRule, *, position: int | None, is_everything_meant: bool, now: datetime
) -> RoutingRule:
    """Without a `position` it is asked last; of two that are made so at once, the one with the later id."""
    if position is None:
        position = min((await store.last_position(tx) or 0) + ROOM, MOST_POSITION)
    made = replace(wanted, position=position)
    await _check(tx, made, is_everything_meant=is_everything_meant)
    await store.add_rule(tx, made, now=now)
    await changed(tx, ROUTING)
    return made


async def get_rule(tx: AsyncConnection, id: RoutingRuleId, *, lock: bool = False) -> RoutingRule:
    found = await store.find_rule(tx, id, lock=lock)
    if found is None:
        raise UnknownRule(NO_RULE)
    return found


async def list_rules(
    tx: AsyncConnection, *, after: UUID | None, limit: int, integration_id: UUID | None = None, service_id: UUID | None = None
) -> list[RoutingRule]:
    """In the order in which they are asked; of one integration, or those that send to one service."""
    behind = await store.find_rule(tx, RoutingRuleId(after)) if after else None
    if after and behind is None:
        raise Invalid(BEGIN_AGAIN)
    return await store.list_rules(tx, behind=behind, integration_id=integration_id, service_id=service_id, limit=limit)


async def update_rule(
    tx: AsyncConnection, wanted: RoutingRule, *, position: int | None, is_everything_meant: bool, expected_version: int | None
) -> RoutingRule:
    """Without a `position` it stays where it is."""
    current = await get_rule(tx, wanted.id, lock=True)
    check_version(current.version, expected_version)
    edited = replace(wanted, position=current.position if position is None else position, version=current.version + 1)
    await _check(tx, edited, is_everything_meant=is_everything_meant)
    await store.save_rule(tx, edited)
    await changed(tx, ROUTING)
    return edited


async def delete_rule(tx: AsyncConnection, id: RoutingRuleId) -> None:
    if not await store.delete_rule(tx, id):
        raise UnknownRule(NO_RULE)
    await changed(tx, ROUTING)


async def reorder_rules(tx: AsyncConnection, ids: Sequence[RoutingRuleId]) -> list[RoutingRule]:
    """Ask them in this order from now on; each must be named once, so that nobody moves a rule he has not seen."""
    there, named = set(await store.lock_rules(tx)), set(ids)
    if len(named) < len(ids):
        raise BadRule("Each rule can be in one place: name it once.", field="ids")
    if named != there:
        missing, unknown = len(there - named), len(named - there)
        raise NotAllRules(
            f"An order names every rule there is: {missing} of {len(there)} are missing, and {unknown} that are named do not exist. "
            "List the rules again, and send all of their ids."
        )
    await store.reorder_rules(tx, {id: ROOM * n for n, id in enumerate(ids, 1)})
    await changed(tx, ROUTING)
    return await store.all_rules(tx)


async def load_routing(tx: AsyncConnection) -> Routing:
    """All rules, made ready to be asked; under the topic `ROUTING` for what is kept in memory."""
    return compile_routing(await store.all_rules(tx), await store.service_names(tx))


async def _check(tx: AsyncConnection, wanted: RoutingRule, *, is_everything_meant: bool) -> None:
    check_rule(wanted, is_everything_meant=is_everything_meant)
    if wanted.service_id is not None and wanted.service_id not in await services.get_services(tx, [wanted.service_id]):
        raise BadRule("There is no service with this service_id.", field="service_id")
    if wanted.integration_id is not None and not await store.is_integration(tx, wanted.integration_id):
        raise BadRule("There is no integration with this integration_id.", field="integration_id")
    if wanted.enabled and (end := await store.find_end_before(tx, wanted)):
        raise BadRule(
            f"This rule would never be asked: {end.name}, at position {end.position}, takes every event before it. "
            "Say a lower position, or let that rule continue.",
            field="position",
        )
