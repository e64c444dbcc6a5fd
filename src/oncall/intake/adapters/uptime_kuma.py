"""Uptime Kuma's webhook, https://github.com/louislam/uptime-kuma/wiki/Notification-Methods: one monitor went down or came up.

Its bodies (JSON, a form with JSON in it, the query of a GET, the shape made for PagerTree) say the same in the same names. The test
button, and notices about certificates and domains, have neither monitor nor heartbeat, only a sentence.
"""

from collections.abc import Mapping
from dataclasses import replace

from oncall.incidents.values import Action
from oncall.intake.rules import Fields, instant_of, links_of, one_line, read_fields, said_at, text_of, title_of, without_login
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

FIELDS = Fields(
    title=("title", "msg"),
    identity={"uptime_kuma_monitor": ("monitor.id", "heartbeat.monitorID")},
    state=("event_type", "heartbeat.status"),  # the first is PagerTree's, and leads
    states={"1": Action.RESOLVE, "resolve": Action.RESOLVE},
    ignored={"2": "the check is pending: it is tried again before it counts as down", "3": "the monitored thing is in maintenance"},
    class_=("monitor.type",),
    labels=("monitor.tags",),
    untitled="Uptime Kuma monitor without a name",
)


def knows(value: object, _: Received) -> bool:
    """By its monitor and its heartbeat; both are null where there is only a sentence."""
    if not isinstance(value, dict) or not {"heartbeat", "monitor"} <= value.keys():
        return False
    both = (value["heartbeat"], value["monitor"])
    return all(said is None or isinstance(said, dict) for said in both) and bool(any(both) or value.get("msg"))


def read(value: object, _: Received) -> list[Reading]:
    """One event; the monitor's number is its identity, and what has none (a test, an expiring certificate) is a problem of its own."""
    if not isinstance(value, dict) or value.keys().isdisjoint({"heartbeat", "msg"}):
        raise Unreadable("it has neither a heartbeat nor a msg")
    name, why = (text_of(said_at(value, (path,))) for path in ("monitor.name", "heartbeat.msg"))
    reading = read_fields(value, FIELDS)
    url = _address(value)
    return [
        replace(
            reading,
            summary=title_of(": ".join(filter(None, (name, why)))) or reading.summary,
            source=one_line(said_at(value, ("monitor.hostname",)) or url),
            links=links_of([(url, "what is checked")]),
            occurred_at=instant_of(f"{text_of(said_at(value, ('heartbeat.time',)))}Z"),  # UTC, which it does not say
            # A monitor may hold passwords and headers.
            details={name: said for name, said in reading.details.items() if name != "monitor"},
        )
    ]


def _address(said: Mapping[str, object]) -> str:
    """The address that is checked; nothing if it is the empty one that monitors of other kinds have."""
    url = without_login(text_of(said_at(said, ("monitor.url",))))
    return "" if url.endswith("://") else url


GUIDE = """
In Uptime Kuma: **Settings → Notifications → Setup Notification**, *Notification Type* **Webhook**, *Post URL* `{url}`, *Request Body*
**Preset - application/json** (*Preset - multipart/form-data* and the method GET are read as well; with *Custom Body* see the page about
anything else). Tick *Apply on all existing monitors*, or choose the notification in each monitor that shall page.

The monitor's number is the identity: give each Uptime Kuma an integration of its own. It knows no severity. Notices that a certificate
or a domain expires name no monitor, so each of them is an alert of its own; resolve it by hand.
"""

EXAMPLE = """{
  "heartbeat": {"monitorID": 7, "status": 0, "time": "2026-03-01 03:12:00.000", "msg": "timeout of 48000ms exceeded", "important": true},
  "monitor": {"id": 7, "name": "Shop", "url": "https://shop.example.com/", "hostname": null, "type": "http",
    "tags": [{"name": "team", "value": "shop"}]},
  "msg": "[Shop] [Down] timeout of 48000ms exceeded"
}"""

DIALECT = Dialect(
    type=IntegrationType.UPTIME_KUMA,
    name="Uptime Kuma",
    group="Uptime",
    read=read,
    knows=knows,
    resolves="Sends a heartbeat of status 1 when the monitor is up again.",
    guide=GUIDE,
    example=EXAMPLE,
)
