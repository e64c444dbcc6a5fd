"""Stored events once more, through today's rules or proposed ones. Nothing is written, and nobody's page waits for it."""

import asyncio
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from uuid import UUID

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.values import Caller
from oncall.desk.commands.matrix import get_matrix
from oncall.escalation import Snapshot, take_snapshots
from oncall.incidents.values import Action
from oncall.kit.clock import Clock
from oncall.kit.db import Database, Pool
from oncall.kit.ids import IncidentId, ServiceId
from oncall.kit.limits import TooMany
from oncall.kit.sealing import Sealing
from oncall.services.commands import all_services, integration_keys, with_hours
from oncall.services.commands.proposing import all_rules, compile_proposed
from oncall.services.values import UnknownService
from oncall.silences.commands.muting import Muters, compiled, list_muters
from oncall.simulate.commands.people import Duty, load_duty
from oncall.simulate.commands.proposals import Names, Proposal, Ruleset, names_of, propose
from oncall.simulate.commands.reading import Senders, find_range, read_again
from oncall.simulate.commands.recorded import acts_in, beginnings, outcomes_in
from oncall.simulate.commands.slices import Slices
from oncall.simulate.rules.causes import causes_of, first_of, sentence_of
from oncall.simulate.rules.comparing import Pair, compared, is_otherwise, pages_of
from oncall.simulate.rules.world import Ruling, World, accept, act, advance, begin
from oncall.simulate.store import events as event_store
from oncall.simulate.store import records as record_store
from oncall.simulate.store.events import Range
from oncall.simulate.values.replaying import (
    LONGEST,
    MOST_COUNTED,
    MOST_EVENTS,
    SHOWN,
    Act,
    BadReplay,
    Beginning,
    Compared,
    Difference,
    IncidentNamed,
    Outcome,
    Replayed,
    Told,
    TooManyEvents,
)

TRY_AGAIN = 10
LATE = timedelta(minutes=1)
"""By which a page of the record may be off: the engine wakes when something is due, and not in that very instant."""

RUNNING = "Another replay is running on this node, and one at a time is enough work for it: try again when that one has answered."


@dataclass(frozen=True, slots=True)
class Asked:
    """Which events, and through which rules: those there are, or these in their place."""

    since: datetime
    until: datetime | None
    service_id: ServiceId | None
    proposal: Proposal
    most: int = MOST_EVENTS


@dataclass(slots=True)
class Setting:
    """All that a replay needs to know before its first event."""

    range: Range
    senders: Senders
    acts: Sequence[Act]
    beginnings: Sequence[Beginning]
    before: World | None
    """None: before is what was recorded."""
    after: World
    names: Names
    duty: Duty


class Replays:
    """One at a time on each node."""

    def __init__(self, database: Database, clock: Clock, sealing: Sealing) -> None:
        self._database, self._clock, self._sealing = database, clock, sealing
        self._is_running = False

    async def replay(self, asked: Asked, *, caller: Caller) -> Replayed:
        """Raises TooMany while another one runs, TooManyEvents and BadReplay for what is too much, and what is wrong with a proposal."""
        [found] = await self.replay_each([asked], caller=caller)
        return found

    async def replay_each(self, asked: Sequence[Asked], *, caller: Caller) -> list[Replayed]:
        """One after the other, as one."""
        if self._is_running:
            raise TooMany(RUNNING, retry_after=TRY_AGAIN)
        self._is_running = True
        try:
            return [await self._replay(one, caller) for one in asked]
        finally:
            self._is_running = False

    def _open(self) -> AbstractAsyncContextManager[AsyncConnection]:
        return self._database.transaction(Pool.API, read_only=True)

    async def _replay(self, asked: Asked, caller: Caller) -> Replayed:
        async with self._open() as tx:
            setting = await self._prepare(tx, asked, caller)
        pairs, otherwise = await self._run(setting)
        async with self._open() as tx:
            before = await self._before(tx, setting)
        after = {id: there.outcome for id, there in setting.after.incidents.items()}
        known = {id for pair in pairs for id in pair if id is not None}
        known |= {id for some in (before, after) for id, one in some.items() if one.opened_at >= setting.range.since or one.pages}
        # Those that something happened to in the range, in one world or the other.
        befores, afters = ({id: one for id, one in some.items() if id in known} for some in (before, after))
        tolerance = timedelta(0) if setting.before is not None else LATE
        found = await asyncio.to_thread(compared, befores, afters, pairs, tolerance=tolerance)
        if asked.service_id is not None:
            found = _of_service(found, befores, afters, asked.service_id)
        async with self._open() as tx:
            return await self._tell(tx, setting, found, otherwise)

    async def _prepare(self, tx: AsyncConnection, asked: Asked, caller: Caller) -> Setting:
        now = await self._clock.now(tx)
        until = asked.until or now
        _check_times(asked.since, until, now)
        services = await with_hours(tx, {one.id: one for one in await all_services(tx)}, now=now)
        there = Ruleset(await all_rules(tx), services, await list_muters(tx, since=asked.since))
        if asked.service_id is not None and asked.service_id not in there.services:
            raise UnknownService("There is no service with this service_id.")
        then, names = there, names_of(there)
        if asked.proposal:
            then, names = await propose(tx, there, asked.proposal, caller=caller, since=asked.since, now=now)
        integrations = {ref.id: ref for ref in (await integration_keys(tx, sealing=self._sealing)).values()}
        senders = Senders(integrations, await event_store.heartbeats(tx))
        range = await find_range(tx, asked.since, until)
        if asked.service_id is not None:
            range = _narrowed(range, asked.service_id, (there, then), senders)
        count = await event_store.count_events(tx, range, most=MOST_COUNTED + 1)
        if count > asked.most:
            raise _too_many(count, asked)
        begun = await beginnings(tx, there.services, asked.since, until)
        snapshots = [await snapshots_of(tx, rules) for rules in (there, then)]
        duty = await load_duty(
            tx, [*(one.snapshot for one in begun), *(one for some in snapshots for one in some.values())], since=asked.since, until=until
        )
        acts = await acts_in(tx, range, [one.id for one in begun])
        worlds = [
            await world_of(tx, rules, its, duty, acts, made_by=there, since=asked.since, until=until)
            for rules, its in zip((there, then), snapshots, strict=True)
        ]
        for world in worlds:
            begin(world, begun)
        return Setting(range, senders, acts, begun, worlds[0] if asked.proposal else None, worlds[1], names, duty)

    async def _run(self, setting: Setting) -> tuple[dict[Pair, int], int]:
        """Both worlds over the same events, and what people did in its time: in which incidents the triggers are, and how many events are
        decided otherwise.
        """
        slices, acts = Slices(), list(setting.acts)
        pairs: dict[Pair, int] = {}
        worlds = [world for world in (setting.before, setting.after) if world is not None]
        otherwise = 0
        async for batch in read_again(self._open, setting.range, setting.senders, slices.pause):
            now = batch[0].received_at
            while acts and acts[0].at < now:
                done = acts.pop(0)
                for world in worlds:
                    act(world, done)
            events = [one.event for one in batch]
            after = accept(setting.after, events, now=now)
            before = accept(setting.before, events, now=now) if setting.before is not None else None
            for one in batch:
                was, is_now = before[one.event.id] if before is not None else None, after[one.event.id]
                otherwise += is_otherwise(was.decision if was else one.decision, is_now.decision)
                if one.event.action is Action.TRIGGER:
                    pair = was.incident_id if was else one.recorded, is_now.incident_id
                    pairs[pair] = pairs.get(pair, 0) + 1
            await slices.pause()
        for done in acts:
            for world in worlds:
                act(world, done)
        for world in worlds:
            advance(world, setting.range.until, through=False)
        return pairs, otherwise

    async def _before(self, tx: AsyncConnection, setting: Setting) -> Mapping[IncidentId, Outcome]:
        if setting.before is not None:
            return {id: there.outcome for id, there in setting.before.incidents.items()}
        return await outcomes_in(tx, setting.range, setting.beginnings)

    async def _tell(self, tx: AsyncConnection, setting: Setting, found: Compared, otherwise: int) -> Replayed:
        shown = found.differences[:SHOWN]
        ids = {one.id for difference in shown for one in (*difference.before, *difference.after)}
        named = await record_store.names_of(tx, sorted(ids))
        told = [self._told(one, setting, named) for one in shown]
        return Replayed(
            setting.range.since,
            setting.range.until,
            setting.senders.looked,
            found,
            told,
            setting.after.ruling.services,
            {id: reach.name for id, reach in setting.duty.reach.items()},
            {id: one.number for id, one in named.items()},
            otherwise,
        )

    def _told(self, difference: Difference, setting: Setting, named: Mapping[IncidentId, IncidentNamed]) -> Told:
        first = first_of(difference)
        there = setting.after.incidents.get(first)
        because = [setting.names.name(ref) for ref in causes_of(difference, setting.names.changed)]
        title = there.incident.title if there else ""
        return Told(difference, named.get(first), title, because, sentence_of(difference, because))


def _check_times(since: datetime, until: datetime, now: datetime) -> None:
    if until > now:
        raise BadReplay(
            "until lies ahead, and nothing has come yet of what is behind now: leave it out, or say an earlier one.", field="until"
        )
    if until <= since:
        raise BadReplay("until must be later than since.", field="until")
    if until - since > LONGEST:
        raise BadReplay(f"A replay spans {LONGEST.days} days at most: say a later since, or an earlier until.", field="since")


def _too_many(count: int, asked: Asked) -> TooManyEvents:
    there = f"more than {MOST_COUNTED:,}" if count > MOST_COUNTED else f"{count:,}"
    narrow = "say a shorter range" if asked.service_id is not None else "say a shorter range, or a service_id"
    return TooManyEvents(
        f"There are {there} events in this range, and one replay looks at {asked.most:,} at most: {narrow}.", field="since"
    )


def _narrowed(range: Range, service_id: ServiceId, rulesets: Sequence[Ruleset], senders: Senders) -> Range:
    """The events that may concern a service: recorded in it, of its integrations, or of such as some rule may send there. Where alerts of
    other services may inhibit its own, or a rule for all integrations sends to it, these are all there are.
    """
    rules = [rule for ruleset in rulesets for rule in ruleset.routing_rules if rule.enabled and rule.service_id == service_id]
    if any(ruleset.muters.inhibitions for ruleset in rulesets) or any(rule.integration_id is None for rule in rules):
        return range
    ids = {id for id, ref in senders.integrations.items() if ref.service_id == service_id}
    ids |= {id for id, (service, _) in senders.heartbeats.items() if service == service_id}
    ids |= {rule.integration_id for rule in rules if rule.integration_id is not None}
    return replace(range, service_id=service_id, integration_ids=sorted(ids))


async def snapshots_of(tx: AsyncConnection, rules: Ruleset) -> Mapping[ServiceId, Snapshot]:
    owners = {id: (service.escalation_policy_id, service.team_id) for id, service in rules.services.items()}
    taken = await take_snapshots(tx, owners.values())
    return {id: taken[owner] for id, owner in owners.items() if owner in taken}


async def world_of(
    tx: AsyncConnection,
    rules: Ruleset,
    snapshots: Mapping[ServiceId, Snapshot],
    duty: Duty,
    acts: Sequence[Act],
    *,
    made_by: Ruleset,
    since: datetime,
    until: datetime,
) -> World:
    """Silences and windows that were really made count from when they were; rules, and inhibitions are rules, as if always there."""
    made_at: dict[UUID, datetime] = {one.id: one.created_at for one in made_by.muters.silences if one in rules.muters.silences}
    made_at |= {one.id: one.created_at for one in made_by.muters.windows if one in rules.muters.windows}
    mutings = compiled(rules.muters, ahead=until - since + timedelta(days=1), now=since)
    ruling = Ruling(
        await compile_proposed(tx, rules.routing_rules), rules.services, snapshots, mutings, made_at, duty.at, (await get_matrix(tx)).cells
    )
    wakes = sorted({at for at in _wakes(made_by.muters) if since < at < until}, reverse=True)
    return World(ruling, since, frozenset(one.incident_id for one in acts), wakes=wakes)


def _wakes(muters: Muters) -> Iterator[datetime]:
    """When something that mutes was made, or ended early, as far as it is known; then all that is held or would be is looked at again."""
    for silence in muters.silences:
        yield silence.created_at
        if silence.version > 1:
            yield silence.ends_at
    for window in muters.windows:
        yield window.created_at
        yield from window.ended_early
    yield from (one.created_at for one in muters.inhibitions)


def _of_service(
    found: Compared, before: Mapping[IncidentId, Outcome], after: Mapping[IncidentId, Outcome], service_id: ServiceId
) -> Compared:
    """Only what concerns a service, before or after."""
    its = [one for one in found.differences if any(outcome.service_id == service_id for outcome in (*one.before, *one.after))]
    befores, afters = ([one for one in outcomes.values() if one.service_id == service_id] for outcomes in (before, after))
    return Compared(
        its,
        len(befores),
        len(afters),
        pages_of(befores),
        pages_of(afters),
        sum(one.saved for one in its),
        sum(one.missed for one in its),
    )
