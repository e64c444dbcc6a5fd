"""Roles in an incident: one holder each, set, handed over and left; whoever gets one is told."""

from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.desk.values.roles import Role
from oncall.incidents.commands.acting import lock
from oncall.incidents.commands.asking import name_of, tell_person
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.rules import roles as rules
from oncall.incidents.rules.major import check_not_closed
from oncall.incidents.store import roles as store
from oncall.incidents.values import Incident
from oncall.incidents.values.roles import Holder, NobodyHasIt
from oncall.kit.actors import Actor
from oncall.kit.ids import IncidentId, UserId
from oncall.teams.commands import get_users


async def set_role(
    tx: AsyncConnection, ref: UUID | int, role: Role, user_id: UserId, *, by: Actor, reason: str | None, now: datetime
) -> Holder:
    return await give_role(tx, (await lock(tx, ref)).incident, role, user_id, by=by, reason=reason, now=now)


async def give_role(
    tx: AsyncConnection, incident: Incident, role: Role, user_id: UserId, *, by: Actor, reason: str | None, now: datetime
) -> Holder:
    """In a locked incident: taken, or handed over by whoever has it; to whoever has it already, nothing changes."""
    check_not_closed(incident, to="given roles")
    name = await name_of(tx, user_id, field="user_id")
    before = await holder_of(tx, incident, role)
    if before is not None and before.user_id == user_id:
        return before
    await store.save_holder(tx, incident.id, role, user_id, by, now=now)
    words = rules.words_of(role, name, before, reason)
    await timeline.add(tx, [_entry(incident, timeline.Kind.ROLE_SET, role, user_id, by, words, now=now)])
    told = (f"{words}.",) if reason or (before and before.user) else ()
    await tell_person(tx, incident, user_id, by, kind="role", subject=f"You are {role.value}", paragraphs=told, now=now)
    return Holder(incident.id, role, user_id, name, by, now)


async def leave_role(tx: AsyncConnection, ref: UUID | int, role: Role, *, by: Actor, reason: str | None, now: datetime) -> None:
    """Whoever has it has it no more; somebody else is to take it, if it is obligatory."""
    incident = (await lock(tx, ref)).incident
    check_not_closed(incident, to="left by whoever has a role in it")
    before = await holder_of(tx, incident, role)
    if before is None or before.user_id is None:
        raise NobodyHasIt(f"Nobody is {role.value} of #{incident.number}.")
    await store.delete_holder(tx, incident.id, role)
    words = rules.words_of_leaving(before, reason)
    await timeline.add(tx, [_entry(incident, timeline.Kind.ROLE_LEFT, role, before.user_id, by, words, now=now)])
    await tell_person(tx, incident, before.user_id, by, kind="role", subject=f"You are {role.value} no more", paragraphs=(), now=now)


async def list_roles(tx: AsyncConnection, ref: UUID | int) -> tuple[list[Holder], tuple[Role, ...]]:
    """Who has which role, and which roles somebody is to take."""
    incident = await end_of(tx, await get_incident(tx, ref))
    holders = await _named(tx, await store.list_holders(tx, [incident.id]))
    return [one for one in holders if one.user_id], rules.owed(incident, holders)


async def holder_of(tx: AsyncConnection, incident: Incident, role: Role) -> Holder | None:
    """None, if nobody has it."""
    holders = await _named(tx, await store.list_holders(tx, [incident.id]))
    return next((one for one in holders if one.role is role and one.user_id is not None), None)


async def holders_of(tx: AsyncConnection, ids: Sequence[IncidentId], role: Role) -> Mapping[IncidentId, UserId]:
    """Who has this role in each of these incidents, where somebody has."""
    return {one.incident_id: one.user_id for one in await store.list_holders(tx, ids) if one.role is role and one.user_id}


async def _named(tx: AsyncConnection, holders: Sequence[Holder]) -> list[Holder]:
    users = await get_users(tx, {one.user_id for one in holders if one.user_id}) if holders else {}
    return [replace(one, user=users[one.user_id].name) if one.user_id and one.user_id in users else one for one in holders]


def _entry(incident: Incident, kind: timeline.Kind, role: Role, user_id: UserId, by: Actor, words: str, *, now: datetime) -> timeline.Entry:
    return timeline.Entry(incident.id, now, kind, by, words, {"role": role.value, "user_id": f"{user_id}"})
