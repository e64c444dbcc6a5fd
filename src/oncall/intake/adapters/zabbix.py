"""Zabbix: whatever a media type of the user's sends, https://www.zabbix.com/documentation/current/en/manual/config/notifications/media/webhook."""

import re
from collections.abc import Mapping
from dataclasses import replace

import msgspec

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.adapters.nagios import plain
from oncall.intake.rules import (
    ACTIONS,
    Fields,
    labels_of,
    links_of,
    named_key,
    one_line,
    read_fields,
    said_at,
    text_of,
    title_of,
    word_at,
)
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

HOST = ("hostname", "hosthost", "host")
TITLE = ("eventname", "triggername", "trigger", "title", "alertsubject", "subject")
MESSAGE = ("alertmessage", "message", "description", "body")

FIELDS = Fields(
    title=TITLE,
    state=("eventvalue", "triggerstatus", "eventstatus", "triggervalue", "status", "state"),
    states=ACTIONS | {"0": Action.RESOLVE},
    severity=("eventnseverity", "triggernseverity", "eventseverity", "triggerseverity", "severity"),
    severities={
        **dict.fromkeys(("0", "not classified"), Severity.UNKNOWN),
        **dict.fromkeys(("1", "information"), Severity.INFO),
        **dict.fromkeys(("2", "warning", "3", "average"), Severity.WARNING),
        **dict.fromkeys(("4", "high"), Severity.ERROR),
        **dict.fromkeys(("5", "disaster"), Severity.CRITICAL),
    },
    source=HOST,
    component=("item", "itemname"),
    group=("hostgroups", "triggerhostgroupname"),
    occurred_at=("eventtimestamp",),
)

# The subjects of Zabbix's own messages begin with the state; their text ends with the number of the problem.
STATE_IN_SUBJECT = re.compile(r"(?i)^(?:problem|(?P<over>ok|resolved(?: in [^:]*)?)|updated problem(?: in [^:]*)?)\s*:\s+(?=\S)")
SUBJECT = ("alertsubject", "subject", "title")
ORIGINAL = re.compile(r"Original (?:problem|event) ID: (\d+)")
LINKED = re.compile(r"(https?://\S{1,300}?)/tr_events\.php\?triggerid=(\d+)&eventid=(\d+)")

ACKNOWLEDGED = re.compile(r"\backnowledged")
STILL = re.compile(r"unacknowledged|changed severity|unsuppressed")
"""Updates after which the problem pages as before, or louder."""

NAMES = {"eventid", "triggerid", "eventvalue", "triggerstatus", "eventnseverity", "trigger", "eventname"}
SPELLINGS = (
    {"event_id", "trigger_id", "event_value"},
    {"event_id", "event_nseverity"},
    {"event_value", "trigger_id"},
    {"Event_ID", "Trigger_ID", "Trigger_Status"},
    {"severity", "status", "item", "trigger", "link"},
    {"EVENT.ID", "TRIGGER.ID"},
    {"EVENT.ID", "EVENT.VALUE"},
)
NOT_TOLD = {"url", "sendto", "to", "httpproxy", "link", "eventtags", "eventtagsjson", "triggertags"}


def knows(value: object, _: Received) -> bool:
    """By names of Zabbix's macros, in the spellings of the media types that are known."""
    return isinstance(value, dict) and any(names <= value.keys() for names in SPELLINGS)


def read(value: object, received: Received) -> list[Reading]:
    """One event, if names of macros are in it, or a message of Zabbix's own; else what anybody would read in it."""
    said = plain(value) if isinstance(value, dict) else {}
    subject = STATE_IN_SUBJECT.match(text_of(said_at(said, SUBJECT)).strip())
    if NAMES.isdisjoint(said) and not (subject and ORIGINAL.search(text_of(said_at(said, MESSAGE)))):
        return generic.read(value, received)
    zabbix, trigger, event = _numbers(said)
    reading = read_fields(said, FIELDS)
    is_over = said_at(said, FIELDS.state) is None and subject is not None and subject["over"] is not None
    action, reason = _updated(said, Action.RESOLVE if is_over else reading.action)
    links = [(said_at(said, ("link", "eventurl")), "event"), (said_at(said, ("triggerurl",)), "trigger")]
    if zabbix and trigger and event:
        links.append((f"{zabbix}/tr_events.php?triggerid={trigger}&eventid={event}", "event"))
    tags = said_at(said, ("eventtagsjson", "eventtags", "tags"))
    return [
        replace(
            reading,
            action=action,
            reason=reason,
            summary=title_of(STATE_IN_SUBJECT.sub("", text_of(said_at(said, TITLE)).strip())) or "problem without a name",
            dedup_key=_key(said, zabbix, trigger, event),
            labels=_labels(tags),
            links=links_of(links),
            details={name: of for name, of in reading.details.items() if name not in NOT_TOLD},
        )
    ]


def _numbers(said: Mapping[str, object]) -> tuple[str, str, str]:
    """Which Zabbix, trigger and problem: as fields, else from the link to it or its message."""
    linked = LINKED.search(text_of(said_at(said, ("link", "eventurl"))))
    original = ORIGINAL.search(text_of(said_at(said, MESSAGE)))
    zabbix = text_of(said_at(said, ("zabbixurl",))) or (linked[1] if linked else "")
    trigger = text_of(said_at(said, ("triggerid",))) or (linked[2] if linked else "")
    event = text_of(said_at(said, ("eventid",))) or (linked[3] if linked else original[1] if original else "")
    return zabbix.strip().rstrip("/"), trigger, event


def _key(said: Mapping[str, object], zabbix: str, trigger: str, event: str) -> str | None:
    """The problem's number, since one trigger may have many problems at a time; else the trigger's, or its name, on its host."""
    if event:
        return named_key({"zabbix_event_id": event, "zabbix": zabbix})
    host = said_at(said, HOST)
    if trigger:
        return named_key({"zabbix_trigger_id": trigger, "zabbix": zabbix, "host": host})
    name = said_at(said, ("triggername", "trigger"))
    return named_key({"zabbix_trigger": name, "host": host}) if name else None


def _updated(said: Mapping[str, object], action: Action) -> tuple[Action, str]:
    """What an update operation means: somebody did something with a problem that is still there."""
    update = one_line(said_at(said, ("eventupdateaction",)))
    if action is not Action.TRIGGER or word_at(said, ("eventupdatestatus",)) != "1" or not update:
        return action, ""
    if "closed" in update:
        return Action.RESOLVE, ""
    if ACKNOWLEDGED.search(update):
        return Action.ACKNOWLEDGE, ""
    return (action, "") if STILL.search(update) else (Action.IGNORE, f"an update in Zabbix: {update}"[:1024])


def _labels(tags: object) -> dict[str, str]:
    """Of `{EVENT.TAGSJSON}` by name, of `{EVENT.TAGS}` as they are."""
    try:
        listed = msgspec.json.decode(tags) if isinstance(tags, str) else tags
    except (msgspec.DecodeError, ValueError, RecursionError):
        listed = tags
    if not isinstance(listed, list):
        return labels_of(tags)
    return labels_of([{"key": of["tag"], "value": of.get("value")} if isinstance(of, dict) and "tag" in of else of for of in listed])


GUIDE = """
**Alerts → Media types → Create media type**, type *Webhook*, with these parameters and this script (Zabbix 5.4 and newer):

| name | value |
| --- | --- |
| `url` | `{url}` |
| `event_id` | `{EVENT.ID}` |
| `event_name` | `{EVENT.NAME}` |
| `event_value` | `{EVENT.VALUE}` |
| `event_nseverity` | `{EVENT.NSEVERITY}` |
| `event_update_status` | `{EVENT.UPDATE.STATUS}` |
| `event_update_action` | `{EVENT.UPDATE.ACTION}` |
| `event_tags` | `{EVENT.TAGSJSON}` |
| `event_opdata` | `{EVENT.OPDATA}` |
| `host_name` | `{HOST.NAME}` |
| `trigger_id` | `{TRIGGER.ID}` |
| `trigger_url` | `{TRIGGER.URL}` |
| `zabbix_url` | `{$ZABBIX.URL}` |

```js
var p = JSON.parse(value), url = p.url, request = new HttpRequest();
delete p.url;
request.addHeader('Content-Type: application/json');
request.post(url, JSON.stringify(p));
if (request.getStatus() >= 300) { throw 'oncall answered ' + request.getStatus(); }
return 'OK';
```

Under *Message templates* add *Problem*, *Problem recovery* and *Problem update* (their text does not matter). Give a user this media, and
an action with operations, recovery operations and update operations to that user. The alert is known by `event_id`. An update
acknowledges, changes the severity or resolves; a comment is recorded. Other media types are understood by the names of their macros, and
one that has only `Subject` and `Message` by what Zabbix's own messages say: `Resolved in …:` and `Original problem ID`.
"""

EXAMPLE = """{
  "event_id": "90071", "event_name": "/var: Disk space is critically low", "event_value": "1", "event_nseverity": "4",
  "event_update_status": "0", "event_update_action": "", "event_tags": "[{\\"tag\\": \\"scope\\", \\"value\\": \\"capacity\\"}]",
  "event_opdata": "97 % used", "host_name": "db-1", "trigger_id": "31001", "trigger_url": "", "zabbix_url": "https://zabbix.example.com"
}"""

DIALECT = Dialect(
    type=IntegrationType.ZABBIX,
    name="Zabbix",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `event_value` 0 (the action has recovery operations).",
    guide=GUIDE,
    example=EXAMPLE,
)
