"""The world of the model: plain dicts and lists. What is set up beforehand, and what there is of alerts, incidents, pages and mutings.

Nothing here calls the product: `semantics.md` §§1-4 and the rules of `intake.md` are written down once more, as simply as they can be.
"""

from datetime import datetime, timedelta
from typing import Any

Dict = dict[str, Any]
"""An event, an alert, an incident, something that mutes, or the whole world."""

MINUTE = timedelta(minutes=1)
PEOPLE = ("ana", "ben", "cai")
RANK = {"info": 0, "warning": 1, "unknown": 2, "error": 3, "critical": 4}

POLICIES: dict[str, Dict] = {
    "climbing": {"steps": [["ana"], ["ben"]], "delay": 5 * MINUTE, "repeat": 1, "exhausted_retry": 30 * MINUTE},
    "broad": {"steps": [["ana", "cai"]], "delay": 7 * MINUTE, "repeat": 0, "exhausted_retry": 20 * MINUTE},
}

# §2: "Severity: critical, error, warning, info, unknown"; urgency by severity unless a service says otherwise; ack time-out PT30M (§4),
# reopen window PT15M, `group_max_age` PT24H unless a service says otherwise.
USUAL: Dict = {
    "policy": "climbing", "urgency": "by_severity", "ack_timeout": 30 * MINUTE, "reopen_window": 15 * MINUTE, "group_by": None,
    "group_window": None, "group_max_age": 24 * 60 * MINUTE, "flapping": None, "threshold": None, "delay": None,
}  # fmt: skip

SERVICES: dict[str, Dict] = {
    "plain": USUAL,
    "by-site": USUAL | {"group_by": ["site"], "group_max_age": 25 * MINUTE},
    "by-time": USUAL
    | {"group_window": 20 * MINUTE, "ack_timeout": None, "flapping": {"changes": 2, "within": 30 * MINUTE, "settle": 6 * MINUTE}},
    "counted": USUAL | {"policy": "broad", "threshold": {"count": 3, "within": 10 * MINUTE}},
    "delayed": USUAL | {"policy": "broad", "delay": 4 * MINUTE},
    "flapping": USUAL | {"flapping": {"changes": 3, "within": 30 * MINUTE, "settle": 10 * MINUTE}},
    "low": USUAL | {"policy": "broad", "urgency": "low"},
}


def new_world(now: datetime) -> Dict:
    """Nothing has happened yet. Of pages: (instant, incident, person, cycle, round, step)."""
    return {
        "now": now, "incidents": {}, "alerts": [], "decisions": {}, "pages": [],
        "silences": {}, "windows": {}, "inhibitions": {},
    }  # fmt: skip


def service_of(it: Dict) -> Dict:
    """The settings of the service of an event, an alert or an incident."""
    return SERVICES[it["service"]]


def is_open(incident: Dict) -> bool:
    return incident["status"] in {"triggered", "acknowledged"}


def alerts_of(world: Dict, incident: Dict) -> list[Dict]:
    return [alert for alert in world["alerts"] if alert["incident"] == incident["name"]]


def open_alerts_of(world: Dict, incident: Dict) -> list[Dict]:
    return [alert for alert in alerts_of(world, incident) if alert["open"]]


def open_alert(world: Dict, service: str, key: str) -> Dict | None:
    """§2: "At most one open alert per (service, dedup key)"."""
    found = [a for a in world["alerts"] if a["open"] and (a["service"], a["key"]) == (service, key)]
    assert len(found) <= 1
    return found[0] if found else None


def urgency_by(service: str, severity: str) -> str:
    """§2: "`by_severity` (default: critical, error, unknown → high; warning, info → low)"."""
    mode: str = SERVICES[service]["urgency"]
    if mode != "by_severity":
        return mode
    return "low" if severity in {"warning", "info"} else "high"


def worst(severities: list[str]) -> str:
    return max(severities, key=RANK.__getitem__)


def wake(world: Dict, which: str) -> None:
    """§3: creating, editing, ending or deleting what mutes "wakes the rows it touches": they are looked at in the next pass, and so is the
    news of an acknowledged one that was put off because it was muted.
    """
    now = world["now"]
    for incident in world["incidents"].values():
        told_at, tell_at = incident["told_at"], incident["tell_at"]
        put_off = tell_at is not None and tell_at > now and (told_at is None or told_at + 10 * MINUTE <= now)
        if which in {incident["status"], incident["state"]}:
            incident["woken"] = True
        elif which == "triggered" and incident["status"] == "acknowledged" and put_off:
            incident.update(tell_at=now, woken=True)
