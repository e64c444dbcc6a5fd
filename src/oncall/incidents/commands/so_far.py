"""What whoever gets an incident next is told of what was done for it so far."""

from collections.abc import Mapping, Sequence
from dataclasses import replace

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.incidents.rules.so_far import words_of
from oncall.incidents.store import roles as role_store
from oncall.incidents.store import so_far as store
from oncall.incidents.values import Incident
from oncall.kit.ids import IncidentId
from oncall.teams.commands import get_users


async def words_so_far(tx: AsyncConnection, incidents: Sequence[Incident]) -> Mapping[IncidentId, str]:
    """Of each in one line; of one that nobody has touched it is empty. Three statements for any number."""
    if not incidents:
        return {}
    ids = [one.id for one in incidents]
    found = await store.so_far(tx, ids)
    holders = [one for one in await role_store.list_holders(tx, ids) if one.user_id is not None]
    users = await get_users(tx, {one.user_id for one in holders if one.user_id}) if holders else {}
    words = {}
    for incident in incidents:
        named = [
            (one.role, users[one.user_id].name)
            for one in holders
            if one.incident_id == incident.id and one.user_id and one.user_id in users
        ]
        words[incident.id] = words_of(incident, replace(found[incident.id], holders=tuple(named)))
    return words
