"""A person or a team is paged directly: an incident is opened that pages them, and then its policy."""

from collections.abc import Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.channels.ports import Channels
from oncall.escalation import Snapshot, gather_people, take_snapshots
from oncall.escalation.values import Target, TargetType
from oncall.incidents.commands import responders
from oncall.incidents.rules.conditions import with_support
from oncall.incidents.rules.paging import check_about, check_whom, home_of, opened_to_page, reaches
from oncall.incidents.store import incidents as store
from oncall.incidents.values.paging import CannotPage, Home, Paged, PagedDirectly, Wanted, Whom
from oncall.kit.actors import Actor
from oncall.kit.db import notify
from oncall.kit.ids import IncidentId, ServiceId, TeamId, UserId, new_id
from oncall.kit.metrics import INCIDENTS
from oncall.kit.trouble import ConcurrentChange
from oncall.services.commands import get_services, services_of, with_hours
from oncall.services.values import Service
from oncall.teams.commands import get_teams, get_users, teams_of


async def page(
    tx: AsyncConnection,
    user_id: UserId | None,
    team_id: TeamId | None,
    wanted: Wanted,
    *,
    by: Actor,
    channels: Channels,
    now: datetime,
) -> PagedDirectly:
    """Page a person, or whoever is on call for a team, now. Whether they are reached goes by the `channels` of this node."""
    check_about(wanted)
    whom = await _whom(tx, user_id, team_id)
    if wanted.incident_id is not None:
        return await _ask(tx, wanted.incident_id, whom, wanted.title, by=by, channels=channels, now=now)
    return await _open(tx, whom, wanted, by=by, channels=channels, now=now)


async def _whom(tx: AsyncConnection, user_id: UserId | None, team_id: TeamId | None) -> Whom:
    """One of both, and it exists."""
    check_whom(user_id, team_id)
    if user_id is not None:
        user = (await get_users(tx, [user_id])).get(user_id)
        if user is None:
            raise CannotPage("There is no user with this id.", field="user_id")
        return Whom(user_id, None, user.name)
    team = (await get_teams(tx, [team_id])).get(team_id) if team_id else None
    if team is None:
        raise CannotPage("There is no team with this id.", field="team_id")
    return Whom(None, team.id, team.name)


async def _open(tx: AsyncConnection, whom: Whom, wanted: Wanted, *, by: Actor, channels: Channels, now: datetime) -> PagedDirectly:
    """Open an incident that pages them now, by their own rules; if the first step's delay passes unacknowledged, its policy begins."""
    home = await _home(tx, whom, wanted.service_id)
    snapshot = await _snapshot(tx, home.service, named=wanted.service_id is not None)
    incident = opened_to_page(IncidentId(new_id()), whom, wanted, home.service, snapshot, by, now=now)
    also = {whom.user_id} if whom.user_id else set()
    teams = {Target(TargetType.TEAM, whom.team_id)} if whom.team_id else set()
    services = (await with_hours(tx, {home.service.id: home.service}, now=now)).values()
    there = await gather_people(tx, {snapshot}, also=also, targets=teams, channels=channels, now=now)
    people = with_support(there, services, now=now)
    done = reaches(incident, whom, people, now=now)
    [opened] = await store.add_incidents(tx, [incident])
    reason = f"{incident.escalation_reason}: {incident.title}"
    detail: dict[str, object] = {"service": home.service.name, "urgency": incident.urgency.value}
    await timeline.add(tx, [timeline.Entry(opened.id, now, timeline.Kind.OPENED, by, reason, detail)])
    INCIDENTS.labels("opened").inc()
    await notify(tx, "incidents")
    says: Sequence[str] = [*done.says, *([home.says] if home.says else [])]
    return replace(done, incident=opened, says=says)


async def _ask(tx: AsyncConnection, ref: UUID, whom: Whom, title: str, *, by: Actor, channels: Channels, now: datetime) -> PagedDirectly:
    """They are asked to join an incident that is open, and none is opened."""
    users, teams = [whom.user_id] if whom.user_id else [], [whom.team_id] if whom.team_id else []
    asked = await responders.ask(tx, ref, by=by, user_ids=users, team_ids=teams, message=title, channels=channels, now=now)
    new = [one for one in asked.requests if one.requested_at == now and one.user_id not in asked.later]
    return PagedDirectly(asked.incident, [Paged(one.user_id, one.user_name) for one in new], asked.says)


async def _home(tx: AsyncConnection, whom: Whom, service_id: ServiceId | None) -> Home:
    if service_id is not None:
        service = (await get_services(tx, [service_id])).get(service_id)
        if service is None:
            raise CannotPage("There is no service with this id.", field="service_id")
        return Home(service)
    teams = [whom.team_id] if whom.team_id else await teams_of(tx, whom.user_id) if whom.user_id else []
    return home_of(whom, teams, await services_of(tx, teams))


async def _snapshot(tx: AsyncConnection, service: Service, *, named: bool) -> Snapshot:
    """What follows if nobody acknowledges: the policy of a service that was named, else the fallback of the team that owns it, if it has
    one.
    """
    policy = service.escalation_policy_id
    if not named and service.team_id is not None:
        policy = (await get_teams(tx, [service.team_id]))[service.team_id].fallback_policy_id or policy
    snapshot = (await take_snapshots(tx, [(policy, service.team_id)])).get((policy, service.team_id))
    if snapshot is None:
        raise ConcurrentChange("a service changed its escalation policy meanwhile")
    return snapshot
