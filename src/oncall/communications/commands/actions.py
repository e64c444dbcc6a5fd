"""What workflow rules do here by a name."""

import secrets
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.communications.commands.bridges import get_bridge, set_bridge
from oncall.communications.commands.settings import settled
from oncall.communications.rules.bridges import filled
from oncall.communications.values.bridges import NoBridgeNow
from oncall.incidents.values import Incident
from oncall.kit.actors import Actor


async def open_bridge(tx: AsyncConnection, incident: Incident, text: str, *, by: Actor, now: datetime) -> str:
    """The link that the rule says, else the one of the service's or the team's settings; one that is open stays."""
    _, bridge = await get_bridge(tx, incident.id)
    if bridge is not None and bridge.is_open:
        return f"the bridge is open already: {bridge.url}"
    template = text.strip() or (await settled(tx, incident.service_id)).bridge
    if template is None:
        raise NoBridgeNow("Neither the rule nor the service nor its team says which bridge to open.")
    url = filled(template, number=incident.number, random=secrets.token_hex(8))
    await set_bridge(tx, incident.id, url, expected_version=None, by=by, now=now)
    return f"the bridge was opened: {url}"
