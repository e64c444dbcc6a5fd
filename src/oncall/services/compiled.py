"""What is kept of services for speed: whose key is whose, and a book that says who is on call for what."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.escalation.commands import all_policies
from oncall.escalation.values import Policy, TargetType
from oncall.kit.ids import PolicyId, ScheduleId, ServiceId, UserId
from oncall.schedules.commands import LOOK_AHEAD, load_schedules
from oncall.schedules.compiled import CompiledSchedule, compile_schedule
from oncall.schedules.rules import outlook_at
from oncall.schedules.values import Outlook, Schedule
from oncall.services.commands import all_services
from oncall.services.values import IntegrationRef, Service
from oncall.teams.commands import user_names

Keys = Mapping[bytes, IntegrationRef]
"""Integrations by the SHA-256 of their key. Found by a digest, so how long it takes tells nothing about a key."""

BEFORE, AFTER = timedelta(days=7), timedelta(days=60)
"""How far around now the book answers from memory; it is made anew every day."""


@dataclass(frozen=True, slots=True)
class Duty:
    """One row of the look-up: this person is on call, because of this step of this policy, for this unbroken time."""

    user_id: UserId
    schedule_id: ScheduleId | None
    policy_id: PolicyId | None
    level: int | None
    start: datetime | None
    end: datetime | None


@dataclass(slots=True)
class Book:
    """Who is on call for what, from `since` to `until`. Schedules are compiled when they are first asked about."""

    since: datetime
    until: datetime
    users: Mapping[UserId, str]
    services: Mapping[ServiceId, Service]
    policies: Mapping[PolicyId, Policy]
    schedules: Mapping[ScheduleId, Schedule]
    _compiled: dict[ScheduleId, CompiledSchedule] = field(default_factory=dict)
    _outlooks: dict[tuple[ScheduleId, datetime], Outlook] = field(default_factory=dict)

    def outlook(self, id: ScheduleId, at: datetime) -> Outlook:
        """Who is on call in a schedule, everybody's unbroken shift, and who is next; one bisection once its tile was seen."""
        schedule = self._compiled.get(id)
        if schedule is None:
            of = self.schedules[id]
            schedule = compile_schedule(of, version=0, horizon_start=self.since, horizon_end=self.until)
            self._compiled[id] = schedule
        tile = schedule.tile_at(at)
        if tile is None:
            return outlook_at(self.schedules[id], at=at)
        known = self._outlooks.get((id, tile.start))
        if known is None:
            known = self._outlooks[id, tile.start] = outlook_at(self.schedules[id], at=at)
        return known

    def of_policy(self, policy: Policy, at: datetime) -> Iterator[Duty]:
        """Level by level, as the policy would page them."""
        for level, step in enumerate(policy.steps, 1):
            for target in step.targets:
                if target.type is TargetType.USER:
                    yield Duty(UserId(target.id), None, policy.id, level, None, None)
                elif target.id in self.schedules:
                    yield from self.of_schedule(ScheduleId(target.id), policy.id, level, at)

    def of_schedule(self, id: ScheduleId, policy_id: PolicyId | None, level: int | None, at: datetime) -> Iterator[Duty]:
        for shift in self.outlook(id, at).shifts:
            yield Duty(shift.user, id, policy_id, level, shift.start, shift.end)

    def policies_of(self, *, service_id: UUID | None, team_id: UUID | None, policy_id: UUID | None) -> list[Policy]:
        """The policies that the filters leave; a service or team means the policy of the service, of the team's services."""
        services = [s for s in self.services.values() if service_id in (None, s.id) and team_id in (None, s.team_id)]
        wanted = {s.escalation_policy_id for s in services}
        if service_id is None and team_id is None:
            wanted = set(self.policies)
        return [p for id, p in self.policies.items() if id in wanted and policy_id in (None, id)]


async def load_book(tx: AsyncConnection, *, now: datetime) -> Book:
    """Everything the look-up needs around `now`, in a handful of statements."""
    since, until = now - BEFORE, now + AFTER
    return Book(
        since,
        until,
        await user_names(tx),
        {service.id: service for service in await all_services(tx)},
        await all_policies(tx),
        await load_schedules(tx, None, since=since - LOOK_AHEAD, until=until + LOOK_AHEAD),
    )
