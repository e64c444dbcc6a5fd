"""Any JSON that says what it means in words that monitors, scripts and people use: an object, a list of them, or one sentence.

Names are compared without case, `_` and `-`. A field in an object of its own is called `outer.inner`.
"""

from collections.abc import Iterable, Mapping
from functools import lru_cache
from itertools import islice

from oncall.incidents.values import Action
from oncall.intake.rules import (
    ACTIONS,
    action_of,
    instant_of,
    key_of,
    labels_of,
    links_of,
    objects_of,
    one_line,
    read_each,
    severity_of,
    text_of,
    title_of,
)
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType


def _names(*names: str) -> dict[str, str]:
    return {_plain(name): name for name in names}


@lru_cache(maxsize=1_024)
def _plain(name: str) -> str:
    return name.lower().replace("_", "").replace("-", "")


STATE = _names(
    "action", "event_action", "event_type", "status", "state", "current_state", "alert_status", "trigger_status",
    "alert_type_friendly_name", "event_value", "heartbeat.status",
)  # fmt: skip
SUMMARY = _names(
    "summary", "title", "subject", "rule_name", "message", "msg", "check_name", "alert_name", "monitor_friendly_name", "name", "trigger",
    "description", "text", "body",
)  # fmt: skip
SEVERITY = _names("severity", "level", "priority", "urgency", "criticality", "importance_level")

# A key that the sender means as one is taken as it is. What only numbers a thing of the sender's is told apart from other
# senders' numbers by its name and its host. `id` comes last: some count it up with each message.
KEY = _names("dedup_key", "deduplication_key", "incident_key", "alias", "fingerprint", "alert_uid", "alert_key", "entity_id")
NUMBER = _names("monitor_id", "monitor.id", "check_id", "test_id", "rule_id", "unique_id", "alarm_id", "alert_id", "event_id")

# Otherwise what names the problem, together with where it is. A host alone names none: all its problems would become one.
WHAT = _names(
    "check", "check_name", "name", "alert_name", "rule_name", "metric", "class", "job", "trigger", "monitor", "monitor_friendly_name"
)
WHERE = _names(
    "source", "host", "hostname", "instance", "service", "environment", "org_id", "component", "group", "resource", "cluster", "namespace"
)
IDENTITY = WHAT | WHERE

LINKS = _names("url", "link", "href", "client_url", "rule_url", "monitor_url", "monitor.url", "dashboard_url", "runbook_url", "image_url")
LABELS = _names("labels", "tags")
OCCURRED = _names("occurred_at", "timestamp", "time", "started_at", "starts_at")
INSIDE = ("heartbeat", "monitor")
TAKEN = {*STATE, *SEVERITY, *KEY, *LINKS, *LABELS, *OCCURRED, "links", "source", "host", "component", "group", "class"}
SECRET = {"token", "apikey", "password", "secret", "authorization", "routingkey", "servicekey"}
NOTHING: tuple[object, ...] = (None, "", [], {})

NUMBERED_STATES = {
    "heartbeat.status": {"0": Action.TRIGGER, "1": Action.RESOLVE, "3": Action.IGNORE},  # Uptime Kuma: down, up, in maintenance
    "eventvalue": {"0": Action.RESOLVE, "1": Action.TRIGGER},  # Zabbix
}
OVER = {"ok", "clear", "cleared", "resolved", "recovered", "recovery"}
"""What severity may say of a problem that is gone. Not `normal`, which some people's urgent alerts are."""

MAX_FIELDS = 1_000
UNTITLED = "event without a summary"

Said = Mapping[str, object]


def read(value: object, _: Received) -> list[Reading]:
    """Each object is one event. Missing words have defaults: it triggers, its severity is unknown, it is a problem of its own."""
    if isinstance(value, str) and value.strip():
        return [Reading(Action.TRIGGER, title_of(value) or UNTITLED, details={"text": text_of(value)})]
    if isinstance(value, dict):
        return [_read_one(value)]
    if not isinstance(value, list):
        raise Unreadable("it is neither a JSON object nor a list of them")
    if not value:
        return [Reading(Action.IGNORE, "no events", reason="the list of events is empty")]
    return read_each(value, _read_one)


def _read_one(event: Mapping[str, object]) -> Reading:
    said = _said(event)
    action = _action(said)
    identity = {name: text_of(value) for name, value in said.items() if name in IDENTITY and isinstance(value, str | int)}
    labels = labels_of(_first(said, LABELS))
    links = [(link.get("href") or link.get("url"), link.get("text")) for link in objects_of(said.get("links"))]
    links += [(said.get(name), text.removesuffix("_url").replace("_", " ")) for name, text in LINKS.items()]
    summary, read_as_title = _summary(said)
    taken = TAKEN | SECRET | read_as_title
    return Reading(
        action,
        summary or f"{UNTITLED}: {one_line(event)}"[:200],
        dedup_key=_key(said, identity),
        severity=severity_of(*(said.get(name) for name in (*SEVERITY, *STATE)), labels.get("severity"), labels.get("priority")),
        source=one_line(said.get("source") or said.get("host") or said.get("hostname") or said.get("instance")),
        component=one_line(said.get("component")),
        group=one_line(said.get("group")),
        class_=one_line(said.get("class")),
        labels=labels,
        links=links_of(links),
        occurred_at=instant_of(_first(said, OCCURRED)),
        details={name: value for name, value in islice(event.items(), MAX_FIELDS) if _plain(name) not in taken and value not in NOTHING},
        reason="the monitored thing is in maintenance" if action is Action.IGNORE else "",
    )


def _said(event: Mapping[str, object]) -> Said:
    """What the event says, by plain names; empty words say nothing. Of names that become the same the first stands."""
    said: dict[str, object] = {}
    for name, value in islice(event.items(), MAX_FIELDS):
        if value not in NOTHING:
            said.setdefault(_plain(name), value)
    for outer in INSIDE:
        inner = said.get(outer)
        if isinstance(inner, dict):
            said |= {f"{outer}.{_plain(name)}": value for name, value in inner.items() if value not in NOTHING}
    return said


def _first(said: Said, names: Iterable[str]) -> object:
    return next((said[name] for name in names if name in said), None)


def _action(said: Said) -> Action:
    """Of the first field whose word is known, a number's where its meaning is known; then of a severity that says it is over."""
    for name in STATE:
        if name not in said:
            continue
        word = text_of(said[name]).strip().lower()
        found = NUMBERED_STATES[name].get(word) if name in NUMBERED_STATES else ACTIONS.get(word)
        if found:
            return found
    over = said.get("resolved") is True or any(text_of(said.get(name)).strip().lower() in OVER for name in ("severity", "level"))
    return Action.RESOLVE if over else action_of()


def _summary(said: Said) -> tuple[str, set[str]]:
    """The title, and what needs no telling any more (Uptime Kuma's monitor may hold passwords)."""
    if "monitor.name" in said:
        return title_of(f"{text_of(said['monitor.name'])}: {text_of(said.get('heartbeat.msg'))}".rstrip(": ")), {"msg", "monitor"}
    return next(((title, {name}) for name in SUMMARY if (title := title_of(said.get(name)))), ("", set()))


def _key(said: Said, identity: Mapping[str, str]) -> str | None:
    if key := text_of(_first(said, KEY)):
        return key
    where = [f"{WHERE[name]}={identity[name]}" for name in WHERE if identity.get(name)]
    number = next((f"{NUMBER[name]}={text_of(said[name])}" for name in NUMBER if name in said), None)
    if number:
        return " ".join([number, *where])
    if "id" in said:
        return text_of(said["id"])
    return key_of(identity) if any(identity.get(name) for name in WHAT) else None


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
* The dedup key is `dedup_key`, `incident_key`, `fingerprint`, …, else what names the problem and its place; without either each event is
  a problem of its own.
* Severity is read from `severity`, `priority`, `level`; without one it is `unknown`, which pages like an error.

Send the same `dedup_key` with `"status": "resolved"` when it is over. A body of any dialect on these pages is known by itself, so one
address can take them all.
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
