"""Snapshots, and whom their targets mean right now."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.conftest import START
from tests.system import System, to

from oncall.escalation import gather_people, take_snapshots
from oncall.escalation.values import People, Policy, Snapshot, Step, Target, TargetType
from oncall.kit.ids import PolicyId, TeamId, UserId, new_id


async def schedule(system: System, *users: dict[str, Any], vacant: bool = False, starts_at: str = "2026-03-02T09:00:00") -> dict[str, Any]:
    """Weekly turns of these users, after a vacant one if it says so."""
    participants: list[dict[str, Any]] = [{"type": "vacant"}] if vacant else []
    participants += [{"type": "user", "id": user["id"]} for user in users]
    layer = {"name": "weekly", "participants": participants, "rotation": {"unit": "week", "count": 1, "starts_at": starts_at}}
    return await system.make("schedules", name="Primary", time_zone="UTC", layers=[layer])


def target(type: TargetType, made: dict[str, Any]) -> Target:
    return Target(type, UUID(made["id"]))


async def gathered(system: System, *targets: Target) -> People:
    snapshot = Snapshot(Policy(PolicyId(new_id()), "P", None, 0, (Step(timedelta(minutes=5), targets),)))
    async with system.node.database.transaction(read_only=True) as tx:
        return await gather_people(tx, [snapshot], now=system.clock.at)


async def test_a_snapshot_holds_the_policy_and_the_fallback_of_the_owning_team(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    last = await system.make("escalation-policies", name="Last", steps=[{"delay": "PT5M", "targets": [to(ben)]}])
    team = await system.make("teams", name="Payments", fallback_policy_id=last["id"])
    made = await system.service([to(ana)], team_id=team["id"])
    policy, fallback, team_id = PolicyId(UUID(made["policy"]["id"])), PolicyId(UUID(last["id"])), TeamId(UUID(team["id"]))
    async with system.node.database.transaction(read_only=True) as tx:
        taken = await take_snapshots(tx, {(policy, team_id), (policy, None), (fallback, team_id), (PolicyId(new_id()), None)})
    said = {(snapshot.policy.name, snapshot.fallback.name if snapshot.fallback else None) for snapshot in taken.values()}
    assert said == {("Payments", "Last"), ("Payments", None), ("Last", None)}, "a policy is no fallback of itself; what is gone is absent"


async def test_a_user_means_themselves_and_a_schedule_whoever_is_on_call_now(system: System) -> None:
    ana, ben = await system.user("Ana"), await system.user("Ben")
    weekly = await schedule(system, ana, ben)
    primary = target(TargetType.SCHEDULE, weekly)
    people = await gathered(system, target(TargetType.USER, ben), primary)
    duty = {str(target.id): ([str(user) for user in duty.users], duty.reason) for target, duty in people.on_duty.items()}
    assert duty == {ben["id"]: ([ben["id"]], "named in the step"), weekly["id"]: ([ana["id"]], "on call in schedule Primary")}
    assert {reach.name for reach in people.reach.values()} == {"Ana", "Ben"}
    assert people.handoffs == {}, "nobody asks when a schedule changes that reaches somebody"
    system.clock.advance(timedelta(days=7))
    assert (await gathered(system, primary)).on_duty != people.on_duty, "people are resolved when the step fires"


async def test_a_gap_says_so_and_when_it_ends(system: System) -> None:
    weekly = await schedule(system, await system.user("Ana"), vacant=True)
    people = await gathered(system, target(TargetType.SCHEDULE, weekly))
    [(primary, duty)] = people.on_duty.items()
    assert (duty.users, duty.reason) == ((), "nobody is on call in schedule Primary")
    assert people.handoffs == {primary: START.replace(hour=9) + timedelta(days=7)}


async def test_a_schedule_whose_person_cannot_be_reached_says_when_the_next_one_comes(system: System) -> None:
    weekly = await schedule(system, await system.user("Ana", channel=None), await system.user("Ben"))
    people = await gathered(system, target(TargetType.SCHEDULE, weekly))
    assert list(people.handoffs.values()) == [START.replace(hour=9) + timedelta(days=7)]


async def test_what_is_gone_means_nobody(system: System) -> None:
    user, weekly = Target(TargetType.USER, new_id()), Target(TargetType.SCHEDULE, new_id())
    people = await gathered(system, user, weekly)
    assert weekly not in people.on_duty
    assert UserId(user.id) not in people.reach
