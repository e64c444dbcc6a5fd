"""What can be done with API keys: make, list, revoke, and find out who calls."""

import secrets
from collections.abc import Mapping, Sequence
from datetime import datetime
from hmac import compare_digest
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access import store
from oncall.access.rules import RANDOMNESS, bearer_key, check_scope, hash_key, make_key, public_prefix, well_formed
from oncall.access.values import ApiKey, Caller, KeyKind, LastAdminKey, NotSignedIn, Scope, UnknownApiKey
from oncall.kit.ids import ApiKeyId, UserId, new_id


def new_key(kind: KeyKind) -> str:
    """A fresh key; whoever asked for it stores `hash_key` and `public_prefix` of it and shows it once."""
    return make_key(kind, secrets.token_bytes(RANDOMNESS))


async def ensure_admin_key(tx: AsyncConnection, *, now: datetime) -> str | None:
    """On the very first start the first admin key, to be printed once; None ever after, even when all keys are revoked."""
    if await store.has_keys(tx):
        return None
    await store.lock_keys(tx)
    if await store.has_keys(tx):
        return None
    _, key = await create_api_key(tx, name="first admin key", scope=Scope.ADMIN, user_id=None, now=now)
    return key


async def authenticate(tx: AsyncConnection, header_value: str | None, *, admin_key_hash: bytes | None, needs: Scope = Scope.READ) -> Caller:
    """Who sent this Authorization header, if their scope contains `needs` (else `ScopeTooSmall`).

    Raises `NotSignedIn`, with the same sentence whatever is wrong with the key.
    """
    caller = await _identify(tx, header_value, admin_key_hash)
    check_scope(caller, needs)
    return caller


async def _identify(tx: AsyncConnection, header_value: str | None, admin_key_hash: bytes | None) -> Caller:
    key = bearer_key(header_value)
    if key is None:
        raise NotSignedIn
    key_hash = hash_key(key)
    if admin_key_hash is not None and compare_digest(key_hash, admin_key_hash):
        return Caller("environment", None, "environment admin key", Scope.ADMIN, None)
    found = await store.find_key(tx, key_hash) if well_formed(key) else None
    if found is None:
        raise NotSignedIn
    return Caller("key", found.id, found.name, found.scope, found.user_id)


async def valid_keys(tx: AsyncConnection) -> Mapping[bytes, Caller]:
    """Whom each key lets in, by its SHA-256, for what is kept in memory."""
    return await store.valid_keys(tx)


async def create_api_key(tx: AsyncConnection, *, name: str, scope: Scope, user_id: UserId | None, now: datetime) -> tuple[ApiKey, str]:
    """The record and the key itself, which is not stored and cannot be shown again."""
    key = new_key(KeyKind.API)
    made = ApiKey(ApiKeyId(new_id()), public_prefix(key), name, scope, user_id, now, None)
    await store.add_key(tx, made, hash_key(key))
    return made, key


async def list_api_keys(tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100) -> Sequence[ApiKey]:
    """In order of creation, revoked ones included."""
    return await store.list_keys(tx, after=after, limit=limit)


async def revoke_api_key(tx: AsyncConnection, id: ApiKeyId, *, caller: Caller, now: datetime) -> None:
    """From the commit on nobody gets in with it; revoking it again is no error. The last admin key cannot revoke itself."""
    if caller.key_id == id:
        await store.lock_keys(tx)
        if not await store.has_other_admins(tx, id):
            raise LastAdminKey
    if not await store.save_revoked(tx, id, now=now):
        raise UnknownApiKey
