"""What the acknowledge link does: show, or act as the person it was made for."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import read_link
from oncall.access.values import LinkToken, LinkVerb
from oncall.console.rules import link_page
from oncall.console.values import GONE_USER, UNKNOWN, LinkPage
from oncall.incidents.commands import verbs
from oncall.incidents.values import UnknownIncident
from oncall.kit.actors import Actor, ActorKind
from oncall.services.commands import get_services
from oncall.teams.commands import get_users


async def open_link(tx: AsyncConnection, text: str, ring: Sequence[bytes], *, now: datetime) -> LinkPage:
    """The page behind a link. Changes nothing, however often and by whomever it is opened."""
    return await _page(tx, text, ring, act=False, now=now)


async def press_link(tx: AsyncConnection, text: str, ring: Sequence[bytes], *, now: datetime) -> LinkPage:
    """Do what the link says, and show what came of it. Pressing again changes nothing."""
    return await _page(tx, text, ring, act=True, now=now)


async def _page(tx: AsyncConnection, text: str, ring: Sequence[bytes], *, act: bool, now: datetime) -> LinkPage:
    token = read_link(text, ring)
    if token is None or token.verb is LinkVerb.ESCALATE:
        return UNKNOWN
    user = (await get_users(tx, [token.user_id])).get(token.user_id)
    if user is None:
        return GONE_USER
    by = Actor(ActorKind.USER, user.id, user.name, "link")
    try:
        done = await _press(tx, token, by, now=now) if act else verbs.Done(await verbs.get_incident(tx, token.incident_id), False, 0)
    except UnknownIncident:
        return UNKNOWN
    incident = done.incident
    service = (await get_services(tx, [incident.service_id]))[incident.service_id].name
    return link_page(token, incident, user=user.name, service=service, acted=act, cancelled=done.cancelled, now=now)


async def _press(tx: AsyncConnection, token: LinkToken, by: Actor, *, now: datetime) -> verbs.Done:
    if token.verb is LinkVerb.RESOLVE:
        return await verbs.resolve(tx, token.incident_id, by=by, now=now)
    return await verbs.acknowledge(tx, token.incident_id, by=by, owner_id=token.user_id, now=now)
