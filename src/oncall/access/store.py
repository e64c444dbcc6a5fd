"""Every SQL statement about API keys."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from uuid import UUID

from sqlalchemy import Row, text
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import ApiKey, Caller, Scope, UnknownKeyOwner
from oncall.kit.ids import ApiKeyId, UserId
from oncall.kit.references import refusing

# Two nodes that start at the same time make one first key, not two.
LOCK = text("LOCK TABLE api_keys IN SHARE ROW EXCLUSIVE MODE")
ANY = text("SELECT EXISTS (SELECT 1 FROM api_keys)")

# The unique index on key_hash. What is compared is a hash, so how long it takes says nothing about the key.
FIND = text("""
    SELECT id, prefix, name, scope, user_id, created_at, revoked_at FROM api_keys WHERE key_hash = :key_hash AND revoked_at IS NULL
""")

VALID = text("SELECT key_hash, id, name, scope, user_id FROM api_keys WHERE revoked_at IS NULL")
LIST = text("""
    SELECT id, prefix, name, scope, user_id, created_at, revoked_at FROM api_keys
    WHERE CAST(:after AS uuid) IS NULL OR id > :after ORDER BY id LIMIT :limit
""")

ADD = text("""
    INSERT INTO api_keys (id, prefix, key_hash, name, scope, user_id, created_at)
    VALUES (:id, :prefix, :key_hash, :name, :scope, :user_id, :created_at)
""")

OTHER_ADMINS = text("SELECT EXISTS (SELECT 1 FROM api_keys WHERE scope = 'admin' AND revoked_at IS NULL AND id <> :id)")
# Revoking twice keeps the first instant.
REVOKE = text("UPDATE api_keys SET revoked_at = coalesce(revoked_at, :now) WHERE id = :id")


async def lock_keys(tx: AsyncConnection) -> None:
    await tx.execute(LOCK)


async def has_keys(tx: AsyncConnection) -> bool:
    """Whether there ever was a key; revoked ones count."""
    return bool((await tx.execute(ANY)).scalar_one())


async def find_key(tx: AsyncConnection, key_hash: bytes) -> ApiKey | None:
    row = (await tx.execute(FIND, {"key_hash": key_hash})).one_or_none()
    return _key(row) if row else None


async def valid_keys(tx: AsyncConnection) -> dict[bytes, Caller]:
    """Whom each key lets in, by its hash."""
    return {
        bytes(r.key_hash): Caller("key", ApiKeyId(r.id), r.name, Scope(r.scope), UserId(r.user_id) if r.user_id else None)
        for r in await tx.execute(VALID)
    }


async def list_keys(tx: AsyncConnection, *, after: UUID | None, limit: int) -> Sequence[ApiKey]:
    return [_key(row) for row in await tx.execute(LIST, {"after": after, "limit": limit})]


async def add_key(tx: AsyncConnection, key: ApiKey, key_hash: bytes) -> None:
    with refusing({"api_keys_user_id_fkey": UnknownKeyOwner}):
        await tx.execute(
            ADD,
            {
                "id": key.id,
                "prefix": key.prefix,
                "key_hash": key_hash,
                "name": key.name,
                "scope": key.scope.value,
                "user_id": key.user_id,
                "created_at": key.created_at,
            },
        )


async def has_other_admins(tx: AsyncConnection, id: ApiKeyId) -> bool:
    return bool((await tx.execute(OTHER_ADMINS, {"id": id})).scalar_one())


async def save_revoked(tx: AsyncConnection, id: ApiKeyId, *, now: datetime) -> bool:
    """False if there is no such key."""
    return (await tx.execute(REVOKE, {"id": id, "now": now})).rowcount == 1


def _key(row: Row[Any]) -> ApiKey:
    return ApiKey(
        ApiKeyId(row.id),
        row.prefix,
        row.name,
        Scope(row.scope),
        UserId(row.user_id) if row.user_id else None,
        row.created_at,
        row.revoked_at,
    )
