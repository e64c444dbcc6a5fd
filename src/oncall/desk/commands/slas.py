"""What can be done with SLAs: make, see, edit and delete them."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.desk.commands.calendars import get_calendars
from oncall.desk.rules.targets import check_settings
from oncall.desk.store import slas as store
from oncall.desk.values import SlaId
from oncall.desk.values.calendars import Calendar
from oncall.desk.values.slas import Sla, SlaNameTaken, SlaSettings, UnknownSla, WrongSla
from oncall.kit.errors import Refusal
from oncall.kit.ids import new_id
from oncall.kit.references import check_unused, refusing, used_by
from oncall.teams.rules import check_version

Terms = tuple[Sla, Calendar | None]
"""An SLA with the calendar in whose hours it counts."""


def _taken() -> Refusal:
    return SlaNameTaken("There is an SLA of this name already: choose another name, or edit that one.")


def _no_calendar() -> Refusal:
    return WrongSla("There is no calendar with this calendar_id.", field="calendar_id")


def _no_policy() -> Refusal:
    return WrongSla("There is no escalation policy with this manager_policy_id.", field="manager_policy_id")


REFUSALS = {"slas_name_idx": _taken, "slas_calendar_id_fkey": _no_calendar, "slas_manager_policy_id_fkey": _no_policy}


async def create_sla(tx: AsyncConnection, wanted: SlaSettings, *, now: datetime) -> Sla:
    check_settings(wanted)
    made = Sla(SlaId(new_id()), wanted, now)
    with refusing(REFUSALS):
        await store.add_sla(tx, made)
    return made


async def get_sla(tx: AsyncConnection, id: SlaId) -> Sla:
    found = (await store.get_slas(tx, [id])).get(id)
    if found is None:
        raise UnknownSla("There is no SLA with this id.")
    return found


async def get_terms(tx: AsyncConnection, ids: Iterable[SlaId], *, now: datetime) -> Mapping[SlaId, Terms]:
    """Those that exist, each with its calendar; two statements for any number."""
    slas = await store.get_slas(tx, ids)
    calendars = await get_calendars(tx, [its for sla in slas.values() if (its := sla.settings.calendar_id)], now=now)
    return {id: (sla, calendars[its] if (its := sla.settings.calendar_id) else None) for id, sla in slas.items()}


async def list_slas(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Sla]:
    """In order of creation."""
    return await store.list_slas(tx, after=after or UUID(int=0), limit=limit)


async def update_sla(tx: AsyncConnection, id: SlaId, wanted: SlaSettings, *, expected_version: int | None) -> Sla:
    """What was promised to an incident before stays as it was promised, until its priority changes or it is reopened."""
    check_settings(wanted)
    current = await _lock(tx, id)
    check_version(current.version, expected_version)
    edited = replace(current, settings=wanted, version=current.version + 1)
    with refusing(REFUSALS):
        await store.save_sla(tx, edited)
    return edited


async def delete_sla(tx: AsyncConnection, id: SlaId) -> None:
    current = await _lock(tx, id)
    check_unused(f"SLA {current.settings.name}", await used_by(tx, "slas", id))
    await store.delete_sla(tx, id)


async def _lock(tx: AsyncConnection, id: SlaId) -> Sla:
    current = await store.lock_sla(tx, id)
    if current is None:
        raise UnknownSla("There is no SLA with this id.")
    return current
