"""Which open incident a new alert joins, if any (`semantics.md` §2). Pure."""

import json
from collections.abc import Mapping
from datetime import datetime, timedelta
from hashlib import sha256

from oncall.incidents.rules.holding import spoken
from oncall.incidents.values import Incident, Status
from oncall.services.values.judging import Grouping, GroupingType

MOST = 1_000
"""Alerts in one incident of a service that groups by time, or everything."""

MOST_BY_LABELS = 10_000
"""Alerts whose labels say that they are one problem: an outage of a whole site is one incident."""

JOINABLE_AFTER_ACKNOWLEDGEMENT = timedelta(hours=1)
LONGEST_KEY = 500


def group_key(grouping: Grouping | None, labels: Mapping[str, str]) -> str | None:
    """What new alerts of a service have in common with those they join; None: each has an incident of its own. A label that is not there
    is the empty text, as in Alertmanager's `group_by`; what has none of them is alone.
    """
    if grouping is None:
        return None
    if grouping.type is not GroupingType.LABELS:
        return grouping.type.value
    if not any(labels.get(name) for name in grouping.labels):
        return None  # what has none of them has nothing in common: a missed heartbeat is not a disk that is full
    key = ", ".join(f"{name}={json.dumps(labels.get(name, ''), ensure_ascii=False)}" for name in grouping.labels)
    return key if len(key) <= LONGEST_KEY else f"{key[:LONGEST_KEY]}… {sha256(key.encode()).hexdigest()}"


def most_of(grouping: Grouping) -> int:
    """How many alerts one incident holds."""
    return MOST_BY_LABELS if grouping.type is GroupingType.LABELS else MOST


def why_apart(incident: Incident, grouping: Grouping, *, alerts: int, max_age: timedelta, now: datetime) -> str | None:
    """Why nothing joins this incident any more, though it is open and has the key; None: it does."""
    age = now - incident.triggered_at
    if age >= max_age:
        return f"it is older than {spoken(max_age)}"
    if grouping.window is not None and age >= grouping.window:
        return f"its window of {spoken(grouping.window)} is over"
    if (
        incident.status is Status.ACKNOWLEDGED
        and incident.acknowledged_at
        and now - incident.acknowledged_at > JOINABLE_AFTER_ACKNOWLEDGEMENT
    ):
        return "it was acknowledged more than an hour ago"
    if alerts >= most_of(grouping):
        return f"it holds {alerts} alerts"
    return None
