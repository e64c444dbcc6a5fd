"""Postmortems that are owed: every major incident that is over has one published, and whoever owes it is told until it has."""

from collections.abc import Sequence
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.contacts.values import Urgency
from oncall.incidents.commands.learning import list_major_over
from oncall.incidents.commands.verbs import end_of, get_incident
from oncall.incidents.values import Incident
from oncall.kit.ids import UserId
from oncall.notifications.values import NewNotice
from oncall.postmortems.commands.settings import get_settings
from oncall.postmortems.commands.telling import tell
from oncall.postmortems.rules import publishing
from oncall.postmortems.store import postmortems as store
from oncall.postmortems.values import Owed, PostmortemId, Settings, Status
from oncall.services.commands import get_services
from oncall.teams.commands import list_members
from oncall.teams.values import TeamRole

BATCH = 100
MOST_LOOKED_AT = 1_000
"""Major incidents that are looked through for those of whose postmortems somebody is reminded: the newest."""


async def find_for(tx: AsyncConnection, ref: UUID | int) -> tuple[Incident, PostmortemId | None, Owed | None]:
    """The postmortem that tells of an incident, if there is one; and what is owed of it, if anything is."""
    incident = await end_of(tx, await get_incident(tx, ref))
    written = (await store.of_incidents(tx, [incident.id])).get(incident.id)
    owed = await _owed(tx, [incident], await get_settings(tx))
    return incident, written[0] if written else None, owed[0] if owed else None


async def list_owed(tx: AsyncConnection, *, before: UUID | None, limit: int, most_looked_at: int | None = None) -> list[Owed]:
    """Of the newest incident first."""
    settings, found, looked_at = await get_settings(tx), list[Owed](), 0
    while len(found) < limit and (most_looked_at is None or looked_at < most_looked_at):
        incidents = await list_major_over(tx, before=before, limit=BATCH)
        found += await _owed(tx, incidents, settings)
        if len(incidents) < BATCH:
            break
        before, looked_at = incidents[-1].id, looked_at + BATCH
    return found[:limit]


async def _owed(tx: AsyncConnection, incidents: Sequence[Incident], settings: Settings) -> list[Owed]:
    due = [one for one in incidents if publishing.owes(one)]
    if not due:
        return []
    written = await store.of_incidents(tx, [one.id for one in due])
    teams = {id: service.team_id for id, service in (await get_services(tx, sorted({one.service_id for one in due}))).items()}
    return [
        Owed(
            one.id,
            one.number,
            one.title,
            teams.get(one.service_id),
            publishing.owed_by(one),
            one.resolved_at,
            one.resolved_at + settings.owed_within,
            written[one.id][0] if one.id in written else None,
        )
        for one in due
        if one.resolved_at is not None and (one.id not in written or written[one.id][1] is not Status.PUBLISHED)
    ]


async def remind(tx: AsyncConnection, *, now: datetime) -> None:
    """Whoever owes one is told when the incident is over, when it is due, and every week from then on; once each time, however often
    this is asked."""
    notices: list[NewNotice] = []
    for owed in await list_owed(tx, before=None, limit=MOST_LOOKED_AT, most_looked_at=MOST_LOOKED_AT):
        at = publishing.reminder_of(owed, now=now)
        if at is not None:
            notices += [_notice(owed, user, at) for user in await _whom(tx, owed)]
    await tell(tx, notices, now=now)


async def _whom(tx: AsyncConnection, owed: Owed) -> Sequence[UserId]:
    """Who owes it; where nobody does, the managers of the team that owns the service."""
    if owed.user_id is not None or owed.team_id is None:
        return [owed.user_id] if owed.user_id else []
    return [member.id for member in await list_members(tx, owed.team_id) if member.role is TeamRole.MANAGER]


def _notice(owed: Owed, user_id: UserId, at: datetime) -> NewNotice:
    path = f"/api/v1/incidents/{owed.number}/postmortem"
    begun = f"Its draft: GET /api/v1/postmortems/{owed.postmortem_id}." if owed.postmortem_id else f"To begin with a draft: POST {path}."
    return NewNotice(
        user_id=user_id,
        kind="postmortem",
        topic=f"postmortem/{owed.incident_id}/{owed.since:%Y-%m-%dT%H:%M:%S.%f}/{at:%Y-%m-%dT%H:%M:%S.%f}/{user_id}",
        urgency=Urgency.LOW.value,
        subject=f"A postmortem is owed of #{owed.number}: {owed.title}"[:500],
        paragraphs=(
            f"This was a major incident; its postmortem is to be published by {owed.due_at:%Y-%m-%d %H:%M} UTC.",
            begun,
        ),
    )
