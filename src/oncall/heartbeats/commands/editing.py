"""What people do with heartbeats: make, see, edit and delete them, change their keys."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.commands import new_key
from oncall.access.rules import hash_key, public_prefix
from oncall.access.values import KeyKind
from oncall.heartbeats import rules
from oncall.heartbeats.commands.writing import resolve_alert, tell, write
from oncall.heartbeats.store import heartbeats as store
from oncall.heartbeats.store import history
from oncall.heartbeats.values import (
    Change,
    Heartbeat,
    HeartbeatId,
    HeartbeatSettings,
    Kind,
    NameTaken,
    Outcome,
    Recorded,
    State,
    UnknownHeartbeat,
    WrongOwner,
)
from oncall.incidents.compiled import Judging
from oncall.kit.actors import Actor
from oncall.kit.ids import ServiceId, new_id
from oncall.kit.references import refusing
from oncall.services.commands import get_services
from oncall.teams.rules import check_version

NEWEST = UUID(int=2**128 - 1)
UNIQUE = "heartbeats_name_is_unique_in_its_service"


def _taken() -> NameTaken:
    return NameTaken("This service has a heartbeat of this name already: choose another name, or edit that one.")


async def create_heartbeat(
    tx: AsyncConnection, service_id: ServiceId, wanted: HeartbeatSettings, judging: Judging, *, by: Actor, now: datetime
) -> tuple[Heartbeat, str]:
    """The heartbeat and its key, which is not stored and cannot be shown again."""
    if service_id not in await get_services(tx, [service_id]):
        raise WrongOwner("There is no service with this service_id.", field="service_id")
    key = new_key(KeyKind.HEARTBEAT)
    made = Heartbeat(HeartbeatId(new_id()), service_id, wanted, public_prefix(key), now)
    with refusing({UNIQUE: _taken}):
        await store.add_heartbeat(tx, made, key_hash=hash_key(key))
    await tell(tx, [Outcome(made, (Change(Kind.CREATED, now, f"created by {by.name}", by.name),))], judging, now=now)
    return made, key


async def get_heartbeat(tx: AsyncConnection, id: HeartbeatId, *, lock: bool = False) -> Heartbeat:
    found = await store.find_heartbeat(tx, id, lock=lock)
    if found is None:
        raise UnknownHeartbeat("There is no heartbeat with this id.")
    return found


async def list_heartbeats(
    tx: AsyncConnection, *, after: UUID | None, service_id: ServiceId | None, state: State | None, limit: int, now: datetime
) -> list[Heartbeat]:
    """In order of creation."""
    return await store.list_heartbeats(tx, after=after or UUID(int=0), service_id=service_id, state=state, limit=limit, now=now)


async def list_history(tx: AsyncConnection, id: HeartbeatId, *, before: UUID | None, limit: int) -> Sequence[Recorded]:
    """What happened to it, and its latest check-ins; newest first."""
    await get_heartbeat(tx, id)
    return await history.list_history(tx, id, before=before or NEWEST, limit=limit)


async def update_heartbeat(
    tx: AsyncConnection,
    id: HeartbeatId,
    service_id: ServiceId,
    wanted: HeartbeatSettings,
    judging: Judging,
    *,
    expected_version: int | None,
    now: datetime,
) -> Heartbeat:
    """Its key and its state stay; a clock that runs counts by the new interval and grace from where it was started."""
    current = await get_heartbeat(tx, id, lock=True)
    check_version(current.version, expected_version)
    if service_id != current.service_id:
        raise WrongOwner("A heartbeat stays in its service: make another one there, and delete this one.", field="service_id")
    settled = rules.settle(current, now=now)
    edited = replace(settled.heartbeat, settings=wanted, version=current.version + 1)
    with refusing({UNIQUE: _taken}):
        await store.edit_heartbeat(tx, edited)
    await write(tx, [replace(settled, heartbeat=edited)], judging, now=now)
    return edited


async def rotate_key(tx: AsyncConnection, id: HeartbeatId, judging: Judging, *, by: Actor, now: datetime) -> tuple[Heartbeat, str]:
    """A new key in place of the old one, which nobody gets in with from the commit on."""
    current = await get_heartbeat(tx, id, lock=True)
    key = new_key(KeyKind.HEARTBEAT)
    rotated = replace(current, key_prefix=public_prefix(key))
    await store.save_key(tx, id, key_hash=hash_key(key), key_prefix=rotated.key_prefix)
    await tell(tx, [Outcome(rotated, (Change(Kind.KEY_ROTATED, now, f"{by.name} changed its key", by.name),))], judging, now=now)
    return rotated, key


async def delete_heartbeat(tx: AsyncConnection, id: HeartbeatId, judging: Judging, *, by: Actor, now: datetime) -> None:
    """With its history. What it opened, nothing could resolve any more, so that is done now."""
    current = await get_heartbeat(tx, id, lock=True)
    if current.expired_at is not None:
        reason = f"the heartbeat was deleted by {by.name}"
        await resolve_alert(tx, current, f"Heartbeat {current.settings.name} was deleted", reason, judging, now=now)
    await store.delete_heartbeat(tx, id)


async def pause(
    tx: AsyncConnection, id: HeartbeatId, judging: Judging, *, until: datetime, reason: str, by: Actor, now: datetime
) -> Heartbeat:
    """Nothing expires until then; one that has expired stays so until it checks in."""
    outcome = rules.pause(await get_heartbeat(tx, id, lock=True), until=until, reason=reason, by=by.name, now=now)
    await write(tx, [outcome], judging, now=now)
    return outcome.heartbeat


async def resume(tx: AsyncConnection, id: HeartbeatId, judging: Judging, *, by: Actor, now: datetime) -> Heartbeat:
    """End its pause; of one that is not paused nothing changes, and that is no error."""
    outcome = rules.resume(await get_heartbeat(tx, id, lock=True), by=by.name, now=now)
    if outcome.changes:
        await write(tx, [outcome], judging, now=now)
    return outcome.heartbeat
