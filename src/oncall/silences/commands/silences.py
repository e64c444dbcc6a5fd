"""Silences: made, edited, extended, ended, deleted."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import actor_of
from oncall.access.values import Caller
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import ServiceId
from oncall.services.commands import get_services
from oncall.silences.commands.telling import muting_changed
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules.mutings import check_silence
from oncall.silences.store import silences as store
from oncall.silences.values import BadSilence, Silence, SilenceId, SilenceState, UnknownSilence
from oncall.teams.commands import get_users
from oncall.teams.rules import check_version

UNKNOWN = "There is no silence with this id."


async def author_of(tx: AsyncConnection, caller: Caller) -> Actor:
    """The person the caller's key belongs to, else the key."""
    user = (await get_users(tx, [caller.user_id])).get(caller.user_id) if caller.user_id else None
    return Actor(ActorKind.USER, user.id, user.name, "api") if user else actor_of(caller)


async def create_silence(tx: AsyncConnection, silence: Silence, told: OnMutingChanged, *, now: datetime) -> Silence:
    await _check(tx, silence, now=now)
    await store.add_silence(tx, silence)
    await muting_changed(tx, told, now=now)
    return silence


async def get_silence(tx: AsyncConnection, id: SilenceId) -> Silence:
    found = await store.find_silence(tx, id)
    if found is None:
        raise UnknownSilence(UNKNOWN)
    return found


async def list_silences(
    tx: AsyncConnection, *, after: UUID | None, service_id: ServiceId | None, state: SilenceState | None, limit: int, now: datetime
) -> Sequence[Silence]:
    """In order of creation; those that are over stay listed."""
    start = after or UUID(int=0)
    return await store.list_silences(tx, after=start, service_id=service_id, state=state.value if state else None, limit=limit, now=now)


async def update_silence(
    tx: AsyncConnection, silence: Silence, told: OnMutingChanged, *, expected_version: int | None, now: datetime
) -> Silence:
    """Replace what it says; who made it, and when, stays."""
    current = await _lock(tx, silence.id, expected_version)
    edited = replace(silence, author=current.author, created_at=current.created_at, version=current.version + 1)
    await _check(tx, edited, now=now)
    await store.save_silence(tx, edited)
    await muting_changed(tx, told, now=now)
    return edited


async def expire_silence(tx: AsyncConnection, id: SilenceId, told: OnMutingChanged, *, now: datetime) -> Silence:
    """It ends now; one that is over already stays as it was, and one that has not begun never does."""
    current = await _lock(tx, id, None)
    if current.state(now) is SilenceState.EXPIRED:
        return current
    over = replace(current, starts_at=min(current.starts_at, now), ends_at=now, version=current.version + 1)
    await store.save_silence(tx, over)
    await muting_changed(tx, told, now=now)
    return over


async def extend_silence(tx: AsyncConnection, id: SilenceId, ends_at: datetime, told: OnMutingChanged, *, now: datetime) -> Silence:
    current = await _lock(tx, id, None)
    if current.state(now) is SilenceState.EXPIRED:
        raise BadSilence("This silence is over; make a new one, so that what paged in between is not hidden.")
    if ends_at < current.ends_at:
        raise BadSilence("This would end it earlier: expire it, or edit it.", field="ends_at")
    longer = replace(current, ends_at=ends_at, version=current.version + 1)
    await _check(tx, longer, now=now)
    await store.save_silence(tx, longer)
    await muting_changed(tx, told, now=now)
    return longer


async def delete_silence(tx: AsyncConnection, id: SilenceId, told: OnMutingChanged, *, now: datetime) -> None:
    await _lock(tx, id, None)
    await store.delete_silence(tx, id)
    await muting_changed(tx, told, now=now)


async def _lock(tx: AsyncConnection, id: SilenceId, expected_version: int | None) -> Silence:
    current = await store.lock_silence(tx, id)
    if current is None:
        raise UnknownSilence(UNKNOWN)
    check_version(current.version, expected_version)
    return current


async def _check(tx: AsyncConnection, silence: Silence, *, now: datetime) -> None:
    check_silence(silence, now=now)
    if silence.service_id is not None and silence.service_id not in await get_services(tx, [silence.service_id]):
        raise BadSilence("There is no service with this service_id.", field="service_id")
