"""Every SQL statement about routing rules."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, select, text, tuple_
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.kit.ids import IntegrationId, RoutingRuleId, ServiceId
from oncall.kit.matchers import Matchers, parse_matchers
from oncall.services.tables import routing_rules as rules
from oncall.services.values.routing import RoutingRule

RULES = select(rules)
IN_ORDER = RULES.order_by(rules.c.position, rules.c.id)

INSERT = text("""
    INSERT INTO routing_rules (id, name, position, integration_id, matchers, continues, enabled, service_id, severity, urgency, group_key,
        add_labels, drop_labels, created_at)
    VALUES (:id, :name, :position, :integration_id, CAST(:matchers AS text[]), :continues, :enabled, :service_id, :severity, :urgency,
        CAST(:group_key AS text[]), CAST(:add_labels AS jsonb), CAST(:drop_labels AS text[]), :now)
""")
UPDATE = text("""
    UPDATE routing_rules SET name = :name, position = :position, integration_id = :integration_id, matchers = CAST(:matchers AS text[]),
        continues = :continues, enabled = :enabled, service_id = :service_id, severity = :severity, urgency = :urgency,
        group_key = CAST(:group_key AS text[]), add_labels = CAST(:add_labels AS jsonb), drop_labels = CAST(:drop_labels AS text[]),
        version = version + 1
    WHERE id = :id
""")
LAST = text("SELECT max(position) FROM routing_rules")
# A rule that needs nothing of an event has expressions only; whether these match everything is not for SQL to say.
ENDS_BEFORE = text("""
    SELECT * FROM routing_rules
    WHERE enabled AND NOT continues AND (position, id) < (:position, :id)
        AND (integration_id IS NULL OR integration_id = :integration_id)
        AND NOT EXISTS (SELECT FROM unnest(matchers) AS matcher WHERE matcher NOT LIKE '%=~%')
    ORDER BY position, id
""")
DELETE = text("DELETE FROM routing_rules WHERE id = :id")
LOCK_ALL = text("SELECT id FROM routing_rules ORDER BY id FOR NO KEY UPDATE")
REORDER = text("""
    UPDATE routing_rules SET position = wanted.position, version = version + 1
    FROM unnest(CAST(:ids AS uuid[]), CAST(:positions AS integer[])) AS wanted (id, position)
    WHERE routing_rules.id = wanted.id AND routing_rules.position <> wanted.position
""")
NAMES = text("SELECT id, name FROM services WHERE id IN (SELECT service_id FROM routing_rules)")
INTEGRATION = text("SELECT id FROM integrations WHERE id = :id")


async def find_rule(tx: AsyncConnection, id: RoutingRuleId, *, lock: bool = False) -> RoutingRule | None:
    wanted = RULES.where(rules.c.id == id)
    row = (await tx.execute(wanted.with_for_update(key_share=True) if lock else wanted)).first()  # FOR NO KEY UPDATE
    return _rule(row) if row else None


async def list_rules(
    tx: AsyncConnection, *, behind: RoutingRule | None, integration_id: UUID | None, service_id: UUID | None, limit: int
) -> list[RoutingRule]:
    """In the order in which they are asked; `behind` is the last one of the page before."""
    page = IN_ORDER.limit(limit)
    if behind is not None:
        page = page.where(tuple_(rules.c.position, rules.c.id) > (behind.position, behind.id))
    if integration_id is not None:
        page = page.where(rules.c.integration_id == integration_id)
    if service_id is not None:
        page = page.where(rules.c.service_id == service_id)
    return [_rule(row) for row in await tx.execute(page)]


async def all_rules(tx: AsyncConnection) -> list[RoutingRule]:
    return [_rule(row) for row in await tx.execute(IN_ORDER)]


async def service_names(tx: AsyncConnection) -> Mapping[ServiceId, str]:
    """Of every service that a rule sends to."""
    return {ServiceId(row.id): row.name for row in await tx.execute(NAMES)}


async def is_integration(tx: AsyncConnection, id: IntegrationId) -> bool:
    return (await tx.execute(INTEGRATION, {"id": id})).first() is not None


async def last_position(tx: AsyncConnection) -> int | None:
    found: int | None = (await tx.execute(LAST)).scalar_one()
    return found


async def find_end_before(tx: AsyncConnection, rule: RoutingRule) -> RoutingRule | None:
    """The rule that takes every event which this one would be asked about, before it is."""
    row = {"id": rule.id, "position": rule.position, "integration_id": rule.integration_id}
    before = [_rule(found) for found in await tx.execute(ENDS_BEFORE, row)]
    return next((one for one in before if one.matches_everything), None)


async def add_rule(tx: AsyncConnection, rule: RoutingRule, *, now: datetime) -> None:
    await tx.execute(INSERT, _columns(rule) | {"now": now})


async def save_rule(tx: AsyncConnection, rule: RoutingRule) -> None:
    await tx.execute(UPDATE, _columns(rule))


async def delete_rule(tx: AsyncConnection, id: RoutingRuleId) -> bool:
    return (await tx.execute(DELETE, {"id": id})).rowcount > 0


async def lock_rules(tx: AsyncConnection) -> list[RoutingRuleId]:
    """Every rule there is; nobody else changes one until the transaction ends."""
    return [RoutingRuleId(row.id) for row in await tx.execute(LOCK_ALL)]


async def reorder_rules(tx: AsyncConnection, positions: Mapping[RoutingRuleId, int]) -> None:
    await tx.execute(REORDER, {"ids": list(positions), "positions": list(positions.values())})


def _rule(r: Row[Any]) -> RoutingRule:
    return RoutingRule(
        RoutingRuleId(r.id),
        r.name,
        r.position,
        IntegrationId(r.integration_id) if r.integration_id else None,
        _matchers(r.matchers),
        r.continues,
        r.enabled,
        ServiceId(r.service_id) if r.service_id else None,
        r.severity,
        Urgency(r.urgency) if r.urgency else None,
        tuple(r.group_key),
        r.add_labels,
        tuple(r.drop_labels),
        r.version,
    )


def _matchers(stored: Sequence[str]) -> Matchers:
    return tuple(matcher for one in stored for matcher in parse_matchers(one))


def _columns(rule: RoutingRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "position": rule.position,
        "integration_id": rule.integration_id,
        "matchers": [str(matcher) for matcher in rule.matchers],
        "continues": rule.continues,
        "enabled": rule.enabled,
        "service_id": rule.service_id,
        "severity": rule.severity,
        "urgency": rule.urgency,
        "group_key": list(rule.group_key),
        "add_labels": json.dumps(dict(rule.add_labels)),
        "drop_labels": list(rule.drop_labels),
    }
