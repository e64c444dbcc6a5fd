"""Whom a step pages: what its targets mean now, who of them is meant at this severity and hour, and whose turn it is. Pure."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from types import MappingProxyType
from zoneinfo import ZoneInfo

from oncall.contacts.rules import as_sent, plan_ways
from oncall.contacts.values import Reach, Urgency, Ways
from oncall.escalation.values import DAYS, About, Hours, OnDuty, People, Policy, Snapshot, Step, Strategy, Target, TargetType
from oncall.kit.ids import ContactMethodId, PolicyId, ScheduleId, TeamId, UserId
from oncall.kit.quick import dataclass
from oncall.schedules.values import ScheduleOnCall
from oncall.teams.values import Team


@dataclass(frozen=True, slots=True)
class Chosen:
    """Whom a step pages, each with the sentence that says why; and who or what of it is left out, and why."""

    whom: dict[UserId, str]
    left_out: tuple[str, ...] = ()


def policies_of(snapshot: Snapshot) -> tuple[Policy, ...]:
    """The policy, and the fallback if there is one."""
    return (snapshot.policy, snapshot.fallback) if snapshot.fallback else (snapshot.policy,)


def targets_of(snapshot: Snapshot) -> set[Target]:
    """Everybody and everything the policy and its fallback point at."""
    return {target for policy in policies_of(snapshot) for step in policy.steps for target in step.targets}


def meant_by(target: Target, on_call_of: Mapping[TeamId, ScheduleId | None]) -> ScheduleId | None:
    """The schedule that says whom this target means, if one does: a team means its own."""
    match target.type:
        case TargetType.SCHEDULE:
            return ScheduleId(target.id)
        case TargetType.TEAM:
            return on_call_of.get(TeamId(target.id))
        case TargetType.USER | TargetType.CHANNEL:
            return None


def schedules_in(targets: Iterable[Target], on_call_of: Mapping[TeamId, ScheduleId | None]) -> set[ScheduleId]:
    """The schedules that say whom these targets mean."""
    return {schedule for target in targets if (schedule := meant_by(target, on_call_of)) is not None}


def channels_in(targets: Iterable[Target]) -> list[ContactMethodId]:
    """The contact methods of teams that these name."""
    return sorted(ContactMethodId(target.id) for target in targets if target.type is TargetType.CHANNEL)


def changes_of(
    targets: Iterable[Target], on_call_of: Mapping[TeamId, ScheduleId | None], handoffs: Mapping[ScheduleId, datetime | None]
) -> dict[Target, datetime]:
    """For the targets of these schedules: when somebody else is on call."""
    meant = ((target, meant_by(target, on_call_of)) for target in targets)
    return {target: at for target, schedule in meant if schedule is not None and (at := handoffs.get(schedule)) is not None}


def turning(snapshots: Iterable[Snapshot]) -> list[tuple[PolicyId, int]]:
    """The steps of these that page one after the other."""
    policies = {policy for snapshot in snapshots for policy in policies_of(snapshot)}
    return sorted({(p.id, n) for p in policies for n, step in enumerate(p.steps) if step.strategy is Strategy.ROUND_ROBIN})


def on_duty_in(
    targets: Iterable[Target],
    on_call: Mapping[ScheduleId, ScheduleOnCall],
    teams: Mapping[TeamId, Team],
    channels: Mapping[ContactMethodId, Reach] = MappingProxyType({}),
) -> dict[Target, OnDuty]:
    """Whom each target means; what no longer exists is not among the answers, and means nobody."""
    on_duty: dict[Target, OnDuty] = {}
    on_call_of = {id: team.schedule_id for id, team in teams.items()}
    for target in targets:
        team = teams.get(TeamId(target.id)) if target.type is TargetType.TEAM else None
        schedule = meant_by(target, on_call_of)
        if target.type is TargetType.USER:
            on_duty[target] = OnDuty((UserId(target.id),), "named in the step")
        elif target.type is TargetType.CHANNEL:
            if (channel := channels.get(ContactMethodId(target.id))) is not None:
                on_duty[target] = OnDuty((channel.user_id,), f"its {channel.methods[0].channel} is named in the step")
        elif team is not None and schedule is None:
            on_duty[target] = OnDuty((), f"team {team.name} has no schedule that says who is on call")
        elif schedule is not None and (answer := on_call.get(schedule)) is not None:
            of = f" of team {team.name}" if team else ""
            where = f"on call in schedule {answer.schedule_name}{of}"
            on_duty[target] = OnDuty(tuple(answer.users), where if answer.users else f"nobody is {where}")
    return on_duty


def ways_to(people: People, user_id: UserId, urgency: Urgency) -> Ways:
    """By which ways a page reaches one of these people; nobody is reached by what is known to be `lacking`."""
    ways = _planned(people, user_id, urgency)
    return as_sent(people.reach[user_id], ways, people.lacking) if people.lacking else ways


def _planned(people: People, user_id: UserId, urgency: Urgency) -> Ways:
    """Worked out once."""
    ways = people.ways.get((user_id, urgency))
    if ways is None:
        ways = people.ways[user_id, urgency] = plan_ways(people.reach[user_id], urgency)
    return ways


def is_reachable(reach: Reach) -> bool:
    """By a way that is known to work."""
    return plan_ways(reach, Urgency.HIGH).reachable


def choose(step: Step, people: People, turns: Mapping[UserId, int], *, urgency: Urgency, about: About, now: datetime) -> Chosen:
    """Everybody the step means, each once; with `round_robin` one of them: who can be reached, and had the last turn the longest ago.

    A channel has no clock and takes no turns.
    """
    if (why_not := unmet(step, about)) is not None:
        return Chosen({}, (why_not,))
    whom: dict[UserId, str] = {}
    left_out: list[str] = []
    for target in step.targets:
        duty = people.on_duty.get(target, OnDuty((), f"this {target.type.value} no longer exists"))
        if not duty.users:
            left_out.append(duty.reason)
        for user in duty.users:
            whom.setdefault(user, duty.reason)
    if step.hours is not None:
        for user in list(whom):
            reach = people.reach.get(user)
            if reach is not None and reach.team_id is None and not within(step.hours, local := now.astimezone(ZoneInfo(reach.time_zone))):
                del whom[user]
                left_out.append(f"{reach.name}'s clock says {local:%A %H:%M}, and this step is for {step.hours} there")
    channels = {user: why for user, why in whom.items() if (reach := people.reach.get(user)) is not None and reach.team_id is not None}
    persons = {user: why for user, why in whom.items() if user not in channels}
    if step.strategy is Strategy.EVERYONE or len(persons) < 2:
        return Chosen(whom, tuple(left_out))
    chosen = _in_turn(persons, left_out, people, turns, urgency)
    return Chosen(chosen.whom | channels, chosen.left_out)


def unmet(step: Step, about: About) -> str | None:
    """The condition of a step that an incident does not meet, in a sentence; None: it meets all there are."""
    if step.severities and about.severity not in step.severities:
        return f"it is only for what is {' or '.join(step.severities)}, and this is {about.severity}"
    if step.priorities and about.priority not in step.priorities:
        return f"it is only for {' or '.join(step.priorities)}, and this {f'is {about.priority}' if about.priority else 'has no priority'}"
    if step.in_support_hours is True and not about.is_supported:
        return "it is only for the service's support hours, and they do not run now"
    if step.in_support_hours is False and about.is_supported:
        return "it is only for outside the service's support hours, and they run now"
    return None


def _in_turn(whom: dict[UserId, str], left_out: list[str], people: People, turns: Mapping[UserId, int], urgency: Urgency) -> Chosen:
    waiting = sorted(whom, key=lambda user: turns.get(user, 0))  # whoever never had a turn comes first, in the step's order
    for user in waiting:
        reach = people.reach.get(user)
        if reach is not None and (ways := _planned(people, user, urgency)).reachable:  # a turn is taken before anything is sent
            return Chosen({user: f"{whom[user]}, and it is their turn among {len(whom)}"}, tuple(left_out))
        left_out.append(ways.reason if reach is not None else "this user no longer exists")
    return Chosen(whom, tuple(left_out))


def within(hours: Hours, local: datetime) -> bool:
    """Whether a local time is in these hours; those past midnight belong to the day on which they begin."""
    at, day = local.time(), local.date()
    if hours.start_time < hours.end_time:
        inside = hours.start_time <= at < hours.end_time
    else:
        inside = at >= hours.start_time or at < hours.end_time
        if at < hours.start_time:
            day -= timedelta(days=1)
    return inside and DAYS[day.weekday()] in hours.days
