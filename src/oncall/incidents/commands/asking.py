"""Somebody is told that a task or a role of an incident is theirs: a notice, by their own rules for its urgency."""

from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.commands import load_reach
from oncall.incidents.values import Incident
from oncall.incidents.values.tasks import UnknownPerson
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import UserId, new_id
from oncall.notifications import NewNotice, send_notices
from oncall.services.commands import get_services
from oncall.teams.commands import get_users

OF_USE = timedelta(hours=12)
"""What could not be sent for so long is not news any more."""


async def tell_person(
    tx: AsyncConnection,
    incident: Incident,
    user_id: UserId,
    by: Actor,
    *,
    kind: str,
    subject: str,
    paragraphs: tuple[str, ...],
    now: datetime,
) -> None:
    """Unless it is they who did it."""
    if by.kind is ActorKind.USER and by.id == user_id:
        return
    service = (await get_services(tx, [incident.service_id]))[incident.service_id]
    notice = NewNotice(
        user_id=user_id,
        kind=kind,
        topic=f"{kind}/{incident.id}/{new_id()}",
        urgency=incident.urgency.value,
        subject=f"#{incident.number} {subject}",
        paragraphs=(f"Incident #{incident.number}, {incident.title}, of {service.name}. By {by.name}.", *paragraphs),
        expires_at=now + OF_USE,
    )
    await send_notices(tx, [notice], await load_reach(tx, [user_id]), now=now)


async def name_of(tx: AsyncConnection, user_id: UserId, *, field: str) -> str:
    user = (await get_users(tx, [user_id])).get(user_id)
    if user is None:
        raise UnknownPerson(f"There is no user with this id: {user_id}.", field=field)
    return user.name
