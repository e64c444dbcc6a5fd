"""One event that never came, at any instant, with whatever people would do: the same rules in memory, nothing written, nothing sent."""

from collections.abc import Sequence
from datetime import datetime

from sqlalchemy.ext.asyncio import AsyncConnection

from oncall.access.rules import actor_of
from oncall.access.values import Caller
from oncall.channels.ports import Channels
from oncall.incidents.rules.timers import pending_actions
from oncall.incidents.values import Action, Event
from oncall.kit.actors import Actor, ActorKind
from oncall.kit.ids import EventId, IncidentId, IntegrationId, UserId, new_id
from oncall.kit.sealing import Sealing
from oncall.services.commands import all_services, get_integration_ref, with_hours
from oncall.services.commands.proposing import all_rules
from oncall.services.values import UnknownIntegration
from oncall.silences.commands.muting import list_muters
from oncall.simulate.commands.people import load_duty
from oncall.simulate.commands.proposals import Ruleset
from oncall.simulate.commands.reading import BODY
from oncall.simulate.commands.replaying import snapshots_of, world_of
from oncall.simulate.rules.simulating import steps_of
from oncall.simulate.rules.world import World, accept, act, advance
from oncall.simulate.values.replaying import Act
from oncall.simulate.values.simulating import AHEAD, BACK, LONGEST, USUAL, Asked, BadSimulation, EventAsked, Moment, Reacted, Simulated
from oncall.teams.commands import get_users

OURS: tuple[str, ...] = ("simulated straight to its service",)
"""No routing rule is asked."""


async def simulate(tx: AsyncConnection, asked: Asked, *, caller: Caller, sealing: Sealing, channels: Channels, now: datetime) -> Simulated:
    """The whole page path of one event: decided as intake decides it, in a world where no other alert is open.

    Schedules, silences and windows count as they are, or were, at each instant; policies, routing and people's contact methods as today,
    and so do the `channels` of this node: what goes by one that is not set up fails at once, and the next step fires.
    """
    at = asked.at or now
    until = asked.until or at + USUAL
    _check_times(at, until, asked, now=now)
    services = await with_hours(tx, {one.id: one for one in await all_services(tx)}, now=now)
    rules = Ruleset(await all_rules(tx), services, await list_muters(tx, since=at))
    event = await _event(tx, asked.event, rules, sealing=sealing)
    actors = await _actors(tx, asked, caller)
    snapshots = await snapshots_of(tx, rules)
    duty = await load_duty(tx, snapshots.values(), sends_by=channels, since=at, until=until)
    world = await world_of(tx, rules, snapshots, duty, (), made_by=rules, since=at, until=until)
    world.moments = []
    decided = accept(world, [event], now=at)[event.id]
    happened = _live(world, asked, actors, decided.incident_id, at=at, until=until)
    there = world.incidents.get(decided.incident_id) if decided.incident_id else None
    service_id = there.incident.service_id if there else event.service_id
    return Simulated(
        at,
        until,
        service_id,
        rules.services[service_id].name,
        decided,
        steps_of(happened, duty.reach, duty.lacking),
        there.incident if there else None,
        pending_actions(there.incident) if there else (),
        there.lags if there else False,
    )


def _check_times(at: datetime, until: datetime, asked: Asked, *, now: datetime) -> None:
    if not now - BACK <= at <= now + AHEAD:
        raise BadSimulation(f"at may lie {BACK.days} days back and {AHEAD.days} days ahead at most: say one nearer to now.", field="at")
    if not at < until <= at + LONGEST:
        raise BadSimulation(f"until must be later than at, by {LONGEST.days} days at most.", field="until")
    for n, reaction in enumerate(asked.reactions):
        if at + reaction.after >= until:
            raise BadSimulation("This is not before until: say an earlier one, or a later until.", field=f"reactions.{n}.after")


async def _event(tx: AsyncConnection, asked: EventAsked, rules: Ruleset, *, sealing: Sealing) -> Event:
    if (asked.integration_id is None) == (asked.service_id is None):
        raise BadSimulation("Say either a service_id or the integration_id of the event: where it comes in.", field="event")
    name, service_id, integration_id, way = "simulated", asked.service_id, IntegrationId(new_id()), OURS
    if asked.integration_id is not None:
        try:
            ref = await get_integration_ref(tx, asked.integration_id, sealing=sealing)
        except UnknownIntegration:
            raise BadSimulation("There is no integration with this id.", field="event.integration_id") from None
        name, service_id, integration_id, way = ref.name, ref.service_id, ref.id, ()
    if service_id is None or service_id not in rules.services:
        raise BadSimulation("There is no service with this id.", field="service_id")
    return Event(
        EventId(new_id()),
        integration_id,
        name,
        service_id,
        Action.TRIGGER,
        asked.dedup_key,
        asked.severity,
        asked.summary,
        BODY,
        asked.source,
        asked.component,
        asked.group,
        asked.class_,
        dict(asked.labels),
        way=way,
    )


async def _actors(tx: AsyncConnection, asked: Asked, caller: Caller) -> Sequence[Actor]:
    """Who reacts, reaction by reaction."""
    users = await get_users(tx, sorted({one.user_id for one in asked.reactions if one.user_id}))
    actors = []
    for n, reaction in enumerate(asked.reactions):
        if reaction.user_id is None:
            actors.append(actor_of(caller))
        elif (user := users.get(reaction.user_id)) is not None:
            actors.append(Actor(ActorKind.USER, UserId(user.id), user.name, "api"))
        else:
            raise BadSimulation("There is no user with this id.", field=f"reactions.{n}.user_id")
    return actors


def _live(
    world: World, asked: Asked, actors: Sequence[Actor], id: IncidentId | None, *, at: datetime, until: datetime
) -> list[Moment | Reacted]:
    """Time passes, and people react; what happened to the incident, in order."""
    happened: list[Moment | Reacted] = []

    def so_far() -> None:
        happened.extend(one for one in world.moments or () if one.incident_id == id)
        world.moments = []

    for reaction, by in sorted(zip(asked.reactions, actors, strict=True), key=lambda pair: pair[0].after):
        then = at + reaction.after
        advance(world, then)
        so_far()
        changed = False
        if id is not None:
            before = world.incidents[id].incident
            act(world, Act(then, reaction.verb, id, by))
            changed = world.incidents[id].incident is not before
        happened.append(Reacted(then, reaction.verb, by.name, changed))
    advance(world, until, through=False)
    so_far()
    return happened
