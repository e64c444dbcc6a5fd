"""Datadog's webhook, https://docs.datadoghq.com/integrations/webhooks/: its body is the user's template of documented variables."""

import re
from collections.abc import Mapping, Sequence
from itertools import islice

from oncall.incidents.values import Action
from oncall.intake.adapters import generic
from oncall.intake.rules import (
    ACTIONS,
    MAX_MEMBERS,
    instant_of,
    labels_of,
    links_of,
    named_key,
    objects_of,
    one_line,
    said_at,
    severity_of,
    text_of,
    title_of,
    word_at,
)
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

STATES = ACTIONS | {"completed": Action.RESOLVE}
"""Datadog's own words, and those that a template may have; `Re-Triggered`, `Warn`, `No Data` and the like trigger as any other."""

TITLE = ("event_title", "title", "summary", "alert_title", "security_rule_name", "incident_title", "name")
STATE = ("alert_transition", "transition", "alert_state", "state", "status", "incident_status")
OWN_KEY = ("dedup_key", "unique_key", "alert_cycle_key", "security_signal_id", "incident_uuid")
MONITOR = ("alert_id", "monitor_id")
SCOPE = ("alert_scope", "scope", "scopes")
PRIORITY = ("alert_priority", "annotations.datadog/priority", "priority")
SEVERITY = ("severity", "security_signal_severity", "incident_severity", "alert_type", "level")
LINKS = {"link": "monitor", "url": "monitor", "snapshot": "snapshot", "incident_url": "incident"}
TAKEN = {*TITLE, *LINKS, "links", "images", "tags", "hostname"}

BEFORE_TITLE = re.compile(
    r"(?i)\s*\[(?:p(?P<priority>[1-5])|(?P<state>(?:re-)?(?:triggered|warn|alert|no data)|recovered|renotify|ok)(?: on [^\]]*)?)\]\s*(?=\S)"
)
IN_LINK = re.compile(r"/monitors[/#](?P<monitor>\d{1,20})(?:[^\s)]*?[?&]group=(?P<scope>[^\s)&#]*))?")
"""The default body names its monitor in no field, but in the link to it."""

VARIABLES = frozenset({"alert_transition", "alert_cycle_key", "aggreg_key"})
EITHER_CASE = VARIABLES | {name.upper() for name in VARIABLES}


def knows(value: object, _: Received) -> bool:
    """By a variable only Datadog has, the default body, the template of FireHydrant, or a monitor with its scopes."""
    if not isinstance(value, dict):
        return False
    names = value.keys()
    default = {"last_updated", "event_type", "title", "org"} <= names
    templates = (
        {"alert_id", "alert_scope"} <= names
        or {"unique_key", "level", "received_at"} <= names
        or {"monitor_id", "scopes", "query"} <= names
    )
    return default or templates or not EITHER_CASE.isdisjoint(names)


def read(value: object, received: Received) -> list[Reading]:
    """One event. A template that shares no name with Datadog's variables is read as anything else is."""
    if not isinstance(value, dict):
        return generic.read(value, received)
    said = _said(value)
    if not knows(value, received) and said_at(said, TITLE) is None:
        return generic.read(value, received)
    title, in_title = _without_state(said_at(said, TITLE))
    word = word_at(said, STATE) or in_title.get("state", "") or word_at(said, ("alert_type",))
    event_id, updated = text_of(said.get("id")), text_of(said.get("last_updated"))
    links: list[tuple[object, object]] = [(said.get(name), text) for name, text in LINKS.items()]
    links += [(link.get("href"), link.get("text")) for link in objects_of(said.get("links"))]
    links += [(image.get("src"), image.get("alt") or "image") for image in objects_of(said.get("images"))]
    priorities = [_priority(said_at(said, (path,))) for path in PRIORITY] + [_priority(in_title.get("priority"))]
    return [
        Reading(
            STATES.get(word, Action.TRIGGER),
            title or "monitor without a title",
            dedup_key=_key(said),
            severity=severity_of(word_at(said, ("severity",)), *priorities, *(said_at(said, (path,)) for path in SEVERITY)),
            source=one_line(said_at(said, ("hostname", "host"))),
            component=one_line(said_at(said, ("alert_metric", "metric"))),
            group=one_line(said_at(said, ("org.name", "org_name"))),
            class_=one_line(said_at(said, ("event_type", "type"))),
            labels=_labels(said.get("tags")),
            links=links_of(links),
            occurred_at=instant_of(said_at(said, ("date", "last_updated", "received_at"))),
            details={name: element for name, element in said.items() if name not in TAKEN},
            # A user may have put the monitor's id there, so that the event's time must tell deliveries apart.
            delivery_id=f"{event_id} {updated}" if event_id and updated else "",
        )
    ]


def _said(value: Mapping[str, object]) -> dict[str, object]:
    """What the template says, by the variables' names in lower case, without what Datadog left unfilled."""
    said: dict[str, object] = {}
    for name in islice(value, MAX_MEMBERS):
        element = said_at(value, (name,))
        if element is not None:
            said.setdefault(name.lower().lstrip("$"), element)
    return said


def _without_state(value: object) -> tuple[str, dict[str, str]]:
    """The title, and what Datadog writes in brackets before it: priority and transition."""
    title = one_line(value)
    found: dict[str, str] = {}
    while before := BEFORE_TITLE.match(title):
        found |= {name: text.lower() for name, text in before.groupdict().items() if text}
        title = title[before.end() :]
    return title_of(title), found


def _key(said: Mapping[str, object]) -> str | None:
    if own := text_of(said_at(said, OWN_KEY)):
        return own
    if (monitor := said_at(said, MONITOR)) is not None:
        return named_key({"datadog_monitor_id": monitor, "scope": said_at(said, SCOPE)})
    if aggregated := text_of(said.get("aggreg_key")):
        return aggregated
    in_link = IN_LINK.search(text_of(said_at(said, ("link", "url", "body", "event_msg", "text_only_msg"))))
    return named_key({"datadog_monitor_id": in_link["monitor"], "scope": in_link["scope"]}) if in_link else None


def _priority(value: object) -> str:
    """P1 to P5, however a template says it; `normal` and `low`, the priorities of events, are no severity."""
    found = re.fullmatch(r"p?([1-5])", text_of(value).strip().lower())
    return f"p{found[1]}" if found else ""


def _labels(value: object) -> dict[str, str]:
    """Tags, in a list or with commas: `role:db` is a label, `monitor` only a tag."""
    tags: Sequence[object] = value.split(",") if isinstance(value, str) else value if isinstance(value, list) else []
    pairs = [tag.strip().partition(":") if isinstance(tag, str) else (text_of(tag), "", "") for tag in tags[:MAX_MEMBERS]]
    return labels_of([{"key": name, "value": said} if said else name for name, _, said in pairs if name])


GUIDE = """
In Datadog: **Integrations → Webhooks → New**, name *oncall*, URL `{url}`, payload:

```json
{
  "title": "$EVENT_TITLE", "body": "$TEXT_ONLY_MSG", "alert_transition": "$ALERT_TRANSITION", "alert_type": "$ALERT_TYPE",
  "alert_priority": "$ALERT_PRIORITY", "alert_id": "$ALERT_ID", "alert_scope": "$ALERT_SCOPE", "alert_cycle_key": "$ALERT_CYCLE_KEY",
  "hostname": "$HOSTNAME", "alert_metric": "$ALERT_METRIC", "tags": "$TAGS", "link": "$LINK", "snapshot": "$SNAPSHOT",
  "id": "$ID", "date": "$DATE", "last_updated": "$LAST_UPDATED"
}
```

Then write `@webhook-oncall` into the message of each monitor that shall page, so that it is sent when the monitor alerts and when it
recovers.

`Recovered` resolves, everything else triggers. An alert is known by `alert_cycle_key`, else by the monitor's id and scope, else by
`aggreg_key`; the default payload has only the link to the monitor in its text, and is known by that. The severity is the monitor's
priority, P1 to P5, else `alert_type`.
"""

EXAMPLE = """{
  "title": "[P1] [Triggered on {host:db-1}] Disk is full", "body": "/var is 97 % full", "alert_transition": "Triggered",
  "alert_type": "error", "alert_priority": "P1", "alert_id": "4200", "alert_scope": "host:db-1", "alert_cycle_key": "81723645190",
  "hostname": "db-1", "alert_metric": "system.disk.in_use", "tags": "env:prod,role:db", "link": "https://app.datadoghq.com/monitors/4200",
  "id": "7700", "date": "1772334720000", "last_updated": "1772334720000"
}"""

DIALECT = Dialect(
    type=IntegrationType.DATADOG,
    name="Datadog",
    group="Clouds and applications",
    read=read,
    knows=knows,
    resolves="Sends `Recovered` when `@webhook-oncall` is in the part of the message that a recovery has.",
    guide=GUIDE,
    example=EXAMPLE,
    has_keys=True,
)
