"""What keeps an incident of a world from paging now."""

from bisect import bisect_right
from collections.abc import Iterable

from oncall.contacts.values import Urgency
from oncall.incidents.rules.holding import Hold, counts_triggers, hold_of, is_said_once, muted
from oncall.incidents.rules.inhibiting import counts_as_source, inhibition_on
from oncall.incidents.rules.news import is_about
from oncall.incidents.values import Decision, Triggers
from oncall.silences.rules.muting import mutings_on
from oncall.silences.values.muting import AlertFacts, Muting, MutingKind
from oncall.simulate.rules.world.state import OPEN, AlertThere, IncidentThere, World
from oncall.simulate.values.replaying import RuleKind, RuleRef

KINDS = {
    MutingKind.SILENCE: RuleKind.SILENCE,
    MutingKind.MAINTENANCE: RuleKind.MAINTENANCE_WINDOW,
    MutingKind.INHIBITION: RuleKind.INHIBITION,
}
SETTINGS = {Decision.HELD_DELAY: "delay", Decision.HELD_THRESHOLD: "threshold"}


def hold_on(world: World, there: IncidentThere) -> Hold | None:
    """What holds it now, and noted who did."""
    incident, now = there.incident, world.now
    service = world.ruling.services.get(incident.service_id)
    if incident.status not in OPEN or service is None:
        return None
    mutes = _mutes(world, there) if world.ruling.mutings else []
    triggers = Triggers()
    if service.threshold is not None and counts_triggers(incident, service):
        count = len(there.triggers) - bisect_right(there.triggers, now - service.threshold.within)
        triggers = Triggers(count, any(one.is_open and is_said_once(one.key[1], one.integration_id) for one in there.alerts))
    mute = muted(mutes, now=now)
    hold = hold_of(incident, service, mute, triggers, now=now)
    if mute is not None:
        world.name(there, *(RuleRef(KINDS[muting.kind], muting.id) for its in mutes for muting in its))
    if hold is not None and hold.decision in SETTINGS:
        world.name(there, RuleRef(RuleKind.SERVICE, service.id, SETTINGS[hold.decision]))
    return hold


def sources_over(world: World, ended: Iterable[IncidentThere]) -> None:
    """Alerts of these are over, or inhibit no more: whatever they may have inhibited is looked at again."""
    if any(alert.inhibits for there in ended for alert in there.alerts):
        going_on = {id for id, there in world.incidents.items() if there.incident.goes_on and there.incident.goes_on.held_until}
        for id in sorted(going_on.union(world.held)):
            world.look_now(world.incidents[id])


def _mutes(world: World, there: IncidentThere) -> list[list[Muting]]:
    """What mutes each of its open alerts that it would page for; as soon as nothing mutes one, the others do not matter."""
    found: list[list[Muting]] = []
    alerts = [alert for alert in there.alerts if alert.is_open]
    if not alerts and there.incident.flapping_since is not None:
        alerts = there.alerts  # while none is open for a moment, what mutes them when they are still does
    for alert in alerts:
        if not is_about(there.incident, alert.opened_at, now=world.now):
            continue
        its = _mutings_on(world, alert)
        if alert.looks_for and (by := _inhibited(world, there, alert)) is not None:
            its.append(by)
        if not its:
            return []
        found.append(its)
    return found


def _mutings_on(world: World, alert: AlertThere) -> list[Muting]:
    of, made_at = alert.open_alert, world.ruling.made_at
    its = mutings_on(world.ruling.mutings, AlertFacts(of.id, of.service_id, alert.seen, alert.opened_at), world.now)
    return [one for one in its if one.id not in made_at or made_at[one.id] <= world.now]


def _inhibited(world: World, there: IncidentThere, alert: AlertThere) -> Muting | None:
    sources: dict[str, tuple[str, str]] = {}
    for key in alert.looks_for:
        its = [found for one in world.sources.get(key, {}).values() if (found := _as_source(world, one))]
        if its:
            sources[key] = min(its, key=lambda found: found[1])  # high before low
    return inhibition_on(alert.looks_for, sources, there.incident.urgency)


def _as_source(world: World, alert: AlertThere) -> tuple[str, Urgency] | None:
    """Its summary and the urgency of its incident, if it counts: nothing mutes it itself either."""
    incident = world.incidents[alert.incident_id].incident
    if not counts_as_source(incident, alert.expires_at, now=world.now) or _mutings_on(world, alert):
        return None
    return alert.open_alert.summary, incident.urgency
