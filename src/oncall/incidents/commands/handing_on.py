"""An incident goes to somebody else: to the next step, to another policy, to a person, or by its policy as it is now."""

from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall import timeline
from oncall.escalation import Snapshot, take_snapshots
from oncall.incidents.commands.acting import carry_out, lock
from oncall.incidents.commands.so_far import words_so_far
from oncall.incidents.commands.verbs import Done
from oncall.incidents.rules import handing_on
from oncall.incidents.values import Incident
from oncall.incidents.values.acting import CannotAct
from oncall.kit.actors import Actor
from oncall.kit.ids import PolicyId, TeamId, UserId
from oncall.services.commands import get_services
from oncall.teams.commands import get_teams, get_users
from oncall.timeline.values import Kind

PRESSED_TWICE = timedelta(minutes=1)
"""So soon after one escalation another is the same wish: a button that was pressed twice, or by two people."""
MOST_IN_A_MINUTE = 1_000


async def escalate(tx: AsyncConnection, ref: UUID | int, *, by: Actor, level: int | None, reason: str | None, now: datetime) -> Done:
    """The next step, or the one that is named, is due now."""
    its = await lock(tx, ref)
    return await carry_out(tx, its, handing_on.escalate(its.incident, by, level=level, reason=reason, now=now), by=by, now=now)


async def escalate_from_afar(tx: AsyncConnection, ref: UUID | int, *, by: Actor, now: datetime) -> Done:
    """By a button, a key or a link: the next step is due now. Within a minute of another escalation, by whomever, nothing changes: a
    second press, or a request that is sent twice, must not page a step that nobody wanted.
    """
    its = await lock(tx, ref)
    _, lately = await timeline.list_around(tx, its.incident.id, now - PRESSED_TWICE, before=0, after=MOST_IN_A_MINUTE)
    twice = any(one.entry.kind is Kind.ESCALATED for one in lately)
    change = None if twice else handing_on.escalate(its.incident, by, now=now)
    return await carry_out(tx, its, change, by=by, now=now)


async def reassign(
    tx: AsyncConnection,
    ref: UUID | int,
    *,
    by: Actor,
    policy_id: PolicyId | None,
    level: int | None,
    user_id: UserId | None,
    team_id: TeamId | None,
    reason: str | None,
    now: datetime,
) -> Done:
    """To a policy as it is now, or to a person or a team's on-call, who are paged before its own policy begins anew."""
    handing_on.check_reassign(policy_id, level, user_id, team_id)
    its = await lock(tx, ref)
    if user_id is not None:
        user = (await get_users(tx, [user_id])).get(user_id)
        if user is None:
            raise CannotAct("There is no user with this id.", field="user_id")
        change = handing_on.reassign_to_user(its.incident, by, user_id, user.name, reason=reason, now=now)
    elif team_id is not None:
        team = (await get_teams(tx, [team_id])).get(team_id)
        if team is None:
            raise CannotAct("There is no team with this id.", field="team_id")
        change = handing_on.reassign_to_team(its.incident, by, team_id, team.name, reason=reason, now=now)
    else:
        snapshot = await _snapshot(tx, its.incident, policy_id) if policy_id else None
        if snapshot is None:
            raise CannotAct("There is no escalation policy with this id.", field="escalation_policy_id")
        change = handing_on.reassign_to_policy(its.incident, by, snapshot, level=level, reason=reason, now=now)
    done = await carry_out(tx, its, change, by=by, now=now)
    if done.changed and (words := (await words_so_far(tx, [done.incident]))[done.incident.id]):
        await timeline.add(tx, [timeline.Entry(done.incident.id, now, Kind.HANDED_ON, by, f"with it goes what was done so far: {words}")])
    return done


async def resnapshot(tx: AsyncConnection, ref: UUID | int, *, by: Actor, reason: str | None, now: datetime) -> Done:
    """It goes on by its policy as it is now."""
    its = await lock(tx, ref)
    snapshot = await _snapshot(tx, its.incident, its.incident.snapshot.policy.id)
    return await carry_out(tx, its, handing_on.resnapshot(its.incident, by, snapshot, reason=reason, now=now), by=by, now=now)


async def _snapshot(tx: AsyncConnection, incident: Incident, policy_id: PolicyId) -> Snapshot | None:
    """That policy as it is now, with the fallback of the team that owns the service of the incident."""
    service = (await get_services(tx, [incident.service_id]))[incident.service_id]
    return (await take_snapshots(tx, [(policy_id, service.team_id)])).get((policy_id, service.team_id))
