"""What can be done with silences."""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.kit.ids import ServiceId, new_id
from oncall.silences.commands.muting import author_of, check_services, muting_changed
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules import silences as rules
from oncall.silences.rules.scopes import is_everything
from oncall.silences.store import silences as store
from oncall.silences.values.muting import State
from oncall.silences.values.silences import Silence, SilenceId, SilenceSettings, UnknownSilence
from oncall.teams.rules import check_version


@dataclass(frozen=True, slots=True)
class SilenceSeen:
    """What is said of a silence beside what it says itself."""

    state: State
    matches_everything: bool


async def proposed(tx: AsyncConnection, settings: SilenceSettings, *, caller: Caller, now: datetime) -> Silence:
    """The silence that these settings would make, checked and not kept."""
    silence = Silence(
        SilenceId(new_id()),
        settings.matchers,
        settings.service_id,
        settings.starts_at or now,
        settings.ends_at,
        settings.comment,
        await author_of(tx, caller),
        now,
    )
    rules.check_silence(silence, confirmed=settings.confirmed, now=now)
    await _check_service(tx, silence.service_id)
    return silence


async def create_silence(
    tx: AsyncConnection, settings: SilenceSettings, *, caller: Caller, on_changed: OnMutingChanged, now: datetime
) -> Silence:
    silence = await proposed(tx, settings, caller=caller, now=now)
    await store.add_silence(tx, silence)
    await muting_changed(tx, on_changed, now=now)
    return silence


async def get_silence(tx: AsyncConnection, id: SilenceId, *, lock: bool = False) -> Silence:
    found = await store.find_silence(tx, id, lock=lock)
    if found is None:
        raise UnknownSilence("There is no silence with this id.")
    return found


async def list_silences(
    tx: AsyncConnection,
    *,
    before: UUID | None = None,
    limit: int = 100,
    states: Collection[State] | None = None,
    service_id: ServiceId | None = None,
    now: datetime,
) -> Sequence[Silence]:
    """Newest first; those that have expired as well."""
    return await store.list_silences(tx, before=before, limit=limit, states=states, service_id=service_id, now=now)


async def update_silence(
    tx: AsyncConnection,
    id: SilenceId,
    settings: SilenceSettings,
    *,
    expected_version: int | None,
    on_changed: OnMutingChanged,
    now: datetime,
) -> Silence:
    current = await get_silence(tx, id, lock=True)
    check_version(current.version, expected_version)
    edited = rules.edited(current, settings, now=now)
    await _check_service(tx, edited.service_id)
    return await _save(tx, current, edited, on_changed, now=now)


async def expire_silence(tx: AsyncConnection, id: SilenceId, *, on_changed: OnMutingChanged, now: datetime) -> Silence:
    """It ends now; one that is over already stays as it was."""
    current = await get_silence(tx, id, lock=True)
    return await _save(tx, current, rules.expired(current, now=now), on_changed, now=now)


async def extend_silence(
    tx: AsyncConnection, id: SilenceId, *, ends_at: datetime | None, by: timedelta | None, on_changed: OnMutingChanged, now: datetime
) -> Silence:
    current = await get_silence(tx, id, lock=True)
    return await _save(tx, current, rules.extended(current, ends_at=ends_at, by=by, now=now), on_changed, now=now)


async def delete_silence(tx: AsyncConnection, id: SilenceId, *, on_changed: OnMutingChanged, now: datetime) -> None:
    """Gone without a trace; to end one and keep it in the list, expire it."""
    await get_silence(tx, id, lock=True)
    await store.delete_silence(tx, id)
    await muting_changed(tx, on_changed, now=now)


async def _save(tx: AsyncConnection, current: Silence, new: Silence, on_changed: OnMutingChanged, *, now: datetime) -> Silence:
    if new != current:
        await store.save_silence(tx, new)
        await muting_changed(tx, on_changed, now=now)
    return new


async def _check_service(tx: AsyncConnection, id: ServiceId | None) -> None:
    if id is not None:
        await check_services(tx, [id], field="service_id")


def seen(silence: Silence, *, now: datetime) -> SilenceSeen:
    services = [silence.service_id] if silence.service_id else []
    return SilenceSeen(rules.state_of(silence, now=now), is_everything(silence.matchers, services))
