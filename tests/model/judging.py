"""§2: from events to alerts to incidents, and the one decision of each event."""

from datetime import timedelta
from itertools import groupby

from tests.model.muting import Hold, is_below_threshold, sources
from tests.model.paging import acknowledge, begin_cycle, look_at, news_at, resolve, sources_over
from tests.model.world import RANK, Dict, is_open, open_alert, open_alerts_of, service_of, urgency_by, worst

HOUR = timedelta(hours=1)


def accept(world: Dict, batch: list[Dict]) -> None:
    """One body. The events of each key keep their order; of different keys, those up to a change of action come first, then those up to the
    next (the specification is silent on order between keys: taken from the product).
    """
    waves: list[dict[tuple[str, str], list[Dict]]] = []
    keys = dict.fromkeys((event["service"], event["key"]) for event in batch)
    for key in keys:
        its = [event for event in batch if (event["service"], event["key"]) == key]
        for n, (_, run) in enumerate(groupby(its, key=lambda event: event["action"])):
            if n == len(waves):
                waves.append({})
            waves[n][key] = list(run)
    for wave in waves:
        _accept_wave(world, list(wave.values()))


def _accept_wave(world: Dict, runs: list[list[Dict]]) -> None:
    before, counted = sources(world), {i["name"] for i in world["incidents"].values() if is_below_threshold(world, i)}
    old, had = dict(world["incidents"]), {i["name"] for i in world["incidents"].values() if i["status"] == "acknowledged"}
    born: list[Dict] = []
    joined: list[tuple[Dict, list[Dict]]] = []
    touched: list[tuple[Dict, list[Dict], bool]] = []
    for i in old.values():
        i["was_open"] = is_open(i)
    hosts = {(i["service"], i["group"]): i for i in old.values() if is_open(i) and i["group"]}
    opening: list[list[Dict]] = []
    flapping: set[int] = set()
    for run in runs:
        alert = open_alert(world, run[0]["service"], run[0]["key"])
        if alert is None and run[0]["action"] == "trigger":
            alert = _reopenable(world, run[0])
            if alert is None:
                opening.append(run)
                continue
        if alert is None:
            _decide(world, run, "no_open_alert")
            continue
        changed = _change(world, alert, run)
        incident = old[alert["incident"]]
        touched.append((incident, run, changed))
        if changed and service_of(alert)["flapping"] and _flaps(world, incident, alert):
            flapping.add(incident["name"])
    for run in sorted(opening, key=lambda run: run[0]["n"]):
        incident = _place(world, run, hosts, born)
        joined.append((incident, run))
        if incident["name"] in old:
            touched.append((incident, run, False))
    followed = [i for i in old.values() if any(i is incident for incident, _, _ in touched)]
    for incident in followed:
        its = [(run, changed) for its_incident, run, changed in touched if its_incident is incident]
        new = sum(1 for host, _ in joined if host is incident)
        _follow(world, incident, its, new=new, flaps=incident["name"] in flapping, counted=incident["name"] in counted)
    holds = look_at(world, born + followed)
    for incident in followed:  # what held it may not be what holds an alert that is another now: it is looked at in the next pass
        incident["woken"] |= incident["regraded"] and incident["state"] == "held"
        incident["regraded"] = False
    _say_what_holds(world, joined, touched, had, holds, flapping)
    sources_over(world, before)


def _decide(world: Dict, events: list[Dict], decision: str, alert: Dict | None = None) -> None:
    """intake.md 4: "Every event ends in exactly one recorded decision"."""
    for event in events:
        assert event["n"] not in world["decisions"]
        world["decisions"][event["n"]] = (decision, alert["incident"] if alert else None)


def _reopenable(world: Dict, event: Dict) -> Dict | None:
    """§2: "**Reopen window** (default PT15M): the same key reopens the same incident"; in one that is open still, the same alert. "An alert
    never joins a resolved or closed incident" but by this.
    """
    its = [alert for alert in world["alerts"] if (alert["service"], alert["key"]) == (event["service"], event["key"])]
    if not its:
        return None
    alert = max(its, key=lambda alert: alert["resolved_at"])
    incident, window = world["incidents"][alert["incident"]], service_of(alert)["reopen_window"]
    if incident["status"] == "resolved":
        return alert if incident["resolved_at"] + window > world["now"] else None
    may = is_open(incident) and (alert["resolved_at"] + window > world["now"] or incident["settle_at"] is not None)
    return alert if may else None


def _change(world: Dict, alert: Dict, run: list[Dict]) -> bool:
    """What a run of one action does to an alert that is there; whether it ends or comes back."""
    now, was_open, before = world["now"], alert["open"], (alert["severity"], alert["labels"])
    match run[0]["action"]:
        case "trigger":
            # "A repeat counts, refreshes severity, labels and `last_seen_at`" (intake.md 5). The latest word on severity stands, but within
            # one run nothing hides a rise (the specification is silent: taken from the product).
            alert["labels"] = run[-1]["labels"]
            gravest = worst([event["severity"] for event in run])
            rises = not was_open or RANK[gravest] > RANK[alert["severity"]]
            alert["severity"] = gravest if rises else run[-1]["severity"]
            alert["triggers"] += [now] * len(run)
            if not was_open:
                alert.update(open=True, opened_at=now, acknowledged=False, resolved_at=None)
            _decide(world, run[: not was_open], "reopened", alert)
            _decide(world, run[not was_open :], "deduplicated", alert)
        case "acknowledge":
            alert["acknowledged"] = True
            _decide(world, run, "acknowledged", alert)
        case _:
            alert.update(open=False, resolved_at=now)
            _decide(world, run[:1], "resolved", alert)
            _decide(world, run[1:], "no_open_alert")  # "A resolve with nothing open is recorded as `no_open_alert`"
    if alert["open"] and (not was_open or (alert["severity"], alert["labels"]) != before):
        world["incidents"][alert["incident"]]["regraded"] = True
    if alert["open"] != was_open:
        alert["changes"].append(now)
    return bool(alert["open"] != was_open)


def _flaps(world: Dict, incident: Dict, alert: Dict) -> bool:
    """§2: "**Flapping**: more than n changes in a window → held as `flapping`", until it settles."""
    flapping = service_of(alert)["flapping"]
    lately = sum(at > world["now"] - flapping["within"] for at in alert["changes"])
    return incident["settle_at"] is not None or lately > flapping["changes"]


def _place(world: Dict, run: list[Dict], hosts: dict[tuple[str, str], Dict], born: list[Dict]) -> Dict:
    """A new alert, in the open incident of its group or in one of its own."""
    first, service, now = run[0], service_of(run[0]), world["now"]
    group = "by time" if service["group_window"] else ", ".join(first["labels"][name] for name in service["group_by"] or ()) or None
    incident = hosts.get((first["service"], group)) if group else None
    if incident is not None and incident not in born and not _may_join(world, incident):
        incident["group"] = None  # "a new incident opens", and the next one joins that
        incident = None
    severity = worst([event["severity"] for event in run])
    if incident is None:
        incident = _open(world, first, group, severity)
        born.append(incident)
        if group:
            hosts[first["service"], group] = incident
    elif incident in born:
        graver = worst([incident["severity"], severity])
        incident.update(severity=graver, urgency=urgency_by(first["service"], graver))
    alert = {
        "service": first["service"], "key": first["key"], "labels": first["labels"], "severity": severity, "open": True,
        "acknowledged": False, "incident": incident["name"], "opened_at": now, "resolved_at": None, "triggers": [now] * len(run),
        "changes": [],
    }  # fmt: skip
    world["alerts"].append(alert)
    _decide(world, run[:1], "opened", alert)
    _decide(world, run[1:], "deduplicated", alert)
    return incident


def _may_join(world: Dict, incident: Dict) -> bool:
    """§2: "windows are fixed from the first alert; nothing joins an incident older than `group_max_age`", nor one "acknowledged more than
    PT1H ago".
    """
    now, service = world["now"], service_of(incident)
    age = now - incident["triggered_at"]
    too_long = incident["status"] == "acknowledged" and now - incident["acknowledged_at"] > HOUR
    return age < service["group_max_age"] and not (service["group_window"] and age >= service["group_window"]) and not too_long


def _open(world: Dict, first: Dict, group: str | None, severity: str) -> Dict:
    """§2: "A new alert and its incident"; named by the event that opened it."""
    incident = {
        "name": first["n"], "service": first["service"], "group": group, "status": "triggered", "severity": severity,
        "urgency": urgency_by(first["service"], severity), "state": "running", "cycle": 1, "round": 1, "step": 0, "step_at": world["now"],
        "held_until": None, "held_from": None, "triggered_at": world["now"], "acknowledged_at": None, "owner": None, "resolved_at": None,
        "resolved_by": None, "news": 0, "rose": False, "tell_at": None, "told_at": None, "confirm_by": None, "settle_at": None,
        "was_open": False, "woken": False, "regraded": False, "unsent": None, "kept_back": None, "heard": None,
    }  # fmt: skip
    world["incidents"][first["n"]] = incident
    return incident


def _follow(world: Dict, i: Dict, its: list[tuple[list[Dict], bool]], *, new: int, flaps: bool, counted: bool) -> None:
    """What its alerts make of an incident."""
    now, status = world["now"], i["status"]
    actions = {run[0]["action"] for run, _ in its}
    said = worst([event["severity"] for run, _ in its if run[0]["action"] == "trigger" for event in run] or ["info"])
    if i["status"] == "resolved":
        _reopen(world, i)
    rose = RANK[said] > RANK[i["severity"]]
    if rose:
        _rise(world, i, said)
    if status == "acknowledged" and (new or rose):  # "a rise in severity or a new distinct alert"
        at_once = rose and i["severity"] == "critical"
        i.update(tell_at=news_at(i, now, at_once=at_once), news=i["news"] + new, rose=i["rose"] or rose)
    if i["state"] == "held" and (new or rose or (counted and "trigger" in actions)):
        i["held_until"] = now  # it may be what ends it
    if flaps and is_open(i):
        if i["settle_at"] is None and status == "acknowledged" and i["tell_at"] is None:
            i["tell_at"] = now  # "told once", whoever has it already
        i["settle_at"] = now + service_of(i)["flapping"]["settle"]
    alerts = open_alerts_of(world, i)
    if not alerts:  # "an incident resolves when its last alert does" (intake.md 6), but for one that flaps
        if not flaps:
            resolve(world, i, by="monitor")
    elif "acknowledge" in actions and all(alert["acknowledged"] for alert in alerts):
        # "the incident is acknowledged when every open alert is marked": by an event that marks one. That the last one which is not marked
        # resolves acknowledges nothing (the specification is silent: taken from the product).
        acknowledge(world, i, None)


def _reopen(world: Dict, i: Dict) -> None:
    """§2: "the same key reopens the same incident with round, step and `next_at` kept, so that a flapping alert still climbs". Had somebody
    acknowledged or resolved it, or had it flapped and settled, that cycle was over: a new one begins (the specification is silent: taken
    from the product).
    """
    fresh = i["resolved_by"] != "monitor" or i["acknowledged_at"] is not None
    i.update(status="triggered", state="running", resolved_at=None, resolved_by=None, acknowledged_at=None)
    i.update(step_at=max(i["step_at"], world["now"]), came_back=True)
    if fresh:
        begin_cycle(i, world["now"])
    else:
        i["unsent"] = i["kept_back"]
    # "At most one open incident per (service, group key)". One that is open until this very wave has the key still (the specification is
    # silent: taken from the product).
    others = [
        other
        for other in world["incidents"].values()
        if other is not i and (is_open(other) or other["was_open"]) and (other["service"], other["group"]) == (i["service"], i["group"])
    ]
    if i["group"] and others:
        i["group"] = None


def _rise(world: Dict, i: Dict, severity: str) -> None:
    """§5: "At once: … a rise": from low to high urgency it pages as a cycle of its own; one that is acknowledged breaks through."""
    urgency = urgency_by(i["service"], severity)
    rises = (i["urgency"], urgency) == ("low", "high")
    i["severity"] = severity
    if rises:
        i["urgency"] = urgency
        if i["status"] != "acknowledged":
            if (i["cycle"], i["round"], i["step"]) == (1, 1, 0):  # a threshold may still stand before its first page
                i.update(step_at=world["now"], state="running", held_until=None)
            else:
                begin_cycle(i, world["now"])


def _say_what_holds(
    world: Dict,
    joined: list[tuple[Dict, list[Dict]]],
    touched: list[tuple[Dict, list[Dict], bool]],
    had: set[int],
    holds: dict[int, Hold],
    flapping: set[int],
) -> None:
    """The decision of an event that opened what is held, or that joined; of a change of what flaps; of what a threshold counts."""
    decisions = world["decisions"]

    def instead(event: Dict, decision: str) -> None:
        decisions[event["n"]] = (decision, decisions[event["n"]][1])

    for incident, run in joined:
        if incident["name"] != run[0]["n"]:
            instead(run[0], "broke_through" if incident["name"] in had else "grouped")
        elif incident["name"] in holds:
            instead(run[0], holds[incident["name"]][0])
    for incident, run, changed in touched:
        for event in run:
            decision, hold = decisions[event["n"]][0], holds.get(incident["name"])
            if changed and incident["name"] in flapping and decision in {"reopened", "resolved"}:
                instead(event, "held_flapping")
            elif decision == "deduplicated" and hold is not None and hold[0] == "held_threshold" and not _is_new(incident, run, joined):
                instead(event, "held_threshold")


def _is_new(incident: Dict, run: list[Dict], joined: list[tuple[Dict, list[Dict]]]) -> bool:
    return any(host is incident and its is run for host, its in joined)
