"""UptimeRobot's webhook, https://help.uptimerobot.com/en/articles/14498593-webhook-integration: one monitor went down or came up.

The user chooses the names, and most keep those of the variables; the second spelling here is that of the many who write snake case.
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters import generic
from oncall.intake.rules import Fields, named_key, read_fields, said_at, title_of, word_at
from oncall.intake.values import Dialect, Reading, Received
from oncall.services.values import IntegrationType

ID = ("monitorID", "monitor_id")
URL = ("monitorURL", "monitor_url")
NAME = ("monitorFriendlyName", "monitor_friendly_name")
STATE = ("alertTypeFriendlyName", "alert_type_friendly_name", "alertType", "alert_type")
OURS = {*ID, *NAME, *STATE}

FIELDS = Fields(
    title=(*NAME, *URL),
    source=URL,
    class_=("monitorType", "monitor_type"),
    labels=("monitorTags", "monitor_tags", "tags"),
    links={URL[0]: "what is checked", URL[1]: "what is checked", "dashboardURL": "UptimeRobot", "dashboard_url": "UptimeRobot"},
    occurred_at=("alertDateTime", "alert_date_time"),
    untitled="UptimeRobot monitor without a name",
    secret=frozenset({"monitorAlertContacts", "monitor_alert_contacts"}),
)
ACTIONS = {"down": Action.TRIGGER, "1": Action.TRIGGER, "3": Action.TRIGGER, "up": Action.RESOLVE, "2": Action.RESOLVE}
IGNORED = {
    **dict.fromkeys(("paused", "99"), "monitoring was paused"),
    **dict.fromkeys(("started", "98"), "monitoring was started"),
}
ABOUT = {"3": "certificate", "ssl": "certificate", "certificate": "certificate", "domain": "domain"}
"""What expires, by a word in the type of the alert."""


def knows(value: object, _: Received) -> bool:
    """By the names of its variables."""
    return isinstance(value, dict) and (
        {"monitorFriendlyName", "alertTypeFriendlyName"} <= value.keys()
        or {"monitorID", "alertType"} <= value.keys()
        or {"monitor_friendly_name", "alert_type_friendly_name"} <= value.keys()
    )


def read(value: object, received: Received) -> list[Reading]:
    """One event by the names of the variables; any other template is read as anything else is."""
    if not isinstance(value, dict) or not value.keys() & OURS:
        return generic.read(value, received)
    words = [word for path in STATE if (word := word_at(value, (path,)))]
    known = next((word for word in words if word in ACTIONS or word in IGNORED), "")
    about = next((about for word in words for mark, about in ABOUT.items() if mark in word.split()), "")
    reading, reason = read_fields(value, FIELDS), IGNORED.get(known, "")
    # What nobody knows is no outage that the next `Up` could end.
    unknown = next((f"type {word}" for word in words if word.isdecimal()), "") if not known else ""
    return [
        replace(
            reading,
            action=Action.IGNORE if reason else Action.TRIGGER if about else ACTIONS.get(known, Action.TRIGGER),
            summary=title_of(f"{reading.summary}: {about} expires" if about else reading.summary),
            dedup_key=_key(value, about or unknown),
            severity=Severity.WARNING if about else Severity.UNKNOWN,
            reason=reason,
        )
    ]


def _key(value: Mapping[str, object], about: str) -> str | None:
    """The monitor by its number, else by its address and its name; what expires is another problem than being down."""
    number = named_key({"uptimerobot_monitor": said_at(value, ID)})
    key = number or named_key({"uptimerobot_url": said_at(value, URL), "name": said_at(value, NAME)})
    return key.about(about) if key and about else key


GUIDE = """
In UptimeRobot: **Integrations & API → Integrations → Webhook → Add**. *URL to notify* `{url}`, tick **Send as JSON**, and as *POST value*:

```json
{"monitorID": "*monitorID*", "monitorURL": "*monitorURL*", "monitorFriendlyName": "*monitorFriendlyName*",
 "alertType": "*alertType*", "alertTypeFriendlyName": "*alertTypeFriendlyName*", "alertDetails": "*alertDetails*",
 "alertDateTime": "*alertDateTime*", "sslExpiryDaysLeft": "*sslExpiryDaysLeft*"}
```

The default variables, as POST parameters or as a query string, are read as well. Choose the events *up*, *down* and *SSL & domain
expiry*, then select the integration in each monitor. A monitor is known by `monitorID`. That a certificate or a domain expires is an
alert of its own, a warning, which no *Up* ends; otherwise UptimeRobot knows no severity.
"""

EXAMPLE = """{
  "monitorID": "770011", "monitorURL": "https://shop.example.com", "monitorFriendlyName": "Shop", "alertType": "1",
  "alertTypeFriendlyName": "Down", "alertDetails": "HTTP 503 - Service Unavailable", "alertDateTime": "1772334720"
}"""

DIALECT = Dialect(
    type=IntegrationType.UPTIMEROBOT,
    name="UptimeRobot",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends *Up* (`alertType` 2); never says that an expiry is over.",
    guide=GUIDE,
    example=EXAMPLE,
)
