"""Any JSON that says what it means in words that monitors, scripts and people use: an object, a list of them, or one sentence.

Names are compared without case, `_` and `-`.
"""

import re
from collections.abc import Iterable, Mapping
from itertools import islice

from oncall.incidents.values import Action
from oncall.intake.rules import (
    ACTIONS,
    MAX_MEMBERS,
    action_of,
    instant_of,
    key_of,
    labels_of,
    links_of,
    objects_of,
    one_line,
    plain,
    read_each,
    severity_of,
    text_of,
    title_of,
    without_login,
)
from oncall.intake.values import Dialect, LocalKey, Reading, Received, Unreadable
from oncall.services.values import IntegrationType


def _names(*names: str) -> dict[str, str]:
    return {plain(name): name for name in names}


STATE = _names(
    "action", "event_action", "event_type", "status", "state", "current_state", "alert_status", "trigger_status",
    "alert_type_friendly_name", "event_value", "trigger", "alert_state", "new_state",
)  # fmt: skip
VERBS = _names("action", "event_action", "event_type")
"""States that say what is to be done: around an object they count more than how the thing inside is."""
WEAK = {"error", "warning", "critical", "failure", "create", "created", "open", "opened"}
"""Words that may say how bad a thing is, or was when it began: another field that says it is over, or seen, counts more."""
SUMMARY = _names(
    "summary", "title", "subject", "rule_name", "message", "msg", "check_name", "alert_name", "monitor_friendly_name", "monitor_name",
    "name", "trigger", "alert", "problem", "description", "text", "body", "content", "error",
)  # fmt: skip
SEVERITY = _names("severity", "level", "priority", "urgency", "criticality", "importance_level")

# A key that the sender means as one is taken as it is. What only numbers a thing of the sender's is told apart from other
# senders' numbers by its name and its host. `id` comes last: some count it up with each message.
KEY = _names("dedup_key", "deduplication_key", "incident_key", "alias", "fingerprint", "alert_uid", "alert_key", "entity_id")
NUMBER = _names("monitor_id", "check_id", "test_id", "rule_id", "unique_id", "alarm_id", "alert_id", "event_id")

# Otherwise what names the problem, together with where it is. A host alone names none: all its problems would become one.
WHAT = _names(
    "check", "check_name", "name", "alert_name", "rule_name", "metric", "class", "job", "trigger", "monitor", "monitor_friendly_name",
    "alert", "problem",
)  # fmt: skip
WHERE = _names(
    "source", "host", "hostname", "instance", "service", "environment", "org_id", "component", "group", "resource", "cluster", "namespace"
)
IDENTITY = WHAT | WHERE

LINKS = _names("url", "link", "href", "client_url", "rule_url", "monitor_url", "dashboard_url", "runbook_url", "image_url")
LABELS = _names("labels", "tags")
OCCURRED = _names("occurred_at", "timestamp", "time", "started_at", "starts_at")
ONE_INSIDE = ("alert", "incident", "event", "problem", "monitor", "data", "payload")
MANY_INSIDE = ("alerts", "alert", "incidents", "incident", "problems", "problem", "events", "event")
NAMING = {*KEY, *NUMBER, *WHAT, *SUMMARY}
AROUND = {*WHERE, *SEVERITY, *LABELS, *LINKS, *OCCURRED, *STATE}
"""What stands around a list of events and is said of each: where, how bad, and how it is unless the event says it itself."""

OVER_NAMES = _names("resolved", "is_resolved", "ok", "up", "healthy")
MEASURE = re.compile(r"[-+]?\d+([.,]\d+)?\s*%?")
TAKEN = {*STATE, *SEVERITY, *KEY, *LINKS, *LABELS, *OCCURRED, "links", "source", "host", "component", "group", "class", "routingkey"}
NOTHING: tuple[object, ...] = (None, "", [], {})

NUMBERED_STATES = {
    "eventvalue": {"0": Action.RESOLVE, "1": Action.TRIGGER},  # Zabbix
}
OVER = {"ok", "clear", "cleared", "resolved", "recovered", "recovery"}
"""What severity may say of a problem that is gone. Not `normal`, which some people's urgent alerts are."""

UNTITLED = "event without a summary"

Said = Mapping[str, object]


def read(value: object, _: Received) -> list[Reading]:
    """Each object is one event. Missing words have defaults: it triggers, its severity is unknown, it is a problem of its own."""
    if isinstance(value, str) and value.strip():
        return [Reading(Action.TRIGGER, title_of(value) or UNTITLED, details={"text": text_of(value)})]
    if isinstance(value, dict):
        return _read_object(value)
    if not isinstance(value, list):
        raise Unreadable("it is neither a JSON object nor a list of them")
    if not value:
        return [Reading(Action.IGNORE, "no events", reason="the list of events is empty")]
    return read_each(value, _read_one)


def _read_object(value: Mapping[str, object]) -> list[Reading]:
    """One event; or those of a list inside, if each names itself: a history does not."""
    listed = next((name for name in MANY_INSIDE if _are_events(value.get(name))), None)
    if listed is None or (listed.startswith("event") and not _plain_names(value).isdisjoint({*STATE, *KEY})):
        return [_read_one(value)]
    around = {name: said for name, said in value.items() if plain(name) in AROUND and name != listed}
    return read_each(objects_of(value[listed]), lambda inner: _read_one(_within(around, inner)))


def _are_events(value: object) -> bool:
    inner = objects_of(value)
    return bool(inner) and isinstance(value, list) and len(inner) == len(value) and all(_names_itself(one) for one in inner)


def _names_itself(value: Mapping[str, object]) -> bool:
    return not _plain_names(value).isdisjoint(NAMING | {"id"})


def _plain_names(value: Mapping[str, object]) -> set[str]:
    return {plain(name) for name in value}


def _within(around: Mapping[str, object], inner: Mapping[str, object]) -> Mapping[str, object]:
    """What is inside, and what stands around it; of two states the inner one, unless the outer is a verb."""
    states = not _plain_names(inner).isdisjoint(STATE)
    return {**{name: said for name, said in around.items() if not states or plain(name) not in STATE or plain(name) in VERBS}, **inner}


def _opened(event: Mapping[str, object]) -> Mapping[str, object]:
    """The event with what it says of itself in an object inside, where it names nothing outside."""
    inside = next((name for name in ONE_INSIDE if isinstance(event.get(name), dict)), None)
    inner = event.get(inside) if inside else None
    if not isinstance(inner, dict) or not (_plain_names(event) - {inside}).isdisjoint(NAMING):
        return event
    return _within({name: said for name, said in event.items() if name != inside}, inner)


def _read_one(event: Mapping[str, object]) -> Reading:
    event = _opened(event)
    said = _said(event)
    action = _action(said)
    identity = {name: text_of(value) for name, value in said.items() if name in IDENTITY and _names_something(name, value)}
    labels = labels_of(_first(said, LABELS))
    links = [(link.get("href") or link.get("url"), link.get("text")) for link in objects_of(said.get("links"))]
    links += [(said.get(name), text.removesuffix("_url").replace("_", " ")) for name, text in LINKS.items()]
    summary, read_as_title = _summary(said)
    taken = TAKEN | read_as_title
    return Reading(
        action,
        summary or f"{UNTITLED}: {one_line(event)}"[:200],
        dedup_key=_key(said, identity),
        severity=severity_of(*(said.get(name) for name in (*SEVERITY, *STATE)), labels.get("severity"), labels.get("priority")),
        source=without_login(one_line(said.get("source") or said.get("host") or said.get("hostname") or said.get("instance"))),
        component=one_line(said.get("component")),
        group=one_line(said.get("group")),
        class_=one_line(said.get("class")),
        labels=labels,
        links=links_of(links),
        occurred_at=instant_of(_first(said, OCCURRED)),
        details={name: value for name, value in islice(event.items(), MAX_MEMBERS) if plain(name) not in taken and value not in NOTHING},
    )


def _said(event: Mapping[str, object]) -> Said:
    """What the event says, by plain names; empty words say nothing. Of names that become the same the first stands."""
    said: dict[str, object] = {}
    for name, value in islice(event.items(), MAX_MEMBERS):
        if value not in NOTHING:
            said.setdefault(plain(name), value)
    return said


def _first(said: Said, names: Iterable[str]) -> object:
    return next((said[name] for name in names if name in said), None)


def _names_something(name: str, value: object) -> bool:
    """A word, not one that says a state; a number names an organisation and measures everything else."""
    if name == "orgid":
        return isinstance(value, str | int)
    return isinstance(value, str) and _word(value) not in ACTIONS and not (name in WHAT and MEASURE.fullmatch(value.strip()))


def _action(said: Said) -> Action:
    """Of the first field whose word is known, a number's where its meaning is known; then of a severity that says it is over."""
    found = [(word, action) for name in STATE if name in said and (action := _meaning(name, word := _word(said[name])))]
    over = any(_word(said.get(name)) in {"true", "yes"} for name in OVER_NAMES)
    over = over or any(_word(said.get(name)) in OVER for name in ("severity", "level"))
    if not found:
        return Action.RESOLVE if over else action_of()
    word, action = found[0]
    later = [stronger for _, stronger in found if stronger in {Action.RESOLVE, Action.ACKNOWLEDGE}]
    return later[0] if word in WEAK and later else action


def _meaning(name: str, word: str) -> Action | None:
    return NUMBERED_STATES[name].get(word) if name in NUMBERED_STATES else ACTIONS.get(word)


def _word(value: object) -> str:
    return text_of(value).strip().lower()


def _summary(said: Said) -> tuple[str, set[str]]:
    """The title, and what needs no telling any more."""
    found = ((name, title_of(said.get(name))) for name in SUMMARY if _word(said.get(name)) not in ACTIONS)
    name, title = next(((name, title) for name, title in found if title), ("", ""))
    if title:
        return title, {name}
    what, where = (text_of(next((said[name] for name in names if isinstance(said.get(name), str)), "")) for names in (WHAT, WHERE))
    return title_of(f"{what} on {where}" if what and where else what), set()


def _key(said: Said, identity: Mapping[str, str]) -> str | None:
    """The sender's own key; else a number with where it is; else what names the problem; an `id` last, as some count it up."""
    if key := text_of(_first(said, KEY)):
        return key
    where = [f"{WHERE[name]}={identity[name]}" for name in WHERE if identity.get(name)]
    number = next((f"{NUMBER[name]}={text_of(said[name])}" for name in NUMBER if name in said), None)
    if number:
        return LocalKey(" ".join([number, *where]))
    if any(identity.get(name) for name in WHAT):
        return LocalKey(key_of(identity) or "")
    id = text_of(said.get("id"))
    return LocalKey(" ".join([f"id={id}", *where])) if id.isdecimal() else id or None


def says_something(value: object) -> bool:
    """Whether an object, or one inside, or one of a list, holds a title, a state or a key by any of the names that are known."""
    if isinstance(value, list):
        return any(says_something(one) for one in objects_of(value))
    if not isinstance(value, dict):
        return False
    inside = (value.get(name) for name in (*ONE_INSIDE, *MANY_INSIDE))
    return not _plain_names(value).isdisjoint({*SUMMARY, *STATE, *KEY}) or any(says_something(one) for one in inside if one)


def says_all(value: object) -> bool:
    """Whether an object holds a key and a state in words that are known: its author means them."""
    if not isinstance(value, dict):
        return False
    said = _said(value)
    return _first(said, KEY) is not None and any(_meaning(name, _word(said[name])) for name in STATE if name in said)


def knows(_: object, __: Received) -> bool:
    """It takes whatever nobody else knows."""
    return False


GUIDE = """
Post an object, or a list of objects, that says what it means in common words:

```sh
curl -sS {url} -d '{"summary": "Disk is full", "severity": "critical", "dedup_key": "db-1/disk", "status": "firing"}'
```

* The title is the first of `summary`, `title`, `message`, …; without one, a sentence that repeats the object.
* The action is read from `action`, `event_action`, `status`, `state`: `ok`, `resolved`, `recovered`, `closed`, `up` … resolve;
  `acknowledged`, `ack` acknowledge; anything else, and nothing, triggers.
* The dedup key is `dedup_key`, `incident_key`, `fingerprint`, …, else `monitor_id`, `check_id`, `event_id`, …, else what names the problem
  (`check`, `name`, `metric`, `job`) and its place (`host`, `service`, …), else `id`; without any each event is a problem of its own.
* Severity is read from `severity`, `priority`, `level`; without one it is `unknown`, which pages like an error.
* Labels, by which rules and silences tell alerts apart, are what is in `labels` or `tags`. `source`, `host`, `hostname` or `instance` is
  the source, which they match as `source`; what is left over is shown as details, and matches nothing.

Send the same `dedup_key` with `"status": "resolved"` when it is over. Objects in a list, and in `alerts` or `events`, are events of their
own. A body of any dialect on these pages is known by itself, by names that only its monitor uses, so one address can take them all.

A monitor that uses other words, and cannot be told to use these, needs a mapping: a document that says which member means what.
[Map your own monitor](../how-to/map-your-own-monitor.md) shows how, without code. An integration of any type may have one; what it does not
read is read as above.
"""

EXAMPLE = """{"summary": "Disk is full", "severity": "critical", "dedup_key": "db-1/disk", "status": "firing"}"""

DIALECT = Dialect(
    type=IntegrationType.GENERIC,
    name="Anything else: JSON, forms, XML, a sentence",
    group="Your own",
    read=read,
    knows=knows,
    resolves='Send `"status": "resolved"` with the same `dedup_key`.',
    guide=GUIDE,
    example=EXAMPLE,
)
