"""In which stretches of a range an incident would reach nobody: the rules that page, asked wherever their answer may change. Pure."""

from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from itertools import chain
from zoneinfo import ZoneInfo

from oncall.contacts.rules import quiet_until
from oncall.contacts.values import Reach, Urgency
from oncall.desk.rules.business_time import is_open, openings
from oncall.desk.values.calendars import Calendar
from oncall.escalation.rules import advance, on_duty_in, policies_of, policy_at, schedules_in, targets_of, ways_to
from oncall.escalation.rules.whom import within
from oncall.escalation.values import (
    ALL_SEVERITIES,
    About,
    Advance,
    EscalationState,
    Hours,
    People,
    Position,
    Snapshot,
    TargetType,
)
from oncall.incidents.rules.quiet import held_by, quiet_of
from oncall.kit.ids import ScheduleId, UserId
from oncall.kit.quick import dataclass
from oncall.kit.zones import to_instant, to_seconds
from oncall.reports.rules.clocks import instants_of
from oncall.reports.values.coverage import Facts, HoleKind, Seen, Stretch, Support, Watch
from oncall.schedules.rules import users_between
from oncall.schedules.values import Schedule, ScheduleOnCall
from oncall.services.rules.support import urgency_of
from oncall.services.values import Service, UrgencyMode

SAYS_WHY = frozenset({"step_skipped", "unreachable", "fallback"})
"""Of what an escalation notes, that which tells why a step reaches nobody."""


def watch(schedule: Schedule, start: int, end: int) -> Watch:
    """Who is on call throughout `[start, end)`."""
    found = users_between(schedule, start, end)
    return Watch(schedule.name, tuple(since for since, _ in found), tuple(users for _, users in found))


def severities_by_urgency(service: Service, *, now: datetime) -> dict[Urgency, tuple[str, ...]]:
    """At which urgency incidents of a service may open, by the severity of what opens them. By support hours it is either, in its time."""
    if service.urgency is UrgencyMode.BY_SUPPORT_HOURS:
        return dict.fromkeys(Urgency, ALL_SEVERITIES)
    found: dict[Urgency, tuple[str, ...]] = {}
    for severity in ALL_SEVERITIES:
        urgency = urgency_of(service, severity, now=now)
        found[urgency] = (*found.get(urgency, ()), severity)
    return found


def hours_of(service: Service, snapshot: Snapshot) -> Support:
    """The support hours of a service, where they make a difference to whom it pages, and whether its urgency goes by them."""
    decides = service.urgency is UrgencyMode.BY_SUPPORT_HOURS
    asked = any(step.in_support_hours is not None for policy in policies_of(snapshot) for step in policy.steps)
    return Support(service.hours if decides or asked else None, decides)


def alike(snapshot: Snapshot, severities: Sequence[str]) -> list[tuple[str, ...]]:
    """These severities in groups: to those of one group no step of the policy or its fallback makes a difference."""
    picky = [step.severities for policy in policies_of(snapshot) for step in policy.steps if step.severities]
    groups: dict[tuple[bool, ...], tuple[str, ...]] = {}
    for severity in severities:
        by = tuple(severity in wanted for wanted in picky)
        groups[by] = (*groups.get(by, ()), severity)
    return list(groups.values())


def look(snapshot: Snapshot, urgency: Urgency, about: About, people: People, *, now: datetime) -> Seen:
    """What becomes of an incident that opens now, if nobody acknowledges: each step is asked about this very instant.

    A channel of a team is nobody: the next step is looked at. `snapshot` must not start over, which would ask the same people again.
    """
    position = Position()
    why: list[str] = []
    waits = False
    while True:
        then = advance(snapshot, position, urgency=urgency, about=about, people=people, now=now)
        why += [note.reason for note in then.notes if note.kind in SAYS_WHY]
        paged = (page.user_id for page in then.pages)
        reached = [user for user in paged if _is_person(people, user) and ways_to(people, user, urgency).reachable]
        held = [held_by(user, people, urgency, now=now) for user in reached]
        if not all(held):
            return Seen(None)
        waits = waits or bool(held)
        why += [f"{people.reach[user].name}: {words}" for user, words in zip(reached, held, strict=True)]
        if then.state not in {EscalationState.RUNNING, EscalationState.LOW_URGENCY}:
            break
        if not reached:
            why.append(_only_channels(snapshot, then))
        if then.state is EscalationState.LOW_URGENCY or quiet_of(then.pages, people, urgency, now=now) is not None:
            break
        position = then.position
    if not why:
        why = [note.reason for note in then.notes]
    return Seen(HoleKind.QUIET_HOURS if waits else HoleKind.NOBODY, tuple(why))


def _is_person(people: People, user: UserId) -> bool:
    return (reach := people.reach.get(user)) is not None and reach.team_id is None


def _only_channels(snapshot: Snapshot, then: Advance) -> str:
    at = then.pages[-1].position
    more = ", and no later step fires at low urgency" if then.state is EscalationState.LOW_URGENCY else ""
    return f"step {at.step + 1} of policy {policy_at(snapshot, at).name} writes to a channel, which is no person{more}"


@dataclass(frozen=True, slots=True)
class _Clocks:
    """What of people's own clocks, and of the hours of a service, may change whom a policy reaches."""

    hours: tuple[tuple[Hours, str], ...]
    quiet: tuple[Reach, ...]
    support: Calendar | None

    @property
    def count(self) -> int:
        return len(self.hours) + len(self.quiet) + (self.support is not None)

    def instants(self, start: int, end: int) -> Iterator[int]:
        for hours, zone in self.hours:
            yield from instants_of(zone, (hours.start_time, hours.end_time), start, end)
        for reach in self.quiet:
            if reach.quiet_hours is not None:
                times = (reach.quiet_hours.start_time, reach.quiet_hours.end_time)
                yield from instants_of(reach.time_zone, times, start, end)
        if self.support is not None:
            for begins, ends in openings(self.support, to_instant(start)):
                if to_seconds(begins) >= end:
                    break
                yield from (to_seconds(begins), to_seconds(ends))

    def at(self, now: datetime) -> tuple[object, ...]:
        """The same tuple at two instants: these clocks make no difference between them."""
        hours = (within(hours, now.astimezone(ZoneInfo(zone))) for hours, zone in self.hours)
        return (*hours, *(quiet_until(reach, Urgency.LOW, now) is None for reach in self.quiet), self.is_supported(now))

    def is_supported(self, now: datetime) -> bool:
        return self.support is None or is_open(self.support, now)


@dataclass(frozen=True, slots=True)
class Outlook:
    """One policy throughout a range: whom its targets mean at any second of it, and the `moments` at which that, or a clock, changes.

    Each moment has what is the same at another one only if nothing makes a difference between the two.
    """

    snapshot: Snapshot
    urgency: Urgency
    facts: Facts
    watches: Mapping[ScheduleId, Watch]
    clocks: _Clocks
    support: Support
    end: int
    moments: tuple[tuple[int, object], ...] = ()

    def on_call(self, t: int) -> tuple[tuple[UserId, ...], ...]:
        return tuple([one.users[bisect_right(one.starts, t) - 1] for one in self.watches.values()])

    def look(self, t: int, severity: str) -> Seen:
        now = to_instant(t)
        about = About(severity, is_supported=self.clocks.is_supported(now))
        if self.support.decides and about.is_supported != (self.urgency is Urgency.HIGH):
            return Seen(None)  # nothing opens at this urgency now
        answers = zip(self.watches.items(), self.on_call(t), strict=True)
        on_call = {id: ScheduleOnCall(id, one.name, users, ()) for (id, one), users in answers}
        duty = on_duty_in(targets_of(self.snapshot), on_call, self.facts.teams, self.facts.channels)
        people = People(duty, self.facts.reach, ways=self.facts.ways)
        return look(self.snapshot, self.urgency, about, people, now=now)


def outlook_of(snapshot: Snapshot, urgency: Urgency, support: Support, facts: Facts, start: int, end: int) -> Outlook:
    """For `[start, end)`. The policy does not start over: at one instant that would ask the same people again."""
    once = Snapshot(replace(snapshot.policy, repeat=0), replace(snapshot.fallback, repeat=0) if snapshot.fallback else None)
    targets = targets_of(once)
    on_call_of = {id: team.schedule_id for id, team in facts.teams.items()}
    watches = {id: facts.watches[id] for id in sorted(schedules_in(targets, on_call_of)) if id in facts.watches}
    clocks = _clocks_of(once, urgency, support.hours, facts, watches)
    its = Outlook(once, urgency, facts, watches, clocks, support, end)
    points = {start, *clocks.instants(start, end), *chain.from_iterable(one.starts for one in watches.values())}
    ordered = sorted(point for point in points if start <= point < end)
    if clocks.count:
        return replace(its, moments=tuple((point, (its.on_call(point), clocks.at(to_instant(point)))) for point in ordered))
    return replace(its, moments=tuple((point, its.on_call(point)) for point in ordered))


def stretches(outlook: Outlook, severity: str) -> list[Stretch]:
    """The range in as few stretches as there are answers, in order. Alike moments are asked about once."""
    known: dict[object, Seen] = {}
    found: list[tuple[int, Seen]] = []
    for point, like in outlook.moments:
        if (seen := known.get(like)) is None:
            seen = known[like] = outlook.look(point, severity)
        if not found or found[-1][1] != seen:
            found.append((point, seen))
    ends = [*(start for start, _ in found[1:]), outlook.end]
    if outlook.clocks.count:
        # What people's clocks say is told as of the hole's own beginning.
        found = [(start, seen if seen.kind is None else outlook.look(start, severity)) for start, seen in found]
    return [Stretch(start, end, seen) for (start, seen), end in zip(found, ends, strict=True)]


def _clocks_of(
    snapshot: Snapshot, urgency: Urgency, support: Calendar | None, facts: Facts, watches: Mapping[ScheduleId, Watch]
) -> _Clocks:
    people = {UserId(target.id) for target in targets_of(snapshot) if target.type is TargetType.USER}
    people |= {user for one in watches.values() for users in set(one.users) for user in users}
    reached = [facts.reach[user] for user in sorted(people) if user in facts.reach]
    wanted = {step.hours for policy in policies_of(snapshot) for step in policy.steps if step.hours is not None}
    zones = sorted({reach.time_zone for reach in reached})
    hours = tuple((hours, zone) for hours in sorted(wanted, key=str) for zone in zones)
    quiet = tuple(reach for reach in reached if reach.quiet_hours is not None) if urgency is Urgency.LOW else ()
    return _Clocks(hours, quiet, support)
