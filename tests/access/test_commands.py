"""Keys in the database: made once, found by hash, gone when revoked."""

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError
from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.commands import authenticate, create_api_key, ensure_admin_key, list_api_keys, new_key, revoke_api_key
from oncall.access.rules import hash_key
from oncall.access.values import Caller, KeyKind, LastAdminKey, NotSignedIn, Scope, ScopeTooSmall, UnknownApiKey, UnknownKeyOwner
from oncall.kit.clock import ManualClock
from oncall.kit.db import Database
from oncall.kit.ids import ApiKeyId, UserId, new_id
from oncall.kit.trouble import sqlstate

SOMEBODY = Caller("environment", None, "environment admin key", Scope.ADMIN, None)

ENVIRONMENT = "an admin key that an operator chose"


async def test_the_first_start_makes_one_admin_key_and_later_ones_none(tx: AsyncConnection, clock: ManualClock) -> None:
    key = await ensure_admin_key(tx, now=clock.at)
    assert key is not None
    assert (await authenticate(tx, f"Bearer {key}", admin_key_hash=None)).scope is Scope.ADMIN
    assert await ensure_admin_key(tx, now=clock.at) is None


async def test_a_node_that_starts_at_the_same_time_waits_and_makes_no_second_key(database: Database, clock: ManualClock) -> None:
    async def start_impatiently() -> str | None:
        async with database.transaction() as tx:
            await tx.execute(text("SET LOCAL lock_timeout = '50ms'"))
            return await ensure_admin_key(tx, now=clock.at)

    async with database.transaction() as first:
        assert await ensure_admin_key(first, now=clock.at)
        with pytest.raises(DBAPIError) as error:
            await start_impatiently()
        assert sqlstate(error.value) == "55P03"
    assert await start_impatiently() is None


async def test_no_new_admin_key_appears_when_all_are_revoked(tx: AsyncConnection, clock: ManualClock) -> None:
    made, _ = await create_api_key(tx, name="old", scope=Scope.ADMIN, user_id=None, now=clock.at)
    await revoke_api_key(tx, made.id, caller=SOMEBODY, now=clock.at)
    assert await ensure_admin_key(tx, now=clock.at) is None


async def test_a_key_is_found_with_its_scope_and_name(tx: AsyncConnection, clock: ManualClock) -> None:
    made, key = await create_api_key(tx, name="dashboard", scope=Scope.READ, user_id=None, now=clock.at)
    assert await authenticate(tx, f"Bearer {key}", admin_key_hash=None) == Caller("key", made.id, "dashboard", Scope.READ, None)


async def test_a_key_whose_scope_is_too_small_is_known_and_refused(tx: AsyncConnection, clock: ManualClock) -> None:
    _, key = await create_api_key(tx, name="dashboard", scope=Scope.READ, user_id=None, now=clock.at)
    with pytest.raises(ScopeTooSmall, match="scope respond; this one has read"):
        await authenticate(tx, f"Bearer {key}", admin_key_hash=None, needs=Scope.RESPOND)


async def test_the_key_fixed_in_the_environment_is_an_admin(tx: AsyncConnection) -> None:
    found = await authenticate(tx, f"Bearer {ENVIRONMENT}", admin_key_hash=hash_key(ENVIRONMENT))
    assert found == Caller("environment", None, "environment admin key", Scope.ADMIN, None)


async def test_every_bad_credential_gets_the_same_sentence(tx: AsyncConnection, clock: ManualClock) -> None:
    made, revoked = await create_api_key(tx, name="lost laptop", scope=Scope.ADMIN, user_id=None, now=clock.at)
    await revoke_api_key(tx, made.id, caller=SOMEBODY, now=clock.at)
    sentences = set()
    for header in (None, "", "Bearer", "Basic abc", "Bearer nonsense", f"Bearer {new_key(KeyKind.API)}", f"Bearer {revoked}"):
        with pytest.raises(NotSignedIn) as refusal:
            await authenticate(tx, header, admin_key_hash=hash_key(ENVIRONMENT))
        sentences.add(str(refusal.value))
    assert len(sentences) == 1


async def test_nothing_of_the_secret_is_stored(tx: AsyncConnection, clock: ManualClock) -> None:
    _, key = await create_api_key(tx, name="secret", scope=Scope.READ, user_id=None, now=clock.at)
    stored = str((await tx.execute(text("SELECT to_jsonb(k)::text FROM api_keys k"))).scalars().all())
    assert key.split("_")[3] not in stored


async def test_a_key_for_somebody_who_does_not_exist_is_refused(tx: AsyncConnection, clock: ManualClock) -> None:
    with pytest.raises(UnknownKeyOwner):
        await create_api_key(tx, name="nobody's", scope=Scope.READ, user_id=UserId(new_id()), now=clock.at)


async def test_revoking_twice_keeps_the_first_instant_and_an_unknown_key_is_said_so(tx: AsyncConnection, clock: ManualClock) -> None:
    made, _ = await create_api_key(tx, name="old", scope=Scope.READ, user_id=None, now=clock.at)
    first = clock.at
    await revoke_api_key(tx, made.id, caller=SOMEBODY, now=first)
    await revoke_api_key(tx, made.id, caller=SOMEBODY, now=first.replace(year=2027))
    assert [key.revoked_at for key in await list_api_keys(tx)] == [first]
    with pytest.raises(UnknownApiKey):
        await revoke_api_key(tx, ApiKeyId(new_id()), caller=SOMEBODY, now=first)


async def test_the_last_admin_key_cannot_revoke_itself(tx: AsyncConnection, clock: ManualClock) -> None:
    last, _ = await create_api_key(tx, name="last", scope=Scope.ADMIN, user_id=None, now=clock.at)
    await create_api_key(tx, name="reader", scope=Scope.READ, user_id=None, now=clock.at)
    itself = Caller("key", last.id, "last", Scope.ADMIN, None)
    with pytest.raises(LastAdminKey, match="make another one first"):
        await revoke_api_key(tx, last.id, caller=itself, now=clock.at)
    await create_api_key(tx, name="next", scope=Scope.ADMIN, user_id=None, now=clock.at)
    await revoke_api_key(tx, last.id, caller=itself, now=clock.at)
