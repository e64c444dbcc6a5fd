"""Every SQL statement about contact methods, their proofs and notification rules."""

from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.store.testing import test_of
from oncall.contacts.values import (
    CODES,
    Code,
    ContactMethod,
    ContactMethodExists,
    NotificationRule,
    Owner,
    ProofKind,
    Repeat,
    RuleWithoutMethod,
    Urgency,
)
from oncall.kit.ids import ContactMethodId, TeamId, UserId
from oncall.kit.references import refusing
from oncall.kit.relying import Lookup

REFUSALS = {
    "contact_methods_user_id_channel_address_key": ContactMethodExists,
    "contact_methods_team_id_channel_address_key": ContactMethodExists,
    "contact_methods_user_id_channel_address_mark_key": ContactMethodExists,
    "contact_methods_team_id_channel_address_mark_key": ContactMethodExists,
    "notification_rules_user_id_contact_method_id_fkey": RuleWithoutMethod,
}

# A rule always names a method of the same user, so the join finds every rule. Uses the unique index on (user_id, channel, address).
GATHER = Lookup(
    """
    SELECT m.id, m.user_id, m.team_id, m.channel, m.address, m.verified_at, m.created_at, m.last_proven_at, m.last_failed_at, m.last_error,
        t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, t.rings_since,
        r.id AS rule_id, r.urgency, r.delay, r.contact_method_id, r.created_at AS rule_created_at,
        r.repeat_every, r.repeat_at_most, r.only_after_failure
    FROM contact_methods m
    LEFT JOIN contact_tests t ON t.contact_method_id = m.id
    LEFT JOIN notification_rules r ON r.user_id = m.user_id AND r.contact_method_id = m.id
    WHERE m.user_id = ANY(:user_ids)
    ORDER BY m.id, r.id
""",
    ids="user_ids",
    column="user_id",
)

LIST_METHODS = text("""
    SELECT m.id, coalesce(m.user_id, m.team_id) AS user_id, m.team_id, m.channel, m.address, m.verified_at, m.created_at, m.last_proven_at,
        m.last_failed_at, m.last_error, t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, t.rings_since
    FROM contact_methods m LEFT JOIN contact_tests t ON t.contact_method_id = m.id
    WHERE (m.user_id = :owner OR m.team_id = :owner) AND (CAST(:after AS uuid) IS NULL OR m.id > :after) ORDER BY m.id LIMIT :limit
""")
ADD_METHOD = text("""
    INSERT INTO contact_methods (id, user_id, team_id, channel, address, address_mark, verified_at, created_at)
    VALUES (:id, :user_id, :team_id, :channel, :address, :address_mark, :verified_at, :created_at)
""")
DELETE_METHOD = text("DELETE FROM contact_methods WHERE (user_id = :owner OR team_id = :owner) AND id = :id")

GET_METHOD = text("""
    SELECT m.id, coalesce(m.user_id, m.team_id) AS user_id, m.team_id, m.channel, m.address, m.verified_at, m.created_at, m.last_proven_at,
        m.last_failed_at, m.last_error, t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, t.rings_since
    FROM contact_methods m LEFT JOIN contact_tests t ON t.contact_method_id = m.id
    WHERE (m.user_id = :owner OR m.team_id = :owner) AND m.id = :id
""")
# Those of a team, for the policies that point at them.
OF_TEAMS = text("""
    SELECT m.id, m.team_id AS user_id, m.team_id, m.channel, m.address, m.verified_at, m.created_at, m.last_proven_at, m.last_failed_at,
        m.last_error, t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, t.rings_since
    FROM contact_methods m LEFT JOIN contact_tests t ON t.contact_method_id = m.id
    WHERE m.id = ANY(CAST(:ids AS uuid[])) AND m.team_id IS NOT NULL
""")
OWNERS_OF = text("""
    SELECT user_id FROM contact_methods
    WHERE channel = :channel AND address = :address AND verified_at IS NOT NULL AND user_id IS NOT NULL LIMIT 2
""")
ALL_OF_TEAMS = text("SELECT id FROM contact_methods WHERE team_id IS NOT NULL")
# All of one owner's, in one order: whatever is counted for them or an address of theirs is counted by one at a time.
LOCK_METHODS = text("""
    SELECT m.id, coalesce(m.user_id, m.team_id) AS user_id, m.team_id, m.channel, m.address, m.verified_at, m.created_at, m.last_proven_at,
        m.last_failed_at, m.last_error, t.id AS test_id, t.sent_at, t.accepted_at, t.answered_at, t.rang_on_silent, t.rings_since
    FROM contact_methods m LEFT JOIN contact_tests t ON t.contact_method_id = m.id
    WHERE (m.user_id = :owner OR m.team_id = :owner) ORDER BY m.id FOR NO KEY UPDATE OF m
""")
SAVE_VERIFIED = text("UPDATE contact_methods SET verified_at = :now WHERE id = :id")

# Whoever removes the address, or proves it, holds its row and may wait for its messages: who records one of them never waits in turn.
SAVE_PROVEN = text("""
    UPDATE contact_methods SET last_proven_at = :now WHERE id IN (
        SELECT id FROM contact_methods WHERE id = :id
            AND (last_proven_at IS NULL OR last_proven_at <= :unless_since OR last_failed_at >= last_proven_at)
        FOR NO KEY UPDATE SKIP LOCKED)
""")
SAVE_FAILED = text("""
    UPDATE contact_methods SET last_failed_at = :now, last_error = :error WHERE id IN (
        SELECT id FROM contact_methods WHERE id = :id FOR NO KEY UPDATE SKIP LOCKED)
""")

# Of a sealed address its mark is what is always the same.
CODES_TO = text("""
    SELECT p.created_at FROM contact_methods m
    JOIN contact_proofs p ON p.channel = m.channel AND p.address = coalesce(encode(m.address_mark, 'hex'), m.address)
    WHERE m.id = :method AND p.kind = 'code'
""")
SENT_TO = text("SELECT created_at FROM contact_proofs WHERE kind = :kind AND user_id = :user_id")
NEWEST_CODE = text("""
    SELECT id, code_hash, wrong_tries, created_at FROM contact_proofs
    WHERE kind = 'code' AND user_id = :user_id AND contact_method_id = :method ORDER BY created_at DESC, id DESC LIMIT 1
""")
ADD_PROOF = text("""
    INSERT INTO contact_proofs (id, user_id, contact_method_id, kind, channel, address, code_hash, wrong_tries, created_at)
    SELECT :id, :user_id, m.id, :kind, m.channel, coalesce(encode(m.address_mark, 'hex'), m.address), :code_hash, 0, :now
    FROM contact_methods m WHERE m.id = :method
""")
ADD_WRONG_TRY = text("UPDATE contact_proofs SET wrong_tries = wrong_tries + 1 WHERE id = :id")
FORGET_PROOFS = text("""
    DELETE FROM contact_proofs WHERE id IN (
        SELECT id FROM contact_proofs WHERE created_at <= :until ORDER BY id LIMIT 1000 FOR UPDATE SKIP LOCKED)
""")

FORGET_PROOFS_OF = text("DELETE FROM contact_proofs WHERE user_id = :user_id")

LIST_RULES = text("""
    SELECT id AS rule_id, user_id, urgency, delay, contact_method_id, created_at AS rule_created_at, repeat_every, repeat_at_most,
        only_after_failure
    FROM notification_rules WHERE user_id = :user_id AND (CAST(:after AS uuid) IS NULL OR id > :after) ORDER BY id LIMIT :limit
""")
GET_RULE = text("""
    SELECT id AS rule_id, user_id, urgency, delay, contact_method_id, created_at AS rule_created_at, repeat_every, repeat_at_most,
        only_after_failure
    FROM notification_rules WHERE user_id = :user_id AND id = :id
""")
ADD_RULE = text("""
    INSERT INTO notification_rules (id, user_id, urgency, delay, contact_method_id, created_at, repeat_every, repeat_at_most,
        only_after_failure)
    VALUES (:id, :user_id, :urgency, :delay, :contact_method_id, :created_at, :repeat_every, :repeat_at_most, :only_after_failure)
""")
SAVE_RULE = text("""
    UPDATE notification_rules SET urgency = :urgency, delay = :delay, contact_method_id = :contact_method_id,
        repeat_every = :repeat_every, repeat_at_most = :repeat_at_most, only_after_failure = :only_after_failure
    WHERE id = :id AND user_id = :user_id
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


async def methods_of_teams(tx: AsyncConnection, ids: Iterable[ContactMethodId]) -> Sequence[ContactMethod]:
    """Those of these that are a team's."""
    return [_method(row) for row in await tx.execute(OF_TEAMS, {"ids": list(ids)})]


async def owners_of(tx: AsyncConnection, channel: str, address: str) -> list[UserId]:
    """The users who have proven this address, two of them at most."""
    return [UserId(r.user_id) for r in await tx.execute(OWNERS_OF, {"channel": channel, "address": address})]


async def ids_of_teams(tx: AsyncConnection) -> list[ContactMethodId]:
    return [ContactMethodId(row.id) for row in await tx.execute(ALL_OF_TEAMS)]


async def list_methods(tx: AsyncConnection, owner: Owner, *, after: UUID | None, limit: int) -> Sequence[ContactMethod]:
    return [_method(row) for row in await tx.execute(LIST_METHODS, {"owner": owner, "after": after, "limit": limit})]


async def add_method(tx: AsyncConnection, method: ContactMethod) -> None:
    with refusing(REFUSALS):
        await tx.execute(
            ADD_METHOD,
            {
                "id": method.id,
                "user_id": None if method.team_id else method.user_id,
                "team_id": method.team_id,
                "channel": method.channel,
                "address": method.address,
                "address_mark": method.address_mark,
                "verified_at": method.verified_at,
                "created_at": method.created_at,
            },
        )


async def delete_method(tx: AsyncConnection, owner: Owner, id: ContactMethodId) -> bool:
    """False if they have no such method. Its rules go with it."""
    return (await tx.execute(DELETE_METHOD, {"owner": owner, "id": id})).rowcount == 1


async def find_method(tx: AsyncConnection, owner: Owner, id: ContactMethodId) -> ContactMethod | None:
    row = (await tx.execute(GET_METHOD, {"owner": owner, "id": id})).one_or_none()
    return _method(row) if row else None


async def lock_methods(tx: AsyncConnection, owner: Owner) -> dict[ContactMethodId, ContactMethod]:
    """All of theirs, locked."""
    return {method.id: method for method in map(_method, await tx.execute(LOCK_METHODS, {"owner": owner}))}


async def save_verified(tx: AsyncConnection, id: ContactMethodId, *, now: datetime) -> None:
    await tx.execute(SAVE_VERIFIED, {"id": id, "now": now})


async def save_proven(tx: AsyncConnection, id: UUID, *, unless_since: datetime, now: datetime) -> None:
    """Left alone if it was proven after `unless_since` and has not failed since."""
    await tx.execute(SAVE_PROVEN, {"id": id, "unless_since": unless_since, "now": now})


async def save_failed(tx: AsyncConnection, id: UUID, *, error: str, now: datetime) -> None:
    await tx.execute(SAVE_FAILED, {"id": id, "error": error, "now": now})


async def codes_to(tx: AsyncConnection, method: ContactMethod) -> list[datetime]:
    """When codes were sent to this address, whoever asked for them."""
    return [row.created_at for row in await tx.execute(CODES_TO, {"method": method.id})]


async def sent_to(tx: AsyncConnection, owner: Owner, kind: ProofKind) -> list[datetime]:
    """When they were sent codes, or tests, at whichever address."""
    return [row.created_at for row in await tx.execute(SENT_TO, {"user_id": owner, "kind": kind.value})]


async def find_code(tx: AsyncConnection, method: ContactMethod) -> Code | None:
    """The one that was sent last."""
    row = (await tx.execute(NEWEST_CODE, {"user_id": method.user_id, "method": method.id})).one_or_none()
    return Code(row.id, bytes(row.code_hash), row.wrong_tries, row.created_at) if row else None


async def add_proof(
    tx: AsyncConnection, id: UUID, method: ContactMethod, kind: ProofKind, *, code_hash: bytes | None, now: datetime
) -> None:
    """Write down that a code or a test is on its way; what is too old to limit anything goes."""
    await tx.execute(FORGET_PROOFS, {"until": now - CODES.per})
    await tx.execute(
        ADD_PROOF,
        {
            "id": id,
            "user_id": method.user_id,
            "method": method.id,
            "kind": kind.value,
            "code_hash": code_hash,
            "now": now,
        },
    )


async def forget_proofs(tx: AsyncConnection, owner: Owner) -> None:
    await tx.execute(FORGET_PROOFS_OF, {"user_id": owner})


async def add_wrong_try(tx: AsyncConnection, id: UUID) -> None:
    await tx.execute(ADD_WRONG_TRY, {"id": id})


async def list_rules(tx: AsyncConnection, user_id: UserId, *, after: UUID | None, limit: int) -> Sequence[NotificationRule]:
    return [_rule(row) for row in await tx.execute(LIST_RULES, {"user_id": user_id, "after": after, "limit": limit})]


async def find_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> NotificationRule | None:
    row = (await tx.execute(GET_RULE, {"user_id": user_id, "id": id})).one_or_none()
    return _rule(row) if row else None


async def add_rule(tx: AsyncConnection, rule: NotificationRule) -> None:
    with refusing(REFUSALS):
        await tx.execute(ADD_RULE, _columns_of_rule(rule) | {"created_at": rule.created_at})


async def save_rule(tx: AsyncConnection, rule: NotificationRule) -> None:
    with refusing(REFUSALS):
        await tx.execute(SAVE_RULE, _columns_of_rule(rule))


def _columns_of_rule(rule: NotificationRule) -> dict[str, object]:
    return {
        "id": rule.id,
        "user_id": rule.user_id,
        "urgency": rule.urgency.value,
        "delay": rule.delay,
        "contact_method_id": rule.contact_method_id,
        "repeat_every": rule.repeat.every if rule.repeat else None,
        "repeat_at_most": rule.repeat.at_most if rule.repeat else None,
        "only_after_failure": rule.only_after_failure,
    }


async def delete_rule(tx: AsyncConnection, user_id: UserId, id: UUID) -> bool:
    """False if this user has no such rule."""
    return (await tx.execute(DELETE_RULE, {"user_id": user_id, "id": id})).rowcount == 1


def _method(row: Row[Any]) -> ContactMethod:
    return ContactMethod(
        ContactMethodId(row.id),
        UserId(row.user_id),
        row.channel,
        row.address,
        row.verified_at,
        row.created_at,
        row.last_proven_at,
        row.last_failed_at,
        row.last_error,
        TeamId(row.team_id) if row.team_id else None,
        last_test=test_of(row),
        rings_on_silent=row.rings_since is not None,
    )


def _rule(row: Row[Any]) -> NotificationRule:
    method = ContactMethodId(row.contact_method_id)
    repeat = Repeat(row.repeat_every, row.repeat_at_most) if row.repeat_every is not None else None
    urgency, created_at = Urgency(row.urgency), row.rule_created_at
    return NotificationRule(row.rule_id, UserId(row.user_id), urgency, row.delay, method, created_at, repeat, row.only_after_failure)
