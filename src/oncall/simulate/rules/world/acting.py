"""What people did, done to whichever incident of a world holds the event that it was done for."""

from oncall.incidents.rules.life import acknowledge, resolve
from oncall.kit.actors import ActorKind
from oncall.kit.ids import EventId, UserId
from oncall.simulate.rules.world.muting import sources_over
from oncall.simulate.rules.world.state import OPEN, World
from oncall.simulate.rules.world.time import advance
from oncall.simulate.values.replaying import Act, Verb


def act(world: World, done: Act) -> None:
    """Nothing, where there is no such incident, or it is over."""
    advance(world, done.at)
    there = world.incidents.get(world.holder.get(EventId(done.incident_id), done.incident_id))
    if there is None or there.incident.status not in OPEN:
        return
    if done.verb is Verb.ACKNOWLEDGE:
        owner = UserId(done.by.id) if done.by.kind is ActorKind.USER and done.by.id is not None else None
        world.save(there, acknowledge(there.incident, done.by, owner=owner, now=world.now))
        return
    for alert in there.alerts:
        if alert.is_open:
            world.close_alert(there, alert)
    world.save(there, resolve(there.incident, done.by, now=world.now))
    sources_over(world, [there])
