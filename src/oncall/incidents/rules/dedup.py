"""What a run of events about one problem does: open, repeat, acknowledge, resolve. Pure."""

import json
from collections.abc import Mapping, Sequence
from datetime import datetime
from hashlib import sha256
from itertools import groupby

from oncall.incidents.rules.expiring import last_expiry
from oncall.incidents.values import Action, Alert, AlertChange, Decided, Decision, Event, Key, Severity
from oncall.kit.ids import AlertId, IncidentId, ServiceId

RANK = {Severity.INFO: 0, Severity.WARNING: 1, Severity.UNKNOWN: 2, Severity.ERROR: 3, Severity.CRITICAL: 4}

ASIDE = {Action.IGNORE, Action.CHANGE, Action.CHECK_IN}
"""What is recorded and touches no alert."""


def key_of(event: Event) -> Key:
    """What says that two events are about the same problem."""
    return event.service_id, event.dedup_key


def waves(events: Sequence[Event]) -> list[dict[Key, list[Event]]]:
    """Cut a batch so that in each wave every key has a run of one action only; the order of each key's events is kept.

    A storm of repeats is one wave; trigger, resolve, trigger on one key are three.
    """
    by_key: dict[Key, list[Event]] = {}
    for event in events:
        by_key.setdefault(key_of(event), []).append(event)
    cut: list[dict[Key, list[Event]]] = []
    for key, its_events in by_key.items():
        for n, (_, run) in enumerate(groupby(its_events, key=lambda event: event.action)):
            if n == len(cut):
                cut.append({})
            cut[n][key] = list(run)
    return cut


def needs_incident(run: Sequence[Event], alert: Alert | None) -> bool:
    """Whether the run may change the incident, which must then be locked first; a mere repeat touches only its alert."""
    if alert is None or run[0].action in ASIDE:
        return False
    return run[0].action is not Action.TRIGGER or not alert.is_open or alert.watched or RANK[worst(run)] > RANK[alert.severity]


def decide_repeats(run: Sequence[Event], alert: Alert) -> tuple[list[Decided], AlertChange] | None:
    """As `decide_run`, for a run of triggers that changes nothing but when, and how often, its open alert was seen; None for any other."""
    if needs_incident(run, alert) or run[-1].severity is not alert.severity or relabelled(run, alert) is not None:
        return None
    change = AlertChange(alert.id, len(run), alert.severity, is_open=True, acknowledged=alert.acknowledged, expires_at=last_expiry(run))
    return _repeats(run, alert.id, alert.incident_id), change


def relabelled(run: Sequence[Event], alert: Alert) -> Mapping[str, str] | None:
    """The labels that a run of triggers gives its alert, if they are others than before. What says none takes none away."""
    said = next((event.labels for event in reversed(run) if event.labels), None)
    return said if said and said != alert.labels else None


def worst(run: Sequence[Event]) -> Severity:
    """The gravest severity of a run."""
    return run[0].severity if len(run) == 1 else max((event.severity for event in run), key=RANK.__getitem__)


def decide_run(run: Sequence[Event], alert: Alert | None) -> tuple[list[Decided], AlertChange | None]:
    """Decide a run of one action on one key. `alert` is the open one, else the one that may be reopened, else None.

    A new alert and its incident carry the id of the event that opened them, so deciding again after a conflict decides the same.
    """
    first = run[0]
    match first.action:
        case Action.IGNORE:
            return ignored(run, alert=alert), None
        case Action.CHANGE:
            return [Decided(e.id, e.dedup_key, Decision.CHANGE_RECORDED, e.reason or "a change, which pages nobody") for e in run], None
        case Action.CHECK_IN:
            return [Decided(e.id, e.dedup_key, Decision.CHECKED_IN, e.reason or "a heartbeat checked in") for e in run], None
        case Action.TRIGGER:
            return _trigger(run, alert)
        case Action.ACKNOWLEDGE | Action.RESOLVE if alert is None or not alert.is_open:
            return _nothing_open(run), None
        case Action.ACKNOWLEDGE:
            change = AlertChange(alert.id, 0, alert.severity, is_open=True, acknowledged=True)
            return _all(run, Decision.ACKNOWLEDGED, "its monitor acknowledged it", alert.id, alert.incident_id), change
        case Action.RESOLVE:
            change = AlertChange(alert.id, 0, alert.severity, is_open=False, acknowledged=alert.acknowledged)
            why = "so it counts as resolved" if run[0].way else "its monitor resolved it"
            ended = _all(run[:1], Decision.RESOLVED, why, alert.id, alert.incident_id)
            return ended + _nothing_open(run[1:]), change


def _nothing_open(run: Sequence[Event]) -> list[Decided]:
    reason = "no alert with this dedup key is open in the service"
    return [Decided(e.id, e.dedup_key, Decision.NO_OPEN_ALERT, because(e.reason, reason)) for e in run]


def because(*reasons: str) -> str:
    return ": ".join(filter(None, reasons))


def ignored(run: Sequence[Event], reason: str = "", *, alert: Alert | None = None) -> list[Decided]:
    """Events that are recorded and do nothing, for a reason of ours or for their adapter's; they stand beside the alert they are about."""
    about = (alert.id, alert.incident_id) if alert and alert.is_open else (None, None)
    return [Decided(e.id, e.dedup_key, Decision.IGNORED, reason or e.reason, *about) for e in run]


def _trigger(run: Sequence[Event], alert: Alert | None) -> tuple[list[Decided], AlertChange]:
    first, severity, expires_at = run[0], worst(run), last_expiry(run)
    if alert is None:
        alert_id, incident_id = AlertId(first.id), IncidentId(first.id)
        opened = _all(run[:1], Decision.OPENED, "no alert with this dedup key was open", alert_id, incident_id)
        change = AlertChange(alert_id, len(run), severity, is_open=True, acknowledged=False, expires_at=expires_at)
        return opened + _repeats(run[1:], alert_id, incident_id), change
    if not alert.is_open:
        reopened = _all(run[:1], Decision.REOPENED, "the same problem came back inside the reopen window", alert.id, alert.incident_id)
        labels = relabelled(run, alert)
        change = AlertChange(alert.id, len(run), severity, is_open=True, acknowledged=False, expires_at=expires_at, labels=labels)
        return reopened + _repeats(run[1:], alert.id, alert.incident_id), change
    # The latest word on severity stands, but within one run nothing may hide a rise.
    now_severity = severity if RANK[severity] > RANK[alert.severity] else run[-1].severity
    change = AlertChange(
        alert.id,
        len(run),
        now_severity,
        is_open=True,
        acknowledged=alert.acknowledged,
        expires_at=expires_at,
        labels=relabelled(run, alert),
    )
    return _repeats(run, alert.id, alert.incident_id), change


def _repeats(run: Sequence[Event], alert_id: AlertId, incident_id: IncidentId) -> list[Decided]:
    return _all(run, Decision.DEDUPLICATED, "an alert with this dedup key is open already", alert_id, incident_id)


def _all(run: Sequence[Event], decision: Decision, reason: str, alert_id: AlertId, incident_id: IncidentId) -> list[Decided]:
    return [
        Decided(e.id, e.dedup_key, Decision.UNREADABLE if e.unreadable else decision, f"{e.reason}: {reason}" if e.reason else reason,
                alert_id, incident_id)
        for e in run
    ]  # fmt: skip


def place_of(service_id: ServiceId, among: Mapping[str, object]) -> int:
    """A number for the place that events are about: what they say of it, but for the lists."""
    said = json.dumps([f"{service_id}", sorted((name, value) for name, value in among.items() if isinstance(value, str))])
    return int.from_bytes(sha256(said.encode()).digest()[:8], signed=True)


def holds(details: Mapping[str, object], among: Mapping[str, object]) -> bool:
    """Whether details hold all of this; of a list all of its elements, as PostgreSQL's `@>` has it."""
    for name, said in among.items():
        there = details.get(name)
        if isinstance(said, list):
            if not isinstance(there, list) or not all(one in there for one in said):
                return False
        elif there != said:
            return False
    return True


def sensible_instant(claimed: datetime | None, *, now: datetime) -> datetime | None:
    """A monitor's own instant where it can be true: not more than a week old nor an hour ahead (`reliability.md` S9)."""
    if claimed is None or not -7 * 86_400 <= (claimed - now).total_seconds() <= 3_600:
        return None
    return claimed
