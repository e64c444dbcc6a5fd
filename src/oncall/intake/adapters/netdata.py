"""Netdata: its agent's own alerts, and Netdata Cloud's webhook for alerts and for nodes that cannot be reached.

https://learn.netdata.cloud/docs/alerts-&-notifications/notifications.
"""

from collections.abc import Mapping
from dataclasses import replace
from urllib.parse import parse_qs, urlsplit

from oncall.incidents.values import Action, Severity
from oncall.intake.adapters.nagios import titled
from oncall.intake.rules import Fields, named_key, one_line, read_fields, said_at, text_of
from oncall.intake.values import Dialect, Reading, Received, Unreadable
from oncall.services.values import IntegrationType

HOST = ("host", "hostname", "node")
ALARM = ("name", "alert", "alarm")

AGENT = Fields(
    title=ALARM,
    state=("status",),
    states={"clear": Action.RESOLVE, "removed": Action.RESOLVE},
    ignored=dict.fromkeys(("undefined", "uninitialized"), "the alert has no value yet"),
    severity=("status",),
    source=HOST,
    component=("chart",),
    group=("family",),
    class_=("class", "classification"),
    links={"goto_url": "Netdata"},
    occurred_at=("when",),
)
CLOUD = replace(
    AGENT,
    state=("severity",),
    severity=("severity",),
    labels=("labels",),
    links={"alert_url": "Netdata"},
    occurred_at=("date",),
)
REACHABILITY = Fields(
    title=("host", "message"),
    identity={"netdata_reachability": ("host",)},
    state=("status.reachable", "status.text"),
    states={"true": Action.RESOLVE, "reachable": Action.RESOLVE},
    severities={"info": Severity.UNKNOWN},
    severity=("severity",),
    source=("host",),
    class_=("status.text",),
    links={"url": "Netdata"},
)
REGISTRY = "/goto-host-from-alarm.html"
"""Where the links of an agent's messages lead; they name the alarm."""


def knows(value: object, _: Received) -> bool:
    """By an alarm's chart and the states before and after; the Cloud's by its chart and link, or by whether a node can be reached."""
    if not isinstance(value, dict):
        return False
    status = value.get("status")
    return (
        {"host", "chart", "status", "old_status"} <= value.keys()
        or {"alert", "chart", "severity", "alert_url"} <= value.keys()
        or ("host" in value and isinstance(status, dict) and "reachable" in status)
    )


def read(value: object, _: Received) -> list[Reading]:
    """One event. The agent's numbers are unique on one host only, so an alarm is known by its host, chart and name."""
    if not isinstance(value, dict):
        raise Unreadable("it has no fields")
    if isinstance(value.get("status"), dict):
        reading = read_fields(value, REACHABILITY)
        return [replace(reading, summary=f"{reading.source or 'a node'}: reachability")]
    if not said_at(value, ALARM):
        raise Unreadable("it names no alert")
    return [_read_alarm(value, AGENT if "old_status" in value or "severity" not in value else CLOUD)]


def _read_alarm(value: Mapping[str, object], fields: Fields) -> Reading:
    reading = read_fields(value, fields)
    alarm, host = one_line(said_at(value, ALARM)), reading.source
    # What the Cloud documents has no host: then only the link tells two nodes apart.
    node = {"netdata_host": host} if host else {"netdata_url": _bare(value.get("alert_url")), "space": value.get("space")}
    return replace(
        reading,
        summary=titled(f"{alarm} of {reading.component}" if reading.component else alarm, host)[:1024],
        dedup_key=named_key({**node, "chart": reading.component, "alarm": alarm}),
    )


def _bare(link: object) -> str:
    """The address without its query and fragment, which say when one looks and for how long."""
    return text_of(link).partition("#")[0].partition("?")[0]


def key_in_link(link: object) -> str | None:
    """The key of the alarm to which a link of the agent's leads; None for any other link."""
    try:
        address = urlsplit(text_of(link))
        said = parse_qs(address.query, max_num_fields=100) if address.path.endswith(REGISTRY) else {}
    except ValueError:
        return None
    names = {"netdata_host": "host", "chart": "chart", "alarm": "alarm"}
    return named_key({name: said[of][0] for name, of in names.items()}) if said.keys() >= set(names.values()) else None


GUIDE = """
For an agent: in `/etc/netdata/health_alarm_notify.conf` (`sudo /etc/netdata/edit-config health_alarm_notify.conf`):

```sh
SEND_CUSTOM="YES"
DEFAULT_RECIPIENT_CUSTOM="oncall"
custom_sender() {
  curl -sS --fail --max-time 20 --retry 3 "{url}" --data-urlencode "host=${host}" --data-urlencode "name=${name}" \\
    --data-urlencode "chart=${chart}" --data-urlencode "family=${family}" --data-urlencode "class=${classification}" \\
    --data-urlencode "status=${status}" --data-urlencode "old_status=${old_status}" --data-urlencode "info=${info}" \\
    --data-urlencode "value=${value_string}" --data-urlencode "when=${when}" --data-urlencode "goto_url=${goto_url}"
}
```

`SEND_OPSGENIE="YES"` with `OPSGENIE_API_URL="{host}"` and `OPSGENIE_API_KEY="{key}"` does the same. With `SEND_PD` set
`USE_PD_VERSION="1"`: its version 2 gives every event a key of its own, and nothing it opens is ever resolved by it.

For Netdata Cloud: **Space settings → Alerts & Notifications → Add configuration → Webhook**, URL `{url}`. *Test* sends a token: it is in
the body as it was received, which `GET /api/v1/events/{id}` shows, with the number of the event that the test made. An alert is known by
host, chart and name; `CLEAR` and `REMOVED` resolve. A node that cannot be reached is an alert of its own.
"""

EXAMPLE = """{
  "host": "db-1", "name": "disk_space_usage", "chart": "disk_space._var", "family": "/var", "class": "Utilization", "status": "CRITICAL",
  "old_status": "WARNING", "info": "disk /var space utilization", "value": "97%", "when": 1772334720
}"""

DIALECT = Dialect(
    type=IntegrationType.NETDATA,
    name="Netdata",
    group="Servers and networks",
    read=read,
    knows=knows,
    resolves="Sends `CLEAR`.",
    guide=GUIDE,
    example=EXAMPLE,
)
