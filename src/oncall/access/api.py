"""Who may call a route (`Reader`, `Responder`, `Admin`), and the routes about keys.

A route names its caller *before* its transaction: the caller is read in a transaction of its own, and a request that held one
connection while it waited for another could starve its pool.
"""

from collections.abc import Awaitable, Callable
from functools import cache
from hashlib import sha256
from typing import Annotated

from fastapi import APIRouter, Depends, Request, Response
from fastapi.security import HTTPAuthorizationCredentials, HTTPBearer

from oncall.access import commands
from oncall.access.compiled import find_caller
from oncall.access.schemas import ApiKeyIn, ApiKeyMade, ApiKeyShown, Me
from oncall.access.values import Caller, NotSignedIn, NotYours, Scope
from oncall.kit.db import Database, Pool
from oncall.kit.http import Listed, Paging, ReadTx, WriteTx, now_in
from oncall.kit.ids import ApiKeyId, UserId
from oncall.kit.limits import FailureLimiter, Recent, TooMany, network_of

router = APIRouter(prefix="/api/v1", tags=["access"])
documented = HTTPBearer(auto_error=False, scheme_name="api_key", description="oc_api_…, made by POST /api/v1/api-keys")


class Doorkeeper:
    """What this process remembers of those who tried to get in: failures by address, and keys that were let in lately."""

    def __init__(self, *, limit: int = 20) -> None:
        self.failures = FailureLimiter(limit=limit)
        self.known: Recent[bytes] = Recent()


async def _admit(request: Request, needs: Scope) -> Caller:
    """The caller, or 401, or 403; 429 after too many failures from one address. Acknowledging draws on its own connections.

    A key that was let in lately, or that this node knows, is still looked up then, or whoever shares an address (a proxy's) with an
    attacker, or with one forgotten dashboard, could not acknowledge.
    """
    state = request.app.state
    if not hasattr(state, "doorkeeper"):
        state.doorkeeper = Doorkeeper()
    keeper: Doorkeeper = state.doorkeeper
    database: Database = state.database
    header = request.headers.get("authorization")
    source = network_of(request.client.host if request.client else None)
    fingerprint = sha256((header or "").encode("latin-1")).digest()
    wait = keeper.failures.wait(source)
    if wait and fingerprint not in keeper.known and not find_caller(header, state.callers.value or {}, admin_key_hash=state.admin_key_hash):
        raise TooMany("Too many requests without a valid key came from this address; wait before the next.", retry_after=wait)
    try:
        async with database.transaction(Pool.ACKS if needs is Scope.RESPOND else Pool.API, read_only=True) as tx:
            caller = await commands.authenticate(tx, header, admin_key_hash=state.admin_key_hash, needs=needs)
    except NotSignedIn:
        keeper.failures.failed(source)
        raise
    keeper.known.remember(fingerprint)
    return caller


@cache
def require(scope: Scope) -> Callable[..., Awaitable[Caller]]:
    """The dependency that lets in callers of this scope or a wider one."""

    async def caller(request: Request, _: Annotated[HTTPAuthorizationCredentials | None, Depends(documented)]) -> Caller:
        return await _admit(request, scope)

    return caller


Reader = Annotated[Caller, Depends(require(Scope.READ))]
Responder = Annotated[Caller, Depends(require(Scope.RESPOND))]
Admin = Annotated[Caller, Depends(require(Scope.ADMIN))]


async def person_or_admin(user_id: UserId, caller: Responder) -> Caller:
    """For routes below /users/{user_id}: the person themselves, with a key of theirs that may respond, or an admin."""
    if not caller.may_act_for(user_id):
        raise NotYours("Only the person themselves or an admin may do this.")
    return caller


PersonOrAdmin = Annotated[Caller, Depends(person_or_admin)]


@router.get("/me")
async def me(caller: Reader) -> Me:
    """Who this key belongs to and what it may do."""
    return Me.model_validate(caller)


@router.post("/api-keys", status_code=201)
async def create_api_key(request: Request, _: Admin, tx: WriteTx, wanted: ApiKeyIn) -> ApiKeyMade:
    """Make a key; this answer is the only one that shows it."""
    made, key = await commands.create_api_key(
        tx, name=wanted.name, scope=wanted.scope, user_id=wanted.user_id, now=await now_in(request, tx)
    )
    return ApiKeyMade(key=key, **ApiKeyShown.model_validate(made).model_dump())


@router.get("/api-keys")
async def list_api_keys(_: Admin, tx: ReadTx, page: Paging) -> Listed[ApiKeyShown]:
    keys, next_cursor = page.cut(await commands.list_api_keys(tx, after=page.after, limit=page.limit + 1))
    return Listed(items=[ApiKeyShown.model_validate(key) for key in keys], next_cursor=next_cursor)


@router.delete("/api-keys/{id}", status_code=204)
async def revoke_api_key(request: Request, id: ApiKeyId, caller: Admin, tx: WriteTx) -> Response:
    """Revoke a key: it stays in the list, and nobody gets in with it any more."""
    await commands.revoke_api_key(tx, id, caller=caller, now=await now_in(request, tx))
    return Response(status_code=204)
