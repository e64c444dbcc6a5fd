"""What can be done with inhibitions."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.silences.commands.muting import muting_changed
from oncall.silences.ports import OnMutingChanged
from oncall.silences.rules.scopes import check_targets, inhibits_everything
from oncall.silences.store import inhibitions as store
from oncall.silences.values.inhibitions import Inhibition, InhibitionId, UnknownInhibition
from oncall.teams.rules import check_version


async def create_inhibition(
    tx: AsyncConnection, inhibition: Inhibition, *, is_everything_meant: bool, on_changed: OnMutingChanged, now: datetime
) -> Inhibition:
    check_targets(inhibition, confirmed=is_everything_meant)
    await store.add_inhibition(tx, inhibition)
    await muting_changed(tx, on_changed, now=now)
    return inhibition


async def get_inhibition(tx: AsyncConnection, id: InhibitionId, *, lock: bool = False) -> Inhibition:
    found = await store.find_inhibition(tx, id, lock=lock)
    if found is None:
        raise UnknownInhibition("There is no inhibition with this id.")
    return found


async def list_inhibitions(tx: AsyncConnection, *, after: UUID | None = None, limit: int = 100) -> Sequence[Inhibition]:
    return await store.list_inhibitions(tx, after=after or UUID(int=0), limit=limit)


async def update_inhibition(
    tx: AsyncConnection,
    wanted: Inhibition,
    *,
    is_everything_meant: bool,
    expected_version: int | None,
    on_changed: OnMutingChanged,
    now: datetime,
) -> Inhibition:
    check_targets(wanted, confirmed=is_everything_meant)
    current = await get_inhibition(tx, wanted.id, lock=True)
    check_version(current.version, expected_version)
    edited = replace(wanted, created_at=current.created_at, version=current.version + 1)
    await store.save_inhibition(tx, edited)
    await muting_changed(tx, on_changed, now=now)
    return edited


async def delete_inhibition(tx: AsyncConnection, id: InhibitionId, *, on_changed: OnMutingChanged, now: datetime) -> None:
    await get_inhibition(tx, id, lock=True)
    await store.delete_inhibition(tx, id)
    await muting_changed(tx, on_changed, now=now)


def mutes_everything(inhibition: Inhibition) -> bool:
    """Whether nothing narrows down what it mutes."""
    return inhibits_everything(inhibition)
