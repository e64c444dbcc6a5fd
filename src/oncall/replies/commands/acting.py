"""An answer carried out, by the rules of the links: whom a later cycle has not paged has no say, and what is resolved stays so."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.commands import verbs
from oncall.incidents.commands.handing_on import escalate_from_afar
from oncall.kit.actors import Actor
from oncall.kit.errors import Refusal
from oncall.kit.ids import IncidentId, UserId
from oncall.notifications import was_paged_since
from oncall.notifications.values.travelling import Printed
from oncall.replies import rules
from oncall.replies.values import Came, Verb
from oncall.services.commands import get_services


async def act(
    tx: AsyncConnection, incident_id: IncidentId, verb: Verb, *, cycle: int, told: UserId, by: Actor, code: str | None = None, now: datetime
) -> Came:
    """Do it as `by`, with the say of `told`, who was told of the incident in `cycle`: a user, or a channel by its contact method."""
    counts = await was_paged_since(tx, incident_id, told, cycle=cycle)
    named = await verbs.get_incident(tx, incident_id)
    before = await verbs.end_of(tx, named)
    if refused := rules.refusal(before, counts=counts):
        return rules.refused(refused, before)
    if before.id != named.id and verb is Verb.RESOLVE:
        return Came(f"#{named.number} was merged into #{before.number}: answer a message about that one to resolve it.")
    try:
        done = await _do(tx, incident_id, verb, by, now=now)
    except Refusal as refusal:
        return Came(str(refusal))  # it was resolved, or merged, at this very moment
    after = done.incident
    if not done.changed and (over := rules.refusal(after, counts=True)):
        return rules.refused(over, after)  # somebody resolved it meanwhile
    service = (await get_services(tx, [after.service_id]))[after.service_id].name
    return rules.came_of(
        verb,
        before,
        after,
        service=service,
        user_id=_person(by),
        changed=done.changed,
        cancelled=done.cancelled,
        asked=done.asked,
        code=code,
    )


async def acknowledge_all(tx: AsyncConnection, listed: Sequence[Printed], *, told: UserId, by: Actor, now: datetime) -> Came:
    """Each that the message listed, in the order of ids, in which they are locked; nothing that joined later."""
    numbers, cancelled = [], 0
    for one in listed:
        if await was_paged_since(tx, one.incident_id, told, cycle=one.cycle):
            done = await verbs.acknowledge(tx, one.incident_id, by=by, owner_id=_person(by), now=now)
            numbers += [done.incident.number] if done.changed else []
            cancelled += done.cancelled
    text = rules.confirmation_of_list(numbers, listed=len(listed), cancelled=cancelled)
    return Came(text, left=frozenset(), for_all=bool(numbers), did=bool(numbers))


def _person(by: Actor) -> UserId | None:
    return UserId(by.id) if by.id else None


async def _do(tx: AsyncConnection, incident_id: IncidentId, verb: Verb, by: Actor, *, now: datetime) -> verbs.Done:
    match verb:
        case Verb.ACKNOWLEDGE:
            return await verbs.acknowledge(tx, incident_id, by=by, owner_id=_person(by), now=now)
        case Verb.RESOLVE:
            return await verbs.resolve(tx, incident_id, by=by, now=now)
        case Verb.ESCALATE:
            return await escalate_from_afar(tx, incident_id, by=by, now=now)
