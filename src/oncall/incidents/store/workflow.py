"""SQL about workflow rules."""

from collections.abc import Sequence
from typing import Any
from uuid import UUID

import msgspec
from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.values.workflow import Act, Conditions, Rule, RuleId, Trigger
from oncall.kit.ids import TeamId, UserId

FIND = text("""
    SELECT id, name, position, enabled, triggers, conditions::text AS conditions, actions::text AS actions, created_at, version
    FROM workflow_rules WHERE id = :id
""")
LOCK = text("""
    SELECT id, name, position, enabled, triggers, conditions::text AS conditions, actions::text AS actions, created_at, version
    FROM workflow_rules WHERE id = :id FOR NO KEY UPDATE
""")
LIST = text("""
    SELECT id, name, position, enabled, triggers, conditions::text AS conditions, actions::text AS actions, created_at, version
    FROM workflow_rules WHERE id > :after ORDER BY id LIMIT :limit
""")
# By `workflow_rules_enabled_idx (position, id) WHERE enabled`; there are at most `MOST_RULES`.
ENABLED = text("""
    SELECT id, name, position, enabled, triggers, conditions::text AS conditions, actions::text AS actions, created_at, version
    FROM workflow_rules WHERE enabled AND triggers && CAST(:triggers AS text[]) ORDER BY position, id
""")
COUNT = text("SELECT count(*) AS rules, count(*) FILTER (WHERE enabled) AS enabled FROM workflow_rules")
# So that two that are made at once are not one too many together, and whether any is enabled is known.
ONE_BY_ONE = text("SELECT pg_advisory_xact_lock(hashtextextended('oncall workflow rules', 0))")
ADD = text("""
    INSERT INTO workflow_rules (id, name, position, enabled, triggers, conditions, actions, created_at)
    VALUES (:id, :name, :position, :enabled, CAST(:triggers AS text[]), CAST(:conditions AS jsonb), CAST(:actions AS jsonb), :created_at)
""")
SAVE = text("""
    UPDATE workflow_rules SET name = :name, position = :position, enabled = :enabled, triggers = CAST(:triggers AS text[]),
        conditions = CAST(:conditions AS jsonb), actions = CAST(:actions AS jsonb), version = :version
    WHERE id = :id
""")
DELETE = text("DELETE FROM workflow_rules WHERE id = :id")
FORGET = text("DELETE FROM workflow_rule_mentions WHERE rule_id = :id")
MENTION = text("""
    INSERT INTO workflow_rule_mentions (rule_id, service_id, category_id, user_id, team_id)
    SELECT CAST(:id AS uuid), one, CAST(NULL AS uuid), CAST(NULL AS uuid), CAST(NULL AS uuid) FROM unnest(CAST(:services AS uuid[])) AS one
    UNION ALL SELECT CAST(:id AS uuid), NULL, one, NULL, NULL FROM unnest(CAST(:categories AS uuid[])) AS one
    UNION ALL SELECT CAST(:id AS uuid), NULL, NULL, one, NULL FROM unnest(CAST(:users AS uuid[])) AS one
    UNION ALL SELECT CAST(:id AS uuid), NULL, NULL, NULL, one FROM unnest(CAST(:teams AS uuid[])) AS one
""")


async def find_rule(tx: AsyncConnection, id: UUID, *, lock: bool = False) -> Rule | None:
    row = (await tx.execute(LOCK if lock else FIND, {"id": id})).first()
    return _rule(row) if row else None


async def list_rules(tx: AsyncConnection, *, after: UUID, limit: int) -> Sequence[Rule]:
    """In order of creation."""
    return [_rule(r) for r in await tx.execute(LIST, {"after": after, "limit": limit})]


async def enabled_rules(tx: AsyncConnection, triggers: Sequence[Trigger]) -> list[Rule]:
    """Those that any of these triggers, in their order."""
    return [_rule(r) for r in await tx.execute(ENABLED, {"triggers": [trigger.value for trigger in triggers]})]


async def one_by_one(tx: AsyncConnection) -> None:
    """Until the end of this transaction nobody else changes rules. Taken before any row is locked."""
    await tx.execute(ONE_BY_ONE)


async def count_rules(tx: AsyncConnection) -> tuple[int, int]:
    """All, and those that are enabled."""
    row = (await tx.execute(COUNT)).one()
    return row.rules, row.enabled


async def add_rule(tx: AsyncConnection, rule: Rule, users: Sequence[UserId], teams: Sequence[TeamId]) -> None:
    await tx.execute(ADD, _columns(rule) | {"created_at": rule.created_at})
    await _mention(tx, rule, users, teams)


async def save_rule(tx: AsyncConnection, rule: Rule, users: Sequence[UserId], teams: Sequence[TeamId]) -> None:
    await tx.execute(SAVE, _columns(rule) | {"version": rule.version})
    await tx.execute(FORGET, {"id": rule.id})
    await _mention(tx, rule, users, teams)


async def delete_rule(tx: AsyncConnection, id: RuleId) -> None:
    await tx.execute(DELETE, {"id": id})


async def _mention(tx: AsyncConnection, rule: Rule, users: Sequence[UserId], teams: Sequence[TeamId]) -> None:
    its = rule.conditions
    params = {"id": rule.id, "services": list(its.service_ids), "categories": list(its.category_ids)}
    await tx.execute(MENTION, params | {"users": list(users), "teams": list(teams)})


def _columns(rule: Rule) -> dict[str, object]:
    return {
        "id": rule.id,
        "name": rule.name,
        "position": rule.position,
        "enabled": rule.enabled,
        "triggers": [trigger.value for trigger in rule.triggers],
        "conditions": msgspec.json.encode(rule.conditions).decode(),
        "actions": msgspec.json.encode(rule.actions).decode(),
    }


def _rule(r: Row[Any]) -> Rule:
    return Rule(
        RuleId(r.id),
        r.name,
        r.position,
        r.enabled,
        tuple(Trigger(trigger) for trigger in r.triggers),
        msgspec.json.decode(r.conditions, type=Conditions),
        msgspec.json.decode(r.actions, type=tuple[Act, ...]),
        r.created_at,
        r.version,
    )
