"""What is kept of services for speed: whose key is whose, and a book that says who is on call for what."""

import asyncio
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.commands import all_policies
from oncall.escalation.rules import meant_by, schedules_in
from oncall.escalation.values import Policy, TargetType
from oncall.kit.ids import PolicyId, ScheduleId, ServiceId, TeamId, UserId
from oncall.schedules import rules
from oncall.schedules.commands import LOOK_AHEAD, changed_schedules, load_schedules, schedule_names, teams_of_schedules, with_teams
from oncall.schedules.compiled import CompiledSchedule
from oncall.schedules.values import Shift
from oncall.services.commands import all_services
from oncall.services.values import IntegrationRef, Service
from oncall.teams.commands import schedules_of_teams, user_names

Keys = Mapping[bytes, IntegrationRef]
"""Integrations by the SHA-256 of their key. Found by a digest, so how long it takes tells nothing about a key."""

AHEAD = timedelta(days=60)
"""How far ahead the book answers from memory."""

LOAD_ALL = timedelta(days=30)
"""How long what was loaded of a schedule reaches far enough ahead."""

MARGIN = timedelta(minutes=1)
"""Longer than a transaction lasts: what was written before the last book may have been committed after it."""

AT_ONCE = 100
"""Schedules that are loaded before others have a turn."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of the look-up: this person is on call, because of this step of this policy, for this unbroken time."""

    user_id: UserId
    schedule_id: ScheduleId | None
    policy_id: PolicyId | None
    level: int | None
    start: datetime | None
    end: datetime | None


@dataclass(frozen=True, slots=True)
class Wanted:
    """What the look-up is asked for; None leaves a filter out."""

    service_ids: frozenset[UUID] | None = None
    schedule_ids: frozenset[UUID] | None = None
    team_ids: frozenset[UUID] | None = None
    policy_ids: frozenset[UUID] | None = None
    user_ids: frozenset[UUID] | None = None

    def is_about(self, user: UserId) -> bool:
        return self.user_ids is None or user in self.user_ids


Shifts = Callable[[ScheduleId], Sequence[Shift]]
"""The shifts of a schedule that are asked about: those at an instant, or those that touch a range."""


@dataclass(slots=True)
class Book:
    """Who is on call for what from `since`, when it was made, to `until`; what is before that is in the record. Schedules are
    compiled when they are loaded, and kept as long as they stay the same."""

    since: datetime
    until: datetime
    users: Mapping[UserId, str]
    services: Mapping[ServiceId, Service]
    policies: Mapping[PolicyId, Policy]
    schedules: Mapping[ScheduleId, CompiledSchedule]
    teams: Mapping[ScheduleId, set[TeamId]]
    on_call_of: Mapping[TeamId, ScheduleId | None]
    """Of every team the schedule that says who is on call for it."""
    unused: frozenset[ScheduleId]
    """Schedules that no policy uses: they put people on call all the same."""
    loaded_at: datetime
    """When all schedules were loaded; since then only those that were written."""

    def shifts_at(self, at: datetime) -> Shifts:
        return lambda schedule: self.schedules[schedule].at(at).shifts if schedule in self.schedules else ()

    def duties(self, wanted: Wanted, shifts: Shifts) -> Iterator[Duty]:
        """Level by level as each policy would page them; then the schedules that none of these policies uses."""
        policies = self._policies(wanted)
        for policy in policies:
            yield from self.of_policy(policy, wanted, shifts)
        if wanted.service_ids is None and wanted.policy_ids is None:
            for id in self._by_themselves(wanted, policies):
                yield from chosen(wanted, id, shifts(id))

    def of_policy(self, policy: Policy, wanted: Wanted, shifts: Shifts) -> Iterator[Duty]:
        """Level by level, as the policy would page them."""
        for level, step in enumerate(policy.steps, 1):
            for target in step.targets:
                schedule = meant_by(target, self.on_call_of)
                if schedule is not None and (wanted.schedule_ids is None or schedule in wanted.schedule_ids):
                    yield from chosen(wanted, schedule, shifts(schedule), policy_id=policy.id, level=level)
                elif (
                    target.type is TargetType.USER
                    and wanted.schedule_ids is None
                    and (wanted.user_ids is None or target.id in wanted.user_ids)
                ):
                    yield Duty(UserId(target.id), None, policy.id, level, None, None)

    def asked(self, wanted: Wanted) -> set[ScheduleId]:
        """The schedules whose shifts an answer needs."""
        found: set[ScheduleId] = set()

        def note(id: ScheduleId) -> Sequence[Shift]:
            found.add(id)
            return ()

        for _ in self.duties(wanted, note):
            """Only the schedules are of interest."""
        return found

    def _by_themselves(self, wanted: Wanted, policies: Iterable[Policy]) -> AbstractSet[ScheduleId]:
        """Those that no policy uses; of a team all its own, but for what its services' policies use."""
        left: AbstractSet[ScheduleId] = self.unused
        if wanted.team_ids is not None:
            left = {id for id, teams in self.teams.items() if not teams.isdisjoint(wanted.team_ids)} - _used_by(policies, self.on_call_of)
        return left if wanted.schedule_ids is None else left & wanted.schedule_ids

    def _policies(self, wanted: Wanted) -> list[Policy]:
        """The policies that the filters leave; a service or team means the policy of the service, of the team's services."""
        services = [
            service
            for service in self.services.values()
            if (wanted.service_ids is None or service.id in wanted.service_ids)
            and (wanted.team_ids is None or service.team_id in wanted.team_ids)
        ]
        reached = {service.escalation_policy_id for service in services}
        everything = wanted.service_ids is None and wanted.team_ids is None
        return [
            policy
            for id, policy in self.policies.items()
            if (everything or id in reached) and (wanted.policy_ids is None or id in wanted.policy_ids)
        ]


def _used_by(policies: Iterable[Policy], on_call_of: Mapping[TeamId, ScheduleId | None]) -> set[ScheduleId]:
    return schedules_in((target for policy in policies for step in policy.steps for target in step.targets), on_call_of)


def chosen(
    wanted: Wanted, id: ScheduleId, shifts: Sequence[Shift], *, policy_id: PolicyId | None = None, level: int | None = None
) -> Iterator[Duty]:
    """The shifts of those who are asked about."""
    for shift in shifts:
        if wanted.is_about(shift.user):
            yield Duty(shift.user, id, policy_id, level, shift.start, shift.end)


async def load_book(tx: AsyncConnection, before: Book | None = None, *, now: datetime) -> Book:
    """Everything the look-up needs from `now` on. Of schedules only what was written since the last book, but for once a month."""
    policies = await all_policies(tx)
    on_call_of = await schedules_of_teams(tx)
    schedules, loaded_at = await _schedules(tx, before, now=now)
    return Book(
        now,
        now + AHEAD,
        await user_names(tx),
        {service.id: service for service in await all_services(tx)},
        policies,
        schedules,
        await teams_of_schedules(tx),
        on_call_of,
        frozenset(schedules) - _used_by(policies.values(), on_call_of),
        loaded_at,
    )


async def _schedules(tx: AsyncConnection, before: Book | None, *, now: datetime) -> tuple[dict[ScheduleId, CompiledSchedule], datetime]:
    """Those there are, compiled as far as they were and did not change; and when they were last loaded all."""
    names = await schedule_names(tx)
    known: dict[ScheduleId, CompiledSchedule] = {}
    changed: set[ScheduleId] = set()
    loaded_at = now
    if before is not None and now - before.loaded_at < LOAD_ALL:
        known, loaded_at = dict(before.schedules), before.loaded_at
        changed = await changed_schedules(tx, since=before.since - MARGIN)
    stale = [id for id, name in names.items() if id not in known or id in changed or known[id].schedule.name != name]
    of_teams = await with_teams(tx)
    for slice in (stale[n : n + AT_ONCE] for n in range(0, len(stale), AT_ONCE)):
        for recorded in (False, True):
            ids = [id for id in slice if (id in of_teams) is recorded]
            since, until = now - LOOK_AHEAD, now + AHEAD + LOOK_AHEAD + LOAD_ALL
            # What a team meant in the past only the record knows.
            found = await load_schedules(tx, ids, since=since, until=until, recorded=recorded) if ids else {}
            known |= {id: CompiledSchedule(of) for id, of in found.items() if id not in known or known[id].schedule != of}
        await asyncio.sleep(0)  # thousands take seconds: whoever acknowledges does not wait for them
        for id in slice:
            if id in known:
                known[id].at(now)
        await asyncio.sleep(0)
    for schedule in known.values():
        schedule.forget(now)
    return {id: known[id] for id in names if id in known}, loaded_at


async def shifts_between(
    tx: AsyncConnection, ids: Iterable[ScheduleId], since: datetime, until: datetime, *, known: datetime
) -> Mapping[ScheduleId, Sequence[Shift]]:
    """Everybody's shifts that touch a range, as they are, were, or were known at `known`; from the record where it is past."""
    found = await load_schedules(tx, ids, since=since - LOOK_AHEAD, until=until + LOOK_AHEAD, known=known)
    return {id: await asyncio.to_thread(rules.shifts_between, schedule, since, until) for id, schedule in found.items()}


async def shifts_at(
    tx: AsyncConnection, ids: Iterable[ScheduleId], at: datetime, *, known: datetime
) -> Mapping[ScheduleId, Sequence[Shift]]:
    """Everybody's shift at an instant, in the same way."""
    found = await load_schedules(tx, ids, since=at - LOOK_AHEAD, until=at + LOOK_AHEAD, known=known)
    return await asyncio.to_thread(lambda: {id: rules.outlook_at(schedule, at=at).shifts for id, schedule in found.items()})
