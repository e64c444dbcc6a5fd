"""What can be done with escalation policies: edit them, snapshot them, and find out whom their targets mean right now."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channels
from oncall.contacts.commands import load_channels, load_reach
from oncall.contacts.commands.reaching import lacking_of
from oncall.escalation import store
from oncall.escalation.rules import changes_of, channels_in, is_reachable, on_duty_in, schedules_in, targets_of, turning, warnings_of
from oncall.escalation.values import People, Policy, PolicyWarning, Snapshot, Target, TargetType, Turn, UnknownPolicy, UnknownTarget
from oncall.kit.ids import ContactMethodId, PolicyId, ScheduleId, TeamId, UserId
from oncall.kit.references import check_unused, used_by
from oncall.schedules.commands import next_handoff_many, on_call_many
from oncall.teams.commands import get_teams, get_users
from oncall.teams.rules import check_version


async def create_policy(tx: AsyncConnection, policy: Policy, *, now: datetime) -> Policy:
    await _check_targets(tx, policy, now=now)
    await store.add_policy(tx, policy, now=now)
    return policy


async def get_policy(tx: AsyncConnection, id: PolicyId) -> Policy:
    found = (await store.get_policies(tx, [id])).get(id)
    if found is None:
        raise UnknownPolicy("There is no escalation policy with this id.")
    return found


async def get_policies(tx: AsyncConnection, ids: Sequence[PolicyId]) -> Mapping[PolicyId, Policy]:
    return await store.get_policies(tx, ids)


async def advise(tx: AsyncConnection, id: PolicyId, *, channels: Channels, now: datetime) -> list[PolicyWarning]:
    """Whom of those a policy names, or who are on call for it now, no page reaches."""
    policy = await get_policy(tx, id)
    people = await gather_people(tx, [Snapshot(policy, None)], now=now)
    return warnings_of(policy, people, lacking_of(channels, people.reach.values()))


async def all_policies(tx: AsyncConnection) -> Mapping[PolicyId, Policy]:
    """Every policy, for what is kept in memory."""
    return await store.all_policies(tx)


async def list_policies(tx: AsyncConnection, *, after: UUID | None, limit: int) -> list[Policy]:
    return await store.list_policies(tx, after=after or UUID(int=0), limit=limit)


async def update_policy(tx: AsyncConnection, policy: Policy, *, expected_version: int | None, now: datetime) -> Policy:
    """Replace a policy. Incidents that are open keep the snapshot they triggered with."""
    current = await store.lock_policy(tx, policy.id)
    if current is None:
        raise UnknownPolicy("There is no escalation policy with this id.")
    check_version(current.version, expected_version)
    await _check_targets(tx, policy, now=now)
    await store.save_policy(tx, policy)
    return replace(policy, version=current.version + 1)


async def delete_policy(tx: AsyncConnection, id: PolicyId) -> None:
    current = await store.lock_policy(tx, id)
    if current is None:
        raise UnknownPolicy("There is no escalation policy with this id.")
    check_unused(f"Policy {current.name}", await used_by(tx, "escalation_policies", id))
    await store.delete_policy(tx, id)


async def take_snapshots(
    tx: AsyncConnection, owners: Iterable[tuple[PolicyId, TeamId | None]]
) -> dict[tuple[PolicyId, TeamId | None], Snapshot]:
    """For each (policy, team that owns the service): the policy as it is now, with that team's fallback; absent if it is gone."""
    wanted = set(owners)
    policies = await store.get_policies(tx, sorted({policy for policy, _ in wanted}))
    teams = await get_teams(tx, owning) if (owning := sorted({team for _, team in wanted if team})) else {}
    fallback_ids = {team.id: team.fallback_policy_id for team in teams.values() if team.fallback_policy_id}
    fallbacks = await store.get_policies(tx, sorted(set(fallback_ids.values()))) if fallback_ids else {}
    taken: dict[tuple[PolicyId, TeamId | None], Snapshot] = {}
    for id, team in wanted:
        if id in policies:
            fallback = fallbacks.get(fallback_ids[team]) if team in fallback_ids else None
            taken[id, team] = Snapshot(policies[id], fallback if fallback and fallback.id != id else None)
    return taken


async def gather_people(
    tx: AsyncConnection,
    snapshots: Iterable[Snapshot],
    *,
    also: Iterable[UserId] = (),
    targets: Iterable[Target] = (),
    channels: Channels | None = None,
    now: datetime,
) -> People:
    """Whom every target of these snapshots (and of these `targets`) means now, and how each of those people is reached: a handful of
    statements for any number. To foretell what a step does, `channels` are those that this node sends by.
    """
    snapshots = set(snapshots)
    targets = {*targets, *(target for snapshot in snapshots for target in targets_of(snapshot))}
    team_ids = sorted({TeamId(t.id) for t in targets if t.type is TargetType.TEAM})
    teams = await get_teams(tx, team_ids) if team_ids else {}
    on_call_of = {id: team.schedule_id for id, team in teams.items()}
    schedule_ids = sorted(schedules_in(targets, on_call_of))
    on_call = await on_call_many(tx, schedule_ids, at=now) if schedule_ids else {}
    of_teams = await load_channels(tx, wanted) if (wanted := channels_in(targets)) else {}
    on_duty = on_duty_in(targets, on_call, teams, of_teams)
    users = {user for target, duty in on_duty.items() if target.type is not TargetType.CHANNEL for user in duty.users} | set(also)
    reach = dict(await load_reach(tx, sorted(users))) if users else {}
    reach |= {channel.user_id: channel for channel in of_teams.values()}
    lost = [id for id, answer in on_call.items() if not any(u in reach and is_reachable(reach[u]) for u in answer.users)]
    handoffs = await next_handoff_many(tx, lost, at=now) if lost else {}
    in_turn = turning(snapshots)
    turns = await store.turns(tx, in_turn) if in_turn else {}
    lacking = lacking_of(channels, reach.values()) if channels is not None else {}
    return People(on_duty, reach, changes_of(targets, on_call_of, handoffs), turns, lacking=lacking)


async def busy_turns(tx: AsyncConnection, snapshots: Iterable[Snapshot]) -> set[PolicyId]:
    """Policies of these that page one after the other, and in which somebody else decides whose turn it is at this very moment; in the
    others nobody else does until the end of this transaction. Nobody waits for that: what goes by a busy one is left due.
    """
    wanted = sorted({policy for policy, _ in turning(snapshots)})
    return set(wanted) - await store.lock_turns(tx, wanted) if wanted else set()


async def take_turns(tx: AsyncConnection, turns: Sequence[Turn]) -> None:
    """They were chosen: the next one is somebody else. This transaction has asked before that nobody else decides."""
    if turns:
        await store.add_turns(tx, turns)


async def _check_targets(tx: AsyncConnection, policy: Policy, *, now: datetime) -> None:
    targets = [target for step in policy.steps for target in step.targets]
    users = await get_users(tx, [UserId(t.id) for t in targets if t.type is TargetType.USER])
    schedules = await on_call_many(tx, [ScheduleId(t.id) for t in targets if t.type is TargetType.SCHEDULE], at=now)
    teams = await get_teams(tx, [TeamId(t.id) for t in targets if t.type is TargetType.TEAM])
    channels = await load_channels(tx, [ContactMethodId(t.id) for t in targets if t.type is TargetType.CHANNEL])
    known: set[UUID] = {*users, *schedules, *teams, *channels}
    missing = [f"{t.type.value} {t.id}" for t in targets if t.id not in known]
    if missing:
        raise UnknownTarget(f"There is no {', no '.join(missing)}.")
    strangers = [channel.name for channel in channels.values() if policy.team_id is not None and channel.team_id != policy.team_id]
    if strangers:
        raise UnknownTarget(f"A policy of a team pages only channels of that team; these are of {', '.join(strangers)}.")
