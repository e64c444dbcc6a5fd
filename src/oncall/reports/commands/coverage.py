"""Whether there is always somebody whom a page would reach: loaded once, then worked out without the database."""

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import replace
from datetime import datetime, timedelta

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.channels.ports import Channel
from oncall.contacts.commands import all_channels, load_reach
from oncall.contacts.commands.reaching import lacking_of
from oncall.contacts.rules import ways_of
from oncall.contacts.values import Urgency
from oncall.escalation import Snapshot, take_snapshots
from oncall.escalation.rules import schedules_in, targets_of
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import ScheduleId, ServiceId
from oncall.kit.limits import TooMany
from oncall.kit.zones import to_instant, to_seconds
from oncall.reports.rules.coverage import Outlook, alike, hours_of, outlook_of, severities_by_urgency, stretches, watch
from oncall.reports.values.coverage import Coverage, Facts, Hole, Stretch, Support, Watch
from oncall.schedules.commands import load_schedules
from oncall.schedules.values import Schedule
from oncall.services.commands import all_services, with_hours
from oncall.services.values import Service, UnknownService
from oncall.teams.commands import all_teams, user_names

TRY_AGAIN = 10
RUNNING = "Coverage is being worked out on this node for somebody else, and once at a time is enough work for it: try again."


class Prover:
    """Works out coverage, for one who asks at a time on each node."""

    def __init__(self, database: Database, clock: Clock, channels: Mapping[str, Channel]) -> None:
        self._database, self._clock, self._channels = database, clock, channels
        self._is_running = False

    async def ask(self, *, days: int, service_id: ServiceId | None) -> Coverage:
        """Raises TooMany while another one is worked out, UnknownService."""
        if self._is_running:
            raise TooMany(RUNNING, retry_after=TRY_AGAIN)
        self._is_running = True
        try:
            return await self.prove(days=days, service_id=service_id)
        finally:
            self._is_running = False

    async def prove(self, *, days: int, service_id: ServiceId | None = None) -> Coverage:
        """From now on for so many days. No transaction is open while it is worked out."""
        async with self._database.transaction(Pool.API, read_only=True) as tx:
            since = (await self._clock.now(tx)).replace(microsecond=0)
            until = since + timedelta(days=days)
            facts, schedules = await _gather(tx, service_id, since=since, until=until)
        return await holes_of(facts, schedules, lacking_of(self._channels, facts.reach.values()), since=since, until=until)


async def _gather(
    tx: AsyncConnection, service_id: ServiceId | None, *, since: datetime, until: datetime
) -> tuple[Facts, Mapping[ScheduleId, Schedule]]:
    services = list((await with_hours(tx, {one.id: one for one in await all_services(tx)}, now=since)).values())
    if service_id is not None:
        services = [service for service in services if service.id == service_id]
        if not services:
            raise UnknownService("There is no service with this id.")
    owners = {service.id: (service.escalation_policy_id, service.team_id) for service in services}
    taken = await take_snapshots(tx, owners.values())
    snapshots = {id: taken[owner] for id, owner in owners.items()}
    teams = await all_teams(tx)
    on_call_of = {id: team.schedule_id for id, team in teams.items()}
    targets = {target for snapshot in taken.values() for target in targets_of(snapshot)}
    schedules = await load_schedules(tx, sorted(schedules_in(targets, on_call_of)), since=since, until=until, recorded=False)
    channels = await all_channels(tx)
    reach = dict(await load_reach(tx, sorted(await user_names(tx)))) | {one.user_id: one for one in channels.values()}
    return Facts(services, snapshots, {}, teams, reach, channels), schedules


async def holes_of(
    facts: Facts, schedules: Mapping[ScheduleId, Schedule], lacking: Mapping[str, str], *, since: datetime, until: datetime
) -> Coverage:
    """Every hole, by start. Others have their turn after each schedule and each policy."""
    start, end = to_seconds(since), to_seconds(until)
    watches: dict[ScheduleId, Watch] = {}
    for id, schedule in schedules.items():
        watches[id] = watch(schedule, start, end)
        await asyncio.sleep(0)
    ways = {(id, urgency): ways_of(reach, urgency, lacking) for id, reach in facts.reach.items() for urgency in Urgency}
    facts = replace(facts, watches=watches, ways=ways)
    outlooks: dict[tuple[Snapshot, Urgency, Support], Outlook] = {}
    known: dict[tuple[Snapshot, Urgency, Support, str], list[Stretch]] = {}
    holes: list[Hole] = []
    for service in facts.services:
        snapshot = facts.snapshots[service.id]
        support = hours_of(service, snapshot)
        for urgency, severities in severities_by_urgency(service, now=since).items():
            for group in alike(snapshot, severities):
                key = snapshot, urgency, support, group[0]
                if key not in known:
                    if (outlook := outlooks.get(key[:3])) is None:
                        outlook = outlooks[key[:3]] = outlook_of(snapshot, urgency, support, facts, start, end)
                    known[key] = stretches(outlook, group[0])
                    await asyncio.sleep(0)
                holes += _holes(service, urgency, group, known[key])
    return Coverage(since, until, len(facts.services), tuple(sorted(holes, key=lambda hole: (hole.start, hole.service, hole.urgency))))


def _holes(service: Service, urgency: Urgency, severities: tuple[str, ...], found: Sequence[Stretch]) -> list[Hole]:
    return [
        Hole(service.id, service.name, urgency, severities, one.seen.kind, to_instant(one.start), to_instant(one.end), one.seen.why)
        for one in found
        if one.seen.kind is not None
    ]
