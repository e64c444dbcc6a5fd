"""Every SQL statement about contact methods and notification rules."""

from collections.abc import Iterable, Sequence
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import ContactMethod, ContactMethodExists, NotificationRule, RuleWithoutMethod, Urgency
from oncall.kit.ids import ContactMethodId, UserId
from oncall.kit.references import refusing

REFUSALS = {
    "contact_methods_user_id_channel_address_key": ContactMethodExists,
    "notification_rules_user_id_contact_method_id_fkey": RuleWithoutMethod,
}

# A rule always names a method of the same user, so the join finds every rule. Uses the unique index on (user_id, channel, address).
GATHER = text("""
    SELECT m.id, m.user_id, m.channel, m.address, m.verified_at, m.created_at,
        r.id AS rule_id, r.urgency, r.delay, r.contact_method_id, r.created_at AS rule_created_at
    FROM contact_methods m
    LEFT JOIN notification_rules r ON r.user_id = m.user_id AND r.contact_method_id = m.id
    WHERE m.user_id = ANY(:user_ids)
    ORDER BY m.id, r.id
""")

LIST_METHODS = text("""
    SELECT id, user_id, channel, address, verified_at, created_at FROM contact_methods
    WHERE user_id = :user_id AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit
""")
ADD_METHOD = text("""
    INSERT INTO contact_methods (id, user_id, channel, address, verified_at, created_at)
    VALUES (:id, :user_id, :channel, :address, :verified_at, :created_at)
""")
DELETE_METHOD = text("DELETE FROM contact_methods WHERE user_id = :user_id AND id = :id")

LIST_RULES = text("""
    SELECT id AS rule_id, user_id, urgency, delay, contact_method_id, created_at AS rule_created_at FROM notification_rules
    WHERE user_id = :user_id AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit
""")
ADD_RULE = text("""
    INSERT INTO notification_rules (id, user_id, urgency, delay, contact_method_id, created_at)
    VALUES (:id, :user_id, :urgency, :delay, :contact_method_id, :created_at)
""")
DELETE_RULE = text("DELETE FROM notification_rules WHERE user_id = :user_id AND id = :id")


async def gather(tx: AsyncConnection, user_ids: Iterable[UserId]) -> tuple[list[ContactMethod], list[NotificationRule]]:
    """All methods and rules of these users with one statement."""
    methods: dict[ContactMethodId, ContactMethod] = {}
    rules: list[NotificationRule] = []
    for row in await tx.execute(GATHER, {"user_ids": list(set(user_ids))}):
        methods.setdefault(row.id, _method(row))
        if row.rule_id is not None:
            rules.append(_rule(row))
    return list(methods.values()), rules


async def list_methods(tx: AsyncConnection, user_id: UserId, *, after: UUID | None, limit: int) -> Sequence[ContactMethod]:
    return [_method(row) for row in await tx.execute(LIST_METHODS, {"user_id": user_id, "after": after, "limit": limit})]


async def add_method(tx: AsyncConnection, method: ContactMethod) -> None:
    with refusing(REFUSALS):
        await tx.execute(
            ADD_METHOD,
            {
                "id": method.id,
                "user_id": method.user_id,
                "channel": method.channel,
                "address": method.address,
                "verified_at": method.verified_at,
                "created_at": method.created_at,
            },
        )


async def delete_method(tx: AsyncConnection, user_id: UserId, id: ContactMethodId) -> bool:
    """False if this user has no such method. Its rules go with it."""
    return (await tx.execute(DELETE_METHOD, {"user_id": user_id, "id": id})).rowcount == 1


async def list_rules(tx: AsyncConnection, user_id: UserId, *, after: UUID | None, limit: int) -> Sequence[NotificationRule]:
    return [_rule(row) for row in await tx.execute(LIST_RULES, {"user_id": user_id, "after": after, "limit": limit})]


async def add_rule(tx: AsyncConnection, rule: NotificationRule) -> None:
    with refusing(REFUSALS):
        await tx.execute(
            ADD_RULE,
            {
                "id": rule.id,
                "user_id": rule.user_id,
                "urgency": rule.urgency.value,
                "delay": rule.delay,
                "contact_method_id": rule.contact_method_id,
                "created_at": rule.created_at,
            },
        )


async def delete_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> bool:
    """False if this user has no such rule."""
    return (await tx.execute(DELETE_RULE, {"user_id": user_id, "id": id})).rowcount == 1


def _method(row: Row[Any]) -> ContactMethod:
    return ContactMethod(ContactMethodId(row.id), UserId(row.user_id), row.channel, row.address, row.verified_at, row.created_at)


def _rule(row: Row[Any]) -> NotificationRule:
    method = ContactMethodId(row.contact_method_id)
    return NotificationRule(row.rule_id, UserId(row.user_id), Urgency(row.urgency), row.delay, method, row.rule_created_at)
