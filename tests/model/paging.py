"""§§1 and 4: what time does to an incident, whom its steps page, and what people do with it."""

from collections.abc import Iterable
from datetime import datetime, timedelta

from tests.model.muting import Hold, hold_on, may_inhibit, sources
from tests.model.world import MINUTE, POLICIES, Dict, is_open, open_alerts_of, service_of, wake

NO_NEWS: Dict = {"news": 0, "rose": False, "tell_at": None, "confirm_by": None}
STEADY: Dict = {"settle_at": None}


def next_at(incident: Dict) -> datetime | None:
    """§1: "`next_at` = the earliest of: next step, ack time-out or snooze end, end of what holds it, exhausted or unroutable retry, …"."""
    its: list[datetime | None] = []
    if is_open(incident):
        its.append(incident["settle_at"])
    match incident["status"]:
        case "triggered":
            its.append(incident["held_until"] if incident["state"] == "held" else incident["step_at"])
        case "acknowledged":
            its += [incident["tell_at"], incident["confirm_by"], ack_timeout_at(incident)]
        case "resolved":
            its.append(incident["resolved_at"] + service_of(incident)["reopen_window"])
    return min((at for at in its if at is not None), default=None)


def ack_timeout_at(incident: Dict) -> datetime | None:
    """§4: "Ack time-out PT30M for high urgency, off for low". §2, of news that were told: "the status stays acknowledged; it re-triggers
    only if nobody confirms within the step's delay", so meanwhile it does not time out.
    """
    timeout: timedelta | None = service_of(incident)["ack_timeout"]
    if timeout is None or incident["urgency"] == "low" or incident["confirm_by"] is not None:
        return None
    at: datetime = incident["acknowledged_at"] + timeout
    return at


def is_due(world: Dict, incident: Dict) -> bool:
    at = next_at(incident)
    return incident["woken"] or (at is not None and at <= world["now"])


def tick(world: Dict) -> None:
    """Everything that is due, until nothing is. What is due together is judged together, as things were before it; but what is held and may
    inhibit others first: when one silence ends over both, its source mutes a target.
    """
    for _ in range(20):
        due = [incident for incident in world["incidents"].values() if is_due(world, incident)]
        if not due:
            return send(world)
        first = [incident for incident in due if incident["state"] == "held" and may_inhibit(world, incident)]
        for part in (first, [incident for incident in due if incident not in first]):
            if part:
                look_at(world, part)
        send(world)
    raise AssertionError("the model never comes to rest")


def look_at(world: Dict, incidents: Iterable[Dict]) -> dict[int, Hold]:
    """Returns what holds each of them, by name."""
    holds = {incident["name"]: hold for incident in incidents if (hold := hold_on(world, incident)) is not None}
    before = sources(world)
    for incident in incidents:
        # §3: "What is muted is `held`": also what comes back while it is, and not only when its next step is due.
        came_back = incident.pop("came_back", False) and incident["status"] == "triggered" and incident["name"] in holds
        if came_back or is_due(world, incident):
            incident["woken"] = False
            _look(world, incident, holds.get(incident["name"]))
    sources_over(world, before)
    return holds


def send(world: Dict) -> None:
    """Channels take what they are given: whoever was paged has been told."""
    for i in world["incidents"].values():
        if i["unsent"] is not None:
            i["heard"] = i["unsent"]
        i["unsent"] = None


def keep_back(i: Dict) -> None:
    """§4: "Acknowledging cancels the pending pages"; so does a resolve, and what holds it. They are sent after all if it goes on."""
    if i["unsent"] is not None:
        i.update(unsent=None, kept_back=i["unsent"])


def hold_back(i: Dict, hold: Hold) -> None:
    """§3: "What is muted is `held`"; what it was is kept."""
    i.update(held_from=i["held_from"] if i["state"] == "held" else i["state"], state="held", held_until=hold[1])


def sources_over(world: Dict, before: set[tuple[str, int]]) -> None:
    """§3: a target "still open and no longer muted pages within one tick": what is held is looked at when a source counts no longer."""
    if before - sources(world):
        wake(world, "held")


def _look(world: Dict, i: Dict, hold: Hold | None) -> None:
    """One thing happens, however late (§4: "After an outage: one step, then the normal cadence")."""
    now, status = world["now"], i["status"]
    if is_open(i) and i["settle_at"] is not None and i["settle_at"] <= now:
        _settle(world, i, hold)
    elif status == "triggered" and hold is not None:
        keep_back(i)
        hold_back(i, hold)
    elif status == "triggered" and (i["state"] == "held" or i["step_at"] <= now):
        # §3: "pages within one tick, from the step it had reached". One that has no step due yet is what it was before it was held.
        if i["state"] == "held":
            i.update(state=i["held_from"], held_until=None, unsent=i["kept_back"])
        if i["step_at"] <= now:
            fire(world, i)
    elif status == "acknowledged" and i["confirm_by"] is not None and i["confirm_by"] <= now:
        _trigger_again(world, i, hold, new_cycle=False)
    elif status == "acknowledged" and i["tell_at"] is not None and i["tell_at"] <= now:
        _break_through(world, i, hold)
    elif status == "acknowledged" and (at := ack_timeout_at(i)) is not None and at <= now:
        _trigger_again(world, i, hold, new_cycle=True)
    elif status == "resolved" and i["resolved_at"] + service_of(i)["reopen_window"] <= now:
        i["status"] = "closed"  # §6: "Under `process: sre` the engine closes after the reopen window"


def begin_cycle(i: Dict, now: datetime) -> None:
    """§1: "A *cycle* begins at trigger, re-trigger or ack time-out"."""
    i.update(cycle=i["cycle"] + 1, round=1, step=0, step_at=now, state="running", held_until=None)


def fire(world: Dict, i: Dict, also: Iterable[str] = ()) -> None:
    """§4: "Step 1 fires at once; a step's `delay` is how long it waits, unacknowledged, before the next. After the last step's delay the
    next round begins; after the last round the incident is *exhausted*" and "starts again every PT30M (`exhausted_retry`)".
    """
    now, policy = world["now"], POLICIES[service_of(i)["policy"]]
    if i["step"] >= len(policy["steps"]):
        if i["round"] > policy["repeat"]:
            # "**Unroutable** (nobody reachable in the whole policy) … retried … at the latest after PT5M". That it is so as well if
            # nobody was told, since it was over before a message had left, is the product's.
            heard = i["heard"] == i["cycle"]
            begin_cycle(i, now)
            i["state"] = "exhausted" if heard else "unroutable"
            i["step_at"] = now + (policy["exhausted_retry"] if heard else 5 * MINUTE)
            return
        i.update(round=i["round"] + 1, step=0)
    for person in sorted({*also, *policy["steps"][i["step"]]}):
        world["pages"].append((now, i["name"], person, i["cycle"], i["round"], i["step"]))
    i.update(unsent=i["cycle"], kept_back=None)
    i["step"] += 1
    if i["urgency"] == "low":  # §4: "Low urgency pages step 1 only, reminds once a day, state `low_urgency`"
        i.update(state="low_urgency", round=i["round"] + 1, step=0, step_at=now + timedelta(days=1))
    else:
        i.update(state="running", step_at=now + policy["delay"])


def _owner(i: Dict) -> list[str]:
    return [i["owner"]] if i["owner"] else []


def _break_through(world: Dict, i: Dict, hold: Hold | None) -> None:
    """§2: news page "the acknowledger (and the current on-call, if another)"; "the status stays acknowledged; it re-triggers only if nobody
    confirms within the step's delay". What is muted waits.
    """
    if hold is not None:
        i["tell_at"] = hold[1]
        return
    state = i["state"]
    begin_cycle(i, world["now"])
    fire(world, i, _owner(i))
    i.update(state=state, tell_at=None, told_at=world["now"], confirm_by=min(i["confirm_by"] or i["step_at"], i["step_at"]))


def _trigger_again(world: Dict, i: Dict, hold: Hold | None, *, new_cycle: bool) -> None:
    """§4: "When it ends, a new cycle pages the current on-call and the acknowledger." News that nobody confirmed go on with the next step.
    §3 holds here as anywhere: what is muted is held.
    """
    i.update(status="triggered", state="running", acknowledged_at=None, **NO_NEWS)
    if new_cycle:
        begin_cycle(i, world["now"])
    if hold is not None:
        hold_back(i, hold)
        return
    fire(world, i, _owner(i) if new_cycle else [])


def _settle(world: Dict, i: Dict, hold: Hold | None) -> None:
    """§2, flapping: "settling in firing pages"; all quiet, it is resolved."""
    i.update(STEADY)
    if not open_alerts_of(world, i):
        resolve(world, i, by="time")
        return
    also = _owner(i) if i["status"] == "acknowledged" else []
    i.update(status="triggered", acknowledged_at=None, **NO_NEWS)
    begin_cycle(i, world["now"])
    if hold is not None:
        hold_back(i, hold)
    else:
        fire(world, i, also)


def acknowledge(world: Dict, i: Dict, owner: str | None) -> None:
    """§4: "Acknowledgement: one conditional update." Of one that is acknowledged already it confirms news, and is nothing else."""
    has_news = i["tell_at"] is not None or i["confirm_by"] is not None
    if i["status"] == "triggered" or (i["status"] == "acknowledged" and has_news):
        keep_back(i)
        i.update(status="acknowledged", state="stopped", held_until=None, acknowledged_at=world["now"], **NO_NEWS)
        i["owner"] = owner or i["owner"]


def resolve(world: Dict, i: Dict, *, by: str) -> None:
    """§6: "*Resolve* stops everything and says the service is restored." Round, step and `step_at` stay, for a reopening."""
    if is_open(i):
        keep_back(i)
        i.update(status="resolved", state="stopped", held_until=None, resolved_at=world["now"], resolved_by=by, **NO_NEWS, **STEADY)


def resolve_by_hand(world: Dict, i: Dict) -> None:
    """A person says so: its open alerts are over as well."""
    if not is_open(i):
        return
    before = sources(world)
    for alert in open_alerts_of(world, i):
        alert.update(open=False, resolved_at=world["now"])
    resolve(world, i, by="person")
    sources_over(world, before)


def news_at(i: Dict, now: datetime, *, at_once: bool) -> datetime:
    """§2: "at most once per PT10M …; a rise to critical at once"."""
    at: datetime = now if at_once or i["told_at"] is None else max(now, i["told_at"] + 10 * MINUTE)
    return at if i["tell_at"] is None else min(at, i["tell_at"])
