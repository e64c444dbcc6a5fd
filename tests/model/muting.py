"""§3, and what else holds an incident: silences, windows, inhibition, delay, threshold. As of the model's `now`, and of nothing else."""

import re
from collections.abc import Collection
from datetime import datetime

from tests.model.world import MINUTE, Dict, alerts_of, is_open, open_alerts_of, service_of

Hold = tuple[str, datetime]
"""The decision that is recorded of an event which opens what is held, and the end of it (of inhibition: when it is looked at again)."""


def seen(alert: Dict) -> dict[str, str]:
    """What matchers see of an alert: its labels, and what it is."""
    return {"severity": alert["severity"], "dedup_key": alert["key"], "service": alert["service"], **alert["labels"]}


def matches(matchers: list[tuple[str, str, str]], labels: dict[str, str]) -> bool:
    """Alertmanager's: all of them, a regular expression on the whole value, a label that is missing is empty."""
    said = {
        "=": lambda value, wanted: value == wanted,
        "!=": lambda value, wanted: value != wanted,
        "=~": lambda value, wanted: re.fullmatch(wanted, value) is not None,
        "!~": lambda value, wanted: re.fullmatch(wanted, value) is None,
    }
    return all(said[operator](labels.get(name, ""), value) for name, operator, value in matchers)


def _in_scope(muting: Dict, alert: Dict) -> bool:
    return muting["service"] in {None, alert["service"]} and matches(muting["matchers"], seen(alert))


def mutings_on(world: Dict, alert: Dict, urgency: str) -> list[Hold]:
    """What mutes this alert, an incident of this urgency being its own."""
    # No instant ends an inhibition. It is looked at again when its source stops counting; that there is a time as well is the product's.
    inhibited = any(_inhibits(world, rule, alert, urgency) for rule in world["inhibitions"].values())
    return silences_and_windows_on(world, alert) + ([("muted", world["now"] + MINUTE)] if inhibited else [])


def silences_and_windows_on(world: Dict, alert: Dict) -> list[Hold]:
    now = world["now"]
    silenced = [("muted", s["end"]) for s in world["silences"].values() if s["start"] <= now < s["end"] and _in_scope(s, alert)]
    # "A maintenance window holds only what opens inside it; a running escalation goes on."
    held = [
        ("held_maintenance", w["end"])
        for w in world["windows"].values()
        if w["start"] <= now < w["end"] and max(w["start"], w["made"]) <= alert["opened_at"] < w["end"] and _in_scope(w, alert)
    ]
    return silenced + held


def _inhibits(world: Dict, rule: Dict, target: Dict, urgency: str) -> bool:
    """Glossary: "while a source alert is open, matching target alerts are muted". Alertmanager: what is source and target of one rule is
    inhibited only by what is a source alone.
    """
    if not matches(rule["target"], seen(target)):
        return False
    is_both = matches(rule["source"], seen(target))
    return any(
        matches(rule["source"], seen(source))
        and not (is_both and matches(rule["target"], seen(source)))
        and all(seen(source).get(name, "") == seen(target).get(name, "") for name in rule["equal"])
        and (urgency == "low" or world["incidents"][source["incident"]]["urgency"] == "high")
        for source in counting(world)
    )


def counting(world: Dict) -> list[Dict]:
    """§3: "An inhibiting source counts only while its own incident is paging or acknowledged, not stale, not itself muted"."""
    return [
        alert
        for alert in world["alerts"]
        if alert["open"] and counts(world["incidents"][alert["incident"]]) and not silences_and_windows_on(world, alert)
    ]


def sources(world: Dict) -> set[tuple[str, int]]:
    """Which alerts inhibit others now, by which rule."""
    its = counting(world)
    return {
        (id, world["alerts"].index(alert))
        for id, rule in world["inhibitions"].items()
        for alert in its
        if matches(rule["source"], seen(alert))
    }


def may_inhibit(world: Dict, incident: Dict) -> bool:
    """Whether an open alert of it is a source, be it that it counts or not."""
    its = [alert for alert in alerts_of(world, incident) if alert["open"]]
    return any(matches(rule["source"], seen(alert)) for rule in world["inhibitions"].values() for alert in its)


def counts(incident: Dict) -> bool:
    return incident["status"] == "acknowledged" or (incident["status"] == "triggered" and incident["state"] in {"running", "low_urgency"})


def holds_on(world: Dict, incident: Dict) -> list[Hold]:
    """All that keeps an incident from paging now. §2: "Hold, threshold, delay keep a `next_at`; critical skips them unless the rule names
    critical." Once somebody has it, news wait for no delay and no threshold (the specification is silent: taken from the product).
    """
    now, service, found = world["now"], service_of(incident), []
    muted = _mute(world, incident)
    if muted is not None:
        found.append(muted)
    if incident["status"] == "triggered" and incident["severity"] != "critical":
        if service["delay"] and now < incident["triggered_at"] + service["delay"]:
            found.append(("held_delay", incident["triggered_at"] + service["delay"]))
        if is_below_threshold(world, incident):
            found.append(("held_threshold", now + service["threshold"]["within"]))
    return found


def hold_on(world: Dict, incident: Dict) -> Hold | None:
    """§3: "What is muted is `held` with `next_at` = the earliest end of what holds it". Of what ends at one instant muting is named."""
    found = holds_on(world, incident) if is_open(incident) else []
    return min(found, key=lambda hold: hold[1]) if found else None


def is_below_threshold(world: Dict, incident: Dict) -> bool:
    """ "Page only when n triggers in t": until its first page, of all its alerts."""
    threshold = service_of(incident)["threshold"]
    if threshold is None or incident["severity"] == "critical" or (incident["cycle"], incident["round"], incident["step"]) != (1, 1, 0):
        return False
    since = world["now"] - threshold["within"]
    return sum(at > since for alert in alerts_of(world, incident) for at in alert["triggers"]) < threshold["count"]


def _mute(world: Dict, incident: Dict) -> Hold | None:
    """§3 mutes alerts; an incident is muted while all that it would page for is."""
    muted = [mutings_on(world, alert, incident["urgency"]) for alert in _about(world, incident)]
    if not muted or not all(muted):
        return None
    return min((one for its in muted for one in its), key=lambda hold: hold[1])


def _about(world: Dict, incident: Dict) -> Collection[Dict]:
    """What it would page for: its open alerts, or of one that flaps and is quiet for the moment all that it is made of; where only new
    alerts are the news of an acknowledged one, of those the new ones.
    """
    alerts = open_alerts_of(world, incident) or (alerts_of(world, incident) if incident["settle_at"] is not None else [])
    due = incident["tell_at"] is not None and incident["tell_at"] <= world["now"]
    if due and incident["news"] and not incident["rose"]:
        return [alert for alert in alerts if alert["opened_at"] > incident["acknowledged_at"]]
    return alerts
